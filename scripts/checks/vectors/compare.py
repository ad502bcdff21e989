"""Compares polygons with GDAL's: {raster, polygons} on standard input, a report on standard output.

Areas in pixels and their count by value come from gdal.Polygonize (4-connected), validity from shapely, areas on the
ellipsoid from pyproj, and burned pixels from rasterio.features.rasterize.
"""

import json
import sys

import numpy as np
import pyproj
import rasterio
import rasterio.features
from rasterio.crs import CRS
from shapely.geometry import mapping, shape
from shapely.ops import transform as transform_shape
from shapely.validation import explain_validity

request = json.load(sys.stdin)
with rasterio.open(request["raster"]) as source:
    values = source.read(1)
    valid = np.ones(values.shape, bool) if source.nodata is None else values != source.nodata
    transform, crs = source.transform, source.crs
with open(request["polygons"]) as file:
    features = json.load(file)["features"]

theirs = sorted(
    (int(value), round(shape(polygon).area))
    for polygon, value in rasterio.features.shapes(values, mask=valid, connectivity=4)
)
ours = sorted((f["properties"]["value"], f["properties"]["pixels"]) for f in features)



def densely(xs, ys):
    """Densifies edges to 0.2 degrees: they are straight in longitude and latitude (RFC 7946), pyproj's are geodesics."""
    path = [(xs[0], ys[0])]
    for x, y in zip(xs[1:], ys[1:]):
        (x0, y0), count = path[-1], int(np.ceil(max(abs(x - path[-1][0]), abs(y - path[-1][1])) / 0.2)) or 1
        path += [(x0 + (x - x0) * k / count, y0 + (y - y0) * k / count) for k in range(1, count + 1)]
    return zip(*path)


invalid, pinched, clockwise, beyond, worst, total = [], 0, 0, 0, 0.0, [0.0, 0.0]
pixel = abs(transform.determinant) ** 0.5 * (111195 if crs.is_geographic else 1)
geod = pyproj.Geod(ellps="WGS84")
parts = []
for feature in features:
    geometry = shape(feature["geometry"])
    if not geometry.is_valid:
        problem = explain_validity(geometry)
        # Known (src/vector/antimeridian.ts): after a cut, a hole may touch its exterior twice.
        if geometry.geom_type == "MultiPolygon" and problem.startswith("Interior is disconnected"):
            pinched += 1
        else:
            invalid.append(problem)
    pieces = list(geometry.geoms) if geometry.geom_type == "MultiPolygon" else [geometry]
    parts.append(len(pieces))
    for piece in pieces:
        clockwise += not piece.exterior.is_ccw
        clockwise += sum(hole.is_ccw for hole in piece.interiors)
        west, south, east, north = piece.bounds
        beyond += west < -180 or east > 180 or south < -90 or north > 90
    square_metres, perimeter = map(abs, geod.geometry_area_perimeter(transform_shape(densely, geometry)))
    found = 1e6 * feature["properties"]["km2"]
    total[0] += square_metres
    total[1] += found
    # km2 is rounded to 0.01 m², positions to 5.6 mm or better, and edges deviate by up to 0.01 pixels.
    slack = 0.01 + perimeter * (0.006 + 0.01 * pixel)
    worst = max(worst, abs(square_metres - found) / slack)

to_grid = pyproj.Transformer.from_crs(CRS.from_epsg(4326).to_wkt(), crs.to_wkt(), always_xy=True)


def projected(polygon):
    return [[list(zip(*to_grid.transform(*zip(*ring)))) for ring in part] for part in polygon]


# Edges along a pole or the antimeridian are not straight on the map, but they are inside an area.
shapes = []
for feature in features:
    geometry = mapping(shape(feature["geometry"]))
    coordinates = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    shapes.append(({"type": "MultiPolygon", "coordinates": projected(coordinates)}, feature["properties"]["value"]))
missing = int(values.min()) - 1
burned = rasterio.features.rasterize(
    shapes, values.shape, fill=missing, transform=transform, dtype="int32", all_touched=False
)
wanted = np.where(valid, values, missing)
print(
    json.dumps(
        {
            "areas": len(ours),
            "sameAreas": ours == theirs,
            "theirAreas": len(theirs),
            "cut": sum(count > 1 for count in parts),
            "invalid": invalid[:3],
            "pinched": pinched,
            "pixel": pixel,
            "clockwise": int(clockwise),
            "beyond": int(beyond),
            "worstArea": worst,
            # Minus the rounding of km2.
            "totalError": max(0.0, abs(total[0] - total[1]) - 0.005 * len(features)) / total[0],
            "differingPixels": int((burned != wanted).sum()),
        }
    )
)
