#!/usr/bin/env python3
"""Are digits read wherever and however they are drawn? Holds the last tenth of a Kaggle training file back, trains a recipe on the
rest, serves it, and posts the held-back digits as drawings: on canvases of 200, 400 and 800 pixels, at nine places, with thin,
natural and thick strokes, black on white and white on black. Prints the accuracy of each, and of the rows as they are. Exit code 1
below 98.5%, or 98% for a place or polarity.

DIGITREC=PATH names another program than build/release/digitrec. Installs numpy and scipy, into .venv. Takes two minutes with
configs/fast.toml, ten with configs/best.toml, on 2 cores.
"""
import collections
import http.client
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import ROOT, Parser, count, need_python, program  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("data", metavar="TRAIN_CSV", help="Kaggle's train.csv")
parser.add_argument("config", metavar="CONFIG", nargs="?", default=str(ROOT / "configs/best.toml"), help="default: configs/best.toml")
parser.add_argument("drawings", metavar="DRAWINGS", nargs="?", type=count, default=9720, help="default: 9720")
arguments = parser.parse_args()
need_python(["numpy", "scipy"], ["numpy", "scipy"])
digitrec = program()

import numpy as np  # noqa: E402

from canvas import CANVASES, POSITIONS, STROKES, draw, encode  # noqa: E402
from held_back import train_without_last_tenth  # noqa: E402

PLACES = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")


def read(job):
    """Draws one digit and asks the server; gives what it was read as, or the refusal."""
    port, pixels, canvas, place, stroke, white_on_black = job
    picture = draw(pixels, canvas, POSITIONS[place], stroke, white_on_black)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/predict", encode(picture), {"Content-Type": "image/png"})
    reply = json.loads(connection.getresponse().read())
    connection.close()
    return reply.get("number", reply.get("error"))


def main(data, config, count):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        train_without_last_tenth(digitrec, data, config, folder)
        plain = json.loads(subprocess.run([digitrec, "eval", "--checkpoint", folder / "run", "--data", folder / "held.csv", "--json"],
                                          check=True, capture_output=True, text=True).stdout)
        server = subprocess.Popen([digitrec, "serve", "--checkpoint", folder / "run", "--port", "0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, cwd=folder)
        try:
            port = int(server.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
            held = np.loadtxt(folder / "held.csv", delimiter=",", skiprows=1, dtype=np.uint8)
            generator = random.Random(1)
            jobs = []
            for i in range(count):  # every combination equally often
                rest, canvas = divmod(i, 3)
                rest, place = divmod(rest, 9)
                rest, stroke = divmod(rest, 3)
                jobs.append((generator.randrange(len(held)), CANVASES[canvas], place, STROKES[stroke], rest % 2 == 1))
            with ProcessPoolExecutor() as pool:
                answers = list(pool.map(read, [(port, held[row, 1:].reshape(28, 28), *how) for row, *how in jobs], chunksize=20))
        finally:
            server.terminate()
            server.wait()

    right = collections.defaultdict(list)
    for (row, canvas, place, stroke, white), answer in zip(jobs, answers):
        is_right = answer == str(held[row, 0])
        for kind in ("all", f"canvas {canvas}", f"place {PLACES[place]}", f"stroke {stroke}",
                     "white on black" if white else "black on white"):
            right[kind].append(is_right)
    print(f"the rows as they are: {100 * plain['accuracy']:.2f}% of {plain['rows']}")
    failed = False
    for kind, marks in right.items():
        accuracy = np.mean(marks)
        minimum = {"all": 0.985, "place": 0.98, "white": 0.98, "black": 0.98}.get(kind.split()[0], 0)
        failed |= bool(accuracy < minimum)
        print(f"{kind:20} {100 * accuracy:.2f}% of {len(marks)}{'   too low' if accuracy < minimum else ''}")
    others = collections.Counter(answer for answer in answers if not answer.isdigit())
    print("refused:", dict(others) or "none", "; cut in several:", sum(len(a) > 1 for a in answers if a.isdigit()))
    return failed


if __name__ == "__main__":
    sys.exit(main(arguments.data, arguments.config, arguments.drawings))
