#!/usr/bin/env python3
"""Kills trainings with SIGKILL at random moments, several times each, resumes them, and holds what comes out to a run that
was never stopped: the same SHA-256 of the weights, the same metrics.csv but for its times. Exits 1 when any differs.

    scripts/check_resume.py [RUNS [PROGRAM]]        100 runs take about a quarter of an hour on two cores
"""
import hashlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
PROGRAM = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "build/release/digitrec").resolve()

# All that a run can remember: a schedule, a mean of the weights, varied images, dropout, early stopping.
COMMON = ["--optimizer", "adamw", "--schedule", "one-cycle", "--average", "ema", "--average-every", "2", "--rotate", "10",
          "--shift", "1", "--clean-epochs", "1", "--patience", "3", "--batch-size", "32", "--threads", "1"]
RECIPES = {
    "mlp": ["--model", "mlp", "--data", "mlp", "--epochs", "20", "--lr", "0.003", *COMMON],
    "cnn-bn": ["--model", "cnn-bn", "--data", "cnn-bn", "--epochs", "6", "--lr", "0.003", *COMMON],
}


def train(folder, *arguments):
    return subprocess.Popen([PROGRAM, "train", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"digitrec train exited with {process.returncode}:\n{errors}")


def outcome(run):
    """What must be the same: the weights, and every column of metrics.csv but the last two, which tell the time."""
    weights = [hashlib.sha256((run / name).read_bytes()).hexdigest() for name in ("best.safetensors", "last.safetensors")]
    metrics = [line.rsplit(",", 2)[0] for line in (run / "metrics.csv").read_text().splitlines()]
    return weights, metrics


def main():
    with tempfile.TemporaryDirectory() as name:
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
            print(f"{recipe}: {len(expected[recipe][1]) - 1} epochs in one go, {seconds[recipe]:.1f} s", flush=True)

        kills = different = 0
        for number in range(RUNS):
            rng = random.Random(number)
            recipe = list(RECIPES)[number % 2]
            run = f"run-{number}"
            every = ["--checkpoint-every", str(rng.choice([3, 10, "0.1s"]))] if number % 4 >= 2 else []
            killed = 0
            process = train(folder, *RECIPES[recipe], *every, "--out", run)
            for _ in range(rng.randint(2, 6)):
                time.sleep(rng.uniform(0.2, 0.8) * seconds[recipe])
                if process.poll() is not None:
                    break
                process.kill()
                process.communicate()
                killed += 1
                # Killed before there was a folder, it has nothing to go on from.
                again = ["--resume", run] if (folder / run / "config.toml").exists() else [*RECIPES[recipe], *every, "--out", run]
                process = train(folder, *again)
            finish(process)
            kills += killed
            same = outcome(folder / run) == expected[recipe]
            different += not same
            left = [entry.name for entry in (folder / run).iterdir() if entry.suffix == ".tmp"]
            if not same or left:
                print(f"run {number} ({recipe}, killed {killed} times): {'differs' if not same else 'left ' + ', '.join(left)}")
                different += same
        print(f"{RUNS} runs, killed {kills} times in all: {RUNS - different} as the one in one go, {different} not")
        sys.exit(different > 0)


main()
