"""Distances on the ground between coordinates and those of PROJ's best operation: {"records": [{"code", "wkt", "points",
"found"}]}. Uses `wkt` if present, else `code`."""
import json
import sys
import warnings

import numpy as np
from pyproj import CRS, Geod, Transformer
from pyproj.enums import TransformDirection

warnings.simplefilter("ignore")
WGS84 = CRS.from_epsg(4326)
GEOD = Geod(ellps="WGS84")


def metres(code, points, found, wkt=None):
    try:
        crs = CRS.from_epsg(code) if wkt is None else CRS.from_wkt(wkt)
        # terrachip ignores heights.
        crs = crs.sub_crs_list[0] if crs.is_compound else crs
        transformer = Transformer.from_crs(WGS84, crs, always_xy=True, allow_ballpark=False)
    except Exception:
        return None
    longitude, latitude = np.array(points, float).T
    x, y = np.array([[np.nan if v is None else v for v in p] for p in found]).T
    wanted = np.array(transformer.transform(longitude, latitude))
    # By PROJ's inverse if it is a single operation; else by the distance in the plane.
    back = np.array(transformer.transform(x, y, direction=TransformDirection.INVERSE))
    here = np.array(transformer.transform(*wanted, direction=TransformDirection.INVERSE))
    known = np.isfinite(wanted).all(axis=0) & np.isfinite(here).all(axis=0)
    if not known.any():
        return None
    if not np.isfinite(back[:, known]).all():
        return 1e9
    return float(np.max(GEOD.inv(*here[:, known], *back[:, known])[2]))


records = json.load(sys.stdin)["records"]
print(json.dumps([metres(r["code"], r["points"], r["found"], r.get("wkt")) for r in records]))
