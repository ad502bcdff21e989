"""Makes the rasters of gdal.js and prints its cases as JSON.

Input: {"folder": path}. The rasters are small and realistic: seeded fractal terrain and speckle.
"""

import json
import os
import sys

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

rng = np.random.default_rng(20210715)


def fractal(height, width, smoothness=1.8):
    """Fractal relief from 0 to 1."""
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.fftfreq(width)[None, :]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(rng.standard_normal((height, width))) / frequency**smoothness
    spectrum[0, 0] = 0
    field = np.fft.ifft2(spectrum).real
    return (field - field.min()) / (field.max() - field.min())


def speckled(height, width):
    """Backscatter in dB: relief under multiplicative noise."""
    looks = rng.gamma(4.4, 1 / 4.4, (height, width))
    return -22 + 14 * fractal(height, width) + 10 * np.log10(looks)


def island(height, width, share=0.12):
    """Realistic gaps: a lake, a strip at an edge, and single pixels."""
    gaps = fractal(height, width, 2.2) > 1 - share
    gaps[:, :3] |= fractal(height, 3, 1) > 0.5
    gaps |= rng.random((height, width)) < 0.002
    return gaps


def with_gaps(values, nodata, share=0.12):
    return np.where(island(*values.shape, share), nodata, values)


def write(path, bands, crs, transform, nodata=None, **options):
    bands = bands if isinstance(bands, list) else [bands]
    height, width = bands[0].shape
    profile = dict(
        driver="GTiff", width=width, height=height, count=len(bands), dtype=bands[0].dtype,
        crs=crs, transform=transform, nodata=nodata, **options,
    )  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        for index, band in enumerate(bands, 1):
            dataset.write(band, index)


def sources(folder):
    """Rasters in the CRSs and types of real scenes. @return a description of each, by name"""
    shape = (280, 320)
    utm31 = from_origin(709_004.0, 5_530_007.0, 10, 10)
    utm32 = from_origin(280_310.0, 5_520_020.0, 10, 10)
    lonlat = from_origin(5.8503, 49.9207, 0.000125, 0.0000875)
    mercator = from_origin(655_000.5, 6_430_000.25, 15, 15)

    reflectance = lambda: 300 + 5200 * fractal(*shape) + 150 * rng.standard_normal(shape)  # noqa: E731
    classes = np.floor(6 * fractal(*shape)).clip(0, 5)
    close = with_gaps(speckled(*shape), -9999.004)
    close[40:60, 50:90] = -9999.006
    small = np.rint(6 * fractal(*shape) - 3 + rng.standard_normal(shape))
    relief = lambda: 140 + 420 * fractal(500, 600) + rng.standard_normal((500, 600))  # noqa: E731

    def hole(at):
        values = speckled(*shape)
        values[at : at + 90, at : at + 120] = -9999
        return values.astype("float32")

    made = {
        "utm31-float32": ([with_gaps(speckled(*shape), -9999).astype("float32")], 32631, utm31, -9999),
        "utm31-nan": ([with_gaps(speckled(*shape), np.nan).astype("float32")], 32631, utm31, np.nan),
        "utm31-nan-undeclared": ([with_gaps(speckled(*shape), np.nan).astype("float32")], 32631, utm31, None),
        "utm31-almost-nodata": ([close.astype("float32")], 32631, utm31, -9999),
        "utm31-int16": ([with_gaps(np.rint(100 * speckled(*shape)), -9999).astype("int16")], 32631, utm31, -9999),
        "utm31-int16-zero": ([with_gaps(small, 0).astype("int16")], 32631, utm31, 0),
        "utm31-uint16": ([with_gaps(np.rint(reflectance()), 0).astype("uint16")], 32631, utm31, 0),
        "utm31-uint8": ([with_gaps(classes, 255).astype("uint8")], 32631, utm31, 255),
        "utm31-two-bands": ([hole(40), hole(110)], 32631, utm31, -9999),
        "utm32-uint16": ([with_gaps(np.rint(reflectance()), 0).astype("uint16")], 32632, utm32, 0),
        "utm32-nan": ([with_gaps(speckled(*shape), np.nan).astype("float32")], 32632, utm32, np.nan),
        "lonlat-float32": ([with_gaps(relief(), -9999).astype("float32")], 4326, lonlat, -9999),
        "lonlat-int16": ([np.rint(relief()).astype("int16")], 4326, lonlat, None),
        "mercator-float32": ([with_gaps(speckled(*shape), np.nan).astype("float32")], 3857, mercator, np.nan),
        "mercator-uint8": ([with_gaps(classes, 255).astype("uint8")], 3857, mercator, 255),
    }
    for name, (bands, epsg, transform, nodata) in made.items():
        write(os.path.join(folder, f"{name}.tif"), bands, f"EPSG:{epsg}", transform, nodata)
    return made


def grid_over(made, name, epsg, resolution, padding=25, offset=(3.7, -2.3)):
    """A grid over a source and beyond its edges, with an origin off round coordinates."""
    bands, source_epsg, transform, _ = made[name]
    height, width = bands[0].shape
    bounds = rasterio.transform.array_bounds(height, width, transform)
    x0, y0, x1, y1 = transform_bounds(f"EPSG:{source_epsg}", f"EPSG:{epsg}", *bounds)
    left, top = x0 - padding * resolution + offset[0], y1 + padding * resolution + offset[1]
    columns = int((x1 - x0) / resolution) + 2 * padding
    rows = int((y1 - y0) / resolution) + 2 * padding
    box = [left, top - rows * resolution, left + columns * resolution, top]
    return dict(crs=f"EPSG:{epsg}", bounds=box, size=[columns, rows])


def shifted(made, name, dx, dy, scale=1.0, size=None):
    """A grid in the source's CRS: shifted by pixels, with pixels `scale` times as large."""
    bands, epsg, transform, _ = made[name]
    height, width = bands[0].shape
    columns, rows = size or (int(width / scale), int(height / scale))
    pixel = transform.a
    left, top = transform.c + dx * pixel, transform.f - dy * pixel
    box = [left, top - rows * scale * pixel, left + columns * scale * pixel, top]
    return dict(crs=f"EPSG:{epsg}", bounds=box, size=[columns, rows])


def warps(made):
    cases = []

    def add(name, source, grid, **options):
        bands, _, _, nodata = made[source]
        kind = bands[0].dtype.kind
        cases.append(
            dict(
                name=name,
                source=source,
                bands=list(range(1, len(bands) + 1)),
                dtype=str(bands[0].dtype),
                grid=grid,
                # NaN for floats. For integers the source's nodata value, else an unused value.
                destinationNodata=options.get(
                    "nodata", "nan" if kind == "f" else (-32768 if nodata is None else nodata)
                ),
                sourceNodata=options.get("source_nodata"),
            )
        )

    for source in made:
        if source.startswith("utm31"):
            extra = {"source_nodata": "nan"} if source == "utm31-nan-undeclared" else {}
            add(f"{source} to UTM32", source, grid_over(made, source, 32632, 10), **extra)
    # A nodata value that equals valid pixels: interpolated values are moved, copied values are not.
    add("utm31-uint8 to UTM32, nodata 3", "utm31-uint8", grid_over(made, "utm31-uint8", 32632, 10), nodata=3)
    for source in ("utm32-uint16", "utm32-nan"):
        add(f"{source} to Web Mercator", source, grid_over(made, source, 3857, 15.3))
    for source in ("mercator-float32", "mercator-uint8"):
        add(f"{source} to UTM32", source, grid_over(made, source, 32632, 10))
    for source in ("lonlat-float32", "lonlat-int16"):
        add(f"{source} to UTM32", source, grid_over(made, source, 32632, 10))
        add(f"{source} to LAEA", source, grid_over(made, source, 3035, 10))
    # Larger than a warp tile and several control blocks.
    add("lonlat-float32 to LAEA, fine", "lonlat-float32", grid_over(made, "lonlat-float32", 3035, 4.1))
    add("utm31-float32 shifted by pixels", "utm31-float32", shifted(made, "utm31-float32", 37, -21))
    add("utm31-int16 shifted by pixels", "utm31-int16", shifted(made, "utm31-int16", -15, 60))
    add("utm31-float32 shifted by parts", "utm31-float32", shifted(made, "utm31-float32", 0.3, 12.7))
    add("utm31-nan 1.5 times coarser", "utm31-nan", shifted(made, "utm31-nan", -4.1, -3.2, 1.5))
    add("utm31-nan 3 times coarser", "utm31-nan", shifted(made, "utm31-nan", 0, 0, 3))
    add("utm31-nan 2.7 times finer", "utm31-nan", shifted(made, "utm31-nan", 100.1, 80.2, 0.37, (300, 260)))
    # Two columns overlap; a grid without overlap is an error.
    add("utm31-float32 nearly beside the source", "utm31-float32", shifted(made, "utm31-float32", 318, 0))
    return cases


def storage(folder):
    """The same values in every storage layout that terrachip reads. @return the files"""
    height, width = 141, 203
    relief = fractal(height, width)
    types = {
        "uint8": (255 * relief).astype("uint8"),
        "int16": (4000 * relief - 1000).astype("int16"),
        "uint16": (60000 * relief).astype("uint16"),
        "int32": (4e9 * relief - 2e9).astype("int32"),
        "uint32": (4e9 * relief).astype("uint32"),
        "float32": with_gaps(1e3 * relief, np.nan).astype("float32"),
        "float64": with_gaps(1e3 * relief, np.nan).astype("float64"),
    }
    layouts = {
        "strips": {},
        "one-row-strips": dict(blockysize=1),
        "tiles": dict(tiled=True, blockxsize=128, blockysize=64),
    }
    transform = from_origin(500_000, 5_500_000, 20, 20)
    files = []
    for dtype, values in types.items():
        predictors = [1, 3] if dtype.startswith("float") else [1, 2]
        if dtype == "float32":
            predictors.append(2)
        codecs = [("none", {})] + [(f"deflate-{p}", dict(compress="deflate", predictor=p)) for p in predictors]
        for layout, shape in layouts.items():
            for codec, compression in codecs:
                for count, interleave in ((1, "pixel"), (3, "pixel"), (3, "band")):
                    name = f"storage-{dtype}-{layout}-{codec}-{count}-{interleave}.tif"
                    bands = [np.roll(values, 17 * band, axis=1) for band in range(count)]
                    nodata = np.nan if dtype.startswith("float") else None
                    path = os.path.join(folder, name)
                    write(
                        path, bands, "EPSG:32631", transform, nodata, interleave=interleave, **shape, **compression
                    )  # fmt: skip
                    files.append(path)
    more = {
        "big-endian": dict(ENDIANNESS="BIG", compress="deflate", predictor=2),
        "bigtiff": dict(BIGTIFF="YES", tiled=True, compress="deflate"),
        "sparse": dict(SPARSE_OK=True, tiled=True, blockxsize=64, blockysize=64),
    }
    for name, options in more.items():
        values = types["int16"].copy()
        if name == "sparse":
            values[:192, :] = 0
        path = os.path.join(folder, f"storage-{name}.tif")
        write(path, values, "EPSG:32631", transform, **options)
        files.append(path)
    for dtype in ("uint8", "float32"):
        path = os.path.join(folder, f"storage-overviews-{dtype}.tif")
        write(path, types[dtype], "EPSG:32631", transform, tiled=True, blockxsize=64, blockysize=64, compress="deflate")
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([2, 4, 8], rasterio.enums.Resampling.average)
        files.append(path)
    return files


def main():
    folder = json.load(sys.stdin)["folder"]
    made = sources(folder)
    files = [os.path.join(folder, f"{name}.tif") for name in made]
    json.dump(dict(warps=warps(made), files=files + storage(folder)), sys.stdout)


main()
