"""Measures GeoPandas on the scenes of catalog.js; prints seconds and bytes as JSON.

python3 catalog.py COUNT FOLDER
"""

import json
import resource
import statistics
import sys
import time

import geopandas
import numpy
import pandas
import shapely

count, folder = int(sys.argv[1]), sys.argv[2]
with open(f"{folder}/queries.json") as file:
    queries = json.load(file)
values = numpy.fromfile(f"{folder}/{count}.f64").reshape(-1, 10)


def timed(task):
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def build():
    corners = values[:, :8].reshape(-1, 4, 2)
    geometry = shapely.polygons(corners)
    frame = geopandas.GeoDataFrame(
        {"start": values[:, 8], "end": values[:, 9]}, geometry=geometry, crs="EPSG:4326"
    )
    frame.sindex
    return frame


def write(frame):
    names = numpy.arange(count).astype(str)
    href = "https://example.com/sentinel-2-l2a/" + pandas.Series(names) + "/B04.tif"
    full = geopandas.GeoDataFrame(
        {
            "id": "S2B_MSIL2A_" + pandas.Series(names),
            "collection": "sentinel-2-l2a",
            "start": pandas.to_datetime(values[:, 8], unit="ms", utc=True),
            "end": pandas.to_datetime(values[:, 9], unit="ms", utc=True),
            "href": href,
            "assets": '{"B04":{"href":"' + href + '","roles":["data"]}}',
            "properties": '{"eo:cloud_cover":1,"platform":"sentinel-2b"}',
        },
        geometry=frame.geometry.array,
        crs="EPSG:4326",
    )
    full.to_parquet(f"{folder}/{count}-geopandas.parquet", write_covering_bbox=True, row_group_size=20000)


building, frame = timed(build)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
start, end = frame.start.to_numpy(), frame.end.to_numpy()


def indexed(query):
    near = frame.sindex.query(shapely.box(*query[:4]), predicate="intersects")
    return near[(start[near] <= query[5]) & (end[near] >= query[4])]


def unindexed(query):
    place = frame.intersects(shapely.box(*query[:4])).to_numpy()
    return numpy.flatnonzero(place & (start <= query[5]) & (end >= query[4]))


hits = sum(len(indexed(query)) for query in queries)
warm = [timed(lambda: indexed(query))[0] for query in queries]
slow = [timed(lambda: unindexed(query))[0] for query in queries[:5]]
rows = [timed(lambda: frame.iloc[indexed(query)])[0] for query in queries]
writing, _ = timed(lambda: write(frame))
del frame
opening, frame = timed(lambda: geopandas.read_parquet(f"{folder}/{count}-geopandas.parquet"))
indexing, _ = timed(lambda: frame.sindex)
print(
    json.dumps(
        {
            "build": building,
            "hits": hits,
            "query": statistics.median(warm),
            "query95": statistics.quantiles(warm, n=20)[-1],
            "rows": statistics.median(rows),
            "unindexed": statistics.median(slow),
            "write": writing,
            "open": opening,
            "index": indexing,
            "memory": memory,
            "versions": {"geopandas": geopandas.__version__, "shapely": shapely.__version__},
        }
    )
)
