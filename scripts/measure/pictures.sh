#!/usr/bin/env bash
# Draws the pictures of README.md and docs/figures.md anew, from synthetic digits: about two minutes on 2 cores.
#   scripts/measure/pictures.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

digitrec=$(realpath "${DIGITREC:-build/release/digitrec}")
pictures=$PWD/docs/pictures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
configs=$PWD/configs

cd "$work"
"$digitrec" data synth --out data --train 12000 --test 2000
"$digitrec" train --model cnn-bn --epochs 8 --batch-size 128 --schedule one-cycle --lr 0.006 --out run
"$digitrec" report run
"$digitrec" data show --count 6 --augmented "$configs/best.toml" --out run/figures/augmented.png
"$digitrec" bench --chart run/figures/bench.png >/dev/null
mkdir -p "$pictures"
cp run/figures/*.png "$pictures"
