#!/usr/bin/env python3
"""What PyTorch saves is imported, or refused by name: every way of naming, wrapping, narrowing and storing the weights of
a network gives that network's own probabilities, and nothing in a file is ever called.

    import_test.py DIGITREC     exits with 77 (skipped) where torch or safetensors is missing
"""
import collections
import csv
import os
import pathlib
import pickle
import subprocess
import sys

try:
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
    from torch import nn
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "measure" / "peers"))
from presets import PRESETS  # noqa: E402
from scratch import folder, run  # noqa: E402

DIGITREC = str(pathlib.Path(sys.argv[1]).resolve())
MEAN, DEVIATION = 0.1307, 0.3081


class Net(nn.Module):
    """cnn, as tutorials write it."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                                      nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def read_csv(path):
    with open(path, newline="") as file:
        return torch.tensor([[float(value) for value in row] for row in list(csv.reader(file))[1:]])


def probabilities(model):
    images = read_csv(folder / "data" / "test.csv").view(-1, 1, 28, 28)
    with torch.no_grad():
        return model.eval()((images / 255 - MEAN) / DEVIATION).softmax(1)


def expect_imported(name, model, expected, preset="cnn"):
    out = f"{name}.safetensors"
    run("import", name, "--model", preset, "--normalize", f"{MEAN},{DEVIATION}", "--out", out)
    run("predict", out, "data", "--out", "s.csv", "--precision", "fp32", "--probabilities", "p.csv")
    difference = (read_csv(folder / "p.csv")[:, 2:] - expected).abs().max().item()
    print(f"{name}: probabilities differ by {difference:.1e}")
    assert difference < 1e-5, difference


def expect_refused(name, *words, preset="cnn"):
    done = subprocess.run([DIGITREC, "import", name, "--model", preset, "--out", "refused.safetensors"], cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 1, done
    last = done.stderr.splitlines()[-1]
    assert all(word in last for word in words), last
    assert not (folder / "refused.safetensors").exists()
    print(f"{name}: {last}")


def check_presets():
    for preset, build in PRESETS.items():
        model = build()
        model.train()
        model(torch.rand(16, 1, 28, 28))  # moves the running statistics
        torch.save(model.state_dict(), folder / f"{preset}.pth")
        expect_imported(f"{preset}.pth", model, probabilities(model), preset)


def check_ways_to_save():
    model = Net()
    state = model.state_dict()
    expected = probabilities(model)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.rand(2, 1, 28, 28)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    model.load_state_dict(state := {name: tensor.clone() for name, tensor in state.items()})
    expected = probabilities(model)
    sequential = nn.Sequential(*model.features, *model.classifier)
    ways = {
        "features.pth": state,
        "sequential.pth": sequential.state_dict(),
        "parallel.pth": nn.DataParallel(model).state_dict(),
        "compiled.pth": {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
        "both.pt": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()},
        "training.pth": {"epoch": 3, "loss": 0.25, "best": None, "model_state_dict": model.state_dict(),
                         "optimizer_state_dict": optimizer.state_dict()},
        "lightning.ckpt": {"state_dict": collections.OrderedDict((f"model.{n}", t) for n, t in state.items()),
                           "hyper_parameters": {"lr": 1e-3}, "callbacks": {}},
        "parameters.pth": dict(model.named_parameters()),
        "strided.pth": {name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor for name, tensor in state.items()},
        "shared.pth": dict(zip(state, torch.nn.utils.parameters_to_vector(state.values()).split(
            [tensor.numel() for tensor in state.values()]))),
        "double.pth": {name: tensor.double() for name, tensor in state.items()},
    }
    ways["shared.pth"] = {name: part.view(state[name].shape) for name, part in ways["shared.pth"].items()}
    for name, saved in ways.items():
        torch.save(saved, folder / name)
        expect_imported(name, model, expected)
    for name in ("features.pth", "training.pth", "shared.pth"):
        torch.save(ways[name], folder / f"legacy-{name}", _use_new_zipfile_serialization=False)
        expect_imported(f"legacy-{name}", model, expected)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "foreign.safetensors")
    expect_imported("foreign.safetensors", model, expected)
    for kind in (torch.half, torch.bfloat16):
        narrow = {name: tensor.to(kind) for name, tensor in state.items()}
        model.load_state_dict(narrow)
        torch.save(narrow, folder / "narrow.pth")
        save_file(narrow, folder / "narrow.safetensors")
        expect_imported("narrow.pth", model, probabilities(model))
        expect_imported("narrow.safetensors", model, probabilities(model))


class Attack:
    def __reduce__(self):
        return os.system, (f"touch {folder / 'called'}",)


def check_refusals():
    model = Net()
    state = model.state_dict()
    for legacy in (False, True):
        def save(value, name):
            torch.save(value, folder / name, _use_new_zipfile_serialization=not legacy)
        save(model, "module.pth")
        expect_refused("module.pth", "'__main__.Net'", "state_dict")
        save({**state, "attack": Attack()}, "attack.pth")
        expect_refused("attack.pth", ".system'", "never called")
        save({name: tensor for name, tensor in state.items() if name != "features.0.bias"}, "missing.pth")
        expect_refused("missing.pth", "1 missing (conv1.bias)")
        save({**state, "head.weight": torch.zeros(3, 3)}, "extra.pth")
        expect_refused("extra.pth", "1 too many (head.weight)")
        save({**state, "classifier.1.weight": torch.zeros(128, 3136)}, "misshapen.pth")
        expect_refused("misshapen.pth", "1 of another shape (fc1.weight)")
        save({**state, "classifier.3.bias": torch.full((10,), float("nan"))}, "nan.pth")
        expect_refused("nan.pth", "'classifier.3.bias' has values that are not finite")
    (folder / "attack.pkl").write_bytes(pickle.dumps(Attack(), protocol=2))
    expect_refused("attack.pkl", "a Python pickle")
    torch.jit.script(model).save(folder / "script.pt")
    expect_refused("script.pt", "TorchScript")
    torch.save(state, folder / "new.pth", pickle_protocol=4)
    expect_refused("new.pth", "protocol 4")
    assert not (folder / "called").exists()
    whole = (folder / "features.pth").read_bytes()
    for size in (3, 100, len(whole) // 2, len(whole) - 1):
        (folder / "cut.pth").write_bytes(whole[:size])
        expect_refused("cut.pth", "cut.pth")


def check_way_through_python():
    """Trained here, fine-tuned and saved in Python, with its metadata or without, and read again here."""
    run("train", "data", "--model", "cnn", "--epochs", "1", "--out", "run")
    whole = folder / "run" / "best.safetensors"
    with safe_open(whole, "pt") as file:
        metadata = file.metadata()
    model = PRESETS["cnn"]()
    model.load_state_dict(load_file(whole))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model(torch.rand(8, 1, 28, 28)).logsumexp(1).sum().backward()
    optimizer.step()
    for name, kept in (("tuned.safetensors", metadata), ("bare.safetensors", None)):
        save_file(model.state_dict(), folder / name, metadata=kept)
        flags = [] if kept else ["--model", "cnn"]
        run("import", name, *flags, "--out", "again.safetensors")
        again = load_file(folder / "again.safetensors")
        assert all(again[key].equal(tensor) for key, tensor in model.state_dict().items())
        run("eval", "again.safetensors", "data")


def main():
    torch.manual_seed(1)
    run("data", "synth", "--out", "data", "--train", "300", "--test", "50")
    check_presets()
    check_ways_to_save()
    check_refusals()
    check_way_through_python()


if __name__ == "__main__":
    main()
