"""Opens the store of a run with zarr-python and with xarray, and compares its values with a product's.

Input: {"store": path of a Zarr group, "product": path of probability.tif}.
"""

import json
import os
import sys

import numpy as np
import rasterio
import xarray
import zarr

request = json.load(sys.stdin)
with rasterio.open(request["product"]) as dataset:
    product = dataset.read()
    about = dict(
        shape=list(product.shape),
        descriptions=list(dataset.descriptions),
        crs=f"EPSG:{dataset.crs.to_epsg()}",
        transform=list(dataset.transform)[:6],
        bounds=list(dataset.bounds),
        layout=dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT"),
    )


def differing(values):
    """Counts values that are not bit-identical; NaN equals NaN."""
    if values.shape != product.shape or values.dtype != product.dtype:
        return -1
    same = values.view("uint32") == product.view("uint32")
    return int((~(same | (np.isnan(values) & np.isnan(product)))).sum())


def facts(values, dimensions, attributes, group_attributes):
    return dict(
        dimensions=list(dimensions),
        shape=list(values.shape),
        dtype=str(values.dtype),
        differing=differing(values),
        valid=int((~np.isnan(values)).sum()),
        missing=int(np.isnan(values).sum()),
        attributes=dict(attributes),
        groupAttributes=dict(group_attributes),
    )


group = zarr.open_group(request["store"], mode="r", zarr_format=3)
array = group["probability"]
whole = np.ascontiguousarray(array[:])
opened = facts(whole, array.metadata.dimension_names, array.attrs, group.attrs)
# A window across chunks and shards.
window = array[1, 200:300, 100:517]
opened["differing"] += int((~((window == whole[1, 200:300, 100:517]) | np.isnan(window))).sum())

with xarray.open_zarr(request["store"], consolidated=False) as dataset:
    variable = dataset["probability"]
    # Without masking by the fill value, which is NaN.
    labelled = facts(np.ascontiguousarray(variable.values), variable.dims, variable.attrs, dataset.attrs)

shards = sum(len(files) for _, _, files in os.walk(os.path.join(request["store"], "probability", "c")))
json.dump(
    dict(
        versions=dict(zarr=zarr.__version__, xarray=xarray.__version__, gdal=rasterio.__gdal_version__),
        product=about,
        readers={"zarr-python": opened, "xarray": labelled},
        shards=shards,
    ),
    sys.stdout,
)
