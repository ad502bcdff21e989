"""Compares warped rasters of terrachip with those of gdalwarp, pixel by pixel.

Input: a list of comparisons, each with
  source, band, sourceNodata   the source raster (sourceNodata overrides the file's)
  reference, referenceBand     gdalwarp's result: a raster, or an .npy array
  result, resultBand           terrachip's, on the same grid
  resampling                   terrachip's name
  unrounded                    for integers: gdalwarp's result as float32, or null
Output: a list of measurements in the same order.

The bounds of each pixel are in warp_bounds.py. Source positions are computed by PROJ through rasterio in float64, not
taken from either warp.
"""

import json
import sys

import numpy as np
import rasterio
import rasterio.transform
import rasterio.warp

from warp_bounds import CHOOSING, Geometry, allowed, known_differences

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
    """GDAL's nodata: NaN, and floats that equal the nodata value up to rounding (ARE_REAL_EQUAL)."""
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


def positions(transform, shape, crs, source_transform, source_crs, source_width, x, y):
    """Source positions of a point of each pixel (0.5, 0.5: its centre), in pixels of the source."""
    height, width = shape
    columns, rows = np.meshgrid(np.arange(width) + x, np.arange(height) + y)
    x, y = transform * (columns.ravel(), rows.ravel())
    if crs != source_crs:
        x, y = rasterio.warp.transform(crs, source_crs, x, y)
    px, py = ~source_transform * (np.asarray(x), np.asarray(y))
    if source_crs.is_geographic:
        # Of the periodic longitudes, the one nearest to the middle of the source.
        turn = 360 / source_transform.a
        px = px - turn * np.round((px - source_width / 2) / turn)
    return px.reshape(shape), py.reshape(shape)


def same_grid(a, b):
    """Whether two grids agree to a millionth of a pixel."""
    pixel = max(abs(a.a), abs(a.e))
    return all(abs(p - q) < 1e-6 * pixel for p, q in zip(a, b))


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

    def source_positions(x, y):
        return once(
            ("positions", item["source"], tuple(transform), found.shape, str(crs), x, y),
            lambda: positions(transform, found.shape, crs, source_transform, source_crs, values.shape[1], x, y),
        )

    resampling = item["resampling"]
    geometry = once(
        ("geometry", item["source"], tuple(transform), found.shape, str(crs), resampling),
        lambda: Geometry(resampling, values.shape, source_positions),
    )
    at_edge = geometry.at_edge
    wanted_valid, found_valid = ~gaps(wanted, wanted_nodata), ~gaps(found, found_nodata)
    known = known_differences(geometry, values, found, wanted_valid, found_valid)
    mask_differs = wanted_valid != found_valid
    unknown = mask_differs & ~at_edge
    for pixels in known.values():
        unknown &= ~pixels
    both = wanted_valid & found_valid
    difference = np.zeros(found.shape)
    difference[both] = np.abs(found[both].astype("float64") - wanted[both].astype("float64"))
    result = dict(
        pixels=int(found.size),
        valid=int(wanted_valid.sum()),
        atEdge=int(at_edge.sum()),
        maskDiffers=int(mask_differs.sum()),
        maskDiffersBeyond=int(unknown.sum()),
        known={reason: int(pixels.sum()) for reason, pixels in known.items() if pixels.any()},
        differing=int((difference > 0).sum()),
        maxDifference=float(difference.max()),
        rms=float(np.sqrt((difference[both] ** 2).mean())) if both.any() else 0.0,
        range=value_range,
    )
    if resampling in CHOOSING:
        result["beyond"] = int(((difference > 0) & ~at_edge).sum())
        return result

    bound = allowed(geometry, values, value_range)
    if item["unrounded"] is not None:
        # Rounding may separate two values within the tolerance, but only near a half.
        exact = read(item["unrounded"], item["referenceBand"]).astype("float64")
        from_half = np.abs(exact - np.floor(exact) - 0.5)
        bad = both & (difference > 0) & ((difference > 1) | (from_half > bound))
        result["beyond"] = int(bad.sum())
        return result
    result["beyond"] = int((both & (difference > bound)).sum())
    result["toleranceUsed"] = float((difference[both] / bound[both]).max()) if both.any() else 0.0
    return result


json.dump([compare(item) for item in json.load(sys.stdin)], sys.stdout)
