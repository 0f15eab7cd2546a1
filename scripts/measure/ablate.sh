#!/usr/bin/env bash
# What each part of the recipe `best` is worth: the recipe with one thing changed at a time, in two folds, so that every row of
# DATA is scored by a network that was trained on the other half. Choose on rows that no figure is taken from later.
#   scripts/measure/ablate.sh DATA [ARM...]    e.g. scripts/measure/ablate.sh train.csv recipe rigid; SEED=22 before it: other halves
set -euo pipefail
cd "$(dirname "$0")/../.."

data=${1:?usage: scripts/measure/ablate.sh DATA [ARM...]}
shift
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A change=(
  [recipe]=""
  [half]="--epochs 10"
  [double]="--epochs 40"
  [unvaried]="--rotate 0 --scale 0 --shear 0 --shift 0 --elastic 0"
  [less]="--rotate 8 --scale 0.08 --shear 0.08 --shift 1"
  [more]="--rotate 16 --scale 0.16 --shear 0.16 --shift 3"
  [rigid]="--elastic 0"
  [wilder]="--elastic 0.8"
  [thickness]="--thickness 0.5"
  [erase]="--erase 0.3"
  [unaveraged]="--average none"
  [swa]="--average swa"
  [unsmoothed]="--label-smoothing 0"
  [undecayed]="--weight-decay 0"
)
order=(recipe half double unvaried less more rigid wilder thickness erase unaveraged swa unsmoothed undecayed)
[ $# -gt 0 ] && order=("$@")

for arm in "${order[@]}"; do
  flags=${change[$arm]?no such arm: $arm}
  run="$work/$arm"
  # shellcheck disable=SC2086  # flags are words
  "$digitrec" train --config configs/best.toml --data "$data" --folds 2 --seed "${SEED:-21}" $flags --out "$run" \
    >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  "$digitrec" eval --held-out --checkpoint "$run" --json 2>/dev/null | python3 -c '
import json, sys
run = json.load(sys.stdin)
print("%-11s %.3f%%, %d of %d wrong; loss %.4f; %s" % (sys.argv[1], 100 * run["accuracy"], run["rows"] - run["correct"], run["rows"],
      run["loss"], sys.argv[2]))' "$arm" "$flags"
done
