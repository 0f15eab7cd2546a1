#!/usr/bin/env bash
# Draws the pictures of README.md, docs/figures.md and docs/serve.md again, from synthetic digits.
#
# usage: scripts/measure/pictures.sh
#
# Needs: gnuplot, and what scripts/check/pages.sh needs. DIGITREC=PATH names another program than build/release/digitrec. Writes: docs/pictures.
# Takes: 3 minutes on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"
need_digitrec
make_work
pictures=$root/docs/pictures
configs=$root/configs

cd "$work"
"$digitrec" data synth --out data --train 12000 --test 2000
"$digitrec" train --model cnn-bn --epochs 8 --batch-size 128 --schedule one-cycle --lr 0.006 --out run
"$digitrec" report run
"$digitrec" data show --count 6 --augmented best --out run/figures/augmented.png
"$digitrec" bench --chart run/figures/bench.png >/dev/null
mkdir -p "$pictures"
cp run/figures/*.png "$pictures"
DIGITREC=$digitrec "$root/scripts/check/pages.sh" "$work/pages"
cp "$work/pages/serve-light.png" "$pictures/serve.png"
cp "$work/pages/serve-phone.png" "$pictures"
