"""Makes class maps for the check of polygons: {folder} on standard input, {name: path} on standard output."""

import json
import os
import sys

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

folder = json.load(sys.stdin)["folder"]
rng = np.random.default_rng(7)


def smooth(height, width, levels):
    noise = rng.normal(size=(height, width))
    for _ in range(3):
        noise = sum(np.roll(noise, (i, j), (0, 1)) for i in (-2, 0, 2) for j in (-2, 0, 2)) / 9
    return np.digitize(noise, np.quantile(noise, np.linspace(0, 1, levels + 1)[1:-1])).astype(np.int16)


noisy = rng.integers(0, 3, (90, 120)).astype(np.int16)
blobs = smooth(300, 400, 4)
gaps = smooth(300, 400, 3)
gaps[rng.random(gaps.shape) < 0.05] = -1
half = np.radians(20)
maps = {
    "noise, EPSG:32632": (noisy, "EPSG:32632", Affine(10, 0, 300000, 0, -10, 5500000), None),
    "4 classes, EPSG:32632": (blobs, "EPSG:32632", Affine(10, 0, 300000, 0, -10, 5500000), None),
    "gaps, EPSG:3035": (gaps, "EPSG:3035", Affine(100, 0, 4000000, 0, -100, 3000000), -1),
    "rotated by 20°, EPSG:32632": (
        blobs,
        "EPSG:32632",
        Affine(10 * np.cos(half), 10 * np.sin(half), 3e5, 10 * np.sin(half), -10 * np.cos(half), 5.5e6),
        None,
    ),
    "south up, EPSG:32632": (blobs, "EPSG:32632", Affine(10, 0, 300000, 0, 10, 5500000), None),
    "across the antimeridian, EPSG:32601": (blobs, "EPSG:32601", Affine(500, 0, 50000, 0, -500, 5500000), None),
    "around the pole, EPSG:3413": (
        smooth(200, 200, 3),
        "EPSG:3413",
        Affine(10000, 0, -1005000, 0, -10000, 1005000),
        None,
    ),
}
paths = {}
for k, (name, (values, crs, transform, nodata)) in enumerate(maps.items()):
    paths[name] = os.path.join(folder, f"map-{k}.tif")
    with rasterio.open(
        paths[name],
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="int16",
        crs=CRS.from_string(crs),
        transform=transform,
        nodata=nodata,
    ) as target:
        target.write(values, 1)
print(json.dumps(paths))
