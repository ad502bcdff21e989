"""Computes metrics.json and statistics.json again, with NumPy, rasterio, shapely and pyproj, from the files only.

Input: {map, label, permanent, zones, minArea, vv: {event, pre_event}, classes, positive}, where label is a raster on
any grid or GeoJSON, permanent and zones are GeoJSON or null, minArea is in m² or null, and vv are rasters of VV in dB on
the map's grid. Output: {metrics, statistics} with every expected number of the files.
"""

import csv
import json
import sys

import numpy as np
import rasterio
from pyproj import Geod, Transformer
from rasterio import features
from scipy import ndimage
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient
from shapely.ops import transform

GEOD = Geod(ellps="WGS84")
NODATA = 255


def ratio(a, b):
    return None if b == 0 else a / b


def pixel_areas(source):
    """Area of each pixel on the ellipsoid, in m²: pyproj's geodesic area of strips of 16 × 16 pixels."""
    to_lonlat = Transformer.from_crs(source.crs, "EPSG:4326", always_xy=True)
    areas = np.empty((source.height, source.width))
    size = 16
    for y in range(0, source.height, size):
        for x in range(0, source.width, size):
            h, w = min(size, source.height - y), min(size, source.width - x)
            t = np.linspace(0, 1, 5)[:-1]
            columns = np.concatenate([x + w * t, np.full(4, x + w), x + w - w * t, np.full(4, x)])
            rows = np.concatenate([np.full(4, y), y + h * t, np.full(4, y + h), y + h - h * t])
            lon, lat = to_lonlat.transform(*(source.transform * (columns, rows)))
            areas[y : y + h, x : x + w] = abs(GEOD.polygon_area_perimeter(lon, lat)[0]) / (w * h)
    return areas


def densify(ring):
    """Adds points on edges before a transformation: edges are straight in longitude and latitude (RFC 7946 §3.1.1)."""
    steps = np.linspace(0, 1, 200, endpoint=False)[:, np.newaxis]
    points = np.asarray(ring)
    return np.concatenate([a + (b - a) * steps for a, b in zip(points[:-1], points[1:])] + [points[-1:]])


def read_shapes(path, crs):
    """Geometries in the map's CRS, with the original geometries."""
    with open(path) as file:
        members = json.load(file)["features"]
    to_map = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return [
        (
            transform(to_map.transform, Polygon(densify(rings[0]), [densify(ring) for ring in rings[1:]])),
            Polygon(rings[0], rings[1:]),
            member["properties"],
        )
        for member in members
        for rings in [member["geometry"]["coordinates"]]
    ]


def burn(geometries, source):
    pairs = [(geometry, 1) for geometry in geometries]
    return features.rasterize(pairs, out_shape=source.shape, transform=source.transform, dtype="uint8") == 1


def read_label(path, source):
    """Class numbers on the map's grid as float64, NaN where unknown."""
    if path.endswith("json"):
        return burn([geometry for geometry, _, _ in read_shapes(path, source.crs)], source).astype("float64")
    with rasterio.open(path) as label:
        values = label.read(1).astype("float64")
        values[values == (-1 if label.nodata is None else label.nodata)] = np.nan
        # Exact nearest neighbour: the label's pixel that contains each pixel's centre.
        rows, columns = np.mgrid[0 : source.height, 0 : source.width] + 0.5
        to_label = Transformer.from_crs(source.crs, label.crs, always_xy=True)
        columns, rows = ~label.transform * to_label.transform(*(source.transform * (columns, rows)))
        columns, rows = np.floor(columns).astype(int), np.floor(rows).astype(int)
        inside = (rows >= 0) & (rows < label.height) & (columns >= 0) & (columns < label.width)
        result = np.full(source.shape, np.nan)
        result[inside] = values[rows[inside], columns[inside]]
    return result


def otsu(values, low, high):
    bins = np.clip(np.floor((values[np.isfinite(values)] - low) * 10), 0, (high - low) * 10 - 1).astype(int)
    counts = np.bincount(bins, minlength=(high - low) * 10).astype("float64")
    index = np.arange(len(counts))
    below, weighted = np.cumsum(counts), np.cumsum(counts * index)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = below * above * (weighted / below - (weighted[-1] - weighted) / above) ** 2
    return (low * 10 + int(np.nanargmax(variance)) + 1) / 10


def binary(predicted, truth):
    tp, fp = int((predicted & truth).sum()), int((predicted & ~truth).sum())
    fn, tn = int((~predicted & truth).sum()), int((~predicted & ~truth).sum())
    counts = dict(truePositives=tp, falsePositives=fp, falseNegatives=fn, trueNegatives=tn)
    scores = dict(
        iou=ratio(tp, tp + fp + fn),
        precision=ratio(tp, tp + fp),
        recall=ratio(tp, tp + fn),
        f1=ratio(2 * tp, 2 * tp + fp + fn),
        accuracy=ratio(tp + tn, tp + fp + fn + tn),
    )
    return counts, scores


def class_scores(classes, mapped, truth):
    rows = []
    for value, name in enumerate(classes):
        _, scores = binary(mapped == value, truth == value)
        del scores["accuracy"]
        rows.append(dict(name=name, labelShare=ratio(int((truth == value).sum()), truth.size), **scores))
    return rows


def main():
    request = json.load(sys.stdin)
    classes, positive = request["classes"], request["positive"]
    source = rasterio.open(f"{request['map']}/classes.tif")
    mapped = source.read(1)
    areas = pixel_areas(source)

    min_area = None
    if request["minArea"] is not None:
        removed = 0
        for value in range(1, len(classes)):
            labels, count = ndimage.label(mapped == value, structure=np.ones((3, 3)))
            sizes = ndimage.sum_labels(areas, labels, np.arange(count + 1))
            small = (sizes < request["minArea"])[labels] & (labels > 0)
            removed += int(small.sum())
            mapped[small] = 0
        min_area = dict(squareMetres=request["minArea"], removedPixels=removed)

    valid = mapped != NODATA
    km2 = lambda mask: float(areas[mask].sum()) / 1e6
    statistics = dict(
        totalKm2=km2(np.ones_like(valid)),
        validKm2=km2(valid),
        validShare=ratio(km2(valid), km2(np.ones_like(valid))),
        classes=[
            dict(name=name, pixels=int((mapped == k).sum()), km2=km2(mapped == k), share=ratio(km2(mapped == k), km2(valid)))
            for k, name in enumerate(classes)
        ],
        minArea=min_area,
        permanentWater=None,
        zones=None,
    )
    permanent = None
    if request["permanent"] is not None:
        permanent = burn([geometry for geometry, _, _ in read_shapes(request["permanent"], source.crs)], source)
        water = mapped == positive
        statistics["permanentWater"] = dict(
            source=request["permanent"],
            permanentWaterKm2=km2(permanent & valid),
            mappedShare=ratio(km2(permanent & water), km2(permanent & valid)),
            permanentKm2=km2(permanent & water),
            floodKm2=km2(~permanent & water),
        )
    zones = {}
    if request["zones"] is not None:
        for projected, geometry, properties in read_shapes(request["zones"], source.crs):
            mask, area = zones.get(properties["name"], (np.zeros(source.shape, bool), 0))
            area += abs(GEOD.geometry_area_perimeter(orient(geometry))[0]) / 1e6
            zones[properties["name"]] = (mask | burn([projected], source), area)
        statistics["zones"] = [
            dict(
                name=name,
                km2=area,
                validKm2=km2(mask & valid),
                validShare=ratio(km2(mask & valid), area),
                classes=[dict(name=c, km2=km2(mask & (mapped == k))) for k, c in enumerate(classes)],
            )
            for name, (mask, area) in zones.items()
        ]

    label = read_label(request["label"], source)
    unknown = np.isnan(label)
    other = ~unknown & ((label < 0) | (label >= len(classes)) | (label != np.floor(label)))
    used = valid & ~unknown & ~other
    m, t = mapped[used], label[used].astype(int)
    counts = [[int(((t == i) & (m == j)).sum()) for j in range(len(classes))] for i in range(len(classes))]
    by_label = [sum(row) for row in counts]
    rows = class_scores(classes, m, t)
    for k, row in enumerate(rows):
        row.update(mapKm2=km2(used & (mapped == k)), labelKm2=km2(used & (label == k)))
    known = [row["iou"] for row in rows if row["iou"] is not None]
    majority = int(np.argmax(by_label))

    def baseline(name, threshold, predicted, missing):
        counts, scores = binary(predicted[used], t == positive)
        return dict(name=name, threshold=threshold, noDataShare=ratio(int(missing[used].sum()), m.size), counts=counts, scores=scores)

    with rasterio.open(request["vv"]["event"]) as event, rasterio.open(request["vv"]["pre_event"]) as before:
        vv, change = event.read(1), event.read(1) - before.read(1)
    baselines = [baseline("majority", None, np.full(source.shape, majority == positive), np.zeros(source.shape, bool))]
    for name, values, low, high in (("otsu-vv", vv, -50, 20), ("vv-drop", change, -30, 30)):
        threshold = otsu(values.astype("float64"), low, high)
        with np.errstate(invalid="ignore"):
            baselines.append(baseline(name, threshold, values.astype("float64") < threshold, np.isnan(values)))

    metrics = dict(
        schemaVersion=2,
        label=request["label"],
        confusion=dict(classes=classes, counts=counts),
        evaluatedPixels=int(used.sum()),
        excludedShare=dict(
            mapInvalid=ratio(int((~valid).sum()), valid.size),
            labelUnknown=ratio(int((valid & unknown).sum()), valid.size),
            otherClass=ratio(int((valid & other).sum()), valid.size),
        ),
        classes=rows,
        meanIou=ratio(sum(known), len(known)),
        pixelAccuracy=ratio(int((m == t).sum()), m.size),
        majorityClassAccuracy=ratio(max(by_label), m.size),
        majorityClass=classes[majority],
        positiveClass=classes[positive],
        model=binary(m == positive, t == positive)[1],
        baselines=baselines,
        minAreaSquareMetres=request["minArea"],
        permanentWater=None,
        zones=None,
    )
    if permanent is not None:
        inside = permanent[used]
        negatives = inside & (t != positive)
        metrics["permanentWater"] = dict(
            source=request["permanent"],
            pixels=int(inside.sum()),
            negatives=int(negatives.sum()),
            falsePositiveRate=ratio(int((negatives & (m == positive)).sum()), int(negatives.sum())),
            flood=binary((m == positive)[~inside], (t == positive)[~inside])[1],
        )
    if zones:
        metrics["zones"] = [
            dict(
                name=name,
                evaluatedPixels=int((used & mask).sum()),
                classes=class_scores(classes, mapped[used & mask], label[used & mask].astype(int)),
            )
            for name, (mask, _) in zones.items()
        ]
        with open(f"{request['map']}/zones.csv", newline="") as file:
            table = list(csv.DictReader(file))
        statistics["table"] = [[row["zone"], float(row["km2"]), float(row[f"{classes[positive]}_km2"])] for row in table]
    json.dump(dict(metrics=metrics, statistics=statistics), sys.stdout)


main()
