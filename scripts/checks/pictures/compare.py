"""Compares a picture with matplotlib's picture of the same raster, with percentiles by NumPy and nearest pixels."""
import io
import json
import sys

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import numpy as np
import rasterio
from matplotlib.colors import ListedColormap
from pyproj import Geod

request = json.load(sys.stdin)
bands = request['bands']
with rasterio.open(request['raster']) as raster:
    planes = raster.read(bands, masked=True).astype(float).filled(np.nan)
    quality = raster.read(request['cloudBand']) if 'cloudBand' in request else None
    transform, size, is_degrees = raster.transform, (raster.height, raster.width), raster.crs.is_geographic
    palette = raster.colormap(bands[0]) if request['as'] == 'palette' else None
with rasterio.open(request['picture']) as picture:
    own = picture.read().transpose(1, 2, 0)

# A sheet has a grey frame of one pixel around the picture.
if request['sheet']:
    grey = (own[..., :3] == 110).all(axis=2)
    # Rows and columns that are nearly all grey are its sides; ticks add a few pixels.
    rows, columns = grey.sum(axis=1), grey.sum(axis=0)
    top, bottom = np.flatnonzero(rows > 0.9 * rows.max())[[0, -1]]
    left, right = np.flatnonzero(columns > 0.9 * columns.max())[[0, -1]]
    own = own[top + 1:bottom, left + 1:right]

# The shape on the ground: the width of a degree at the centre by that of a degree of latitude.
height, width = size
if is_degrees and request['sheet']:
    x, y = transform * (width / 2, height / 2)
    geod = Geod(ellps='WGS84')
    across = geod.inv(x - transform.a / 2, y, x + transform.a / 2, y)[2]
    down = geod.inv(x, y - transform.e / 2, x, y + transform.e / 2)[2]
    width = round(width * across / down)
shown = (height, width)
pick_rows = np.floor((np.arange(height) + 0.5) * size[0] / height).astype(int)
pick_columns = np.floor((np.arange(width) + 0.5) * size[1] / width).astype(int)
planes = planes[:, pick_rows][:, :, pick_columns]
clear = np.ones(shown, bool) if quality is None else ~np.isin(quality, [3, 8, 9, 10])

if request['as'] == 'index':
    a, b = planes
    with np.errstate(all='ignore'):
        planes = ((a - b) / (a + b))[None]


def stretch(plane):
    return np.percentile(plane[clear & np.isfinite(plane)], [2, 98], method='nearest')


gaps = np.isnan(planes).any(axis=0)
limits = [stretch(plane) for plane in planes]
kind = request['as']
if kind == 'bytes':
    image, how = planes.transpose(1, 2, 0) / 255, {}
elif kind == 'colours':
    scaled = [np.clip((plane - low) / (high - low), 0, 1) for plane, (low, high) in zip(planes, limits)]
    image, how = np.stack(scaled, axis=2), {}
elif kind == 'palette':
    table = np.array([palette[k][:3] for k in range(256)]) / 255
    image, how = planes[0], {'cmap': ListedColormap(table), 'vmin': -0.5, 'vmax': 255.5}
elif kind == 'classes':
    # The dark colour of each pair of Paired first; 0 is light grey.
    paired = plt.get_cmap('Paired').colors
    table = [(224 / 255,) * 3] + [paired[k] for k in (1, 3, 5, 7, 9, 11, 0, 2, 4, 6, 8, 10)]
    image, how = planes[0], {'cmap': ListedColormap(table), 'vmin': -0.5, 'vmax': 12.5}
else:
    low, high = limits[0]
    image, how = planes[0], {'cmap': 'viridis' if kind == 'index' else 'gray', 'vmin': low, 'vmax': high}

figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
axes = figure.add_axes([0, 0, 1, 1])
axes.axis('off')
axes.imshow(np.nan_to_num(image), interpolation='nearest', aspect='auto', **how)
buffer = io.BytesIO()
figure.savefig(buffer, format='rgba', dpi=100)
drawn = np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)

answer = {'shape': list(own.shape[:2]), 'expected': list(shown), 'gaps': int(gaps.sum())}
if answer['shape'] == answer['expected']:
    difference = np.abs(own[..., :3].astype(int) - drawn[..., :3]).max(axis=2)
    if not request['sheet']:
        answer['gapsAlike'] = bool(((own[..., 3] == 0) == gaps).all())
    answer['worst'] = int(difference[~gaps].max())
    answer['levels'] = len(np.unique(own[~gaps][:, :3].mean(axis=1)))
    if request.get('keep'):
        plt.imsave(request['keep'], np.concatenate([own[..., :3], drawn[..., :3]], axis=1))
answer['limits'] = [[float(low), float(high)] for low, high in limits]
json.dump(answer, sys.stdout)
