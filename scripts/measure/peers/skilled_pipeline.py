#!/usr/bin/env python3
"""The best that a skilled PyTorch user would write: rows resident in one tensor, channels-last with true strides, fused
Adam, no read-back inside an epoch, bf16 autocast and torch.compile on request. Run it with jemalloc preloaded, as
scripts/measure/peers.sh does. Prints images a second, trained and inferred, as one line of JSON.

Needs torch, numpy and pandas. Takes seconds to minutes, by the model and --limit.
"""
from peer import build, parse_arguments, print_result, read_rows, timed

args = parse_arguments(__doc__, precision={"choices": ["fp32", "bf16"], "default": "fp32"},
                       compile={"action": "store_true"}, nchw={"action": "store_true"})

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402


def channels_last(tensor):
    """Tensor.contiguous leaves a tensor of one channel as it is, and the convolution then runs in NCHW."""
    return torch.empty_like(tensor, memory_format=torch.channels_last).copy_(tensor)


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(42)
    images, labels = read_rows(args.data, args.limit)
    x = ((torch.from_numpy(images).float() / 255.0 - 0.1307) / 0.3081).unsqueeze(1)
    y = torch.from_numpy(labels)
    model = build(args.model)
    if not args.nchw:
        for parameter in model.parameters():
            if parameter.dim() == 4:
                parameter.data = channels_last(parameter.data)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    bf16 = args.precision == "bf16"

    def forward(rows):
        if not args.nchw and args.model.startswith("cnn"):
            rows = channels_last(rows)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            return model(rows)

    def loss_of(rows, truth):
        return F.cross_entropy(forward(rows).float(), truth)

    if args.compile:
        loss_of = torch.compile(loss_of)
        forward = torch.compile(forward)

    def train_epoch():
        model.train()
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for start in range(0, len(x) - args.batch_size + 1, args.batch_size):
            batch = order[start:start + args.batch_size]
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(x[batch], y[batch])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return total.item()

    @torch.inference_mode()
    def predict():
        model.eval()
        return torch.cat([forward(part).argmax(1) for part in x.split(256) if len(part) == 256])

    train = timed(train_epoch, args.epochs, len(x) // args.batch_size * args.batch_size)
    infer = timed(predict, args.epochs, len(x) // 256 * 256)
    print_result(args, "skilled" + ("-compiled" if args.compile else ""), args.precision, train, infer)


if __name__ == "__main__":
    main()
