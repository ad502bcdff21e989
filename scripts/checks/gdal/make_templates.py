"""Writes an empty raster for each grid in a .json file, for --like. Prints their paths."""

import json
import os
import sys

import rasterio

request = json.load(sys.stdin)
paths = []
for k, name in enumerate(request["grids"]):
    with open(name) as file:
        grid = json.load(file)
    path = os.path.join(request["folder"], f"template-{k}.tif")
    with rasterio.open(
        path, "w", driver="GTiff", width=grid["width"], height=grid["height"], count=1, dtype="uint8",
        crs=grid["dst_crs"], transform=rasterio.Affine(*grid["transform"]),
    ):  # fmt: skip
        paths.append(path)
json.dump(paths, sys.stdout)
