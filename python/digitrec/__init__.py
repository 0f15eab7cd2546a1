"""Networks that digitrec trained, in PyTorch. Needs torch and safetensors, nothing else.

    import digitrec                          # PYTHONPATH=python
    network = digitrec.load("runs/best")     # a run's folder, or a .safetensors file
    network.predict(images)                  # labels of raw pixels, 0 to 255, [N, S, S]

A network is a torch.nn.Module under PyTorch's names for its layers, so that it can be trained further and saved, and digitrec
reads it again:

    safetensors.torch.save_file(network.state_dict(), "tuned.safetensors", metadata=network.metadata)
"""
import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

# As src/model/registry.cpp has them. A convolution: channels, padding, batch normalisation, pooling ("last": after ReLU,
# "first": before batch normalisation), dropout. A hidden layer: width, batch normalisation, dropout.
PRESETS = {
    "mlp-128": ([], [(128, False, 0)], 0),
    "mlp": ([], [(256, False, 0), (128, False, 0)], 0),
    "cnn": ([(32, 0, False, "last", 0), (64, 0, False, "last", 0)], [(128, False, 0)], 0),
    "cnn-dropout": ([(32, 1, False, "last", 0), (64, 1, False, None, 0), (128, 1, False, "last", 0)], [(128, False, 0.5)], 0),
    "cnn-bn": ([(32, 1, True, None, 0), (32, 1, True, "last", 0.2), (64, 1, True, None, 0), (64, 1, True, "last", 0.3),
                (128, 1, True, None, 0.3)], [(512, True, 0.3), (256, True, 0.3)], 0),
    "fast": ([(32, 0, True, "first", 0), (32, 0, True, "first", 0), (128, 0, True, None, 0)], [], 0),
    "best": ([(32, 0, True, None, 0), (64, 0, True, "first", 0), (96, 0, True, None, 0), (96, 0, True, None, 0),
              (128, 0, True, "first", 0), (192, 0, True, None, 0)], [], 0.4),
}


class Network(nn.Module):
    """forward: raw pixels, float32 [N, 1, S, S] of 0 to 255 -> logits [N, K]. Normalisation is inside."""

    def __init__(self, metadata):
        super().__init__()
        self.metadata = {key: value for key, value in metadata.items() if key != "checksum"}
        normalization = json.loads(metadata["normalization"])
        self.mean, self.deviation = normalization["mean"], normalization["deviation"]
        self.temperature = json.loads(metadata["temperature"])
        classes, self.side = json.loads(metadata["classes"]), json.loads(metadata["image_size"])
        self.labels = torch.tensor(json.loads(metadata.get("class_labels", "null")) or list(range(classes)))
        self.names = json.loads(metadata.get("class_names", "null")) or [str(label) for label in self.labels.tolist()]
        self.layers, self.hidden, self.dropout_rate = PRESETS[metadata["preset"]]
        self._build(classes)

    def _build(self, classes):
        norms, channels, side = iter(range(1, 99)), 1, self.side
        for number, (width, padding, has_norm, pool, _) in enumerate(self.layers, 1):
            setattr(self, f"conv{number}", nn.Conv2d(channels, width, 3, padding=padding))
            if has_norm:
                setattr(self, f"bn{next(norms)}", nn.BatchNorm2d(width))
            channels, side = width, (side + 2 * padding - 2) // (2 if pool else 1)
        features = channels * side * side
        for number, (width, has_norm, _) in enumerate(self.hidden, 1):
            setattr(self, f"fc{number}", nn.Linear(features, width))
            if has_norm:
                setattr(self, f"bn{next(norms)}", nn.BatchNorm1d(width))
            features = width
        setattr(self, f"fc{len(self.hidden) + 1}", nn.Linear(features, classes))

    def forward(self, pixels):
        x = (pixels / 255 - self.mean) / self.deviation
        norms = iter(range(1, 99))
        for number, (_, _, has_norm, pool, dropout) in enumerate(self.layers, 1):
            x = getattr(self, f"conv{number}")(x)
            if pool == "first":
                x = F.max_pool2d(x, 2)
            if has_norm:
                x = getattr(self, f"bn{next(norms)}")(x)
            x = F.relu(x)
            if pool == "last":
                x = F.max_pool2d(x, 2)
            x = F.dropout2d(x, dropout, self.training)
        x = x.flatten(1)
        for number, (_, has_norm, dropout) in enumerate(self.hidden, 1):
            x = getattr(self, f"fc{number}")(x)
            if has_norm:
                x = getattr(self, f"bn{next(norms)}")(x)
            x = F.dropout(F.relu(x), dropout, self.training)
        x = F.dropout(x, self.dropout_rate, self.training)
        return getattr(self, f"fc{len(self.hidden) + 1}")(x)

    @torch.no_grad()
    def probabilities(self, array, batch=256):
        """Raw pixels of 0 to 255, [N, S, S] or [N, S * S], array or tensor -> calibrated probabilities, float32 [N, K]. Runs in
        evaluation mode, and leaves the network in the mode it was in."""
        device = next(self.parameters()).device
        pixels = torch.as_tensor(array).reshape(-1, 1, self.side, self.side)
        was_training = self.training
        self.eval()
        parts = [(self(part.to(device, torch.float32)) / self.temperature).softmax(1).cpu() for part in pixels.split(batch)]
        self.train(was_training)
        return torch.cat(parts)

    def predict(self, array, batch=256):
        """The most probable label of each image, as digitrec predict writes it where labels are numbers: int64 [N]."""
        return self.labels[self.probabilities(array, batch).argmax(1)]


def load(run):
    """The network of a run's folder or a .safetensors file, in evaluation mode. Of a run of several networks name one: its
    member-01, say."""
    path = Path(run)
    if path.is_dir():
        path = path / "best.safetensors"
        if not path.exists() and (members := sorted(path.parent.glob("member-*"))):
            raise ValueError(f"{run}: a run of {len(members)} networks; load one of them, such as {members[0]}")
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        state = {name: file.get_tensor(name) for name in file.keys()}
    if metadata.get("preset") not in PRESETS:
        raise ValueError(f"{path}: its metadata name no preset of digitrec; expected a checkpoint that digitrec train wrote")
    network = Network(metadata)
    network.load_state_dict(state)
    return network.eval()
