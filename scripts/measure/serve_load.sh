#!/usr/bin/env bash
# Puts 64 clients on digitrec serve and on a Python server (FastAPI, uvicorn, PyTorch; a worker a core) with the same network, one
# after the other in each of several rounds. Prints requests/s, median and 99th percentile latency, and errors.
#   scripts/measure/serve_load.sh [MODEL [SECONDS [ROUNDS]]]      default: cnn 30 1
# Installs wrk (apt-get), fastapi, uvicorn and safetensors (into .venv) if missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

model=${1:-cnn}
seconds=${2:-30}
rounds=${3:-1}
digitrec=$(realpath "${DIGITREC:-build/release/digitrec}")
python=$PWD/.venv/bin/python
work=$(mktemp -d)
servers=()
stop() { for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"; }
trap stop EXIT
say() { printf '== %s\n' "$*" >&2; }

command -v wrk >/dev/null || { say "installing wrk with apt-get"; apt-get update -qq && apt-get install -y -qq wrk >/dev/null; }
"$python" -c 'import fastapi, uvicorn, uvloop, httptools, safetensors' 2>/dev/null || {
  say "installing fastapi, uvicorn with its faster parts, and safetensors into .venv"
  "$python" -m pip install -q fastapi 'uvicorn[standard]' safetensors
}

"$digitrec" data synth --out "$work/data" --train 4000 --test 200 >/dev/null
"$digitrec" train --data "$work/data" --model "$model" --epochs 1 --out "$work/run" >/dev/null 2>&1
"$digitrec" serve --checkpoint "$work/run" --port 0 --corrections "$work/c.csv" >"$work/url" 2>"$work/log" &
servers+=($!)
port=$(("$(date +%N | sed 's/^0*//')" % 20000 + 20000))
"$python" scripts/measure/peers/serve.py "$work/run/best.safetensors" "$model" "$port" "$(nproc)" &
servers+=($!)

# Each request is the next of 200 images, as JSON.
awk -F, 'NR > 1 {printf "{\"pixels\":[%s]}\n", $0}' "$work/data/test.csv" >"$work/bodies"
cat >"$work/post.lua" <<LUA
local bodies = {}
for line in io.lines("$work/bodies") do bodies[#bodies + 1] = line end
local next = 0
request = function()
  next = next % #bodies + 1
  return wrk.format("POST", "/api/predict", {["Content-Type"] = "application/json"}, bodies[next])
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("%.0f requests/s, median %.1f ms, 99%% below %.1f ms, %d errors\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
LUA

head -1 "$work/bodies" >"$work/body"
alive() { kill -0 "${servers[$1]}" 2>/dev/null || { cat "$work/log" >&2; exit 1; }; }
until [ -s "$work/url" ]; do alive 0; sleep 0.1; done
ours=$(sed 's|/$||' "$work/url")
until curl -sf -o /dev/null -H 'Content-Type: application/json' -d "@$work/body" "http://127.0.0.1:$port/api/predict"; do
  alive 1
  sleep 0.5
done
for round in $(seq "$rounds"); do
  for name in digitrec python; do
    url=$ours
    [ "$name" = digitrec ] || url=http://127.0.0.1:$port
    line=$(wrk -t1 -c64 -d"${seconds}s" -s "$work/post.lua" "$url" | tail -1)
    echo "$model, round $round, $name: $line"
    echo "$name ${line%% *}" >>"$work/rates"
  done
done
awk '{sum[$1] += $2} END {printf "%.1f times the requests/s of the Python server\n", sum["digitrec"] / sum["python"]}' "$work/rates"
