#!/usr/bin/env bash
# Trains every preset (or those named after the folder) with its published recipe on Kaggle's data, labels the test images
# and checks the submissions. Prints a line a preset; fails where a validation accuracy is below what is expected of the recipe.
#
# usage: scripts/measure/presets.sh [DATA [PRESET...]]     default: data mlp-128 mlp cnn cnn-dropout cnn-bn
#
# Needs: a folder with Kaggle's train.csv and test.csv. DIGITREC=PATH names another program than build/release/digitrec.
# Writes: runs/presets-<time>. Takes: 45 minutes on 2 cores, nearly all of it for cnn-bn.
source "$(dirname "$0")/../common.sh"
read_arguments 0 any "$@"
need_data "${args[0]:-$root/data}"
presets=("${args[@]:1}")
[ ${#presets[@]} -gt 0 ] || presets=(mlp-128 mlp cnn cnn-dropout cnn-bn)
need_digitrec

declare -A min=([mlp-128]=96.7 [mlp]=96.7 [cnn]=98.6 [cnn-dropout]=99.1 [cnn-bn]=99.25)
out=runs/presets-$(date +%Y%m%d-%H%M%S)
for preset in "${presets[@]}"; do [ -n "${min[$preset]:-}" ] || usage_error "no preset '$preset', expected of ${!min[*]}"; done
status=0
for preset in "${presets[@]}"; do
  run=$out/$preset
  "$digitrec" train --recipe "$preset" --data "$data" --device auto --out "$run" >/dev/null
  "$digitrec" predict --checkpoint "$run" --input "$data" --out "$run/submission.csv" >/dev/null
  "$digitrec" submit "$run" --data "$data" --dry-run >/dev/null
  python3 - "$run" "$preset" "${min[$preset]}" <<'PY' || status=1
import json, sys
run, preset, minimum = sys.argv[1], sys.argv[2], float(sys.argv[3])
summary = json.load(open(run + "/summary.json"))
accuracy = 100 * summary["best"]["val_accuracy"]
rows = sum(1 for _ in open(run + "/submission.csv")) - 1
print(f"{preset}: validation accuracy {accuracy:.2f}% (min {minimum}), epoch {summary['best']['epoch']} of "
      f"{summary['epochs']}, {summary['training_seconds']:.0f} s of training; submission of {rows} rows", flush=True)
sys.exit(accuracy < minimum)
PY
done
exit $status
