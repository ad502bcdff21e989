"""Zones on a raster: stars, a ring, two parts, one that extends beyond the raster, and one outside it."""
import json
import sys

import numpy as np
import rasterio
from pyproj import Transformer

request = json.load(sys.stdin)
random = np.random.default_rng(request['seed'])
with rasterio.open(request['raster']) as raster:
    width, height, transform, crs = raster.width, raster.height, raster.transform, raster.crs


def star(x, y, size, corners=9):
    angles = np.arange(corners) * 2 * np.pi / corners
    radii = size * random.uniform(0.3, 1, corners)
    ring = [(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(radii, angles)]
    return ring + ring[:1]


def place():
    return random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height


side = min(width, height)
geometries = [[[star(*place(), side * share)]] for share in (0.02, 0.1, 0.15, 0.2)]
x, y = place()
geometries.append([[star(x, y, side * 0.2), [(x + r, y + s) for r, s in star(0, 0, side * 0.04)]]])
geometries.append([[star(width * 0.25, height * 0.25, side * 0.1)], [star(width * 0.75, height * 0.75, side * 0.1)]])
geometries.append([[star(0, height / 2, side * 0.2)]])
geometries.append([[star(-width, height / 2, side * 0.2)]])

# Degrees only where edges are short enough to be straight in both.
system = request['crs']
to = None if system is None else Transformer.from_crs(crs, system, always_xy=True)


def ground(position):
    point = transform * position
    return list(point if to is None else to.transform(*point))


collection = {
    'type': 'FeatureCollection',
    'crs': {'type': 'name', 'properties': {'name': system or f'EPSG:{crs.to_epsg()}'}},
    'features': [
        {
            'type': 'Feature',
            'properties': {'name': f'zone {k}'},
            'geometry': {
                'type': 'MultiPolygon',
                'coordinates': [[[ground(position) for position in ring] for ring in polygon] for polygon in polygons],
            },
        }
        for k, polygons in enumerate(geometries)
    ],
}
with open(request['zones'], 'w') as file:
    json.dump(collection, file)
json.dump({'zones': len(geometries)}, sys.stdout)
