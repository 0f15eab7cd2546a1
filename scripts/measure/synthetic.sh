#!/usr/bin/env bash
# How well synthetic digits stand in for real ones: trains a cnn on 60,000 of them alone, then reads the labelled real
# digits of a train.csv (data/train.csv, or the file named) with it. Fails below 85%. About a minute on 2 cores.
set -euo pipefail
cd "$(dirname "$0")/../.."

real=${1:-data/train.csv}
digitrec=build/release/digitrec
[ -x "$digitrec" ] || { echo "synthetic.sh: build first with scripts/quickstart.sh" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$digitrec" data synth --out "$work/data" --train 60000 --test 10
"$digitrec" train --model cnn --epochs 3 --data "$work/data" --out "$work/run"
"$digitrec" eval --checkpoint "$work/run" --data "$real" --json >"$work/metrics.json"
python3 - "$work/metrics.json" <<'PY'
import json, sys
metrics = json.load(open(sys.argv[1]))
print(f"trained on synthetic digits alone: reads {100 * metrics['accuracy']:.2f}% of {metrics['rows']} real ones")
sys.exit(metrics["accuracy"] < 0.85)
PY
