"""Describes rasters as rasterio reads them. Input: a list of {path, overviews}; output: a list of descriptions.

`overviews` names how the reduced images should have been made (average, mode, nearest), or is null: each level is
then computed again from the level before, and the pixels that differ are counted.
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


def quarters(values, nodata):
    """The four pixels under each pixel at half the resolution, as float64 with NaN for none."""
    height, width = values.shape
    padded = np.full((height + height % 2, width + width % 2), np.nan)
    padded[:height, :width] = values
    if nodata is not None:
        padded[padded == nodata] = np.nan
    return np.stack([padded[j::2, i::2] for j in (0, 1) for i in (0, 1)])


def reduce(values, nodata, method):
    if method == "nearest":
        return values[::2, ::2]
    four = quarters(values, nodata)
    empty = np.isnan(four).all(axis=0)
    integer = values.dtype.kind != "f"
    if method == "average":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = np.nanmean(four, axis=0)
        if integer:
            result = np.floor(result + 0.5)
    else:
        # The most frequent class; among equals the lowest.
        counts = np.stack([(four == four[k]).sum(axis=0) for k in range(4)])
        result = np.where(counts == counts.max(axis=0), four, np.inf)
        result = np.nanmin(np.where(np.isnan(result), np.inf, result), axis=0)
    result = np.where(empty, np.nan if nodata is None else nodata, result)
    return result.astype(values.dtype)


def differing(found, wanted):
    """Pixels that differ by more than the rounding of one float32."""
    if found.shape != wanted.shape:
        return -1
    if found.dtype.kind != "f":
        return int((found != wanted).sum())
    both = ~np.isnan(found) & ~np.isnan(wanted)
    close = np.abs(found - wanted) <= np.spacing(np.abs(wanted))
    return int((np.isnan(found) != np.isnan(wanted)).sum() + (both & ~close).sum())


def describe(item):
    path = item["path"]
    with rasterio.open(path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        bands = [dataset.read(band) for band in dataset.indexes]
        # GDAL's own test of nodata, which takes -9999.004 for -9999.
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
            pairs = zip(reduced, bands, nodatas)
            wrong = [differing(found, reduce(finer, nodata, item["overviews"])) for found, finer, nodata in pairs]
            result["overviewDiffers"].append(sum(wrong))
        bands = reduced
    return result


json.dump([describe(item) for item in json.load(sys.stdin)], sys.stdout)
