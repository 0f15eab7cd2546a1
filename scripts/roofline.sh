#!/usr/bin/env bash
# How near each preset comes to what the processor's float32 units and its memory can do.
#   scripts/roofline.sh [THREADS]     2 minutes; speeds in fp32, batch 64
set -euo pipefail
cd "$(dirname "$0")/.."

threads=${1:-$(nproc)}
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
g++ -std=c++20 -O3 -march=native scripts/peers/peaks.cpp -o "$work/peaks" -pthread
peaks=$("$work/peaks" "$threads")
"$digitrec" models --json >"$work/models"
"$digitrec" bench --devices cpu --precisions fp32 --threads "$threads" --json >"$work/bench" 2>/dev/null
python3 - "$work" $peaks <<'PY'
import json, sys
folder, gflops, bandwidth = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
# Multiply-adds of the first layer, for whose input no gradient is computed.
first = {"mlp-128": 784 * 128, "mlp": 784 * 256, "cnn": 26 * 26 * 9 * 32, "cnn-dropout": 28 * 28 * 9 * 32,
         "cnn-bn": 28 * 28 * 9 * 32, "fast": 26 * 26 * 9 * 32}
models = {m["model"]: m for m in json.load(open(folder + "/models"))}
print(f"peak: {gflops:.0f} GFLOP/s in fp32 multiply-adds, {bandwidth:.1f} GB/s to and from memory")
print("model         training: images/s  GFLOP/s  of peak    inference: images/s  GFLOP/s  of peak")
for row in json.load(open(folder + "/bench"))["results"]:
    flops = 2 * models[row["model"]]["multiply_adds"]
    train, infer = (row[f"{phase}_images_per_second"]["median"] for phase in ("train", "infer"))
    # A step multiplies forward, for the gradient of the weights, and for that of the inputs.
    a, b = (3 * flops - 2 * first[row["model"]]) * train / 1e9, flops * infer / 1e9
    print(f"{row['model']:12} {train:19,.0f} {a:8.0f} {a / gflops:8.0%} {infer:22,.0f} {b:8.0f} {b / gflops:8.0%}")
PY
