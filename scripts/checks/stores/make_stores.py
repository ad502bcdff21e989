"""Writes Zarr stores with zarr-python and xarray, and .npy files with NumPy.

Input: {"folder": an empty folder}.
"""

import hashlib
import itertools
import json
import os
import sys
import warnings

import numcodecs
import numpy as np
import xarray
import zarr
from rasterio.crs import CRS
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

warnings.simplefilter("ignore")
folder = json.load(sys.stdin)["folder"]
rng = np.random.default_rng(3)
stores, arrays = [], []


def hash_of(values):
    """As the check's hash()."""
    numbers = np.asarray(values).astype("<f8")
    numbers[np.isnan(numbers)] = 1e300
    return hashlib.sha256(numbers.tobytes(order="C")).hexdigest()


def values_of(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        values = rng.normal(0, 100, shape).astype(dtype)
        values.flat[::97] = np.nan
        return values
    if dtype.kind == "b":
        return rng.random(shape) > 0.5
    info = np.iinfo(dtype)
    return rng.integers(max(info.min, -(2**53)), min(info.max, 2**53), shape, endpoint=True).astype(dtype)


def expect(path, array, values, raster=None):
    stores.append(dict(path=path, array=array, hash=hash_of(values), shape=list(values.shape), raster=raster))


def open_store(path):
    return zarr.storage.ZipStore(path, mode="w") if path.endswith(".zip") else zarr.storage.LocalStore(path)


TYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]
V3 = dict(
    raw=dict(compressors=None),
    zstd=dict(compressors=[ZstdCodec(level=1)]),
    gzip=dict(compressors=[GzipCodec()]),
    **{f"blosc-{cname}-{shuffle}": dict(compressors=[BloscCodec(cname=cname, shuffle=shuffle)])
       for cname, shuffle in itertools.product(["lz4", "lz4hc", "blosclz", "zstd", "zlib"], ["noshuffle", "shuffle", "bitshuffle"])},
    sharded=dict(shards=(20, 40), compressors=[ZstdCodec()]),
)
V2 = dict(
    raw=dict(compressors=None),
    zstd=dict(compressors=numcodecs.Zstd()),
    gzip=dict(compressors=numcodecs.GZip()),
    zlib=dict(compressors=numcodecs.Zlib()),
    lz4=dict(compressors=numcodecs.LZ4()),
    blosc=dict(compressors=numcodecs.Blosc()),
    delta=dict(compressors=numcodecs.Zlib(), filters=[numcodecs.Delta("<i2")]),
    fortran=dict(compressors=None, order="F"),
    slash=dict(compressors=None, chunk_key_encoding={"name": "v2", "separator": "/"}),
)
shape, chunks = (33, 47), (10, 20)
for version, variants in ((2, V2), (3, V3)):
    for suffix in (".zarr", ".zarr.zip"):
        path = os.path.join(folder, f"arrays-v{version}{suffix}")
        store = open_store(path)
        group = zarr.create_group(store, zarr_format=version)
        for name, options in variants.items():
            values = values_of("int16", shape)
            group.create_array(name, shape=shape, chunks=chunks, dtype="int16", **options)[:] = values
            expect(path, name, values)
        for dtype in TYPES + ([">f4", ">i2", ">f8", ">u4"] if version == 2 else []):
            values = values_of(dtype, shape)
            group.create_array(dtype.replace(">", "big-"), shape=shape, chunks=chunks, dtype=dtype)[:] = values
            expect(path, dtype.replace(">", "big-"), values)
        store.close()
    path = os.path.join(folder, f"consolidated-v{version}.zarr")
    group = zarr.create_group(path, zarr_format=version)
    values = values_of("float32", shape)
    group.create_group("deep/inside").create_array("values", shape=shape, chunks=chunks, dtype="float32")[:] = values
    zarr.consolidate_metadata(path)
    expect(path, "deep/inside/values", values)

height, width = 31, 22
stored = rng.integers(0, 10000, (2, 3, height, width)).astype("int16")
stored[0, 0, :3] = -9999
scene = xarray.Dataset(
    {
        "reflectance": (("time", "band", "y", "x"), np.where(stored == -9999, np.nan, stored * 0.0001 - 0.1)),
        "spatial_ref": ((), np.int32(0), {"crs_wkt": CRS.from_epsg(32632).to_wkt()}),
    },
    coords={
        "time": np.array(["2021-07-10T10:00:00", "2021-07-15T10:30:00"], "datetime64[ns]"),
        "band": np.array(["B02", "B03", "B8A"]),
        "y": 5000000 - 10 * (np.arange(height) + 0.5),
        "x": 300000 + 10 * (np.arange(width) + 0.5),
    },
)
scene["reflectance"].attrs["grid_mapping"] = "spatial_ref"
PACKING = dict(dtype="int16", scale_factor=0.0001, add_offset=-0.1, _FillValue=-9999)
about = dict(
    transform=[10, 0, 300000, 0, -10, 5000000],
    bands=[f"time={time}, band={band}" for time in ("2021-07-10T10:00:00.000Z", "2021-07-15T10:30:00.000Z") for band in ("B02", "B03", "B8A")],
    packing=[-9999, 0.0001, -0.1],
)
for version, consolidated, suffix in itertools.product((2, 3), (False, True), (".zarr", ".zarr.zip")):
    path = os.path.join(folder, f"scene-v{version}{'-consolidated' if consolidated else ''}{suffix}")
    store = open_store(path)
    scene.to_zarr(store, zarr_format=version, consolidated=consolidated, encoding=dict(reflectance=dict(PACKING, chunks=(1, 2, 16, 16))))
    store.close()
    expect(path, "reflectance", stored, about)

for order in "CF":
    for dtype in TYPES + [">f4", ">i2", ">f2"]:
        path = os.path.join(folder, f"{dtype}-{order}.npy")
        values = values_of(dtype, (4, 5, 6))
        np.save(path, np.asarray(values, dtype=dtype, order=order))
        arrays.append(dict(path=path, hash=hash_of(values), shape=[4, 5, 6]))

json.dump(dict(stores=stores, arrays=arrays), sys.stdout)
