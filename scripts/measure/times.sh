#!/usr/bin/env bash
# How long it takes to 99.0%, 99.4% and 99.5%: trains the recipe for each with ten seeds, scores each on the rows that its split
# held back, and prints a table in Markdown: mean accuracy, seconds of training, work.
#
# usage: scripts/measure/times.sh DATA [SEED...]     DATA: Kaggle's train.csv, or a folder with it; default: seeds 101 to 110
#
# Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: 15 minutes on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 1 any "$@"
need_data "${args[0]}"
seeds=("${args[@]:1}")
[ ${#seeds[@]} -gt 0 ] || seeds=({101..110})
need_digitrec
make_work

# The options were chosen on seeds 1 to 5; the last epoch is taken, whatever it scores.
measure() {  # TARGET OPTION...
  local target=$1 seed
  shift
  for seed in "${seeds[@]}"; do
    say "$target: $*, seed $seed"
    rm -rf "$work/run"
    quietly "$digitrec" train "$@" --select last --data "$data" --seed "$seed" --out "$work/run"
    python3 - "$work/run" >>"$work/$target" <<'PY'
import csv, json, pathlib, sys
run = pathlib.Path(sys.argv[1])
summary = json.loads((run / "summary.json").read_text())
epochs = list(csv.DictReader(open(run / "metrics.csv")))
print(epochs[-1]["val_accuracy"], summary["training_seconds"], summary["train_rows"] * len(epochs), summary["model"])
PY
  done
  "$digitrec" models --json | python3 -c '
import json, statistics, sys
target, options, path = sys.argv[1:]
rows = [line.split() for line in open(path)]
work = {model["model"]: model["training_multiply_adds"] for model in json.load(sys.stdin)}
accuracy = [100 * float(row[0]) for row in rows]
seconds = [float(row[1]) for row in rows]
flop = 2 * work[rows[0][3]] * int(rows[0][2])
print(f"| {target}% | `{options}` | {statistics.mean(accuracy):.3f}% ({min(accuracy):.2f} to {max(accuracy):.2f}) "
      f"| {statistics.mean(seconds):.1f} s | {flop / 1e12:.2f} |")' "$target" "$*" "$work/$target" >>"$work/table"
}

measure 99.0 --recipe fast
measure 99.4 --recipe fast --epochs 4 --rotate 8 --scale 0.08 --shift 1
measure 99.5 --recipe best --epochs 3 --batch-size 64 --elastic 0 --rotate 10 --scale 0.1 --shear 0.1 --shift 1
printf '| above | options | mean of %d seeds | training | TFLOP |\n|---|---|---|---|---|\n' ${#seeds[@]}
cat "$work/table"
