#!/usr/bin/env python3
"""Prints the table of scripts/measure/peers.sh from the JSON lines that it gathered in a folder. Needs nothing beyond
Python's own library; takes a moment."""
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from common import Parser  # noqa: E402


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def median_speed(records, phase, **wanted):
    speeds = [record[f"{phase}_images_per_second"] for record in records
              if all(record[key] == value for key, value in wanted.items())]
    return statistics.median(speeds) if speeds else None


def main():
    parser = Parser(__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    folder = parser.parse_args().folder
    peers = lines(folder / "peers")
    ours = lines(folder / "digitrec")
    for record in ours:
        for phase in ("train", "infer"):
            record[f"{phase}_images_per_second"] = record[f"{phase}_images_per_second"]["median"]

    print(f"images a second, medians; batch size 64, {peers[0]['threads']} threads")
    print(f"{'model':12} {'prec.':5} {'phase':6} {'digitrec':>10} {'users':>10} {'ratio':>6} {'skilled':>10} "
          f"{'compiled':>10} {'ratio':>6}")
    for model in dict.fromkeys(record["model"] for record in ours):
        for precision in dict.fromkeys(record["precision"] for record in ours):
            for phase in ("train", "infer"):
                mine = median_speed(ours, phase, model=model, precision=precision)
                users = median_speed(peers, phase, model=model, program="users")
                skilled = median_speed(peers, phase, model=model, program="skilled", precision=precision)
                compiled = median_speed(peers, phase, model=model, program="skilled-compiled", precision=precision)
                best = max(speed for speed in (skilled, compiled) if speed)
                print(f"{model:12} {precision:5} {phase:6} {mine:10,.0f} {users:10,.0f} {mine / users:5.1f}x "
                      f"{skilled or 0:10,.0f} {compiled or 0:10,.0f} {mine / best:5.2f}x")

    loading = json.loads((folder / "loading").read_text())
    seconds = json.loads((folder / "bench").read_text())["loading"]["seconds"]["median"]
    print(f"loading {loading['rows']:,} rows: digitrec {seconds:.3f} s; pandas {loading['pandas']:.3f} s "
          f"({loading['pandas'] / seconds:.1f}x), pyarrow {loading['pyarrow']:.3f} s ({loading['pyarrow'] / seconds:.1f}x)")


if __name__ == "__main__":
    main()
