#!/usr/bin/env bash
# How well synthetic digits stand in for real ones: trains a cnn on 60,000 of them alone, then reads the labelled real digits
# of a train.csv with it. Fails below 85%.
#
# usage: scripts/measure/synthetic.sh [TRAIN_CSV]     default: data/train.csv
#
# Needs: Kaggle's train.csv. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: a minute on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"
need_data "${args[0]:-$root/data/train.csv}"
need_digitrec
make_work

"$digitrec" data synth --out "$work/data" --train 60000 --test 10
"$digitrec" train --model cnn --epochs 3 --data "$work/data" --out "$work/run"
"$digitrec" eval --checkpoint "$work/run" --data "$data" --json >"$work/metrics.json"
python3 - "$work/metrics.json" <<'PY'
import json, sys
metrics = json.load(open(sys.argv[1]))
print(f"trained on synthetic digits alone: reads {100 * metrics['accuracy']:.2f}% of {metrics['rows']} real ones")
sys.exit(metrics["accuracy"] < 0.85)
PY
