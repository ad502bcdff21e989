"""Red, green and blue of a real Sentinel-2 scene, brightened under synthetic clouds, with a band SCL that marks the clouds."""
import json
import sys

import numpy as np
import rasterio

request = json.load(sys.stdin)
with rasterio.open(request['raster']) as raster:
    colours = raster.read([4, 3, 2])
    profile = raster.profile
random = np.random.default_rng(4)
rows, columns = np.indices(colours.shape[1:])
classes = np.full(colours.shape[1:], 4, colours.dtype)
for cloud in (3, 8, 9, 10) * 3:
    y, x, size = random.uniform(0, len(rows)), random.uniform(0, len(rows)), random.uniform(8, 40)
    inside = np.hypot(rows - y, columns - x) < size
    classes[inside] = cloud
    colours[:, inside] = 500 if cloud == 3 else 9000
profile.update(count=4, driver='GTiff', nodata=None)
with rasterio.open(request['output'], 'w', **profile) as file:
    file.write(np.concatenate([colours, classes[None]]))
    file.descriptions = ('B04', 'B03', 'B02', 'SCL')
json.dump({'clouds': float(np.isin(classes, [3, 8, 9, 10]).mean())}, sys.stdout)
