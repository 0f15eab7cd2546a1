#!/usr/bin/env python3
"""Makes tests/fixtures/parity/<preset>.safetensors: what PyTorch computes for each preset.

Weights and images come from a hash that the C++ test computes too, so that the files hold results alone: logits in
evaluation mode, and in training mode (batch statistics, dropout off) logits, loss, a sample of every gradient, and the
loss after 20 Adam steps; and which images they are of.

Needs torch 2.13, safetensors and numpy: .venv/bin/python has them after scripts/setup/install_dependencies.sh --tests. Takes a
minute a preset.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from common import ROOT, Parser  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("presets", metavar="PRESET", nargs="*", help="default: all")
args = parser.parse_args()  # before the imports that take seconds, or are missing

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from presets import PRESETS  # noqa: E402

ROWS = 16
SAMPLE = 500  # gradient values kept of each tensor
FOLDER = ROOT / "tests" / "fixtures" / "parity"


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


def drop_rounding(parameters):
    """A gradient of exactly 0 here is a rounding error where sums are taken in another way (Winograd's transforms), and Adam
    divides that by itself: the weight would move as far as any. So what is within rounding of 0 is made 0."""
    for parameter in parameters:
        parameter.grad[parameter.grad.abs() < 1e-5 * parameter.grad.abs().max()] = 0


def compute(name, stream, dtype=torch.float32, memory_format=torch.contiguous_format, nudge=0):
    """Everything that the fixture holds, for images number `stream`; a `nudge` changes every pixel by a few roundings."""
    x = (torch.from_numpy(hashed(ROWS * 784, stream)).reshape(ROWS, 1, 28, 28) * 2).to(dtype)
    if nudge:
        x *= 1 + 2**-20 * torch.from_numpy(hashed(ROWS * 784, 2000 + nudge)).reshape(x.shape)
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
        drop_rounding(model.parameters())
        optimizer.step()
    out["loss_after_20_steps"] = F.cross_entropy(model(x), y).detach()
    return out


def difference(a, b):
    """The largest, of gradients and logits relative to the largest value where that is above 1, and of the last loss."""
    at_once = max((a[k] - b[k]).abs().max().item() / max(1.0, b[k].abs().max().item()) for k in a if "steps" not in k)
    return at_once, (a["loss_after_20_steps"] - b["loss_after_20_steps"]).abs().item()


def main():
    for name in args.presets:
        if name not in PRESETS:
            parser.error(f"no preset '{name}', expected of {', '.join(PRESETS)}")
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in args.presets or PRESETS:
        # A value within rounding of a kink (ReLU's 0, two equal maxima in a pool) may fall to either side, and then its
        # gradient is another: PyTorch differs from itself there. So the first images are taken at which PyTorch in
        # float32 agrees with PyTorch in float64, in the other memory order, and with its pixels nudged.
        variants = [{"dtype": torch.float64}, {"memory_format": torch.channels_last}, {"nudge": 1}, {"nudge": 2}]
        for stream in range(1000, 1200):
            out = compute(name, stream)
            spread = (difference(out, compute(name, stream, **variant)) for variant in variants)
            if all(at_once < 7e-6 and last_loss < 2e-5 for at_once, last_loss in spread):
                break
        else:
            raise SystemExit(f"{name}: no well-conditioned images found")
        out["stream"] = torch.tensor(stream)
        save_file(out, FOLDER / f"{name}.safetensors")
        print(f"{name}: images {stream}, loss {out['loss'].item():.6f}, after 20 Adam steps "
              f"{out['loss_after_20_steps'].item():.6f}", flush=True)


if __name__ == "__main__":
    main()
