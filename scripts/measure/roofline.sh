#!/usr/bin/env bash
# How near each preset comes to what the processor's float32 units and its memory can do.
#   scripts/measure/roofline.sh [THREADS]     2 minutes; speeds in fp32, batch 64
set -euo pipefail
cd "$(dirname "$0")/../.."

threads=${1:-$(nproc)}
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
g++ -std=c++20 -O3 -march=native scripts/measure/peers/peaks.cpp -o "$work/peaks" -pthread
peaks=$("$work/peaks" "$threads")
"$digitrec" models --json >"$work/models"
"$digitrec" bench --devices cpu --precisions fp32 --threads "$threads" --json >"$work/bench" 2>/dev/null
python3 - "$work" $peaks <<'PY'
import json, sys
folder, gflops, bandwidth = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
models = {m["model"]: m for m in json.load(open(folder + "/models"))}
print(f"peak: {gflops:.0f} GFLOP/s in fp32 multiply-adds, {bandwidth:.1f} GB/s to and from memory")
print("model         training: images/s  GFLOP/s  of peak    inference: images/s  GFLOP/s  of peak")
for row in json.load(open(folder + "/bench"))["results"]:
    model = models[row["model"]]
    train, infer = (row[f"{phase}_images_per_second"]["median"] for phase in ("train", "infer"))
    a, b = 2e-9 * model["training_multiply_adds"] * train, 2e-9 * model["multiply_adds"] * infer
    print(f"{row['model']:12} {train:19,.0f} {a:8.0f} {a / gflops:8.0%} {infer:22,.0f} {b:8.0f} {b / gflops:8.0%}")
PY
