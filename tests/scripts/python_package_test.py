"""python/digitrec gives the labels of digitrec predict for each preset, also of a network that it saved again.
python_package_test.py DIGITREC"""
import csv
import json
import sys
from pathlib import Path

from scratch import folder, run

try:
    import torch
    from safetensors.torch import save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import digitrec  # noqa: E402


def read_csv(name):
    return torch.tensor([[float(value) for value in row] for row in list(csv.reader(open(folder / name)))[1:]])


def predict(checkpoint):
    run("predict", checkpoint, "data", "--precision", "fp32", "--out", "s.csv", "--probabilities", "p.csv")
    table = read_csv("p.csv")
    return table[:, 1].long(), table[:, 2:]


run("data", "synth", "--out", "data", "--train", "600", "--test", "1000")
images = read_csv("data/test.csv").view(-1, 28, 28)
presets = [entry["model"] for entry in json.loads(run("models", "--json"))]
assert set(presets) == set(digitrec.PRESETS), "other presets than the program's"
for preset in presets:
    run("train", "--model", preset, "--epochs", "1", "--out", preset)
    network = digitrec.load(folder / preset)
    labels, probabilities = predict(preset)
    same = (network.predict(images) == labels).sum().item()
    difference = (network.probabilities(images.byte().numpy()) - probabilities).abs().max().item()
    print(f"{preset:12} {same} of {len(labels)} labels the same, probabilities differ by {difference:.1e}", flush=True)
    assert same == len(labels) and difference < 1e-5, preset

network = digitrec.load(folder / "cnn-bn").train()
loss = torch.nn.functional.cross_entropy(network(images[:64, None]), torch.arange(64) % 10)
loss.backward()
torch.optim.SGD(network.parameters(), 0.1).step()
save_file(network.state_dict(), folder / "tuned.safetensors", metadata=network.metadata)
labels, probabilities = predict("tuned.safetensors")
untuned = digitrec.load(folder / "cnn-bn").probabilities(images)
assert network.predict(images).equal(labels) and network.training, "other labels once trained further"
assert (network.probabilities(images) - probabilities).abs().max() < 1e-5 < (untuned - probabilities).abs().max()

run("train", "--model", "mlp-128", "--epochs", "1", "--ensemble", "2", "--out", "two")
for path, message in (("two", "a run of 2 networks"), ("plain.safetensors", "name no preset")):
    save_file({"weight": torch.zeros(1)}, folder / "plain.safetensors")
    try:
        digitrec.load(folder / path)
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"{path}: loaded")
