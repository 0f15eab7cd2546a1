#!/usr/bin/env bash
# Whether bfloat16 costs accuracy: trains a recipe of configs/ in fp32 and in bf16 with the same five seeds, and prints the mean
# accuracy after the last epoch on the 30% of the rows that were held back. No choice is made on those rows. A processor
# without bfloat16 instructions rounds alike and gives the same answer.
#
# usage: scripts/measure/precision.sh DATA CONFIG [EPOCHS]     e.g. scripts/measure/precision.sh data cnn-tuned 4; default: 5
#
# Needs: Kaggle's train.csv. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: ten trainings of the recipe: from a minute (fast, 1 epoch) to an hour (cnn-bn-tuned, 5) on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 2 3 "$@"
need_data "${args[0]}"
model=${args[1]}
[ -f "configs/$model.toml" ] || usage_error "no configs/$model.toml"
epochs=${args[2]:-5}
need_count "$epochs" EPOCHS
need_digitrec
make_work

for precision in fp32 bf16; do
  for seed in 1 2 3 4 5; do
    quietly "$digitrec" train --recipe "$model" --data "$data" --seed "$seed" --precision "$precision" --patience 0 \
      --epochs "$epochs" --val-fraction 0.3 --out "$work/$precision-$seed"
    tail -n 1 "$work/$precision-$seed/metrics.csv" | cut -d, -f5 >>"$work/$precision"
  done
done
paste "$work/fp32" "$work/bf16" | awk -v model="$model" -v epochs="$epochs" '
  {n++; a += $1; b += $2; d = $2 - $1; dd += d * d; line = line sprintf(" %+.2f", 100 * d)}
  END {mean = (b - a) / n; error = sqrt((dd / n - mean * mean) / (n - 1))
       printf "%s, %d epochs, 5 seeds: fp32 %.3f%%, bf16 %.3f%%: bf16 %+.3f points, standard error %.3f (by seed%s)\n",
              model, epochs, 100 * a / n, 100 * b / n, 100 * mean, 100 * error, line}'
