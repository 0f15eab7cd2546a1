#!/usr/bin/env bash
# Trains and infers with digitrec and with the Python pipelines of scripts/measure/peers/, one after the other in each of several
# rounds, and prints digitrec's speed over theirs as a table in Markdown: medians, same batch size, same threads.
#
# usage: scripts/measure/peers.sh TRAIN_CSV [ROUNDS [MODEL...]]     default: 3 mlp-128 mlp cnn cnn-dropout cnn-bn
#
# Installs: numpy, pandas, pyarrow, polars and what PyTorch needs in Python, into .venv. Needs: Kaggle's train.csv; libjemalloc2 for the
# skilled pipeline at its best. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: 5 to 30 minutes, as the machine is.
source "$(dirname "$0")/../common.sh"
read_arguments 1 any "$@"
need_data "${args[0]}"
rounds=${args[1]:-3}
need_count "$rounds" ROUNDS
models=("${args[@]:2}")
[ ${#models[@]} -gt 0 ] || models=(mlp-128 mlp cnn cnn-dropout cnn-bn)
threads=$(nproc)
need_digitrec
need_python "torch pandas pyarrow polars numpy" numpy pandas pyarrow polars typing_extensions sympy networkx jinja2 fsspec filelock
make_work

jemalloc=$(ldconfig -p | awk '/libjemalloc.so.2/ {print $NF; exit}')
[ -n "$jemalloc" ] || say "libjemalloc2 is not installed: the skilled pipeline runs with glibc's allocator"

skilled() { LD_PRELOAD=$jemalloc "$python" scripts/measure/peers/skilled_pipeline.py "$@" 2>/dev/null; }
precisions=(fp32)
if grep -q avx512_bf16 /proc/cpuinfo; then
  precisions+=(bf16)
fi

for model in "${models[@]}"; do
  case $model in mlp*) rows=20000 ;; cnn) rows=6400 ;; *) rows=2560 ;; esac
  common=(--model "$model" --data "$data" --limit "$rows" --threads "$threads" --epochs 1)
  for round in $(seq "$rounds"); do
    say "$model, round $round of $rounds"
    "$python" scripts/measure/peers/users_pipeline.py "${common[@]}" >>"$work/peers"
    for precision in "${precisions[@]}"; do
      skilled "${common[@]}" --precision "$precision" >>"$work/peers"
      skilled "${common[@]}" --precision "$precision" --compile >>"$work/peers"
      "$digitrec" bench --models "$model" --devices cpu --precisions "$precision" --threads "$threads" --data "$data" \
        --rows "$rows" --epochs 1 --json 2>/dev/null | "$python" -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["results"][0]))' >>"$work/digitrec"
    done
  done
done
"$python" scripts/measure/peers/load_csv.py "$data" >"$work/loading"
"$digitrec" bench --models mlp-128 --devices cpu --data "$data" --rows 640 --epochs 5 --json 2>/dev/null >"$work/bench"
"$python" scripts/measure/peers/print_ratios.py "$work"
