#!/usr/bin/env python3
"""Makes tests/fixtures/parity/<preset>.safetensors: what PyTorch computes for each preset.

The presets are written here as a PyTorch user would write them. Weights and images come from a hash that the C++ test
computes too, so that the files hold results alone: logits in evaluation mode, and in training mode (batch statistics,
dropout off) logits, loss, a sample of every gradient, and the loss after 20 Adam steps; and which images they are of.

    pip install torch==2.13.0 safetensors numpy
    python3 scripts/peers/make_parity_fixtures.py
"""
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

ROWS = 16
SAMPLE = 500  # gradient values kept of each tensor
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "parity"


class Mlp(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        sizes = [784, *widths, 10]
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            setattr(self, f"fc{i}", nn.Linear(a, b))
        self.depth = len(sizes) - 1

    def forward(self, x):
        x = x.flatten(1)
        for i in range(1, self.depth):
            x = F.relu(getattr(self, f"fc{i}")(x))
        return getattr(self, f"fc{self.depth}")(x)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(1600, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class CnnDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.fc1 = nn.Linear(6272, 128)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        return self.fc2(self.dropout(F.relu(self.fc1(x.flatten(1)))))


class CnnBn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.dropout1 = nn.Dropout2d(0.2)
        self.conv3, self.bn3 = nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.conv4, self.bn4 = nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.dropout2 = nn.Dropout2d(0.3)
        self.conv5, self.bn5 = nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128)
        self.dropout3 = nn.Dropout2d(0.3)
        self.fc1, self.bn6, self.dropout4 = nn.Linear(6272, 512), nn.BatchNorm1d(512), nn.Dropout(0.3)
        self.fc2, self.bn7, self.dropout5 = nn.Linear(512, 256), nn.BatchNorm1d(256), nn.Dropout(0.3)
        self.fc3 = nn.Linear(256, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.dropout1(F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2))
        x = F.relu(self.bn3(self.conv3(x)))
        x = self.dropout2(F.max_pool2d(F.relu(self.bn4(self.conv4(x))), 2))
        x = self.dropout3(F.relu(self.bn5(self.conv5(x))))
        x = self.dropout4(F.relu(self.bn6(self.fc1(x.flatten(1)))))
        x = self.dropout5(F.relu(self.bn7(self.fc2(x))))
        return self.fc3(x)


PRESETS = {
    "mlp-128": lambda: Mlp(128),
    "mlp": lambda: Mlp(256, 128),
    "cnn": Cnn,
    "cnn-dropout": CnnDropout,
    "cnn-bn": CnnBn,
}


def hashed(count, stream):
    """`count` floats in [-0.5, 0.5) that C++ computes bit for bit alike: SplitMix64, upper 24 bits."""
    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) + np.uint64(stream) * np.uint64(1 << 32)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)


def fill(name, tensor, stream):
    """Uniform weights of He's variance, so that activations keep their size; BN scales and variances about 1."""
    values = torch.from_numpy(hashed(tensor.numel(), stream)).reshape(tensor.shape)
    if tensor.dim() > 1:
        fan_in = tensor[0].numel()
        values = values * torch.tensor((24.0 / fan_in) ** 0.5, dtype=torch.float32)
    elif "bn" in name and (name.endswith("weight") or name.endswith("running_var")):
        values = values + 1.0
    tensor.copy_(values)


def sample(tensor):
    flat = tensor.flatten()
    step = max(1, flat.numel() // SAMPLE)
    return flat[::step][:SAMPLE].clone()


def build(name, dtype, memory_format):
    model = PRESETS[name]()
    state = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for stream, key in enumerate(sorted(k for k in state if "num_batches" not in k), 1):
            fill(key, state[key], stream)
    return model.to(dtype=dtype, memory_format=memory_format)


def compute(name, stream, dtype=torch.float32, memory_format=torch.contiguous_format):
    """Everything that the fixture holds, for images number `stream`."""
    x = (torch.from_numpy(hashed(ROWS * 784, stream)).reshape(ROWS, 1, 28, 28) * 2).to(dtype)
    y = torch.arange(ROWS) * 7 % 10
    model = build(name, dtype, memory_format)
    out = {"eval_logits": model.eval()(x).detach()}
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout2d)):
            module.eval()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    out |= {"train_logits": logits.detach(), "loss": loss.detach()}
    for key, parameter in model.named_parameters():
        out["grad." + key] = sample(parameter.grad.contiguous())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    out["loss_after_20_steps"] = F.cross_entropy(model(x), y).detach()
    return out


def difference(a, b):
    """The largest, of gradients and logits relative to the largest value where that is above 1, and of the last loss."""
    at_once = max((a[k] - b[k]).abs().max().item() / max(1.0, b[k].abs().max().item()) for k in a if "steps" not in k)
    return at_once, (a["loss_after_20_steps"] - b["loss_after_20_steps"]).abs().item()


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PRESETS:
        # A value within rounding of a kink (ReLU's 0, two equal maxima in a pool) may fall to either side, and then its
        # gradient is another: PyTorch differs from itself there. So the first images are taken at which PyTorch in
        # float32, in both memory orders, agrees with PyTorch in float64.
        for stream in range(1000, 1200):
            out = compute(name, stream)
            others = (compute(name, stream, torch.float64), compute(name, stream, memory_format=torch.channels_last))
            spread = [difference(out, other) for other in others]
            if max(s[0] for s in spread) < 7e-6 and max(s[1] for s in spread) < 2e-5:
                break
        else:
            raise SystemExit(f"{name}: no well-conditioned images found")
        out["stream"] = torch.tensor(stream)
        save_file(out, FOLDER / f"{name}.safetensors")
        print(f"{name}: images {stream}, loss {out['loss'].item():.6f}, after 20 Adam steps "
              f"{out['loss_after_20_steps'].item():.6f}", flush=True)


if __name__ == "__main__":
    main()
