"""Writes test/fixtures/stores/: small Zarr, .npy, netCDF and HDF5 files, and truth.json with hashes of their values.

Run on Debian 13 with python3-zarr, python3-xarray, python3-netcdf4 and python3-h5py:
/usr/bin/python3 scripts/truth/stores.py [FOLDER]
"""
import hashlib
import json
import os
import sys
import zipfile

import h5py
import netCDF4
import numpy as np
import xarray
import zarr
from numcodecs import LZ4, Zlib
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, TransposeCodec, ZstdCodec

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..", "test", "fixtures", "stores")
os.makedirs(OUT, exist_ok=True)
for name in os.listdir(OUT):
    os.remove(os.path.join(OUT, name))
rng = np.random.default_rng(7)
truth = {}
WKT = open(os.path.join(os.path.dirname(__file__), "utm32.wkt")).read().strip()


def path(name):
    return os.path.join(OUT, name)


def record(file, array, values):
    """Records a hash of the values as float64 in C order, with NaN as 1e300, since bits of NaN differ."""
    numbers = values.astype("<f8")
    numbers[np.isnan(numbers)] = 1e300
    digest = hashlib.sha256(numbers.tobytes(order="C")).hexdigest()
    truth.setdefault(file, {})[array] = dict(shape=list(values.shape), dtype=values.dtype.name, sha256=digest)


def values_of(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        values = rng.normal(0, 100, shape).astype(dtype)
        values.flat[1] = np.nan
        return values
    if dtype.kind == "b":
        return rng.random(shape) > 0.5
    info = np.iinfo(dtype)
    top = min(info.max, 2**53)
    return rng.integers(max(info.min, -top), top, shape, endpoint=True).astype(dtype)


TYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


def zarr_types():
    """Every type, and every codec, in both versions of the format."""
    shape = (7, 10)
    with zarr.storage.ZipStore(path("types-v3.zarr.zip"), mode="w", compression=zipfile.ZIP_DEFLATED) as store:
        group = zarr.create_group(store, zarr_format=3)
        for dtype in TYPES:
            values = values_of(dtype, shape)
            array = group.create_array(dtype, shape=shape, chunks=(4, 10), dtype=dtype, compressors=None)
            array[:] = values
            record("types-v3.zarr.zip", dtype, values)
        values = values_of("int16", shape)
        for name, codecs in dict(
            blosc=dict(compressors=[BloscCodec(cname="lz4", clevel=3, shuffle="bitshuffle")]),
            gzip=dict(compressors=[GzipCodec()]),
            zstd=dict(compressors=[ZstdCodec()]),
            big=dict(serializer=BytesCodec(endian="big"), compressors=None),
            transposed=dict(filters=[TransposeCodec(order=(1, 0))], compressors=[ZstdCodec()]),
            sharded=dict(shards=(8, 10), compressors=[ZstdCodec()]),
        ).items():
            array = group.create_array(name, shape=shape, chunks=(4, 5), dtype="int16", fill_value=-5, **codecs)
            array[:] = values
            record("types-v3.zarr.zip", name, values)
        group.create_array("empty", shape=(3, 3), chunks=(2, 2), dtype="float32", fill_value=np.nan)
        record("types-v3.zarr.zip", "empty", np.full((3, 3), np.nan, "float32"))
    with zarr.storage.ZipStore(path("types-v2.zarr.zip"), mode="w", compression=zipfile.ZIP_DEFLATED) as store:
        group = zarr.create_group(store, zarr_format=2)
        for dtype in TYPES + [">f4", ">i2", ">f2", ">i8"]:
            values = values_of(dtype, shape)
            array = group.create_array(dtype.replace(">", "big-"), shape=shape, chunks=(4, 10), dtype=dtype, compressors=None)
            array[:] = values
            record("types-v2.zarr.zip", dtype.replace(">", "big-"), values)
        values = values_of("int16", shape)
        for name, options in dict(zlib=dict(compressors=Zlib()), lz4=dict(compressors=LZ4()), fortran=dict(order="F")).items():
            array = group.create_array(name, shape=shape, chunks=(4, 5), dtype="int16", **options)
            array[:] = values
            record("types-v2.zarr.zip", name, values)


def dataset():
    """A scene of two times and three bands on a UTM grid, packed in int16."""
    height, width = 12, 9
    x = 300000 + 10 * (np.arange(width) + 0.5)
    y = 5000000 - 10 * (np.arange(height) + 0.5)
    values = rng.integers(0, 10000, (2, 3, height, width)).astype("int16")
    values[0, 0, 0, :4] = -9999
    attributes = {"grid_mapping": "spatial_ref", "long_name": "surface reflectance"}
    grid = {"crs_wkt": WKT, "GeoTransform": "300000 10 0 5000000 0 -10"}
    return xarray.Dataset(
        {"reflectance": (("time", "band", "y", "x"), values, attributes), "spatial_ref": ((), np.int32(0), grid)},
        coords={
            "time": np.array(["2021-07-10T10:00:00", "2021-07-15T10:30:00"], "datetime64[ns]"),
            "band": np.array(["B02", "B03", "B8A"]),
            "y": ("y", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
            "x": ("x", x, {"standard_name": "projection_x_coordinate", "units": "m"}),
        },
    ), values


PACKED = {"scale_factor": 0.0001, "add_offset": -0.1, "_FillValue": -9999}


def scenes():
    scene, values = dataset()
    packed = scene.copy()
    # xarray applies the scale on writing; the values above are the stored ones.
    packed["reflectance"] = scene["reflectance"].where(scene["reflectance"] != -9999) * 0.0001 - 0.1
    packed["reflectance"].attrs = scene["reflectance"].attrs
    for version in (2, 3):
        name = f"scene-v{version}.zarr.zip"
        encoding = {"reflectance": {**PACKED, "dtype": "int16", "chunks": (1, 3, 8, 8)}, "time": {"units": "hours since 2021-07-01"}}
        with zarr.storage.ZipStore(path(name), mode="w") as store:
            packed.to_zarr(store, zarr_format=version, encoding=encoding, consolidated=version == 2)
        record(name, "reflectance", values)
    encoding = {"reflectance": {**PACKED, "dtype": "int16", "zlib": True, "chunksizes": (1, 1, 8, 8)}, "time": {"units": "hours since 2021-07-01"}}
    packed.to_netcdf(path("scene.nc"), engine="netcdf4", encoding=encoding)
    record("scene.nc", "reflectance", values)


def netcdf3():
    """Record variables of odd sizes, which are padded, and a single one, which is not."""
    for name, alone in (("records.nc", False), ("one-record.nc", True)):
        with netCDF4.Dataset(path(name), "w", format="NETCDF3_64BIT_OFFSET") as file:
            file.createDimension("time", None)
            file.createDimension("lat", 3)
            file.createDimension("lon", 5)
            for side, start, units in (("lat", 50.0, "degrees_north"), ("lon", 5.0, "degrees_east")):
                coordinate = file.createVariable(side, "f4", (side,))
                coordinate.units = units
                coordinate[:] = start + 0.1 * np.arange(file.dimensions[side].size)
            wanted = [("counts", "i1")] if alone else [("counts", "i1"), ("level", "i2"), ("rain", "f8")]
            for variable, dtype in wanted:
                values = values_of(dtype, (4, 3, 5))
                stored = file.createVariable(variable, dtype, ("time", "lat", "lon"))
                stored[:] = values
                record(name, variable, values)
            if not alone:
                time = file.createVariable("time", "f8", ("time",))
                time.units, time.calendar = "days since 2000-02-28 12:00", "standard"
                time[:] = [0, 1, 2, 366]


def hdf5():
    with h5py.File(path("plain.h5"), "w") as file:
        for dtype in ["uint16", "int64", "float64", ">f4"]:
            values = values_of(dtype, (5, 6))
            name = dtype.replace(">", "big-")
            file.create_dataset(f"group/{name}", data=values, chunks=(2, 6), compression="gzip", shuffle=True)
            record("plain.h5", f"group/{name}", values)


def unread():
    """Files that terrachip's HDF5 library does not read: h5py's own filter, and half precision."""
    with h5py.File(path("unread.h5"), "w") as file:
        file.create_dataset("lzf", data=np.zeros((8, 8), "<i2"), chunks=(8, 8), compression="lzf")
    with h5py.File(path("half.h5"), "w") as file:
        file.create_dataset("half", data=np.zeros((2, 3), "<f2"))


def npy():
    shape = (4, 5, 6)
    for dtype in TYPES + [">f4", ">i2", ">f2"]:
        values = values_of(dtype, shape)
        name = f"{dtype.replace('>', 'big-')}.npy"
        np.save(path(name), values.astype(dtype))
        record(name, "", values)
    values = values_of("float32", shape)
    np.save(path("fortran.npy"), np.asfortranarray(values))
    record("fortran.npy", "", values)
    for version in (2, 3):
        with open(path(f"version{version}.npy"), "wb") as file:
            np.lib.format.write_array(file, values, version=(version, 0))
        record(f"version{version}.npy", "", values)
    halves = (rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))).astype("complex64")
    np.save(path("complex.npy"), halves)
    record("complex.npy", "", halves.view("float32").reshape(3, 4, 2))
    np.save(path("scalar.npy"), np.float64(2.5))
    record("scalar.npy", "", np.array(2.5))
    np.save(path("text.npy"), np.array(["vv", "vh", "größe"]))
    np.save(path("records.npy"), np.zeros(3, [("a", "<u2"), ("b", "<f4")]))
    np.save(path("objects.npy"), np.array([{}, None], dtype=object), allow_pickle=True)


zarr_types()
scenes()
netcdf3()
hdf5()
unread()
npy()
json.dump(truth, open(path("truth.json"), "w"), indent=0)
