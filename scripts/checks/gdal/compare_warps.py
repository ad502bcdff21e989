"""Compares warped rasters of terrachip with those of gdalwarp, pixel by pixel.

Input: a list of comparisons, each with
  source, band, sourceNodata   the raster that was warped (sourceNodata overrides what the file declares)
  reference, referenceBand     gdalwarp's result: a raster, or an .npy array
  result, resultBand           terrachip's, on the same grid
  resampling                   terrachip's name of it
  unrounded                    for integers: gdalwarp's result as float32, or null
Output: a list of measurements in the same order.

How a pixel is judged:
  nearest                      identical, but within EDGE of an edge of a source pixel
  bilinear, cubic, ...         VALUE of the range, and POSITION times the largest difference among the pixels that
                               the kernel reads: what the promised exactness of positions allows
  average, rms, sum            the same for each of the four edges of the pixel's footprint
  mode, min, max, quantiles    identical, but where an edge of the footprint lies within EDGE of a source pixel's edge
Where a pixel's source position comes from: PROJ, through rasterio, in float64; not from either program's warp.
"""

import json
import sys

import numpy as np
import rasterio
import rasterio.transform
import rasterio.warp
from scipy.ndimage import maximum_filter, minimum_filter

EDGE = 1e-3  # pixels: positions this near to an edge of a source pixel may fall to either side
POSITION = 0.002  # pixels: the promised exactness of positions
VALUE = 1e-5  # of the range of the source: the promised exactness of interpolation

# How far from the containing pixel a kernel reads.
RADIUS = dict(nearest=1, bilinear=1, cubic=2, cubicspline=2, lanczos=3)
# Resamplings over the box between the transforms of a pixel's two corners.
SMOOTH_BOXES = ("average", "rms", "sum")
CHOOSING_BOXES = ("mode", "min", "max", "med", "q1", "q3")

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
    """Values with NaN in gaps, their range, and the grid."""
    with rasterio.open(path) as dataset:
        stored = dataset.read(band)
        declared = dataset.nodatavals[band - 1] if nodata is None else float(nodata)
        grid = dataset.transform
        crs = dataset.crs
    values = np.where(gaps(stored, declared), np.nan, stored.astype("float64"))
    return values, float(np.nanmax(values) - np.nanmin(values)), grid, crs


def spread_around(values, radius):
    """The largest difference among the pixels within a radius of each."""
    size = 2 * radius + 1
    above = np.where(np.isnan(values), -np.inf, values)
    below = np.where(np.isnan(values), np.inf, values)
    spread = maximum_filter(above, size, mode="nearest") - minimum_filter(below, size, mode="nearest")
    return np.where(np.isfinite(spread), spread, 0)


def positions(transform, shape, crs, source_transform, source_crs, source_width, within):
    """Source positions of a point of each pixel (0.5: its centre), in pixels of the source."""
    height, width = shape
    columns, rows = np.meshgrid(np.arange(width) + within, np.arange(height) + within)
    x, y = transform * (columns.ravel(), rows.ravel())
    if crs != source_crs:
        x, y = rasterio.warp.transform(crs, source_crs, x, y)
    px, py = ~source_transform * (np.asarray(x), np.asarray(y))
    if source_crs.is_geographic:
        # Longitudes repeat: the turn that is nearest to the middle of the source.
        turn = 360 / source_transform.a
        px = px - turn * np.round((px - source_width / 2) / turn)
    return px.reshape(shape), py.reshape(shape)


def same_grid(a, b):
    """Whether two grids agree to a millionth of a pixel."""
    pixel = max(abs(a.a), abs(a.e))
    return all(abs(p - q) < 1e-6 * pixel for p, q in zip(a, b))


def near_edge(px, py):
    with np.errstate(invalid="ignore"):
        return (np.abs(px - np.round(px)) < EDGE) | (np.abs(py - np.round(py)) < EDGE)


def compare(item):
    values, value_range, source_transform, source_crs = once(
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

    def source_positions(within):
        return once(
            ("positions", item["source"], tuple(transform), found.shape, str(crs), within),
            lambda: positions(transform, found.shape, crs, source_transform, source_crs, values.shape[1], within),
        )

    resampling = item["resampling"]
    boxes = resampling in SMOOTH_BOXES or resampling in CHOOSING_BOXES
    px, py = source_positions(0.5)
    at_edge = near_edge(px, py)
    left, top, right, bottom = px, py, px, py
    if boxes:
        left, top = source_positions(0)
        right, bottom = source_positions(1)
        at_edge |= near_edge(left, top) | near_edge(right, bottom)
    height, width = values.shape
    inside = (right > -1) & (bottom > -1) & (left < width + 1) & (top < height + 1)
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
        rms=float(np.sqrt((difference[both] ** 2).mean())) if both.any() else 0.0,
        range=value_range,
    )
    if resampling == "nearest" or resampling in CHOOSING_BOXES:
        result["beyond"] = int(((difference > 0) & ~at_edge).sum())
        return result

    column = np.clip(np.nan_to_num(np.floor(px)), 0, width - 1).astype(int)
    row = np.clip(np.nan_to_num(np.floor(py)), 0, height - 1).astype(int)
    across, down = np.abs(right - left), np.abs(bottom - top)
    radius = RADIUS.get(resampling) or int(np.ceil(np.nanpercentile(np.maximum(across, down), 99) / 2)) + 1
    spread = once(
        ("spread", item["source"], item["band"], item["sourceNodata"], radius), lambda: spread_around(values, radius)
    )[row, column]
    if resampling == "sum":
        # The sum over a box changes with each of its edges by the values there.
        largest = float(np.nanmax(np.abs(values)))
        allowed = VALUE * value_range * np.maximum(1, across * down) + POSITION * 2 * (across + down) * largest
    elif boxes:
        allowed = VALUE * value_range + POSITION * spread * np.maximum(1, 2 / across + 2 / down)
    else:
        allowed = VALUE * value_range + POSITION * spread
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
