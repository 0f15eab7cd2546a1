#!/usr/bin/env python3
"""Are digits read from photos of paper? Holds the last tenth of a Kaggle training file back, trains a recipe on the rest, draws
the held-back digits as photos show them (ruled, boxed, underlined, shadowed, beside a table's edge, in perspective, blurred, faint,
in JPEG of quality 15; in rows and columns; in the cells of a grid), and has the pictures read. Prints how many of each kind are
right, and how many are wrong with a probability above 0.9. Exit code 1 where a kind has under 90% right, or over 2% wrong and sure.

DIGITREC=PATH names another program than build/release/digitrec. --run RUN takes a trained run, which must not have seen those rows;
--keep DIR keeps the pictures. Installs numpy, scipy and pillow, into .venv. Takes a minute with configs/fast.toml, ten with
configs/best.toml, on 2 cores.
"""
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import ROOT, Parser, count, die, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("data", metavar="TRAIN_CSV", help="Kaggle's train.csv")
parser.add_argument("config", metavar="CONFIG", nargs="?", default=str(ROOT / "configs/best.toml"), help="default: configs/best.toml")
parser.add_argument("--run", help="a trained run instead")
parser.add_argument("--each", type=count, default=40, help="pictures of each kind; default: 40")
parser.add_argument("--seed", type=int, default=1, help="default: 1")
parser.add_argument("--keep", metavar="DIR", help="keep the pictures there")
arguments = parser.parse_args()
need_python(["numpy", "scipy", "PIL"], ["numpy", "scipy", "pillow"])
digitrec = program()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from scipy import ndimage  # noqa: E402

from held_back import train_without_last_tenth  # noqa: E402


class Page:
    """A sheet of paper: how much light each point of it throws back, 0 to 1."""

    def __init__(self, random, width=600, height=600, paper=None):
        self.random = random
        self.paper = paper or random.uniform(0.8, 0.93)
        self.light = np.full((height, width), self.paper, np.float32)
        self.dark = random.uniform(0.12, 0.3)  # the ink's

    def ink(self, image, left, top, height, dark=None):
        """uint8 [28, 28], its ink `height` pixels high; gives the box it covers."""
        rows, columns = np.nonzero(image > 60)
        cut = image[rows.min():rows.max() + 1, columns.min():columns.max() + 1].astype(np.float32) / 255
        factor = height / cut.shape[0]
        alpha = np.clip(ndimage.zoom(np.pad(cut, 2), factor, order=3, grid_mode=True, mode="grid-constant"), 0, 1)
        edge = round(2 * factor)
        y, x = round(top) - edge, round(left) - edge
        page = self.light[max(0, y):y + alpha.shape[0], max(0, x):x + alpha.shape[1]]
        alpha = alpha[max(0, -y):, max(0, -x):][:page.shape[0], :page.shape[1]]
        page[:] = page * (1 - alpha) + np.minimum(page, self.dark if dark is None else dark) * alpha
        return left, top, left + cut.shape[1] * factor, top + height

    def line(self, x0, y0, x1, y1, width, dark):
        """A straight line, its edges smooth."""
        y, x = np.mgrid[:self.light.shape[0], :self.light.shape[1]].astype(np.float32)
        length = np.hypot(x1 - x0, y1 - y0)
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length
        across = np.abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length
        alpha = np.clip(width / 2 - across + 0.5, 0, 1) * np.clip(along + 0.5, 0, 1) * np.clip(length - along + 0.5, 0, 1)
        self.light = self.light * (1 - alpha) + np.minimum(self.light, dark) * alpha

    def box(self, left, top, right, bottom, width, dark):
        self.line(left, top, right, top, width, dark)
        self.line(right, top, right, bottom, width, dark)
        self.line(right, bottom, left, bottom, width, dark)
        self.line(left, bottom, left, top, width, dark)

    def tilt(self, most):
        """In perspective: a projective map whose corners move by up to `most` of a side, with what lies around in sight."""
        height, width = self.light.shape
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
        moved = corners + self.random.uniform(-most, most, (4, 2)) * (width, height)
        rows, values = [], []
        for (x, y), (u, v) in zip(corners, moved):
            rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
            values += [u, v]
        a = np.linalg.solve(np.array(rows), np.array(values))
        y, x = np.mgrid[:height, :width]
        z = a[6] * x + a[7] * y + 1
        at = [(a[3] * x + a[4] * y + a[5]) / z, (a[0] * x + a[1] * y + a[2]) / z]
        self.light = ndimage.map_coordinates(self.light, at, order=1, mode="nearest")

    def light_falls(self, uneven=0.15):
        height, width = self.light.shape
        y, x = np.mgrid[:height, :width] / height
        angle = self.random.uniform(0, 2 * np.pi)
        self.light *= 1 + uneven * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5))

    def shadow(self):
        """Half in the shade of a hand or a phone: an edge through the middle, sharp or soft."""
        height, width = self.light.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        angle = self.random.uniform(0, 2 * np.pi)
        off = self.random.uniform(-0.2, 0.2) * width
        side = (x - width / 2) * np.cos(angle) + (y - height / 2) * np.sin(angle) - off
        soft = self.random.choice([1, 4, 12])
        self.light *= 1 - self.random.uniform(0.3, 0.55) * np.clip(side / soft + 0.5, 0, 1)

    def table(self):
        """The table shows along one side or two: darker, plain or of wood."""
        height, width = self.light.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        for angle in self.random.choice([0, 0.5, 1, 1.5], self.random.integers(1, 3), replace=False) * np.pi:
            angle = angle + self.random.uniform(-0.08, 0.08)
            side = (x - width / 2) * np.cos(angle) + (y - height / 2) * np.sin(angle)
            beyond = np.clip(side - self.random.uniform(0.36, 0.47) * width, 0, 1)
            wood = self.random.uniform(0.1, 0.5)
            grain = 0.04 * self.random.integers(0, 3) * ndimage.gaussian_filter1d(self.random.standard_normal((height, width)), 20, axis=1) * 4
            self.light = self.light * (1 - beyond) + np.clip(wood + grain, 0.02, 0.8) * beyond

    def picture(self, blur=None, noise=None):
        light = ndimage.gaussian_filter(self.light, self.random.uniform(0.6, 1.2) if blur is None else blur)
        light = light + self.random.normal(0, self.random.uniform(0.003, 0.012) if noise is None else noise, light.shape)
        return Image.fromarray(np.clip(light * 255, 0, 255).astype(np.uint8))


class Digits:
    def __init__(self, rows, random):
        self.rows, self.random = rows, random

    def next(self):
        row = self.rows[self.random.integers(len(self.rows))]
        return str(row[0]), row[1:].reshape(28, 28).astype(np.uint8)


def place(page, digits, height, count=1, left=None, top=None, gap=0.35):
    """Writes digits side by side; gives what was written and the box around it."""
    image_height, image_width = page.light.shape
    drawn = [digits.next() for _ in range(count)]
    widths = []
    for _, image in drawn:
        rows, columns = np.nonzero(image > 60)
        widths.append(height * (columns.max() + 1 - columns.min()) / (rows.max() + 1 - rows.min()))
        if widths[-1] > 1.3 * height:
            return place(page, digits, height, count, left, top, gap)
    width = sum(widths) + gap * height * (count - 1)
    if width > 0.9 * image_width - (left or 0):
        return place(page, digits, 0.9 * height, count, left, top, gap)
    x = (image_width - width) / 2 + page.random.uniform(-0.08, 0.08) * image_width if left is None else left
    y = (image_height - height) / 2 + page.random.uniform(-0.08, 0.08) * image_height if top is None else top
    start = x
    for (_, image), own in zip(drawn, widths):
        page.ink(image, x, y, height)
        x += own + gap * height
    return "".join(label for label, _ in drawn), (start, y, x - gap * height, y + height)


def plain(page, digits):
    label, _ = place(page, digits, page.random.uniform(200, 360))
    return label, page


def ruled(page, digits):
    step = page.random.uniform(50, 130)
    dark = page.random.choice([page.dark, 0.4, 0.6])
    width = page.random.uniform(1.5, 4)
    slope = page.random.choice([0, page.random.uniform(-25, 25)])
    height, wide = page.light.shape
    for y in np.arange(page.random.uniform(-step, 0), height + 30, step):
        page.line(-10, y, wide + 10, y + slope, width, dark)
    if page.random.random() < 0.25:
        for x in np.arange(page.random.uniform(0, step), wide, step):  # squared paper
            page.line(x, -10, x - slope, height + 10, width, dark)
    label, _ = place(page, digits, page.random.uniform(180, 360))
    return label, page


def boxed(page, digits):
    label, (left, top, right, bottom) = place(page, digits, page.random.uniform(180, 320))
    half = max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    away = [half * page.random.uniform(1.15, 1.7) for _ in range(2)]
    page.box(x - away[0], y - away[1], x + away[0], y + away[1], page.random.uniform(2, 6), page.random.choice([page.dark, 0.4]))
    return label, page


def underlined(page, digits):
    label, (left, top, right, bottom) = place(page, digits, page.random.uniform(160, 280), page.random.integers(1, 4))
    y = bottom + page.random.uniform(14, 50)
    for _ in range(page.random.integers(1, 3)):
        page.line(left - page.random.uniform(0, 60), y, right + page.random.uniform(0, 60), y + page.random.uniform(-10, 10),
                  page.random.uniform(3, 14), page.dark)
        y += 24
    return label, page


def shadow(page, digits):
    label, page = plain(page, digits)
    page.shadow()
    return label, page


def table_edge(page, digits):
    label, _ = place(page, digits, page.random.uniform(180, 260))
    page.table()
    return label, page


def perspective(page, digits):
    label, page = plain(page, digits)
    page.tilt(0.12)
    return label, page


def rows(number):
    def write(page, digits):
        height = page.random.uniform(70, 110)
        lines = []
        for i in range(number):
            lines.append(place(page, digits, height, page.random.integers(2, 5), page.random.uniform(60, 120),
                               60 + i * page.random.uniform(1.35, 1.6) * height, page.random.uniform(0.25, 0.5))[0])
        return " ".join(lines), page
    return write


def columns(page, digits):
    lines = []
    for y in (90, 260, 430):
        for x in (30, 390):
            lines.append(place(page, digits, 60, page.random.integers(1, 4), x, y, 0.25)[0])
    return " ".join(lines), page


def cell(kind):
    """One cell of a grid: cut inside its lines, with slivers of them, or with all of them in sight."""
    def write(page, digits):
        thick = page.random.uniform(3, 9)
        label, _ = place(page, digits, page.random.uniform(250, 380))
        page.box(60, 60, 540, 540, thick, page.random.choice([page.dark, 0.35]))
        if page.random.random() < 0.6:
            page.tilt(0.015)
        light, slack = page.light, {"clean": thick + 12, "sliver": 0, "box": -thick - 10}[kind]
        edges = [60 + slack + (page.random.uniform(-thick, thick) if kind == "sliver" else 0) for _ in range(4)]
        page.light = light[round(edges[0]):600 - round(edges[1]), round(edges[2]):600 - round(edges[3])]
        side = page.random.choice([60, 100, 200])
        page.light = ndimage.zoom(page.light, side / max(page.light.shape), order=1)
        return label, page
    return write


def faint(page, digits):
    page.dark = page.paper - page.random.uniform(0.12, 0.2)
    return plain(page, digits)


# Each kind: what is drawn, and how the camera sees it.
KINDS = {
    "plain": (plain, {}), "ruled": (ruled, {}), "boxed": (boxed, {}), "underlined": (underlined, {}), "shadow": (shadow, {}),
    "table edge": (table_edge, {}), "perspective": (perspective, {}), "blur": (plain, {"blur": 8}), "JPEG 15": (plain, {}),
    "faint": (faint, {"noise": 0.008}), "noise": (plain, {"noise": 0.05}),
    "two rows": (rows(2), {}), "three rows": (rows(3), {}), "columns": (columns, {}),
    "cell, clean": (cell("clean"), {}), "cell, slivers": (cell("sliver"), {}), "cell, box": (cell("box"), {}),
}


def draw(folder, held, each, seed):
    """Writes the pictures; gives the kind and the right answer of each file."""
    answers = {}
    for number, (kind, (write, camera)) in enumerate(KINDS.items()):
        random = np.random.default_rng([seed, number])
        digits = Digits(held, random)
        for i in range(each):
            label, page = write(Page(random), digits)
            page.light_falls()
            path = folder / f"{kind.replace(', ', '_').replace(' ', '_')}_{i:02}_{label.replace(' ', '-')}.jpg"
            page.picture(**camera).save(path, quality=15 if kind == "JPEG 15" else 90)
            answers[str(path)] = (kind, label)
    return answers


def main():
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        if not arguments.run:
            train_without_last_tenth(digitrec, arguments.data, arguments.config, work)
        run = arguments.run or work / "run"
        rows_ = np.loadtxt(arguments.data, delimiter=",", skiprows=1, dtype=np.uint8)
        held = rows_[len(rows_) - len(rows_) // 10:]
        folder = Path(arguments.keep or work / "pictures")
        folder.mkdir(parents=True, exist_ok=True)
        answers = draw(folder, held, arguments.each, arguments.seed)
        predicted = subprocess.run([digitrec, "predict", run, folder, "--out", work / "out.csv"], capture_output=True, text=True)
        if not (work / "out.csv").exists():
            die(predicted.stderr.strip())
        with open(work / "out.csv", newline="") as file:
            read = {row["File"]: row for row in csv.DictReader(file)}
    failed = False
    for kind in KINDS:
        of_kind = [(read[path], label) for path, (one, label) in answers.items() if one == kind]
        right = sum(row["Label"] == label for row, label in of_kind)
        sure = sum(row["Label"] != label and bool(row["Label"]) and float(row["Probability"]) > 0.9 for row, label in of_kind)
        refused = sum(not row["Label"] for row, _ in of_kind)
        bad = right < 0.9 * len(of_kind) or sure > 0.02 * len(of_kind)
        failed |= bad
        print(f"{kind:14} {right:3} of {len(of_kind)} right, {sure:2} wrong and sure, {refused:2} refused{'   too low' if bad else ''}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
