"""Compares the arrays of `terrachip package --format npy` with those of rasterio's reproject.

Input: {"expected": FOLDER, "found": FOLDER, "names": {expected file: found file}}
Output: by expected file, its shape and the differences. A value may differ by the effect of a shift of the source position
by an eighth of a pixel, GDAL's tolerance; a pixel in only one mask must touch a border of the other mask.
"""

import json
import os
import sys

import numpy as np

request = json.load(sys.stdin)


def neighbours(plane, reduce):
    """The minimum or maximum of each pixel and its eight neighbours, without NaN."""
    padded = np.pad(plane, 1, mode="edge")
    height, width = plane.shape
    windows = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return reduce.reduce(windows)


report = {}
for name, path in request["names"].items():
    expected = np.load(os.path.join(request["expected"], name))
    found = np.load(os.path.join(request["found"], path), mmap_mode="r")
    entry = dict(shape=list(found.shape), dtype=found.dtype.name)
    entry["same"] = found.shape == expected.shape and found.dtype == expected.dtype
    if entry["same"]:
        height, width = expected.shape[-2:]
        beyond = differing = 0
        largest = 0.0
        for wanted, values in zip(expected.reshape(-1, height, width), np.asarray(found).reshape(-1, height, width)):
            wanted, values = wanted.astype("f8"), values.astype("f8")
            one_sided = np.isnan(wanted) != np.isnan(values)
            border = neighbours(np.isnan(wanted), np.logical_or) & neighbours(~np.isnan(wanted), np.logical_or)
            beyond += int((one_sided & ~border).sum())
            slope = neighbours(wanted, np.fmax) - neighbours(wanted, np.fmin)
            difference = np.where(np.isnan(wanted) | np.isnan(values), 0, np.abs(wanted - values))
            bound = 0.125 * np.nan_to_num(slope) + 1e-5 * np.nan_to_num(np.abs(wanted))
            beyond += int((difference > bound).sum())
            differing += int(one_sided.sum())
            largest = max(largest, float((difference / (np.nan_to_num(slope) + 1e-30))[~border].max()))
        entry.update(beyond=beyond, masksDiffer=differing, largestShift=largest)
    report[name] = entry
json.dump(report, sys.stdout)
