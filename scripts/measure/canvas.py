"""Digits of a data set as people draw them on a canvas: large, anywhere on it, thin or thick, in either colours."""
import sys
import zlib
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from png_file import png  # noqa: E402

POSITIONS = [(x, y) for y in (0.0, 0.5, 1.0) for x in (0.0, 0.5, 1.0)]  # of the free space, left to right, top down
CANVASES = (200, 400, 800)
STROKES = ("thin", "as it is", "thick")


def encode(grey):
    """The bytes of a PNG file of uint8 [height, width]."""
    return png(grey.shape[1], grey.shape[0], zlib.compress(b"".join(b"\0" + row.tobytes() for row in grey), 1))


def draw(image, canvas, position, stroke, white_on_black):
    """uint8 [28, 28] -> uint8 [canvas, canvas]: enlarged to three fifths of the canvas with sharp edges, strokes made half as
    wide or half as wide again."""
    factor = 0.6 * canvas / 20
    large = ndimage.zoom(image.astype(np.float32) / 255, factor, order=3, grid_mode=True, mode="grid-constant")
    ink = large >= 0.4
    if stroke != "as it is":
        inside = ndimage.distance_transform_edt(ink)
        middle = ink & (inside == ndimage.maximum_filter(inside, 3))  # the strokes' middle lines
        half = inside[middle].mean()
        if stroke == "thick":
            ink = ndimage.distance_transform_edt(~ink) <= half / 2
        else:
            # What this wipes out, because it was thin already, stays as a thin line.
            ink = (inside > half / 2) | (ndimage.distance_transform_edt(~middle) <= half / 4)
    rows, columns = np.nonzero(ink)
    ink = ink[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    page = np.zeros((canvas, canvas), np.uint8)
    margin = canvas // 40
    free = [canvas - 2 * margin - side for side in ink.shape]
    top, left = (margin + round(max(0, space) * share) for space, share in zip(free, (position[1], position[0])))
    ink = ink[:canvas - top, :canvas - left]
    page[top:top + ink.shape[0], left:left + ink.shape[1]] = ink * 255
    return page if white_on_black else 255 - page
