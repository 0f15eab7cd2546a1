"""What the two Python pipelines share: the command line, the clock and the one line of JSON that each prints."""
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from common import Parser, count  # noqa: E402


def parse_arguments(description, **extra):
    """For a pipeline to call before it imports PyTorch, so that --help needs none."""
    parser = Parser(description)
    parser.add_argument("--model", default="cnn", help="a name in presets.py")
    parser.add_argument("--data", required=True, help="train.csv in Kaggle's format")
    parser.add_argument("--limit", type=int, default=0, help="rows used; 0: all")
    parser.add_argument("--batch-size", type=count, default=64)
    parser.add_argument("--epochs", type=count, default=3, help="epochs timed, after one that is not")
    parser.add_argument("--threads", type=count, default=2)
    for name, options in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), **options)
    return parser.parse_args()


def build(name):
    from presets import PRESETS

    if name not in PRESETS:
        sys.exit(f"--model {name}: no such preset, expected of {', '.join(PRESETS)}")
    return PRESETS[name]()


def read_rows(path, limit):
    """uint8 [N, 28, 28] and int64 [N]."""
    import numpy as np
    import pandas

    table = pandas.read_csv(path, nrows=limit or None)
    labels = table.pop("label").to_numpy(np.int64)
    return table.to_numpy(np.uint8).reshape(-1, 28, 28), labels.copy()


def timed(action, repeats, rows):
    """Images a second of each repeat, after one repeat that is not counted."""
    action()
    speeds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        speeds.append(rows / (time.perf_counter() - start))
    return speeds


def print_result(args, program, precision, train, infer):
    import torch

    print(json.dumps({
        "program": program, "model": args.model, "precision": precision, "batch_size": args.batch_size,
        "threads": torch.get_num_threads(),
        "train_images_per_second": statistics.median(train), "train_all": train,
        "infer_images_per_second": statistics.median(infer), "infer_all": infer,
    }), flush=True)
