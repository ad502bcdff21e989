"""Packages an event as a notebook does: rasterio's `reproject` of each plane onto the grid, bilinear, NaN for no data; the
planes of a modality stacked by NumPy as (band, phase, y, x); overlapping tiles of elevation averaged; an array saved for
each modality.

notebook_package.py MANIFEST EVENT OUTPUT own|best|exact

own    rasterio's defaults, as the notebook calls it
best   all cores and 1 GB of memory for the warp
exact  with positions exact to 0.0001 pixels and without GDAL's smoothing of pixels of about the grid's own size, as terrachip computes
"""
import json
import os
import sys

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, reproject

manifest_path, event_path, output, settings = sys.argv[1:5]
base = os.path.dirname(os.path.abspath(manifest_path))
with open(manifest_path) as file:
    manifest = json.load(file)
with open(event_path) as file:
    grid = json.load(file)['grid']
best = dict(num_threads=os.cpu_count(), warp_mem_limit=1024)
tuning = {'own': {}, 'best': best, 'exact': None}[settings]
os.makedirs(output, exist_ok=True)


def exactly(source):
    """`reproject` always uses GDAL's approximate positions; a `WarpedVRT` with a small tolerance does not."""
    with WarpedVRT(
        source,
        crs=grid['crs'],
        transform=Affine(*grid['transform']),
        width=grid['width'],
        height=grid['height'],
        src_nodata=source.nodata,
        nodata=np.nan,
        dtype='float32',
        resampling=Resampling.bilinear,
        tolerance=1e-4,
        warp_mem_limit=1024,
        XSCALE=1,
        YSCALE=1,
    ) as warped:
        return warped.read(1)


def onto_grid(item, key):
    plane = np.full((grid['height'], grid['width']), np.nan, dtype=np.float32)
    with rasterio.open(os.path.join(base, item['assets'][key]['href'])) as source:
        if settings == 'exact':
            return exactly(source)
        reproject(
            rasterio.band(source, 1),
            plane,
            src_nodata=source.nodata,
            dst_transform=Affine(*grid['transform']),
            dst_crs=grid['crs'],
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
            **tuning,
        )
    return plane


for modality, keys in manifest['assets'].items():
    if modality == 'DEM':
        if not manifest['dem_items']:
            continue
        tiles = np.stack([onto_grid(item, keys[0]) for item in manifest['dem_items']])
        with np.errstate(invalid='ignore'):
            array = np.nanmean(tiles, axis=0, keepdims=True)
    else:
        phases = [manifest['selected'][phase][modality] for phase in manifest['phase_order']]
        array = np.stack([np.stack([onto_grid(item, key) for item in phases]) for key in keys])
    np.save(os.path.join(output, f'{modality}_full.npy'), array)
