#!/usr/bin/env bash
# The table of docs/results.md: trains each recipe with three seeds and prints mean and spread of the accuracy after the last
# epoch, on the 10% of the rows that each seed's split held back. No choice is made on those rows.
#
# usage: scripts/measure/results.sh DATA CONFIG...     e.g. scripts/measure/results.sh data best cnn-tuned
#
# Needs: Kaggle's train.csv. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: three trainings of each recipe: a minute (mlp-128-tuned) to an hour (cnn-bn-tuned on AVX2) on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 2 any "$@"
need_data "${args[0]}"
for recipe in "${args[@]:1}"; do [ -f "configs/$recipe.toml" ] || usage_error "no configs/$recipe.toml"; done
need_digitrec
make_work

for recipe in "${args[@]:1}"; do
  for seed in 11 12 13; do
    run="$work/$recipe-$seed"
    quietly "$digitrec" train --recipe "$recipe" --data "$data" --seed "$seed" --select last --patience 0 --out "$run"
    error=$("$digitrec" eval --held-out --checkpoint "$run" --json 2>/dev/null |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["calibration_error"])')
    awk -F, -v error="$error" 'NR > 1 {accuracy = $5; seconds += $7} END {print accuracy, seconds, error}' "$run/metrics.csv"
  done | awk -v recipe="$recipe" '
    {n++; a += $1; aa += $1 * $1; s += $2; e += $3; line = line sprintf(" %.2f", 100 * $1)}
    END {printf "%-18s mean %.3f%%, deviation %.3f, of%s; calibration error %.2f%%; %.0f s of training\n", recipe, 100 * a / n,
                100 * sqrt((aa - a * a / n) / (n - 1)), line, 100 * e / n, s / n}'
done
