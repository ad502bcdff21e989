"""Writes the inputs of bench/raster.js into a folder: smooth scenes with noise, in tiles of 512 x 512."""
import os
import sys
import numpy as np
import rasterio
from rasterio.transform import from_origin

SIDE = 5490
folder = sys.argv[1]
rng = np.random.default_rng(1)


def scene(side):
    y, x = np.mgrid[0:side, 0:side].astype('float32')
    return np.sin(x / 97) + np.cos(y / 53) + np.sin((x + 2 * y) / 311)


def write(name, pixels, **options):
    height, width = pixels.shape
    path = os.path.join(folder, f'{name}.tif')
    with rasterio.open(path, 'w', driver='GTiff', width=width, height=height, count=1, dtype=pixels.dtype,
                       crs='EPSG:32632', transform=from_origin(0, 0, 10, 10), tiled=True, blockxsize=512,
                       blockysize=512, num_threads='all_cpus', **options) as file:
        file.write(pixels, 1)


smooth = scene(SIDE)
reflectance = (1500 + 600 * smooth + rng.normal(0, 25, smooth.shape)).clip(0, 10000).astype('uint16')
backscatter = (-12 + 4 * smooth + rng.normal(0, 0.8, smooth.shape)).astype('float32')
write('none-uint16', reflectance)
write('deflate-uint16-p2', reflectance, compress='deflate', predictor=2)
write('deflate-float32-p3', backscatter, compress='deflate', predictor=3)
write('zstd-float32-p3', backscatter, compress='zstd', predictor=3)
write('lzw-uint16-p2', reflectance, compress='lzw', predictor=2)
write('lzw-float32-p3', backscatter, compress='lzw', predictor=3)
large = scene(2 * SIDE)
write('large-float32-p3', large.astype('float32'), compress='deflate', predictor=3)
