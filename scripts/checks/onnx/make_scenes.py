"""Cuts two scenes out of a Sentinel-2 tile, or makes synthetic ones: one of a chip, and one of several chips with gaps.

Input: {"folder": where to write, "tile": path of a tile with the twelve bands of L2A or null, "chip": pixels}.
Writes one-chip.tif and several-chips.tif. Output: {"mean": by band, "std": by band}.
"""

import json
import os
import sys

import numpy as np
import rasterio
from rasterio.transform import Affine

request = json.load(sys.stdin)
# Numbers of the bands in the tile, from 1.
BANDS = {"B02": 2, "B03": 3, "B04": 4, "B08": 8}
WIDTH, HEIGHT = 150, 110


def made_up():
    """Fields and hills: waves and noise in the range of digital numbers."""
    rng = np.random.default_rng(16)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = []
    for k in range(len(BANDS)):
        waves = np.sin(x / (7 + 3 * k)) * np.cos(y / (11 + 2 * k)) + np.where((x // 40 + y // 30) % 2, 1, -1)
        planes.append(1200 + 400 * k + 300 * waves + rng.normal(0, 60, x.shape))
    return np.array(planes).round().astype("uint16"), "EPSG:32736", Affine(10, 0, 500000, 0, -10, 8000000)


if request["tile"] is None:
    values, crs, transform = made_up()
else:
    with rasterio.open(request["tile"]) as dataset:
        window = rasterio.windows.Window(20, 30, WIDTH, HEIGHT)
        values = dataset.read(list(BANDS.values()), window=window).astype("uint16")
        crs, transform = dataset.crs, dataset.window_transform(window)


def write(name, pixels):
    count, height, width = pixels.shape
    profile = dict(driver="GTiff", dtype="uint16", nodata=0, crs=crs, transform=transform)
    path = os.path.join(request["folder"], name)
    with rasterio.open(path, "w", count=count, height=height, width=width, **profile) as dataset:
        dataset.write(pixels)


chip = request["chip"]
write("one-chip.tif", values[:, :chip, :chip])
gaps = values.copy()
# A gap across the seams of chips, a single pixel, and one band of another pixel.
gaps[:, 40:70, 45:90] = 0
gaps[:, 100, 120] = 0
gaps[2, 10, 60] = 0
write("several-chips.tif", gaps)
statistics = {
    name: dict(zip(BANDS, [round(float(number)) for number in numbers]))
    for name, numbers in [("mean", values.mean(axis=(1, 2))), ("std", values.std(axis=(1, 2)))]
}
json.dump(statistics, sys.stdout)
