#!/usr/bin/env python3
"""Trains beside other programs that want the same processors, and prints how much of its quiet speed each preset keeps:
alone, beside one and beside two loops that never rest, and beside another training of as many threads. With --torch, the
same for the pipeline of a skilled PyTorch user. A round measures every condition in turn; medians count.

Needs a built digitrec, else nothing beyond Python's own library; --torch needs what scripts/measure/peers.sh installs.
Takes about a minute a preset and round on 2 cores.
"""
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import Parser, count, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("--models", metavar="NAME,...", default="mlp,cnn,cnn-bn,best")
parser.add_argument("--rounds", type=count, default=3)
parser.add_argument("--seconds", type=count, default=4, help="of each measurement, about; default: 4")
parser.add_argument("--torch", metavar="TRAIN_CSV", help="measure PyTorch's cnn too, on these rows")
parser.add_argument("--program", help="default: DIGITREC, else build/release/digitrec")
args = parser.parse_args()
if args.torch:
    need_python(["torch", "numpy", "pandas"], ["numpy", "pandas", "typing_extensions", "sympy", "networkx", "jinja2", "fsspec", "filelock"])
PROGRAM = program(args.program)
THREADS = len(os.sched_getaffinity(0))
PEER = pathlib.Path(__file__).parent / "peers" / "skilled_pipeline.py"


def bench(model, rows, epochs):
    command = [PROGRAM, "bench", "--models", model, "--devices", "cpu", "--epochs", str(epochs), "--rows", str(rows), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)["results"][0]["train_images_per_second"]["median"]


def pytorch(model, rows, epochs):
    command = [sys.executable, PEER, "--model", model, "--data", args.torch, "--limit", str(rows), "--epochs", str(epochs),
               "--threads", str(THREADS)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)["train_images_per_second"]


@contextlib.contextmanager
def beside(commands, folder):
    """Runs programs until the block ends; they have a second to begin."""
    others = [subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
    try:
        time.sleep(1 if others else 0)
        yield
    finally:
        for other in others:
            other.kill()
        for other in others:
            other.wait()


LOOP = [sys.executable, "-c", "while True: pass"]
TRAINING = [PROGRAM, "train", "--model", "cnn", "--epochs", "1000", "--out", "other"]
CONDITIONS = {"quiet": [], "1 loop": [LOOP], "2 loops": [LOOP, LOOP], "a training": [TRAINING]}


def main():
    measured = [(model, bench) for model in args.models.split(",")]
    if args.torch:
        measured.append(("cnn", pytorch))
    print(f"trained images a second on {THREADS} processors, batch size 64, and the share of the quiet speed", flush=True)
    print(f"{'':14}" + "".join(f"{name:>18}" for name in CONDITIONS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([PROGRAM, "data", "synth", "--out", "data", "--train", "20000", "--test", "10"], cwd=folder, check=True, capture_output=True)
        for model, measure in measured:
            speed = measure(model, 1280, 1)
            rows = 64 * max(10, min(300, int(args.seconds * speed / 64)))
            epochs = max(1, round(args.seconds * speed / rows))
            speeds = {name: [] for name in CONDITIONS}
            for _ in range(args.rounds):
                for name, commands in CONDITIONS.items():
                    with beside(commands, folder):
                        speeds[name].append(measure(model, rows, epochs))
                    subprocess.run(["rm", "-rf", "other"], cwd=folder, check=True)
            medians = {name: statistics.median(values) for name, values in speeds.items()}
            label = model if measure is bench else model + ", PyTorch"
            print(f"{label:14}" + "".join(f"{medians[name]:>12,.0f} {medians[name] / medians['quiet']:5.2f}" for name in CONDITIONS), flush=True)


if __name__ == "__main__":
    main()
