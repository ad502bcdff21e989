"""Compares terrachip's features with GeoPandas': {path, layer, ours} on standard input. `ours` is a JSON file of
{probes: [[x, y, longitude, latitude]], features: [{geometry, properties}]}."""

import json
import math
import sys

import geopandas
import pyproj
import shapely
import shapely.geometry
import shapely.ops

request = json.load(sys.stdin)
with open(request["ours"], encoding="utf8") as file:
    ours = json.load(file)
options = {} if request.get("layer") is None else {"layer": request["layer"]}
if request.get("bbox") is not None:
    options["bbox"] = tuple(request["bbox"])
theirs = geopandas.read_file(request["path"], **options)
theirs = theirs[theirs.geometry.notna() & ~theirs.geometry.is_empty]


def plain(value):
    """Values in a form common to JSON and all drivers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return value


def key(geometry):
    # Normalised, since readers differ in the orientation and start of rings; heights are left out.
    flat = shapely.ops.transform(lambda x, y, z=None: (x, y), geometry)
    parts = []
    for part in getattr(flat, "geoms", [flat]):
        parts.append(part.normalize())
    return sorted(part.wkb_hex for part in parts)


pairs = list(zip(ours["features"], theirs.itertuples(index=False)))
columns = [name for name in theirs.columns if name != "geometry"]
differing_values = set()
differing_shapes = 0
for mine, other in pairs:
    if key(shapely.geometry.shape(mine["geometry"])) != key(other.geometry):
        differing_shapes += 1
    for name, value in zip(theirs.columns, other):
        if name == "geometry":
            continue
        value, own = plain(value), mine["properties"].get(name)
        own = None if own == "" else own
        if isinstance(own, str) and isinstance(value, str) and "/" not in own:
            own, value = own[: len(value)], value
        same = own == value or (isinstance(own, (int, float)) and isinstance(value, (int, float))
                                and math.isclose(own, value, rel_tol=1e-15))
        if not same and not (value == "" and own is None):
            differing_values.add(name)
other = pyproj.Transformer.from_crs(theirs.crs, 4326, always_xy=True)
apart = max((abs(a - b) for x, y, *own in ours["probes"] for a, b in zip(own, other.transform(x, y))), default=0)
print(json.dumps({
    "ours": len(ours["features"]),
    "theirs": len(theirs),
    "columns": len(columns),
    "differingShapes": differing_shapes,
    "differingValues": sorted(differing_values),
    "degreesApart": float(apart),
}))
