"""Writes two seeded, uncompressed rasters of 5490 x 5490 pixels (30 Mpixel): uint16 like reflectance and float32 like
backscatter in dB, with nodata at an edge. Values are fractal relief plus noise."""
import sys
import numpy as np
import rasterio
from rasterio.transform import from_origin

side = 5490
rng = np.random.default_rng(1)
fy = np.fft.fftfreq(side).astype(np.float32)[:, None]
fx = np.fft.fftfreq(side).astype(np.float32)[None, : side // 2 + 1]
frequency = np.hypot(fy, fx)
frequency[0, 0] = 1
field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side), dtype=np.float32)) / frequency**1.5, (side, side))
relief = ((field - field.min()) / (field.max() - field.min())).astype(np.float32)
noise = rng.standard_normal((side, side), dtype=np.float32)
reflectance = np.rint(np.clip(300 + 3000 * relief + 40 * noise, 1, 65535)).astype(np.uint16)
backscatter = (-22 + 14 * relief + 1.5 * noise).astype(np.float32)
reflectance[:, :200] = 0
backscatter[:, :200] = np.nan
profile = {'driver': 'GTiff', 'width': side, 'height': side, 'count': 1, 'crs': 'EPSG:32632',
           'transform': from_origin(300000, 5000000, 10, 10)}
for path, values, nodata in ((sys.argv[1], reflectance, 0), (sys.argv[2], backscatter, np.nan)):
    with rasterio.open(path, 'w', dtype=values.dtype, nodata=nodata, **profile) as dataset:
        dataset.write(values, 1)
