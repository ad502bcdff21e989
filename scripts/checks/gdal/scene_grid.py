"""The expected grid of a scene's rasters: their bounds in a CRS, snapped outward to whole pixels."""

import json
import math
import sys

import rasterio
from rasterio.warp import transform_bounds

request = json.load(sys.stdin)
boxes = []
for path in request["rasters"]:
    with rasterio.open(path) as dataset:
        boxes.append(transform_bounds(dataset.crs, request["crs"], *dataset.bounds))
size = request["resolution"]
left = math.floor(min(box[0] for box in boxes) / size)
bottom = math.floor(min(box[1] for box in boxes) / size)
right = math.ceil(max(box[2] for box in boxes) / size)
top = math.ceil(max(box[3] for box in boxes) / size)
json.dump(
    dict(
        epsg=rasterio.crs.CRS.from_string(request["crs"]).to_epsg(),
        transform=[size, 0, left * size, 0, -size, top * size],
        width=right - left,
        height=top - bottom,
    ),
    sys.stdout,
)
