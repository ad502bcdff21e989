"""Compares mosaics with NumPy over layers warped by rasterio.

Input: {"folder", "dates" or "files", "cases": [{"mosaic": path of a COG, "method", "layers": [band or "ndvi"], "masked",
"mosaicCount"}]}. Layers are masked at their own pixels, then warped by WarpedVRT with an exact transformer, bilinearly.
Output for each case: values compared, the largest error and its bound, values beyond it, and pixels whose gaps differ. Those
near an edge of a source pixel, where rounding decides, are counted separately.
"""

import json
import os
import sys

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "geopandas"))
from load_raster import TOLERANCE, combine, exact_grid, largest_change, positions  # noqa: E402

CLOUDS = [3, 8, 9, 10]


def masked_source(path, classes_path):
    """Physical values in float32, NaN for nodata and clouds."""
    with rasterio.open(path) as source:
        stored = source.read(1).astype(np.float64)
        values = stored * source.scales[0] + source.offsets[0]
        if source.nodata is not None:
            values[stored == source.nodata] = np.nan
        profile = dict(driver="GTiff", width=source.width, height=source.height, count=1, dtype="float32",
                       crs=source.crs, transform=source.transform, nodata=np.nan)
    if classes_path is not None:
        with rasterio.open(classes_path) as source:
            classes = source.read(1)
            columns, rows = np.meshgrid(np.arange(profile["width"]) + 0.5, np.arange(profile["height"]) + 0.5)
            x, y = (~source.transform) * (profile["transform"] * (columns, rows))
            inside = (x >= 0) & (y >= 0) & (x < source.width) & (y < source.height)
            column, row = np.clip(np.floor(x), 0, source.width - 1), np.clip(np.floor(y), 0, source.height - 1)
            cloudy = np.isin(classes[row.astype(int), column.astype(int)], CLOUDS)
            values[~inside | cloudy] = np.nan
    return values.astype(np.float32), profile


def warped(values, profile, grid, shift=(0, 0)):
    with MemoryFile() as memory:
        with memory.open(**profile) as source:
            source.write(values, 1)
        with memory.open() as source, WarpedVRT(
                source, resampling=Resampling.bilinear, src_nodata=np.nan, nodata=np.nan, **exact_grid(grid, shift)) as vrt:
            return vrt.read(1).astype(np.float64)


def near_edge(profile, grid):
    """Positions near an edge or a centre of a source pixel, where the contributing pixels change."""
    # On pixels of the same grid, positions are centres.
    apart = [np.abs(2 * p - np.round(2 * p)) for p in positions(grid, profile["crs"], profile["transform"])]
    near = [(distance > 1e-6) & (distance < 2 * TOLERANCE) for distance in apart]
    return (near[0] | near[1]).reshape(grid["height"], grid["width"])


known = {}


def layer(request, case, date, name, grid, shift=(0, 0)):
    """A layer on a grid, computed once for all cases."""
    key = (case["masked"], date, name, str(grid), shift)
    if key not in known:
        known[key] = compute_layer(request, case, date, name, grid, shift)
    return known[key]


def compute_layer(request, case, date, name, grid, shift):
    if name == "ndvi":
        red, nir = (layer(request, case, date, band, grid, shift)[0] for band in ("B04", "B08"))
        total = nir + red
        profile = layer(request, case, date, "B04", grid)[1]
        return np.where(total == 0, np.nan, (nir - red) / np.where(total == 0, 1, total)), profile
    folder = request["folder"]
    path = os.path.join(folder, f"S2_{date}_{name}.tif") if folder else date
    classes = os.path.join(folder, f"S2_{date}_SCL.tif") if case["masked"] else None
    values, profile = masked_source(path, classes)
    return warped(values, profile, grid, shift), profile


def compare(request, case):
    with rasterio.open(case["mosaic"]) as mosaic:
        grid = dict(crs=mosaic.crs, transform=mosaic.transform, width=mosaic.width, height=mosaic.height)
        own = mosaic.read().astype(np.float64)
        names = list(mosaic.descriptions)
    bands, least = [], None
    for k, name in enumerate(case["layers"]):
        stack, slack, edge = [], [], np.zeros(own[0].shape, bool)
        for date in request["dates"]:
            here, profile = layer(request, case, date, name, grid)
            change = largest_change(lambda shift: layer(request, case, date, name, grid, shift)[0], 0.1)
            slack.append(change * TOLERANCE / 0.1)
            stack.append(here)
            edge |= near_edge(profile, grid)
        stack = np.stack(stack)
        counts = np.isfinite(stack).sum(0)
        least = counts if least is None else np.minimum(least, counts)
        expected = combine(stack, case["method"])
        # A median, a mean and an extreme change by no more than the layer that changes most.
        bound = np.max(slack, 0) + 4e-6 * np.maximum(1, np.abs(np.nan_to_num(expected)))
        gaps = np.isnan(own[k]) != np.isnan(expected)
        error = np.where(np.isnan(own[k]) | np.isnan(expected), 0, np.abs(own[k] - expected))
        bands.append(dict(
            name=name, written=names[k], pixels=int(np.isfinite(expected).sum()), missing=int(np.isnan(expected).sum()),
            largest=float(error.max()), beyond=int((error > bound)[~edge].sum()),
            beyondAtEdges=int((error > bound)[edge].sum()), gaps=int(gaps[~edge].sum()), gapsAtEdges=int(gaps[edge].sum()),
            edges=int(edge.sum()), edge=edge))
    result = dict(bands=bands, shape=list(own.shape))
    if case.get("count"):
        edge = np.any([band["edge"] for band in bands], 0)
        differing = own[-1] != least
        result["count"] = dict(name=names[-1], most=int(least.max()), differing=int(differing[~edge].sum()),
                               differingAtEdges=int(differing[edge].sum()))
    for band in bands:
        del band["edge"]
    return result


request = json.load(sys.stdin)
print(json.dumps({"rasterio": rasterio.__version__, "gdal": rasterio.__gdal_version__,
                  "cases": [compare(request, case) for case in request["cases"]]}))
