#!/usr/bin/env bash
# From nothing to submission.csv: installs what is missing, builds digitrec, trains a cnn and labels the test images. With
# Kaggle's train.csv and test.csv in data/ it does the real thing, else it works on synthetic digits.
#
# usage: scripts/quickstart.sh
#
# Installs: what scripts/setup/install_dependencies.sh names (that script's --help).
# Writes: build/release, runs/quickstart-<time>, submission.csv; without real data also data/synthetic.
# Takes: about 5 minutes on 2 cores the first time, nearly all of it to install and to build; then 1.
source "$(dirname "$0")/common.sh"
read_arguments 0 0 "$@"

scripts/setup/install_dependencies.sh
build_digitrec
digitrec=build/release/digitrec

run=runs/quickstart-$(date +%Y%m%d-%H%M%S)
has() { [ -f "$1" ] || [ -f "$1.gz" ]; }
if has data/train.csv && has data/test.csv; then
  data=data
  "$digitrec" train --recipe cnn --data "$data" --out "$run"
else
  data=data/synthetic
  say "no data/train.csv and data/test.csv: working on synthetic digits instead, which are no real handwriting"
  if [ ! -f "$data/train.csv" ]; then  # written last: where it is, all is
    rm -rf "$data"
    "$digitrec" data synth --out "$data" --train 20000 --test 5000
  fi
  "$digitrec" train --recipe cnn --data "$data" --out "$run" --epochs 3
  say "on the $data/test.csv it has never seen:"
  "$digitrec" eval "$run" "$data"
fi
"$digitrec" predict "$run" "$data" --out submission.csv
"$digitrec" submit submission.csv --data "$data" --dry-run
