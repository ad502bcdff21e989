"""WKT of CRSs without codes: {"codes": [code]} gives {code: {dialect: WKT}}."""
import json
import re
import sys
import warnings

from pyproj import CRS

warnings.simplefilter("ignore")
DIALECTS = {"Esri": "WKT1_ESRI", "GDAL": "WKT1_GDAL", "WKT 2": "WKT2_2019"}
CODE = re.compile(r',\s*(ID|AUTHORITY)\["[^"]*",("[^"]*"|[\w.]+)(,[^\[\]]*)?\]')


def texts(code):
    found = {}
    for name, version in DIALECTS.items():
        try:
            found[name] = CODE.sub("", CRS.from_epsg(code).to_wkt(version))
        except Exception:
            # Some CRSs cannot be written in some dialects.
            continue
    return found


print(json.dumps({code: texts(code) for code in json.load(sys.stdin)["codes"]}))
