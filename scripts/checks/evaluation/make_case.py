"""Makes vectors for an evaluation. Input: {map, label, folder}; output: their paths.

The label as polygons in longitude and latitude (traced from its raster), permanent water, and zones that overlap,
extend beyond the map, and share a name.
"""

import json
import sys

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio import features


def collection(path, shapes):
    members = [
        dict(type="Feature", properties=properties, geometry=dict(type="Polygon", coordinates=rings))
        for properties, rings in shapes
    ]
    with open(path, "w") as file:
        json.dump(dict(type="FeatureCollection", features=members), file)
    return path


def main():
    request = json.load(sys.stdin)
    folder = request["folder"]
    with rasterio.open(request["label"]) as source:
        label = source.read(1)
        to_lonlat = Transformer.from_crs(source.crs, "EPSG:4326", always_xy=True)
        shapes = []
        for geometry, _ in features.shapes(label, mask=label == 1, transform=source.transform):
            rings = [[list(to_lonlat.transform(x, y)) for x, y in ring] for ring in geometry["coordinates"]]
            shapes.append((dict(kind="water"), rings))
    with rasterio.open(request["map"]) as source:
        to_lonlat = Transformer.from_crs(source.crs, "EPSG:4326", always_xy=True)
        west, south, east, north = source.bounds

    def ring(points):
        placed = [(west + u * (east - west), south + v * (north - south)) for u, v in points]
        return [list(to_lonlat.transform(x, y)) for x, y in placed + placed[:1]]

    rng = np.random.default_rng(11)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    blob = [(0.55 + r * np.cos(a), 0.45 + r * np.sin(a)) for a, r in zip(angles, rng.uniform(0.15, 0.3, 40))]
    hole = [(0.53, 0.43), (0.57, 0.44), (0.56, 0.5)]
    zones = [
        (dict(name="north", size=1), [ring([(0.1, 0.5), (0.9, 0.55), (0.8, 0.95), (0.2, 0.9)])]),
        (dict(name="beyond", size=2), [ring([(-0.3, 0.1), (0.4, 0.2), (0.3, 0.7), (-0.2, 0.6)])]),
        (dict(name="north", size=3), [ring([(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)])]),
        (dict(name='a "quoted", name', size=4), [ring(blob), ring(hole)]),
    ]
    json.dump(
        dict(
            label=collection(f"{folder}/label.geojson", shapes),
            permanent=collection(f"{folder}/permanent.geojson", [({}, [ring(blob)])]),
            zones=collection(f"{folder}/zones.geojson", zones),
        ),
        sys.stdout,
    )


main()
