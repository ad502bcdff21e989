"""Writes a seeded float32 raster of 6000 x 8000 pixels, uncompressed, as rasterio does by default."""
import sys
import numpy as np
import rasterio
from rasterio.transform import from_origin

width, height = 6000, 8000
rng = np.random.default_rng(0)
y, x = np.mgrid[0:height, 0:width].astype(np.float32)
values = np.sin(x / 37) * np.cos(y / 53) + 0.1 * rng.standard_normal((height, width), dtype=np.float32)
profile = {'driver': 'GTiff', 'width': width, 'height': height, 'count': 1, 'dtype': 'float32',
           'crs': 'EPSG:32631', 'transform': from_origin(660000, 5030000, 10, 10)}
with rasterio.open(sys.argv[1], 'w', **profile) as dataset:
    dataset.write(values, 1)
