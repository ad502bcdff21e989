"""Reads two files of terrachip by GeoPandas and DuckDB, and writes files by GeoPandas for terrachip."""

import json
import math
import os
import sys

import duckdb
import geopandas
import pandas
import pyarrow
import pyarrow.parquet
import shapely

request = json.load(sys.stdin)
own, stac = request["own"], request["stac"]
box = shapely.box(*request["box"])


def milliseconds(time):
    return None if pandas.isna(time) else time.value // 1_000_000


frame = geopandas.read_parquet(own)
rows = [
    [
        row.id,
        row.collection,
        row.href,
        milliseconds(row.start_time),
        milliseconds(row.end_time),
        len(getattr(row.geometry, "geoms", [row.geometry])),
        round(row.geometry.area * 1e6),
        row.properties,
    ]
    for row in frame.itertuples()
]

# Boxes of rows must be within the statistics of their row group, by which readers skip row groups.
file = pyarrow.parquet.ParquetFile(own)
outside = 0
columns = {file.metadata.schema.column(k).path: k for k in range(len(file.metadata.schema))}
for number in range(file.num_row_groups):
    group = file.metadata.row_group(number)
    limits = {side: group.column(columns[f"bbox.{side}"]).statistics for side in ("xmin", "ymin", "xmax", "ymax")}
    table = file.read_row_group(number, ["geometry"])
    bounds = shapely.bounds(shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False)))
    outside += int(
        (
            (bounds[:, 0] < limits["xmin"].min)
            | (bounds[:, 1] < limits["ymin"].min)
            | (bounds[:, 2] > limits["xmax"].max)
            | (bounds[:, 3] > limits["ymax"].max)
        ).sum()
    )

connection = duckdb.connect()
x0, y0, x1, y1 = request["box"]
near = connection.execute(
    "select id from read_parquet(?) where bbox.xmin <= ? and bbox.xmax >= ? and bbox.ymin <= ? and bbox.ymax >= ?"
    # Boxes of geometries across the antimeridian span all longitudes.
    " and bbox.xmax - bbox.xmin < 180",
    [own, x1, x0, y1, y0],
).fetchall()
kind = connection.execute("select typeof(geometry) from read_parquet(?) limit 1", [own]).fetchone()[0]
blobs = connection.execute(
    "select id, " + ("geometry" if kind == "BLOB" else "ST_AsWKB(geometry)") + " from read_parquet(?)", [own]
).fetchall()
inside = [name for name, blob in blobs if shapely.from_wkb(bytes(blob)).intersects(box)]

items = geopandas.read_parquet(stac)
first = items[items.id == "row 1"].iloc[0]

# Items as other writers may store them: assets as text, times in microseconds.
some = frame.iloc[:2000].copy()
some["datetime"] = pandas.date_range("2020-01-01", periods=len(some), freq="h", tz="UTC")
some["assets"] = [json.dumps({"data": {"href": href}}) for href in some.href]
some = some[["id", "geometry", "assets", "datetime"]]
some = some[some.bounds.maxx - some.bounds.minx < 180]
written = {}
for compression in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    path = os.path.join(request["folder"], f"theirs-{compression}.parquet")
    some.to_parquet(path, compression=None if compression == "none" else compression, row_group_size=500, write_covering_bbox=True)
    written[compression] = path

print(
    json.dumps(
        {
            "versions": {
                "geopandas": geopandas.__version__,
                "pyarrow": pyarrow.__version__,
                "duckdb": duckdb.__version__,
            },
            "own": {
                "rows": rows,
                "crs": str(frame.crs.to_string()),
                "invalid": int((~frame.geometry.is_valid).sum()),
                "rowGroups": file.num_row_groups,
                "outside": outside,
            },
            "duckdb": {
                "near": sorted(name for (name,) in near),
                "inside": sorted(inside),
                "rows": len(blobs),
            },
            "stac": {
                "rows": len(items),
                "asset": first["assets"]["data"]["href"],
                "cloud": int(math.fsum(items["eo:cloud_cover"])),
            },
            "written": written,
            "writtenIds": sorted(some.id),
            "writtenNear": sorted(some.id[some.intersects(box)]),
        },
        # Non-ASCII characters unescaped, as in JavaScript.
        ensure_ascii=False,
    )
)
