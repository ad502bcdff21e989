"""Prints the seconds of stitching a scene by a plain NumPy accumulation.

python3 stitch.py WIDTH HEIGHT SIZE STRIDE CLASSES plain|missing
"""

import sys
import time

import numpy as np

width, height, size, stride, classes = map(int, sys.argv[1:6])
missing = sys.argv[6] == "missing"


def starts(length):
    regular = list(range(0, max(1, length - size), stride))
    return regular + [length - size] if length > size else [0]


xs, ys = starts(width), starts(height)
overlap = size - stride
taper = np.sin(np.pi / 2 * (np.arange(overlap) + 0.5) / overlap) ** 2


def window(k, count):
    result = np.ones(size, np.float32)
    if k > 0:
        result[:overlap] *= taper
    if k + 1 < count:
        result[::-1][:overlap] *= taper
    return result


count = len(xs) * classes * size * size
chips = ((np.arange(count) % 1021) / 1021).astype(np.float32).reshape(len(xs), classes, size, size)


def stitch():
    total = np.zeros((classes, height, width), np.float32)
    weights = np.zeros((classes if missing else 1, height, width), np.float32)
    for j, y in enumerate(ys):
        for i, x in enumerate(xs):
            chip = chips[i]
            weight = window(j, len(ys))[:, None] * window(i, len(xs))[None, :]
            place = (slice(None), slice(y, y + size), slice(x, x + size))
            if missing:
                # Non-finite values are left out, as in terrachip.
                valid = np.isfinite(chip)
                total[place] += np.where(valid, chip * weight, np.float32(0))
                weights[place] += np.where(valid, weight, np.float32(0))
            else:
                total[place] += chip * weight
                weights[place] += weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 0, total / weights, np.float32(np.nan))


stitch()
start = time.perf_counter()
stitch()
print(time.perf_counter() - start)
