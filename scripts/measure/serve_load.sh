#!/usr/bin/env bash
# Puts 64 clients on digitrec serve and on a Python server (FastAPI, uvicorn, PyTorch; a worker a core) with the same network, one
# after the other in each of several rounds. Prints requests/s, median and 99th percentile latency, and errors.
#
# usage: scripts/measure/serve_load.sh [MODEL [SECONDS [ROUNDS]]]     default: cnn 30 1
#
# Installs: wrk (apt-get); fastapi, uvicorn and safetensors, into .venv. Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: two minutes, and twice SECONDS a round.
source "$(dirname "$0")/../common.sh"
read_arguments 0 3 "$@"
model=${args[0]:-cnn}
seconds=${args[1]:-30}
rounds=${args[2]:-1}
need_count "$seconds" SECONDS
need_count "$rounds" ROUNDS
need_digitrec
command -v wrk >/dev/null || apt_install wrk
need_python "torch fastapi uvicorn uvloop httptools safetensors" fastapi 'uvicorn[standard]' safetensors numpy typing_extensions sympy \
  networkx jinja2 fsspec filelock
make_work

"$digitrec" data synth --out "$work/data" --train 4000 --test 200 >/dev/null
quietly "$digitrec" train --data "$work/data" --model "$model" --epochs 1 --out "$work/run"
start_server "$work/run"
ours=$url
port=$(("$(date +%N | sed 's/^0*//')" % 20000 + 20000))
"$python" scripts/measure/peers/serve.py "$work/run/best.safetensors" "$model" "$port" "$(nproc)" 2>"$work/python.log" &
peer=$!
started+=("$peer")

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
until curl -sf -o /dev/null -H 'Content-Type: application/json' -d "@$work/body" "http://127.0.0.1:$port/api/predict"; do
  kill -0 "$peer" 2>/dev/null || die "the Python server ended: $(tail -n 1 "$work/python.log")"
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
