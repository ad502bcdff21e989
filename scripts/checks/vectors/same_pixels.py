"""Counts different pixels of two rasters: {a, b} on standard input."""

import json
import sys

import rasterio

request = json.load(sys.stdin)
with rasterio.open(request["a"]) as a, rasterio.open(request["b"]) as b:
    one, other = a.read(1), b.read(1)
print(json.dumps({"differing": int((one != other).sum()), "pixels": one.size, "set": int((other != 0).sum())}))
