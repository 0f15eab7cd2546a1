#!/usr/bin/env python3
"""The pipeline of the public notebooks: a Dataset that makes one tensor a row, a DataLoader, float32, Adam, and a loss
that is read after every batch. Prints images a second, trained and inferred, as one line of JSON.

With --until-accuracy A it trains, evaluating on the rows behind --limit after each epoch, until they reach A, and prints
the seconds of the whole process instead.

Needs torch, numpy and pandas. Takes seconds to minutes, by the model and --limit.
"""
import json
import time

START = time.perf_counter()

from peer import build, parse_arguments, print_result, read_rows, timed  # noqa: E402

args = parse_arguments(__doc__, until_accuracy={"type": float, "default": 0})

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402


class Digits(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index]).float().unsqueeze(0) / 255.0
        return (image - 0.1307) / 0.3081, self.labels[index]


def train_epoch(model, loader, optimizer, criterion):
    model.train()
    total, correct = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        correct += (outputs.argmax(1) == labels).sum().item()
    return total / len(loader)


def predict(model, loader):
    model.eval()
    answers = []
    with torch.no_grad():
        for images, _ in loader:
            answers.append(model(images).argmax(1))
    return torch.cat(answers)


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(42)
    images, labels = read_rows(args.data, 0 if args.until_accuracy else args.limit)
    rows = args.limit or len(images)
    loader = DataLoader(Digits(images[:rows], labels[:rows]), batch_size=args.batch_size, shuffle=True)
    model = build(args.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss()

    if args.until_accuracy:
        held_back = DataLoader(Digits(images[rows:], labels[rows:]), batch_size=args.batch_size)
        truth = torch.from_numpy(labels[rows:])
        for epoch in range(1, 101):
            train_epoch(model, loader, optimizer, criterion)
            accuracy = (predict(model, held_back) == truth).float().mean().item()
            if accuracy >= args.until_accuracy:
                break
        print(json.dumps({"program": "users", "model": args.model, "epochs": epoch, "accuracy": accuracy,
                          "seconds": time.perf_counter() - START}))
        return

    train = timed(lambda: train_epoch(model, loader, optimizer, criterion), args.epochs, rows)
    infer = timed(lambda: predict(model, loader), args.epochs, rows)
    print_result(args, "users", "fp32", train, infer)


if __name__ == "__main__":
    main()
