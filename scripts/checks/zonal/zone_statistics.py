"""Statistics of the pixels of a raster inside polygons, by rasterio's masks, shapely's areas and NumPy."""
import json
import sys

import geopandas
import numpy as np
import rasterio
from rasterio.features import geometry_mask
from shapely.geometry import Polygon, box
from shapely.ops import transform as moved
from shapely.prepared import prep

request = json.load(sys.stdin)
with rasterio.open(request['raster']) as raster:
    planes = [raster.read(k + 1, masked=True).astype(float).filled(np.nan) for k in range(raster.count)]
    size, transform, crs = (raster.height, raster.width), raster.transform, raster.crs
if request['expression'] is None:
    values = planes[request['band'] - 1]
else:
    with np.errstate(all='ignore'):
        values = eval(request['expression'], {f'b{k + 1}': plane for k, plane in enumerate(planes)})
    values[~np.isfinite(values)] = np.nan


def densified(geometry):
    """Adds points along each edge, so that projected edges stay in place."""
    def ring(line):
        points = np.array(line.coords)
        shares = np.linspace(0, 1, 65)[:-1, None]
        return np.concatenate([a + shares * (b - a) for a, b in zip(points[:-1], points[1:])] + [points[-1:]])

    parts = getattr(geometry, 'geoms', [geometry])
    return type(geometry)([Polygon(ring(p.exterior), [ring(i) for i in p.interiors]) for p in parts]) \
        if hasattr(geometry, 'geoms') else Polygon(ring(geometry.exterior), [ring(i) for i in geometry.interiors])


zones = geopandas.read_file(request['zones'])
if not zones.crs.equals(crs):
    # GDAL's rule for touched pixels selects other pixels along an edge that is cut into short ones.
    if request['coverage'] == 'fraction':
        zones.geometry = [densified(geometry) for geometry in zones.geometry]
    zones = zones.to_crs(crs)


def shares(geometry):
    if request['coverage'] != 'fraction':
        touched = request['coverage'] == 'touched'
        return geometry_mask([geometry], size, transform, all_touched=touched, invert=True).astype(float)
    # In pixel coordinates, where each pixel is a square of area 1.
    inverse = ~transform
    placed = moved(lambda x, y: inverse * (x, y), geometry)
    result = np.zeros(size)
    x0, y0, x1, y1 = placed.bounds
    within = prep(placed)
    for row in range(max(0, int(np.floor(y0))), min(size[0], int(np.ceil(y1)))):
        for column in range(max(0, int(np.floor(x0))), min(size[1], int(np.ceil(x1)))):
            pixel = box(column, row, column + 1, row + 1)
            if within.contains(pixel):
                result[row, column] = 1
            elif within.intersects(pixel):
                result[row, column] = placed.intersection(pixel).area
    return result


def quantile(sorted_values, weights, share):
    if request['coverage'] != 'fraction':
        return np.percentile(sorted_values, 100 * share)
    covered = np.cumsum(weights)
    return sorted_values[np.searchsorted(covered / covered[-1], share - 1e-9)]


rows = []
for geometry in zones.geometry:
    weight = shares(geometry)
    inside = weight > 1e-9
    valid = inside & ~np.isnan(values)
    found = {'count': weight[valid].sum(), 'nodata': weight[inside & ~valid].sum(), 'variety': 0}
    if valid.any():
        order = np.argsort(values[valid], kind='stable')
        v, w = values[valid][order], weight[valid][order]
        mean = np.average(v, weights=w)
        distinct, index = np.unique(v, return_inverse=True)
        counts = np.bincount(index, w)
        found |= {
            'min': v[0],
            'max': v[-1],
            'mean': mean,
            'sum': (v * w).sum(),
            'std': np.sqrt(np.average((v - mean) ** 2, weights=w)),
            'variety': len(distinct),
            **{name: quantile(v, w, share) for name, share in {'p10': 0.1, 'median': 0.5, 'p90': 0.9}.items()},
        }
        # The smallest of several values with equally many pixels; sums of shares differ by rounding.
        found['majority'] = distinct[np.argmax(counts >= counts.max() - 1e-9)]
        if request['coverage'] != 'fraction':
            found['minority'] = distinct[np.argmin(counts)]
    rows.append({name: float(value) for name, value in found.items()})
json.dump(rows, sys.stdout)
