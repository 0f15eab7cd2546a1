#!/usr/bin/env python3
"""Prints the table of scripts/measure/peers.sh in Markdown from the JSON lines that it gathered in a folder. Needs nothing beyond
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


def instruction_sets():
    """Those that speed depends on: a virtual machine's processor often has no name that tells."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return "instruction sets unknown"
    return ", ".join(name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags) or "no AVX2"


def main():
    parser = Parser(__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    folder = parser.parse_args().folder
    peers = lines(folder / "peers")
    ours = lines(folder / "digitrec")
    for record in ours:
        for phase in ("train", "infer"):
            record[f"{phase}_images_per_second"] = record[f"{phase}_images_per_second"]["median"]

    bench = json.loads((folder / "bench").read_text())
    print(f"{bench['cpu']} ({instruction_sets()}), batch size {ours[0]['batch_size']}. Images a second, medians of rounds in turn.\n")
    print("| preset | precision | phase | digitrec | users | ratio | skilled | compiled | ratio |\n|---|---|---|---|---|---|---|---|---|")
    for model in dict.fromkeys(record["model"] for record in ours):
        for precision in dict.fromkeys(record["precision"] for record in ours):
            for phase in ("train", "infer"):
                mine = median_speed(ours, phase, model=model, precision=precision)
                users = median_speed(peers, phase, model=model, program="users")
                skilled = median_speed(peers, phase, model=model, program="skilled", precision=precision)
                compiled = median_speed(peers, phase, model=model, program="skilled-compiled", precision=precision)
                best = max(speed for speed in (skilled, compiled) if speed)
                print(f"| `{model}` | {precision} | {phase} | {mine:,.0f} | {users:,.0f} | {mine / users:.1f}x | {skilled or 0:,.0f} "
                      f"| {compiled or 0:,.0f} | {mine / best:.2f}x |")

    loading = json.loads((folder / "loading").read_text())
    seconds = bench["loading"]["seconds"]["median"]
    print(f"\nLoading {loading.pop('rows'):,} rows into tensors: digitrec {seconds:.3f} s; "
          + ", ".join(f"{name} {theirs:.3f} s ({theirs / seconds:.1f}x)" for name, theirs in loading.items()))


if __name__ == "__main__":
    main()
