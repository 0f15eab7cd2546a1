#!/usr/bin/env bash
# The ablation table of docs/results.md: the recipe `best` with one thing changed at a time, trained on the rows of one file with
# two seeds and scored on those of another. A recipe is chosen on rows that its own figure is not taken from.
#   scripts/ablate.sh LEARN.csv SCORE.csv [ARM...]    e.g. scripts/ablate.sh learn.csv score.csv recipe elastic
set -euo pipefail
cd "$(dirname "$0")/.."

usage="usage: scripts/ablate.sh LEARN.csv SCORE.csv [ARM...]"
learn=${1:?$usage}
score=${2:?$usage}
shift 2
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A change=(
  [recipe]=""
  [half]="--epochs 12"
  [unvaried]="--rotate 0 --scale 0 --shear 0 --shift 0"
  [less]="--rotate 8 --scale 0.08 --shear 0.08 --shift 1"
  [more]="--rotate 16 --scale 0.16 --shear 0.16 --shift 3"
  [elastic]="--elastic 0.5"
  [thickness]="--thickness 0.5"
  [erase]="--erase 0.3"
  [clean]="--clean-epochs 2"
  [unaveraged]="--average none"
  [unsmoothed]="--label-smoothing 0"
  [undecayed]="--weight-decay 0"
)
order=(recipe half unvaried less more elastic thickness erase clean unaveraged unsmoothed undecayed)
[ $# -gt 0 ] && order=("$@")

for arm in "${order[@]}"; do
  flags=${change[$arm]?no such arm: $arm}
  for seed in 21 22; do
    run="$work/$arm-$seed"
    # shellcheck disable=SC2086  # flags are words
    "$digitrec" train --config configs/best.toml --data "$learn" --val-fraction 0 --seed "$seed" $flags --out "$run" \
      >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
    "$digitrec" eval --checkpoint "$run" --data "$score" --json 2>/dev/null
  done >"$work/scores"
  python3 -c '
import json, re, statistics, sys
runs = [json.loads(part) for part in re.split(r"\n(?=\{)", sys.stdin.read())]
each = [100 * run["accuracy"] for run in runs]
print("%-11s %.3f%%, of %s; loss %.4f; %s" % (sys.argv[1], statistics.mean(each), " ".join("%.3f" % a for a in each),
      statistics.mean(run["loss"] for run in runs), sys.argv[2]))' "$arm" "$flags" <"$work/scores"
done
