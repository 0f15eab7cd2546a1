#!/usr/bin/env bash
# Whether bfloat16 costs accuracy: trains a recipe of configs/ in fp32 and in bf16 with the same five seeds, and prints the mean
# accuracy after the last epoch on the 30% of the rows that were held back. No choice is made on those rows. A processor
# without bfloat16 instructions rounds alike and gives the same answer.
#   scripts/measure/precision.sh DATA CONFIG [EPOCHS]     e.g. scripts/measure/precision.sh data cnn-tuned 4
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: scripts/measure/precision.sh DATA CONFIG [EPOCHS]"
data=${1:?$usage}
model=${2:?$usage}
epochs=${3:-5}
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for precision in fp32 bf16; do
  for seed in 1 2 3 4 5; do
    "$digitrec" train --config "configs/$model.toml" --data "$data" --seed "$seed" --precision "$precision" --patience 0 \
      --epochs "$epochs" --val-fraction 0.3 --out "$work/$precision-$seed" >/dev/null 2>&1
    tail -n 1 "$work/$precision-$seed/metrics.csv" | cut -d, -f5 >>"$work/$precision"
  done
done
paste "$work/fp32" "$work/bf16" | awk -v model="$model" -v epochs="$epochs" '
  {n++; a += $1; b += $2; d = $2 - $1; dd += d * d; line = line sprintf(" %+.2f", 100 * d)}
  END {mean = (b - a) / n; error = sqrt((dd / n - mean * mean) / (n - 1))
       printf "%s, %d epochs, 5 seeds: fp32 %.3f%%, bf16 %.3f%%: bf16 %+.3f points, standard error %.3f (by seed%s)\n",
              model, epochs, 100 * a / n, 100 * b / n, 100 * mean, 100 * error, line}'
