"""The rows that GeoPandas finds for boxes in several CRSs, with the area of each overlap."""

import json
import sys

import geopandas
import numpy
from shapely.geometry import MultiPolygon, Polygon

PIECES = 512
request = json.load(sys.stdin)


def geometry(polygons):
    parts = [Polygon(rings[0], rings[1:]) for rings in polygons]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


rows = request["rows"]
frame = geopandas.GeoDataFrame(
    {
        "id": [row[0] for row in rows],
        "start": [row[2] for row in rows],
        "end": [row[3] for row in rows],
    },
    geometry=[geometry(row[1]) for row in rows],
    crs="EPSG:4326",
)


def densified(bounds):
    x0, y0, x1, y1 = bounds
    t = numpy.arange(PIECES) / PIECES
    x = numpy.concatenate([x0 + (x1 - x0) * t, 0 * t + x1, x1 + (x0 - x1) * t, 0 * t + x0])
    y = numpy.concatenate([0 * t + y0, y0 + (y1 - y0) * t, 0 * t + y1, y1 + (y0 - y1) * t])
    return Polygon(list(zip(x, y)))


answers = []
for query in request["queries"]:
    place = geopandas.GeoSeries([densified(query["bounds"])], crs=query["crs"]).to_crs("EPSG:4326").iloc[0]
    near = frame.iloc[sorted(frame.sindex.query(place, predicate="intersects"))]
    if query["interval"] is not None:
        start, end = query["interval"]
        near = near[(near.start <= end) & (near.end >= start)]
    areas = near.geometry.intersection(place).area
    answers.append([[name, float(area)] for name, area in zip(near.id, areas)])
print(json.dumps(answers))
