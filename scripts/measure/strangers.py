#!/usr/bin/env python3
"""Are other people's digits read? Has a trained run read pictures of other writers and devices, and the same weights behind the two
usual pipelines: the picture scaled to 28 x 28, and Otsu's threshold, the ink's box scaled into 20 x 20 and centred by mass. Prints
how many of each source are right, by ours and by the better of the two, and the calibration error of ours. Exit code 1 where the
other is ahead.

DIGITREC=PATH names another program than build/release/digitrec. PICTURES is a folder whose folders, one a source, hold pictures named
KK_LABEL.png; an opencv_digits.png beside them (OpenCV's sheet of 5,000) and scikit-learn's optdigits are read too. Installs numpy,
pillow and scikit-learn, into .venv. Takes half a minute.
"""
import collections
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import Parser, die, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("pictures", metavar="PICTURES")
parser.add_argument("runs", metavar="RUN", nargs="+", help="trained runs")
parser.add_argument("--wrong", action="store_true", help="list what is misread")
arguments = parser.parse_args()
need_python(["numpy", "PIL", "sklearn"], ["numpy", "pillow", "scikit-learn"])
digitrec = program()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402


def collect(folder):
    """The source and the label of each picture; those cut from a sheet or a table are written to `folder`."""
    root = Path(arguments.pictures)
    found = {}
    nested = root / "pictures" if (root / "pictures").is_dir() else root
    for path in sorted(nested.glob("*/*")):
        if path.is_file() and "_" in path.stem:
            found[str(path)] = (path.parent.name, path.stem.rsplit("_", 1)[1])
    sheet = root / "opencv_digits.png"
    if sheet.exists():
        grey = np.asarray(Image.open(sheet).convert("L"))
        (folder / "opencv").mkdir()
        for i in range(5000):
            row, column = divmod(i, 100)
            path = folder / f"opencv/{i:04}.png"
            cell = grey[20 * row:20 * row + 20, 20 * column:20 * column + 20]
            if cell.max() < 128:
                continue  # nothing to see: some copies of the sheet have lost most of their zeros
            Image.fromarray(cell).save(path)
            found[str(path)] = ("OpenCV", str(row // 5))
    digits = load_digits()
    (folder / "optdigits").mkdir()
    for i, (image, label) in enumerate(zip(digits.images, digits.target)):
        path = folder / f"optdigits/{i:04}.png"
        Image.fromarray(np.clip(image * 255 / 16, 0, 255).astype(np.uint8)).save(path)
        found[str(path)] = ("optdigits", str(label))
    return found


def grey_of(path):
    """float [H, W], 0 to 255, light on dark."""
    image = Image.open(path).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")
    grey = np.asarray(image, np.float32)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return 255 - grey if np.median(edge) > 127 else grey


def plain(grey):
    return np.asarray(Image.fromarray(grey).resize((28, 28), Image.BILINEAR))


def otsu(grey):
    values, counts = np.unique(grey.astype(np.uint8), return_counts=True)
    weight = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * values) / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nan_to_num((mean[-1] * weight - mean) ** 2 / (weight * (1 - weight)))
    ink = grey > values[np.argmax(between)]
    if not ink.any():
        return plain(grey)
    rows, columns = np.nonzero(ink)
    cut = np.where(ink, grey, 0)[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    factor = 20 / max(cut.shape)
    cut = np.asarray(Image.fromarray(cut).resize([max(1, round(side * factor)) for side in cut.shape[::-1]], Image.BILINEAR))
    y, x = np.mgrid[:cut.shape[0], :cut.shape[1]] + 0.5
    top, left = (round(14 - float((axis * cut).sum() / cut.sum())) for axis in (y, x))
    top, left = min(max(0, top), 28 - cut.shape[0]), min(max(0, left), 28 - cut.shape[1])
    framed = np.zeros((28, 28), np.float32)
    framed[top:top + cut.shape[0], left:left + cut.shape[1]] = cut
    return framed


def predict(run, *data, out):
    result = subprocess.run([digitrec, "predict", run, *data, "--out", out], capture_output=True, text=True)
    if not out.exists():
        die(result.stderr.strip())
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def main():
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        pictures = collect(work)
        # A label of several digits is none that the other pipelines could give.
        single = [path for path, (_, label) in pictures.items() if len(label) == 1]
        for name, frame in (("plain", plain), ("otsu", otsu)):
            rows = np.array([np.rint(np.clip(frame(grey_of(path)), 0, 255)).astype(int).ravel() for path in single])
            np.savetxt(work / f"{name}.csv", rows, "%d", ",", header=",".join(f"pixel{i}" for i in range(784)), comments="")
        folders = sorted({str(Path(path).parent) for path in pictures})
        failed = False
        for run in arguments.runs:
            ours = {row["File"]: row for row in predict(run, *folders, out=work / "ours.csv")}
            others = [dict(zip(single, predict(run, work / f"{name}.csv", out=work / f"{name}.out")))
                      for name in ("plain", "otsu")]
            table = collections.OrderedDict()
            sure, wrong = [], []
            for path, (source, label) in pictures.items():
                marks = table.setdefault(source, [0, 0, 0, 0])
                read = ours[path]
                is_right = read["Label"] == label
                marks[0] += 1
                marks[1] += is_right
                for i, other in enumerate(others):
                    marks[2 + i] += path in other and other[path]["Label"] == label
                if read["Label"]:
                    sure.append((float(read["Probability"]), is_right))
                if not is_right:
                    wrong.append(f"  {source}/{Path(path).name}: {read['Label'] or read['Error']} {read['Probability']}")
            print(f"{run}\n  {'source':10} {'n':>6} {'ours':>6} {'plain':>6} {'Otsu':>6}")
            for source, (n, own, *rest) in table.items():
                behind = own < max(rest)
                failed |= behind
                show = (lambda count: f"{100 * count / n:6.2f}") if n > 200 else (lambda count: f"{count:6}")
                print(f"  {source:10} {n:6} {show(own)} {show(rest[0])} {show(rest[1])}{'   behind' if behind else ''}")
            probability, right = np.array(sure).T
            bins = np.minimum((probability * 15).astype(int), 14)
            error = sum(abs(probability[bins == b].sum() - right[bins == b].sum()) for b in range(15)) / len(sure)
            over = ((probability > 0.9) & (right == 0)).sum()
            print(f"  calibration error {100 * error:.2f}%, wrong above 0.9: {over} of {len(sure)}")
            if arguments.wrong:
                print(*wrong[:200], sep="\n")
        return failed


if __name__ == "__main__":
    sys.exit(main())
