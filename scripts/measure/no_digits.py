#!/usr/bin/env python3
"""How sure is a run of what is no digit? Draws letters that look like none, scribbles, pairs of digits that touch, and digits that
lie on their side, and has them read. Prints how many of each kind are read with a probability above 0.9. Exit code 1 where over 5%
of all are.

DIGITREC=PATH names another program than build/release/digitrec. The pairs are of the last tenth of Kaggle's train.csv. --keep DIR
keeps the pictures. Installs numpy, scipy and pillow, into .venv. Takes half a minute.
"""
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import Parser, count, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("data", metavar="TRAIN_CSV", help="Kaggle's train.csv")
parser.add_argument("runs", metavar="RUN", nargs="+", help="trained runs")
parser.add_argument("--each", type=count, default=150, help="pictures of each kind; default: 150")
parser.add_argument("--seed", type=int, default=1, help="default: 1")
parser.add_argument("--keep", metavar="DIR", help="keep the pictures there")
arguments = parser.parse_args()
need_python(["numpy", "scipy", "PIL"], ["numpy", "scipy", "pillow"])
digitrec = program()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from scipy import ndimage  # noqa: E402

from held_back import split_last_tenth  # noqa: E402

SIDE = 128
SURE = 0.9
# Strokes of letters, points from 0 to 1 across and down.
LETTERS = {
    "A": ["0,1 .5,0 1,1", ".2,.6 .8,.6"], "E": ["1,0 0,0 0,1 1,1", "0,.5 .8,.5"], "F": ["1,0 0,0 0,1", "0,.5 .8,.5"],
    "H": ["0,0 0,1", "1,0 1,1", "0,.5 1,.5"], "K": ["0,0 0,1", "1,0 0,.5 1,1"], "M": ["0,1 .1,0 .5,.6 .9,0 1,1"],
    "N": ["0,1 0,0 1,1 1,0"], "P": ["0,1 0,0 .7,0 1,.2 .7,.5 0,.5"], "R": ["0,1 0,0 .7,0 1,.2 .7,.5 0,.5", ".5,.5 1,1"],
    "U": ["0,0 0,.7 .3,1 .7,1 1,.7 1,0"], "V": ["0,0 .5,1 1,0"], "W": ["0,0 .25,1 .5,.3 .75,1 1,0"], "X": ["0,0 1,1", "1,0 0,1"],
    "a": ["1,.1 .5,0 0,.4 .2,.9 .6,.9 1,.3", "1,0 1,1"], "d": ["1,.5 .5,.4 0,.7 .4,1 1,.8", "1,0 1,1"],
    "e": ["0,.5 1,.5 .9,.1 .5,0 .1,.2 0,.6 .3,1 .9,.9"], "k": ["0,0 0,1", ".8,.4 0,.7 .9,1"],
    "m": ["0,1 0,0", "0,.2 .25,0 .5,.2 .5,1", ".5,.2 .75,0 1,.2 1,1"], "n": ["0,1 0,0", "0,.3 .4,0 .9,.2 1,1"],
    "r": ["0,1 0,0", "0,.3 .4,0 .9,.1"], "u": ["0,0 0,.7 .4,1 .9,.7", "1,0 1,1"], "w": ["0,0 .2,.9 .5,.2 .8,.9 1,0"],
    "x": ["0,0 1,1", "1,0 0,1"], "+": [".5,0 .5,1", "0,.5 1,.5"], "?": ["0,.2 .3,0 .8,.1 .8,.4 .5,.6 .5,.75", ".5,.95 .5,1"],
    "ш": ["0,0 0,1 1,1 1,0", ".5,0 .5,1"], "Ж": ["0,0 1,1", "1,0 0,1", ".5,0 .5,1"], "Δ": ["0,1 .5,0 1,1 0,1"],
}
random = np.random.default_rng(arguments.seed)


def draw(strokes, width):
    """Strokes of points in pixels, softly rounded, as ink of 0 to 1."""
    ink = np.zeros((SIDE, SIDE), np.float32)
    for points in strokes:
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            for step in np.linspace(0, 1, 2 + int(np.hypot(x1 - x0, y1 - y0) * 2)):
                x, y = x0 + (x1 - x0) * step, y0 + (y1 - y0) * step
                if 0 <= x < SIDE - 1 and 0 <= y < SIDE - 1:
                    ink[int(y), int(x)] = 1
    distance = ndimage.distance_transform_edt(ink == 0)
    return np.clip(width / 2 + 0.5 - distance, 0, 1)


def letter():
    strokes = [[tuple(map(float, point.split(","))) for point in stroke.split()]
               for stroke in LETTERS[random.choice(list(LETTERS))]]
    height, wide, slant = random.uniform(50, 90), random.uniform(0.5, 0.9), random.uniform(-0.15, 0.25)
    jitter = 0.04 * height
    placed = [[(30 + x * wide * height + slant * (1 - y) * height / 2 + random.normal(0, jitter / 2),
                20 + y * height + random.normal(0, jitter / 2)) for x, y in stroke] for stroke in strokes]
    return draw(placed, random.uniform(4, 10))


def scribble():
    count = random.integers(5, 14)
    points = np.cumsum(random.normal(0, 26, (count, 2)), axis=0)
    points = ndimage.zoom(points, (12, 1), order=3)
    points -= points.min(0)
    points = 20 + points / max(points.max(), 1) * random.uniform(60, 90)
    return draw([[tuple(point) for point in points]], random.uniform(3, 8))


def digit(row, height):
    image = row[1:].reshape(28, 28).astype(np.float32) / 255
    rows, columns = np.nonzero(image > 0.2)
    cut = image[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    return np.clip(ndimage.zoom(cut, height / cut.shape[0], order=1), 0, 1)


def put(ink, drawn, left, top):
    part = ink[top:top + drawn.shape[0], left:left + drawn.shape[1]]
    np.maximum(part, drawn[:part.shape[0], :part.shape[1]], out=part)


def pair(rows):
    """Two digits, the second as far left as makes them touch."""
    first, second = (digit(rows[random.integers(len(rows))], random.uniform(50, 64)) for _ in range(2))
    for left in range(10 + first.shape[1], 10, -1):
        ink = np.zeros((SIDE, SIDE), np.float32)
        put(ink, first, 10, 30)
        put(ink, second, left, 30 + int(random.integers(-4, 5)))
        if ndimage.label(ink > 0.35, np.ones((3, 3)))[1] == 1:
            return ink
    return ink


def lying(rows):
    """A digit on its side; 0, 1 and 8 look like one that way, too."""
    while True:
        row = rows[random.integers(len(rows))]
        if row[0] not in (0, 1, 8):
            ink = np.zeros((SIDE, SIDE), np.float32)
            put(ink, np.rot90(digit(row, random.uniform(50, 80)), random.choice([1, 3])), 20, 25)
            return ink


def main(folder):
    rows = np.loadtxt(split_last_tenth(arguments.data)[1], delimiter=",", skiprows=1, dtype=np.uint8)
    kinds = {"letters": letter, "scribbles": scribble, "pairs": lambda: pair(rows), "lying": lambda: lying(rows)}
    for kind, make in kinds.items():
        for i in range(arguments.each):
            Image.fromarray((255 * (1 - make())).astype(np.uint8)).save(folder / f"{kind}_{i:03}.png")
    print(f"{'read above ' + str(SURE):20}" + "".join(f"{kind:>12}" for kind in kinds) + f"{'all':>12}")
    is_sure_of_all = False
    for run in arguments.runs:
        sure = dict.fromkeys(kinds, 0)
        told = subprocess.run([digitrec, "predict", run, folder], text=True, capture_output=True)
        for row in csv.DictReader(told.stdout.splitlines()):
            if row["Probability"] and float(row["Probability"]) > SURE:
                sure[Path(row["File"]).name.split("_")[0]] += 1
        share = sum(sure.values()) / (len(kinds) * arguments.each)
        is_sure_of_all |= share > 0.05
        print(f"{run[-20:]:20}" + "".join(f"{100 * n / arguments.each:11.1f}%" for n in sure.values()) + f"{100 * share:11.1f}%")
    return 1 if is_sure_of_all else 0


if arguments.keep:
    Path(arguments.keep).mkdir(parents=True, exist_ok=True)
    sys.exit(main(Path(arguments.keep)))
with tempfile.TemporaryDirectory() as made:
    sys.exit(main(Path(made)))
