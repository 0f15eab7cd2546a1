#!/usr/bin/env python3
"""Kills trainings with SIGKILL at random moments, several times each, resumes them, and holds what comes out to a run that
was never stopped: the same SHA-256 of the weights, the same metrics.csv but for its times, the same files. One network, the
networks of a cross-validation and of an ensemble take turns. Exits 1 when any differs.

Needs nothing beyond Python's own library and a built digitrec. 100 runs take about a quarter of an hour on 2 cores.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import Parser, count, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("runs", metavar="RUNS", nargs="?", type=count, default=100, help="default: 100")
parser.add_argument("program", metavar="PROGRAM", nargs="?", help="default: DIGITREC, else build/release/digitrec")
args = parser.parse_args()
RUNS = args.runs
PROGRAM = program(args.program)

# All that a run can remember: a schedule, a mean of the weights, varied images, dropout, early stopping.
COMMON = ["--optimizer", "adamw", "--schedule", "one-cycle", "--average", "ema", "--average-every", "2", "--rotate", "10",
          "--shift", "1", "--patience", "3", "--batch-size", "32", "--threads", "1"]
RECIPES = {
    "mlp": ["--model", "mlp", "--data", "mlp", "--epochs", "20", "--lr", "0.003", *COMMON],
    "cnn-bn": ["--model", "cnn-bn", "--data", "cnn-bn", "--epochs", "6", "--lr", "0.003", *COMMON],
    "folds": ["--model", "mlp-128", "--data", "mlp", "--epochs", "6", "--lr", "0.003", "--folds", "3", *COMMON],
    "ensemble": ["--model", "mlp-128", "--data", "mlp", "--epochs", "8", "--lr", "0.003", "--ensemble", "2", *COMMON],
}


def train(folder, *arguments):
    return subprocess.Popen([PROGRAM, "train", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"digitrec train exited with {process.returncode}:\n{errors}")


def outcome(run):
    """What must be the same: the weights, every column of metrics.csv but the last two, which tell the time, and the names of the
    files but those that a save replaced."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    weights = {str(f.relative_to(run)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.name in ("best.safetensors", "last.safetensors")}
    metrics = {str(f.relative_to(run)): [line.rsplit(",", 2)[0] for line in f.read_text().splitlines()] for f in files if f.name == "metrics.csv"}
    return {"weights": weights, "metrics": metrics, "files": [str(f.relative_to(run)) for f in files if ".previous." not in f.name]}


def kill_and_resume(folder, number, seconds):
    """Trains the run of that number, killing it two to six times on the way. Gives its folder, recipe and the kills."""
    rng = random.Random(number)
    recipe = list(RECIPES)[number % len(RECIPES)]
    run = folder / f"run-{number}"
    every = ["--checkpoint-every", str(rng.choice([3, 10, "0.1s"]))] if number // len(RECIPES) % 2 else []
    kills = 0
    process = train(folder, *RECIPES[recipe], *every, "--out", run.name)
    for _ in range(rng.randint(2, 6)):
        time.sleep(rng.uniform(0.2, 0.8) * seconds[recipe])
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
        # Killed before there was a folder, it has nothing to resume from.
        again = ["--resume", run.name] if (run / "config.toml").exists() else [*RECIPES[recipe], *every, "--out", run.name]
        process = train(folder, *again)
    finish(process)
    return run, recipe, kills


def main():
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(name)
        for recipe, rows in (("mlp", 4000), ("cnn-bn", 300)):
            subprocess.run([PROGRAM, "data", "synth", "--out", recipe, "--train", str(rows), "--test", "1"], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        expected = {}
        seconds = {}
        for recipe, flags in RECIPES.items():
            begin = time.monotonic()
            finish(train(folder, *flags, "--out", f"whole-{recipe}"))
            seconds[recipe] = time.monotonic() - begin
            expected[recipe] = outcome(folder / f"whole-{recipe}")
            print(f"{recipe}: {sum(len(lines) - 1 for lines in expected[recipe]['metrics'].values())} epochs in one go, {seconds[recipe]:.1f} s", flush=True)

        total = bad = 0
        for run, recipe, kills in pool.map(lambda number: kill_and_resume(folder, number, seconds), range(RUNS)):
            total += kills
            found = outcome(run)
            problems = [f"other {what}" for what in found if found[what] != expected[recipe][what]]
            if problems:
                bad += 1
                print(f"{run.name} ({recipe}, killed {kills} times): {', '.join(problems)}", flush=True)
        print(f"{RUNS} runs, killed {total} times in all: {RUNS - bad} as the one in one go, {bad} not")
        sys.exit(bad > 0)


main()
