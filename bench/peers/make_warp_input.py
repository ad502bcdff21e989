"""Writes a seeded float32 raster of 6000 x 8000 pixels, uncompressed, as rasterio does by default.

make_warp_input.py PATH [COARSE]     COARSE: how many times as large pixels are (default 1)
"""
import sys
import numpy as np
import rasterio
from rasterio.transform import from_origin

coarse = int(sys.argv[2]) if len(sys.argv) > 2 else 1
width, height = 6000 // coarse, 8000 // coarse
rng = np.random.default_rng(0)
y, x = np.mgrid[0:height, 0:width].astype(np.float32)
values = np.sin(x / 37) * np.cos(y / 53) + 0.1 * rng.standard_normal((height, width), dtype=np.float32)
profile = {'driver': 'GTiff', 'width': width, 'height': height, 'count': 1, 'dtype': 'float32',
           'crs': 'EPSG:32631', 'transform': from_origin(660000, 5030000, 10 * coarse, 10 * coarse)}
with rasterio.open(sys.argv[1], 'w', **profile) as dataset:
    dataset.write(values, 1)
