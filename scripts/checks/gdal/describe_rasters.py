"""Describes rasters by rasterio. Input: a list of {path, overviews}; output: a list of descriptions.

`overviews` is the expected resampling of overviews (average, mode, nearest), or null. Each level is computed again from
the previous level or (nearest) from the full image, and different pixels are counted.
"""

import hashlib
import json
import sys
import warnings

import numpy as np
import rasterio


def spell(value):
    if value is None:
        return None
    return "nan" if np.isnan(value) else value


def statistics(values, valid):
    kept = values[valid & np.isfinite(values)].astype("float64") if values.dtype.kind == "f" else values[valid]
    if kept.size == 0:
        return dict(min=None, max=None, mean=None)
    return dict(min=float(kept.min()), max=float(kept.max()), mean=float(kept.mean(dtype="float64")))


def overlaps(size, reduced):
    """The three pixels that each overview cell overlaps, and their weights: cell k is k / reduced to (k + 1) / reduced."""
    cells = np.arange(reduced)
    first = cells * size // reduced
    pixels = first[:, None] + np.arange(3)
    shares = np.minimum((cells[:, None] + 1) * size, (pixels + 1) * reduced) - np.maximum(
        cells[:, None] * size, pixels * reduced
    )
    return np.minimum(pixels, size - 1), np.maximum(shares, 0)


def nearest(values, height, width):
    rows, columns = (
        ((2 * np.arange(reduced) + 1) * size - 1) // (2 * reduced)
        for size, reduced in zip(values.shape, (height, width))
    )
    return values[np.ix_(rows, columns)]


def nine(values, nodata, height, width):
    """The nine pixels of each cell as float64 with NaN for nodata, and their integer weights."""
    rows, tall = overlaps(values.shape[0], height)
    columns, wide = overlaps(values.shape[1], width)
    pixels, weights = [], []
    padded = values.astype("float64")
    if nodata is not None:
        padded[values == nodata] = np.nan
    for a in range(3):
        for b in range(3):
            weight = tall[:, a, None] * wide[None, :, b]
            pixels.append(np.where(weight > 0, padded[np.ix_(rows[:, a], columns[:, b])], np.nan))
            weights.append(weight)
    pixels, weights = np.stack(pixels), np.stack(weights)
    return pixels, np.where(np.isnan(pixels), 0, weights)


def differ(found, finer, full, nodata, method):
    """Counts pixels of an overview that differ from a recomputation."""
    if method == "nearest":
        wanted = nearest(full, *found.shape)
        return int((~((found == wanted) | ((found != found) & (wanted != wanted)))).sum())
    pixels, weights = nine(finer, nodata, *found.shape)
    total = weights.sum(axis=0)
    none = total == 0
    if method == "mode":
        covered = np.stack([((pixels == one) * weights).sum(axis=0) for one in pixels])
        wanted = np.nanmin(np.where(covered == covered.max(axis=0), np.where(covered > 0, pixels, np.inf), np.inf), axis=0)
        wrong = found != wanted
    else:
        mean = np.nansum(pixels * weights, axis=0) / np.where(none, 1, total)
        # A mean at a half may be rounded either way; a mean equal to nodata is moved to its neighbour.
        off = np.abs(found.astype("float64") - mean)
        # Nine products, eight sums and a division: each mean has an error of at most 10 × 0.5 ulp of its largest value.
        largest = np.nanmax(np.where(np.isnan(pixels), 0, np.abs(pixels)), axis=0).astype(found.dtype)
        allowed = 0.5 + 1e-9 if found.dtype.kind != "f" else 10 * np.spacing(largest).astype("float64")
        wrong = off > allowed
        if nodata is not None:
            beside = np.abs(found.astype("float64") - nodata) <= (1 if found.dtype.kind != "f" else abs(nodata) * 1e-6)
            wrong &= ~(beside & (found != nodata))
    empty = np.isnan(found) if nodata is None or np.isnan(nodata) else found == nodata
    if found.dtype.kind != "f" and nodata is None:
        empty = np.zeros_like(none)
    return int((wrong & ~none).sum() + (none & ~empty).sum())


def describe(item):
    path = item["path"]
    with rasterio.open(path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        bands = whole = [dataset.read(band) for band in dataset.indexes]
        # GDAL's test of nodata, which treats -9999.004 as -9999.
        masks = [dataset.read_masks(band) > 0 for band in dataset.indexes]
        result = dict(
            path=path,
            width=dataset.width,
            height=dataset.height,
            transform=list(dataset.transform)[:6],
            epsg=dataset.crs.to_epsg() if dataset.crs else None,
            compression=structure.get("COMPRESSION", "none").lower(),
            predictor=int(structure.get("PREDICTOR", 1)),
            layout=structure.get("LAYOUT"),
            blockSize=list(dataset.block_shapes[0])[::-1],
            descriptions=list(dataset.descriptions),
            overviewFactors=dataset.overviews(1),
            bands=[
                dict(
                    dtype=str(values.dtype),
                    nodata=spell(nodata),
                    sha256=hashlib.sha256(values.tobytes()).hexdigest(),
                    **statistics(values, valid),
                )
                for values, valid, nodata in zip(bands, masks, dataset.nodatavals)
            ],
        )
        if dataset.colorinterp[0].name == "palette":
            result["colours"] = [list(dataset.colormap(1)[value]) for value in range(256)]
    result["overviews"] = []
    result["overviewDiffers"] = []
    for level in range(len(result["overviewFactors"])):
        with rasterio.open(path, overview_level=level) as dataset:
            reduced = [dataset.read(band) for band in dataset.indexes]
            result["overviews"].append([dataset.width, dataset.height])
            nodatas = dataset.nodatavals
        if item["overviews"] is not None:
            levels = zip(reduced, bands, whole, nodatas)
            wrong = [differ(found, finer, full, nodata, item["overviews"]) for found, finer, full, nodata in levels]
            result["overviewDiffers"].append(sum(wrong))
        bands = reduced
    return result


json.dump([describe(item) for item in json.load(sys.stdin)], sys.stdout)
