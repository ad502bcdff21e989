"""Scenes of several dates with two bands at 10 m and classes at 20 m: a real scene shifted by pixels, with synthetic clouds."""
import json
import os
import sys

import numpy as np
import rasterio
from rasterio.transform import Affine

request = json.load(sys.stdin)
random = np.random.default_rng(request['seed'])
with rasterio.open(request['raster']) as raster:
    red, nir = raster.read([4, 8])
    profile = {'driver': 'GTiff', 'count': 1, 'crs': raster.crs, 'nodata': 0}
    transform, height, width = raster.transform, raster.height, raster.width


def write(date, name, values, pixels):
    scaled = transform * Affine.scale(width / pixels[1], height / pixels[0])
    path = os.path.join(request['folder'], f'{date}_{name}.tif')
    with rasterio.open(path, 'w', height=pixels[0], width=pixels[1], transform=scaled, dtype=values.dtype,
                       **profile) as file:
        file.write(values, 1)


coarse = height // 2, width // 2
rows, columns = np.indices(coarse)
for k, date in enumerate(request['dates']):
    write(date, 'B04', np.roll(red, 17 * k, axis=0), (height, width))
    write(date, 'B08', np.roll(nir, 17 * k, axis=0), (height, width))
    classes = random.choice([4, 5, 6, 7], coarse).astype('uint8')
    for cloud in (3, 8, 9, 10) * 2:
        y, x, size = random.uniform(0, coarse[0]), random.uniform(0, coarse[1]), random.uniform(4, 25)
        classes[np.hypot(rows - y, columns - x) < size] = cloud
    # A date with full cloud cover, and pixels without a class.
    if k == request['clouded']:
        classes[:] = 9
    classes[:3, :5] = 0
    write(date, 'SCL', classes, coarse)
json.dump({'dates': len(request['dates'])}, sys.stdout)
