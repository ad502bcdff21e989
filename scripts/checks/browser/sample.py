"""Values of a raster at longitudes and latitudes, by rasterio: of the pixel that contains the position; null for no data."""
import json
import sys

import numpy as np
import rasterio
from rasterio.warp import transform

request = json.load(sys.stdin)
with rasterio.open(request['raster']) as raster:
    band = raster.read(request['band'], masked=True)
    xs, ys = transform('EPSG:4326', raster.crs, *zip(*request['places']))
    columns, rows = ~raster.transform * (np.array(xs), np.array(ys))
    values = []
    for column, row in zip(np.floor(columns).astype(int), np.floor(rows).astype(int)):
        inside = 0 <= column < raster.width and 0 <= row < raster.height
        value = band[row, column] if inside else np.ma.masked
        values.append(None if value is np.ma.masked or np.isnan(value) else float(value))
print(json.dumps({'values': values}))
