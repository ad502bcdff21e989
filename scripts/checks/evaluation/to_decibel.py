"""Turns power into decibels. Input: {source, target}."""

import json
import sys

import numpy as np
import rasterio

request = json.load(sys.stdin)
with rasterio.open(request["source"]) as source:
    profile = source.profile
    power = source.read(1).astype("float64")
with np.errstate(divide="ignore", invalid="ignore"):
    decibel = np.where(power > 0, 10 * np.log10(power), np.nan).astype("float32")
profile.update(driver="GTiff", dtype="float32", nodata=np.nan, compress="deflate")
for key in ("blockxsize", "blockysize", "tiled", "interleave"):
    profile.pop(key, None)
with rasterio.open(request["target"], "w", **profile) as target:
    target.write(decibel, 1)
json.dump({}, sys.stdout)
