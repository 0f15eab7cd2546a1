#!/usr/bin/env bash
# Trains every preset (or those named after the folder) with its published recipe on Kaggle's data, labels the test images
# and checks the submissions. Prints a line a preset; fails where a validation accuracy is below what is expected of the
# recipe. About 45 minutes on 2 cores, nearly all of it for cnn-bn.
#   scripts/measure/presets.sh [DATA [PRESET ...]]
set -euo pipefail
cd "$(dirname "$0")/../.."

data=${1:-data}
presets=("${@:2}")
[ ${#presets[@]} -gt 0 ] || presets=(mlp-128 mlp cnn cnn-dropout cnn-bn)
declare -A least=([mlp-128]=96.7 [mlp]=96.7 [cnn]=98.6 [cnn-dropout]=99.1 [cnn-bn]=99.25)
out=runs/presets-$(date +%Y%m%d-%H%M%S)
digitrec=build/release/digitrec
[ -x "$digitrec" ] || { echo "presets.sh: build first with scripts/quickstart.sh" >&2; exit 1; }
status=0
for preset in "${presets[@]}"; do
  run=$out/$preset
  "$digitrec" train --config "configs/$preset.toml" --data "$data" --device auto --out "$run" >/dev/null
  "$digitrec" predict --checkpoint "$run" --input "$data" --out "$run/submission.csv" >/dev/null
  "$digitrec" submit "$run" --data "$data" --dry-run >/dev/null
  python3 - "$run" "$preset" "${least[$preset]}" <<'PY' || status=1
import json, sys
run, preset, least = sys.argv[1], sys.argv[2], float(sys.argv[3])
summary = json.load(open(run + "/summary.json"))
accuracy = 100 * summary["best"]["val_accuracy"]
rows = sum(1 for _ in open(run + "/submission.csv")) - 1
print(f"{preset}: validation accuracy {accuracy:.2f}% (at least {least}), epoch {summary['best']['epoch']} of "
      f"{summary['epochs']}, {summary['training_seconds']:.0f} s of training; submission of {rows} rows", flush=True)
sys.exit(accuracy < least)
PY
done
exit $status
