#!/usr/bin/env bash
# Trains and infers with digitrec and with the Python pipelines of scripts/measure/peers/, one after the other in each of several
# rounds, and prints digitrec's speed over theirs: medians, same batch size, same threads. Needs .venv with torch, pandas
# and pyarrow, which it installs, and a train.csv in Kaggle's format.
#   scripts/measure/peers.sh TRAIN_CSV [ROUNDS [MODEL...]]     5 to 30 minutes, as the machine is
set -euo pipefail
cd "$(dirname "$0")/../.."

csv=${1:?usage: scripts/measure/peers.sh TRAIN_CSV [ROUNDS [MODEL...]]}
rounds=${2:-3}
shift $(($# > 2 ? 2 : $#))
models=("$@")
[ ${#models[@]} -gt 0 ] || models=(mlp-128 mlp cnn cnn-dropout cnn-bn)
threads=$(nproc)
digitrec=${DIGITREC:-build/release/digitrec}
python=.venv/bin/python
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

say() { printf '== %s\n' "$*" >&2; }

if ! "$python" -c 'import torch, pandas, pyarrow, numpy' 2>/dev/null; then
  say "installing numpy, pandas, pyarrow and what PyTorch needs in Python into .venv"
  "$python" -m pip install -q numpy pandas pyarrow typing_extensions sympy networkx jinja2 fsspec filelock
fi
[ -x "$digitrec" ] || { say "no $digitrec; run: cmake --preset release && cmake --build --preset release"; exit 1; }
jemalloc=$(ldconfig -p | awk '/libjemalloc.so.2/ {print $NF; exit}')
[ -n "$jemalloc" ] || say "libjemalloc2 is not installed: the skilled pipeline runs with glibc's allocator"

skilled() { LD_PRELOAD=$jemalloc "$python" scripts/measure/peers/skilled_pipeline.py "$@" 2>/dev/null; }
precisions=(fp32)
if grep -q avx512_bf16 /proc/cpuinfo; then
  precisions+=(bf16)
fi

for model in "${models[@]}"; do
  case $model in mlp*) rows=20000 ;; cnn) rows=6400 ;; *) rows=2560 ;; esac
  common=(--model "$model" --data "$csv" --limit "$rows" --threads "$threads" --epochs 1)
  for round in $(seq "$rounds"); do
    say "$model, round $round of $rounds"
    "$python" scripts/measure/peers/users_pipeline.py "${common[@]}" >>"$results/peers"
    for precision in "${precisions[@]}"; do
      skilled "${common[@]}" --precision "$precision" >>"$results/peers"
      skilled "${common[@]}" --precision "$precision" --compile >>"$results/peers"
      "$digitrec" bench --models "$model" --devices cpu --precisions "$precision" --threads "$threads" --data "$csv" \
        --rows "$rows" --epochs 1 --json 2>/dev/null | "$python" -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["results"][0]))' >>"$results/digitrec"
    done
  done
done
"$python" scripts/measure/peers/load_csv.py "$csv" >"$results/loading"
"$digitrec" bench --models mlp-128 --devices cpu --data "$csv" --rows 640 --epochs 5 --json 2>/dev/null >"$results/bench"
"$python" scripts/measure/peers/print_ratios.py "$results"
