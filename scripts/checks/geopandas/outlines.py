"""Footprints of all georeferenced rasters below a folder in longitude and latitude, 64 segments per edge."""

import json
import math
import os
import sys

import numpy
import pyproj
import rasterio

PIECES = 64
folder = json.load(sys.stdin)["data"]


def ring(dataset):
    a, b, c, d, e, f = dataset.transform[:6]
    w, h = dataset.width, dataset.height
    steps = numpy.arange(PIECES) / PIECES
    corners = [(0, 0), (w, 0), (w, h), (0, h)]
    pixels = numpy.concatenate(
        [
            numpy.stack([x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps], axis=1)
            for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1])
        ]
    )
    x = a * pixels[:, 0] + b * pixels[:, 1] + c
    y = d * pixels[:, 0] + e * pixels[:, 1] + f
    to_degrees = pyproj.Transformer.from_crs(dataset.crs.to_wkt(), "OGC:CRS84", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    if not (numpy.isfinite(lon).all() and numpy.isfinite(lat).all()):
        return None
    if abs(lat).max() > 90 or abs(lon).max() > 180 or numpy.ptp(lon) > 180:
        return None
    points = list(zip(lon.tolist(), lat.tolist()))
    return points + points[:1]


outlines = []
left = 0
for place, folders, names in os.walk(folder):
    folders.sort()
    for name in sorted(names):
        if not name.lower().endswith((".tif", ".tiff", ".jp2", ".vrt")):
            continue
        path = os.path.join(place, name)
        try:
            with rasterio.open(path) as dataset:
                found = None
                if dataset.crs is not None and not dataset.transform.is_identity:
                    found = ring(dataset)
        except (rasterio.errors.RasterioIOError, pyproj.exceptions.ProjError, rasterio.errors.CRSError):
            found = None
        if found is None:
            left += 1
        else:
            outlines.append([os.path.relpath(path, folder), found])
print(json.dumps({"outlines": outlines, "left": left}))
