#!/usr/bin/env bash
# How near each preset comes to what the processor's float32 units and its memory can do: speeds in fp32, batch 64.
#
# usage: scripts/measure/roofline.sh [THREADS]     default: all processors
#
# Needs: g++. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: 2 minutes.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"
threads=${args[0]:-$(nproc)}
need_count "$threads" THREADS
need_digitrec
make_work

g++ -std=c++20 -O3 -march=native scripts/measure/peers/peaks.cpp -o "$work/peaks" -pthread
read -r gflops bandwidth < <("$work/peaks" "$threads")
"$digitrec" models --json >"$work/models"
"$digitrec" bench --devices cpu --precisions fp32 --threads "$threads" --json >"$work/bench" 2>/dev/null
python3 - "$work" "$gflops" "$bandwidth" <<'PY'
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
