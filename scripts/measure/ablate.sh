#!/usr/bin/env bash
# What each part of the recipe `best` is worth: the recipe with one thing changed at a time, in two folds, so that every row of
# DATA is scored by a network that was trained on the other half. Choose on rows that no figure is taken from later.
#
# usage: scripts/measure/ablate.sh DATA [ARM...]     e.g. scripts/measure/ablate.sh train.csv recipe rigid
#
# Arms: recipe half double unvaried less more rigid wilder thickness unaveraged swa unsmoothed undecayed; default: all.
# Needs: Kaggle's train.csv. SEED=22 before it: other halves. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: 10 to 20 minutes an arm on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 1 any "$@"
need_data "${args[0]}"
need_digitrec
make_work

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
  [unaveraged]="--average none"
  [swa]="--average swa"
  [unsmoothed]="--label-smoothing 0"
  [undecayed]="--weight-decay 0"
)
order=(recipe half double unvaried less more rigid wilder thickness unaveraged swa unsmoothed undecayed)
[ ${#args[@]} -lt 2 ] || order=("${args[@]:1}")
for arm in "${order[@]}"; do [ -n "${change[$arm]+x}" ] || usage_error "no arm '$arm'"; done

for arm in "${order[@]}"; do
  flags=${change[$arm]}
  run="$work/$arm"
  # shellcheck disable=SC2086  # flags are words
  quietly "$digitrec" train --recipe best --data "$data" --folds 2 --seed "${SEED:-21}" $flags --out "$run"
  "$digitrec" eval --held-out --checkpoint "$run" --json 2>/dev/null | python3 -c '
import json, sys
run = json.load(sys.stdin)
print("%-11s %.3f%%, %d of %d wrong; loss %.4f; %s" % (sys.argv[1], 100 * run["accuracy"], run["rows"] - run["correct"], run["rows"],
      run["loss"], sys.argv[2]))' "$arm" "$flags"
done
