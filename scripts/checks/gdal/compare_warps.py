"""Compares warped rasters of terrachip with those of gdalwarp, pixel by pixel.

Input: a list of comparisons, each with
  source, band, sourceNodata   the raster that was warped (sourceNodata overrides what the file declares)
  reference, referenceBand     gdalwarp's result: a raster, or an .npy array
  result, resultBand           terrachip's, on the same grid
  resampling                   nearest or bilinear
  unrounded                    for integers: gdalwarp's result as float32, or null
Output: a list of measurements in the same order.

Where a pixel's source position comes from: PROJ, through rasterio, in float64; not from either program's warp.
"""

import json
import sys
import warnings

import numpy as np
import rasterio
import rasterio.transform
import rasterio.warp

EDGE = 1e-3  # pixels: positions this near to an edge of a source pixel may fall to either side
POSITION = 0.002  # pixels: the promised exactness of positions
VALUE = 1e-5  # of the range of the source: the promised exactness of interpolation

cache = {}


def once(key, make):
    if key not in cache:
        cache[key] = make()
    return cache[key]


def read(path, band):
    if path.endswith(".npy"):
        return np.load(path)
    with rasterio.open(path) as dataset:
        return dataset.read(band)


def gaps(values, nodata):
    """What GDAL takes for no data: NaN, and floats that equal the nodata value up to rounding (ARE_REAL_EQUAL)."""
    if values.dtype.kind != "f":
        return np.zeros(values.shape, bool) if nodata is None else values == int(nodata)
    missing = np.isnan(values)
    if nodata is not None and not np.isnan(nodata):
        nodata = np.float32(nodata)
        missing |= values == nodata
        missing |= np.abs(values - nodata) < np.finfo("float32").eps * np.abs(values + nodata) * 2
    return missing


def load_source(path, band, nodata):
    """Values with NaN in gaps, their range, and the largest difference among 3 × 3 pixels around each."""
    with rasterio.open(path) as dataset:
        stored = dataset.read(band)
        declared = dataset.nodatavals[band - 1] if nodata is None else float(nodata)
        grid = dataset.transform
        crs = dataset.crs
    values = np.where(gaps(stored, declared), np.nan, stored.astype("float64"))
    height, width = values.shape
    padded = np.full((height + 2, width + 2), np.nan)
    padded[1:-1, 1:-1] = values
    windows = np.stack([padded[j : j + height, i : i + width] for j in range(3) for i in range(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        spread = np.nan_to_num(np.nanmax(windows, axis=0) - np.nanmin(windows, axis=0))
    return values, float(np.nanmax(values) - np.nanmin(values)), spread, grid, crs


def positions(transform, shape, crs, source_transform, source_crs):
    """Source positions of all pixel centres, in pixels of the source."""
    height, width = shape
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = transform * (columns.ravel(), rows.ravel())
    if crs != source_crs:
        x, y = rasterio.warp.transform(crs, source_crs, x, y)
    px, py = ~source_transform * (np.asarray(x), np.asarray(y))
    return px.reshape(shape), py.reshape(shape)


def same_grid(a, b):
    """Whether two grids agree to a millionth of a pixel."""
    pixel = max(abs(a.a), abs(a.e))
    return all(abs(p - q) < 1e-6 * pixel for p, q in zip(a, b))


def compare(item):
    values, value_range, spread, source_transform, source_crs = once(
        ("source", item["source"], item["band"], item["sourceNodata"]),
        lambda: load_source(item["source"], item["band"], item["sourceNodata"]),
    )
    wanted = read(item["reference"], item["referenceBand"])
    with rasterio.open(item["result"]) as dataset:
        found = dataset.read(item["resultBand"])
        found_nodata = dataset.nodatavals[item["resultBand"] - 1]
        transform, crs = dataset.transform, dataset.crs
    if item["reference"].endswith(".npy"):
        wanted_nodata, grids_agree = float(item["referenceNodata"]), True
        grids_agree = same_grid(rasterio.Affine(*item["referenceTransform"]), transform)
        grids_agree &= crs == rasterio.crs.CRS.from_string(item["referenceCrs"])
    else:
        with rasterio.open(item["reference"]) as dataset:
            wanted_nodata = dataset.nodatavals[item["referenceBand"] - 1]
            grids_agree = same_grid(dataset.transform, transform) and dataset.crs == crs
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return dict(problem=f"{found.dtype} {found.shape} instead of {wanted.dtype} {wanted.shape}")
    if not grids_agree:
        return dict(problem=f"on another grid: {transform}, {crs}")

    px, py = once(
        ("positions", item["source"], tuple(transform), found.shape, str(crs)),
        lambda: positions(transform, found.shape, crs, source_transform, source_crs),
    )
    at_edge = (np.abs(px - np.round(px)) < EDGE) | (np.abs(py - np.round(py)) < EDGE)
    height, width = values.shape
    inside = (px > -1) & (py > -1) & (px < width + 1) & (py < height + 1)
    at_edge &= inside

    wanted_valid, found_valid = ~gaps(wanted, wanted_nodata), ~gaps(found, found_nodata)
    mask_differs = wanted_valid != found_valid
    both = wanted_valid & found_valid
    difference = np.zeros(found.shape)
    difference[both] = np.abs(found[both].astype("float64") - wanted[both].astype("float64"))
    result = dict(
        pixels=int(found.size),
        valid=int(wanted_valid.sum()),
        atEdge=int(at_edge.sum()),
        maskDiffers=int(mask_differs.sum()),
        maskDiffersBeyond=int((mask_differs & ~at_edge).sum()),
        differing=int((difference > 0).sum()),
        maxDifference=float(difference.max()),
    )
    if item["resampling"] == "nearest":
        result["beyond"] = int(((difference > 0) & ~at_edge).sum())
        return result

    column = np.clip(np.floor(px), 0, width - 1).astype(int)
    row = np.clip(np.floor(py), 0, height - 1).astype(int)
    allowed = VALUE * value_range + POSITION * spread[row, column]
    if item["unrounded"] is not None:
        # Rounding to integers may part two values that are within the tolerance, but only at a half.
        exact = read(item["unrounded"], item["referenceBand"]).astype("float64")
        from_half = np.abs(exact - np.floor(exact) - 0.5)
        bad = both & (difference > 0) & ((difference > 1) | (from_half > allowed))
        result["beyond"] = int(bad.sum())
        return result
    result["beyond"] = int((both & (difference > allowed)).sum())
    result["toleranceUsed"] = float((difference[both] / allowed[both]).max()) if both.any() else 0.0
    return result


json.dump([compare(item) for item in json.load(sys.stdin)], sys.stdout)
