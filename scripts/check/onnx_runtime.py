#!/usr/bin/env python3
"""Holds what digitrec export writes to ONNX's own checker and to ONNX Runtime. Trains each preset and an ensemble of three for one
epoch on synthetic digits, exports them, and compares ONNX Runtime's probabilities for 1,000 images, 256 at once and one by one, with
those of digitrec predict: at most 1e-4 apart, and every label the same. Exits with 1 otherwise.

Installs: onnx and onnxruntime (pip) into .venv. Takes: 4 minutes on 2 cores beside other work.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import Parser, die, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("program", metavar="PROGRAM", nargs="?", help="default: DIGITREC, else build/release/digitrec")
args = parser.parse_args()
PROGRAM = program(args.program)
need_python(["onnx", "onnxruntime", "numpy"], ["onnx", "onnxruntime", "numpy"])

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402

LIMIT = 1e-4


def digitrec(folder, *arguments):
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        die(f"digitrec {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def read_csv(path):
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)


def run_onnx(path, pixels, batch):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["probabilities"], {"pixels": pixels[i : i + batch]})[0] for i in range(0, len(pixels), batch)])


def check(folder, name, runs):
    """One row of the table; whether it is as it should be."""
    said = digitrec(folder, "export", *runs, "--format", "onnx", "--out", f"{name}.onnx")
    digitrec(folder, "predict", *runs, "data", "--precision", "fp32", "--out", "s.csv", "--probabilities", "p.csv")
    model = onnx.load(folder / f"{name}.onnx")
    onnx.checker.check_model(model, full_check=True)
    pixels = read_csv(folder / "data/test.csv").reshape(-1, 1, 28, 28)
    table = read_csv(folder / "p.csv")
    expected, labels = table[:, 2:], table[:, 1].astype(int)
    names = json.loads({entry.key: entry.value for entry in model.metadata_props}["class_labels"])
    row, good = f"{name:12}", True
    for batch in (1, 256):
        found = run_onnx(folder / f"{name}.onnx", pixels, batch)
        difference = float(np.abs(found - expected).max())
        same = sum(int(names[i]) == label for i, label in zip(found.argmax(1), labels))
        row += f"  batch {batch}: {difference:.1e}, {same} of {len(labels)} labels the same"
        good = good and difference <= LIMIT and same == len(labels)
    print(f"{row}  export said {said.split()[-3]}", flush=True)
    return good


def main():
    print(f"onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        digitrec(folder, "data", "synth", "--out", "data", "--train", "2000", "--test", "1000")
        presets = [entry["model"] for entry in json.loads(digitrec(folder, "models", "--json"))]
        good = []
        for preset in presets:
            digitrec(folder, "train", "--model", preset, "--epochs", "1", "--out", preset)
            good.append(check(folder, preset, [preset]))
        digitrec(folder, "train", "--model", "cnn", "--epochs", "1", "--ensemble", "3", "--out", "three")
        good.append(check(folder, "ensemble", ["three"]))
        good.append(check(folder, "mixed", ["mlp", "cnn", "fast"]))
    sys.exit(0 if all(good) else 1)


main()
