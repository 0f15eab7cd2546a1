#!/usr/bin/env python3
"""Loads a Kaggle train.csv into tensors (uint8 images, int64 labels) with pandas' C engine, with pyarrow and with polars, each
told that all columns are uint8, and prints the median seconds of each as one line of JSON. scripts/measure/peers.sh runs it.

Needs torch, numpy, pandas, pyarrow and polars. Takes 20 s for 42,000 rows.
"""
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from common import Parser, count  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("csv", metavar="TRAIN_CSV")
parser.add_argument("--repeats", type=count, default=5)
args = parser.parse_args()  # before the imports that take seconds, or are missing

import numpy as np  # noqa: E402
import torch  # noqa: E402


def with_pandas(path):
    import pandas

    table = pandas.read_csv(path, engine="c", dtype=np.uint8)
    labels = torch.from_numpy(table.pop("label").to_numpy(np.int64))
    return torch.from_numpy(table.to_numpy().reshape(-1, 28, 28).copy()), labels


def column_names(path):
    with open(path) as file:
        return file.readline().strip().split(",")


def with_pyarrow(path):
    import pyarrow as pa
    from pyarrow import csv

    names = column_names(path)
    options = csv.ConvertOptions(column_types={name: pa.uint8() for name in names})
    table = csv.read_csv(path, convert_options=options)
    labels = torch.from_numpy(table.column("label").to_numpy().astype(np.int64))
    pixels = np.stack([table.column(name).to_numpy() for name in names if name != "label"], axis=1)
    return torch.from_numpy(pixels.reshape(-1, 28, 28)), labels


def with_polars(path):
    import polars

    names = column_names(path)
    table = polars.read_csv(path, schema={name: polars.UInt8 for name in names})
    labels = torch.from_numpy(table.drop_in_place("label").to_numpy().astype(np.int64))
    return torch.from_numpy(table.to_numpy(order="c").reshape(-1, 28, 28).copy()), labels


def main():
    result = {}
    for name, load in (("pandas", with_pandas), ("pyarrow", with_pyarrow), ("polars", with_polars)):
        seconds = []
        for _ in range(args.repeats + 1):
            start = time.perf_counter()
            images, labels = load(args.csv)
            seconds.append(time.perf_counter() - start)
        result[name] = statistics.median(seconds[1:])
    result["rows"] = len(images)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
