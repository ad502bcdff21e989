"""Opens a mosaic in a Zarr store with xarray, and compares it with the same mosaic as COG.

Input: {"store", "product"}. Output: dimensions, types, time, and values that differ for each variable.
"""

import json
import sys

import numpy as np
import rasterio
import xarray

request = json.load(sys.stdin)
with rasterio.open(request["product"]) as product, xarray.open_zarr(request["store"], mask_and_scale=False) as store:
    variables = {}
    for k, name in enumerate(product.descriptions):
        values, expected = store[name].values[0], product.read(k + 1)
        same = (values == expected) | (np.isnan(values.astype("f8")) & np.isnan(expected.astype("f8")))
        variables[name] = dict(dimensions=list(store[name].dims), dtype=str(values.dtype), differing=int((~same).sum()))
    centre = [float(store.x[0]), float(store.y[0])]
    expected = list(product.transform * (0.5, 0.5))
    print(json.dumps(dict(
        xarray=xarray.__version__, variables=variables, sizes=dict(store.sizes), time=str(store.time.values[0]),
        bounds=[str(value) for value in store.time_bnds.values[0]], centre=centre, expectedCentre=expected)))
