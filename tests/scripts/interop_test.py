#!/usr/bin/env python3
"""PyTorch reads a checkpoint that digitrec wrote: safetensors.torch loads it, its names fit the network written in
Python (scripts/measure/peers/presets.py), and that network gives digitrec's probabilities.

    interop_test.py DIGITREC     exits with 77 (skipped) where torch or safetensors is missing
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "measure" / "peers"))
from presets import PRESETS  # noqa: E402


def read_csv(path):
    with open(path, newline="") as file:
        return [[float(value) for value in row] for row in list(csv.reader(file))[1:]]


def check(digitrec, folder, preset):
    run = folder / preset
    subprocess.run([digitrec, "train", "--model", preset, "--data", folder / "data", "--out", run, "--epochs", "1"],
                   check=True, capture_output=True)
    subprocess.run([digitrec, "predict", "--checkpoint", run, "--input", folder / "data", "--out", folder / "s.csv",
                    "--precision", "fp32", "--probabilities", folder / "p.csv"], check=True, capture_output=True)
    model = PRESETS[preset]()
    model.load_state_dict(load_file(run / "best.safetensors"), strict=True)
    with safe_open(run / "best.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata["preset"] == preset and metadata["classes"] == "10", metadata
    normalization = json.loads(metadata["normalization"])
    temperature = json.loads(metadata["temperature"])
    images = torch.tensor(read_csv(folder / "data" / "test.csv")).view(-1, 1, 28, 28)
    with torch.no_grad():
        logits = model.eval()((images / 255 - normalization["mean"]) / normalization["deviation"])
    expected = (logits / temperature).softmax(1)
    found = torch.tensor(read_csv(folder / "p.csv"))[:, 2:]
    difference = (expected - found).abs().max().item()
    print(f"{preset}: {len(model.state_dict())} tensors, probabilities differ by {difference:.1e}")
    assert difference < 1e-5, difference


def check_saved_again(digitrec, folder, preset):
    """What Python saves again is read, saying that no checksum could be checked."""
    whole = folder / preset / "best.safetensors"
    with safe_open(whole, "pt") as file:
        metadata = {key: value for key, value in file.metadata().items() if key != "checksum"}
    again = folder / "again.safetensors"
    for kept in (None, metadata):
        save_file(load_file(whole), again, metadata=kept)
        done = subprocess.run([digitrec, "predict", again, folder / "data", "--out", folder / "again.csv"], check=True,
                              capture_output=True, text=True)
        assert "no checksum could be checked" in done.stderr, done.stderr
    subprocess.run([digitrec, "predict", whole, folder / "data", "--out", folder / "s.csv"], check=True,
                   capture_output=True)
    assert (folder / "again.csv").read_text() == (folder / "s.csv").read_text(), "other labels than the file's own"


def main():
    digitrec = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([digitrec, "data", "synth", "--out", folder / "data", "--train", "600", "--test", "100"],
                       check=True, capture_output=True)
        for preset in PRESETS:
            check(digitrec, folder, preset)
        check_saved_again(digitrec, folder, "cnn")


if __name__ == "__main__":
    main()
