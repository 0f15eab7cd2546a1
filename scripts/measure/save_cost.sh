#!/usr/bin/env bash
# What a checkpoint costs an epoch of `mlp` on 42,000 rows: times training that saves once an epoch against training that saves
# ten times more often, in turn, and prints the difference a save.
#
# usage: scripts/measure/save_cost.sh [ROUNDS]     default: 5
#
# Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: 2 minutes on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"
rounds=${args[0]:-5}
need_count "$rounds" ROUNDS
need_digitrec
make_work

cd "$work"
"$digitrec" data synth --out data --train 42000 --test 10 >/dev/null
python3 - "$digitrec" "$rounds" <<'PY'
import subprocess, sys, time
program, rounds = sys.argv[1], int(sys.argv[2])
EPOCHS, STEPS = 5, 42000 // 64 + 1

def seconds(name, *more):
    begin = time.monotonic()
    subprocess.run([program, "train", "--model", "mlp", "--data", "data", "--val-fraction", "0", "--epochs", str(EPOCHS), "--out", name,
                    *more], check=True, capture_output=True)
    return time.monotonic() - begin

often = [str(STEPS // 11)]
seconds("warm")
once, more, epochs = [], [], []
for i in range(rounds):
    once.append(seconds(f"a{i}"))
    more.append(seconds(f"b{i}", "--checkpoint-every", *often))
    rows = open(f"a{i}/metrics.csv").read().splitlines()[1:]
    epochs += [float(row.split(",")[6]) for row in rows]
# The least disturbed of each: neighbours on the machine only ever add time.
save, epoch = (min(more) - min(once)) / (EPOCHS * 10), min(epochs)
print(f"{EPOCHS} epochs: {min(once):.2f} s, with 10 saves more in each {min(more):.2f} s; a save {1000 * save:.1f} ms, an epoch {epoch:.2f} s: "
      f"one save an epoch costs {100 * save / epoch:.2f}%")
PY
