"""Warps a raster with rasterio: read, reproject, write. `tuned` uses the fastest settings."""
import os
import sys
import numpy as np
import rasterio
from rasterio.transform import from_bounds
from rasterio.warp import Resampling, reproject

source, target, mode = sys.argv[1:4]
width, height = int(sys.argv[4]), int(sys.argv[5])
bounds = [float(v) for v in sys.argv[6:10]]
transform = from_bounds(*bounds, width, height)
options = {'num_threads': os.cpu_count(), 'warp_mem_limit': 1024} if mode == 'tuned' else {}
with rasterio.open(source) as dataset:
    values = dataset.read(1)
    result = np.full((height, width), np.nan, np.float32)
    reproject(values, result, src_transform=dataset.transform, src_crs=dataset.crs, dst_transform=transform,
              dst_crs='EPSG:32632', dst_nodata=np.nan, resampling=Resampling.bilinear, **options)
profile = {'driver': 'GTiff', 'width': width, 'height': height, 'count': 1, 'dtype': 'float32', 'crs': 'EPSG:32632',
           'transform': transform, 'nodata': np.nan}
with rasterio.open(target, 'w', **profile) as dataset:
    dataset.write(result, 1)
