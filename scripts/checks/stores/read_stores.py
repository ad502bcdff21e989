"""Reads Zarr stores with zarr-python and xarray, and .npy files with NumPy.

Input: {"stores": [paths of Zarr groups], "arrays": [paths of .npy files]}.
"""

import hashlib
import json
import sys

import numpy as np
import rasterio.crs
import xarray
import zarr

request = json.load(sys.stdin)


def hash_of(values):
    """As the check's hash()."""
    numbers = np.asarray(values).astype("<f8")
    numbers[np.isnan(numbers)] = 1e300
    return hashlib.sha256(numbers.tobytes(order="C")).hexdigest()


def read_store(path):
    values = zarr.open_group(path, mode="r")["map"][:]
    # xarray's defaults: values masked, times and coordinates decoded.
    with xarray.open_zarr(path, consolidated=None, decode_coords="all") as dataset:
        variable = dataset["map"]
        mapping = dataset[variable.encoding.get("grid_mapping", "spatial_ref")].attrs
        c, a, b, f, d, e = [float(word) for word in mapping["GeoTransform"].split()]
        place = dict(
            missing=int(variable.isnull().sum()),
            x=float(variable.x[0]),
            y=float(variable.y[0]),
            standardName=variable.x.attrs["standard_name"],
            transform=[a, b, c, d, e, f],
            epsg=rasterio.crs.CRS.from_wkt(mapping["crs_wkt"]).to_epsg(),
        )
    return dict(zarr=dict(hash=hash_of(values), dtype=str(values.dtype)), xarray=place)


def read_array(path):
    values = np.load(path, mmap_mode="r")
    return dict(
        mapped=isinstance(values, np.memmap),
        aligned=values.offset % 64 == 0,
        shape=list(values.shape),
        dtype=str(values.dtype),
        hash=hash_of(values),
    )


json.dump(
    dict(
        versions=dict(zarr=zarr.__version__, xarray=xarray.__version__, numpy=np.__version__),
        stores=[read_store(path) for path in request["stores"]],
        arrays=[read_array(path) for path in request["arrays"]],
    ),
    sys.stdout,
)
