"""Writes test/fixtures/package/: the sources of a small event, its manifest, and the results of the flood notebooks.

The steps are those of notebook 2 of LuxProvide's SCynergy2026-GeoAI: rasterio's reproject of every band onto a grid that
is stretched to the event's box, bilinear; the mean of elevation tiles; a mask of pixels with data in all bands; polygons
burned by rasterio; and a list of chips by pandas, for masks defined both in the script and in the test.

Run on Debian 13 with python3-rasterio and python3-pandas:
/usr/bin/python3 scripts/truth/npy_package.py [FOLDER [SCALE]]
A scale above 1 makes a larger event of the same kind, for npm run check:gdal.
"""
import json
import math
import os
import sys

import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import rasterio.warp
from rasterio.transform import from_bounds, from_origin

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..", "test", "fixtures", "package")
SCALE = int(sys.argv[2]) if len(sys.argv) > 2 else 1
os.makedirs(OUT, exist_ok=True)

BBOX = [6.0, 49.5, 6.0 + 0.0033 * SCALE, 49.5 + 0.0018 * SCALE]
CRS = "EPSG:32632"
PHASES = ["pre_event", "event"]
ASSETS = {"S1RTC": ["vv", "vh"], "S2L2A": ["B02", "B11"], "DEM": ["data"]}
rng = np.random.default_rng(17)


def path(name):
    return os.path.join(OUT, name)


def write(name, values, crs, transform, nodata):
    height, width = values.shape
    profile = dict(driver="GTiff", width=width, height=height, count=1, dtype=values.dtype.name, crs=crs)
    with rasterio.open(path(name), "w", transform=transform, nodata=nodata, compress="deflate", **profile) as dataset:
        dataset.write(values, 1)


def smooth(height, width):
    """Values with slopes and a little noise."""
    y, x = np.mgrid[:height, :width]
    return np.sin(x / 5 + rng.random()) + np.cos(y / 7 + rng.random()) + 0.1 * rng.standard_normal((height, width))


# The box is in the east of UTM zone 31, like the tiles of Luxembourg.
west, south, east, north = rasterio.warp.transform_bounds("EPSG:4326", "EPSG:32631", *BBOX)
hrefs = {}
for phase in PHASES:
    for band, metres in (("B02", 10), ("B11", 20)):
        values = (2000 + 500 * smooth(440 * SCALE // metres, 440 * SCALE // metres)).astype("uint16")
        values[10:12, 12:15] = 0
        hrefs[phase, band] = f"s2-{phase}-{band}.tif"
        write(hrefs[phase, band], values, "EPSG:32631", from_origin(west - 80 * SCALE, north + 80 * SCALE, metres, metres), 0)
    for band in ("vv", "vh"):
        values = (10 ** ((-16 + 4 * smooth(44 * SCALE, 44 * SCALE)) / 10)).astype("float32")
        values[:, 33 * SCALE :] = -32768
        hrefs[phase, band] = f"s1-{phase}-{band}.tif"
        write(hrefs[phase, band], values, "EPSG:32631", from_origin(west - 80 * SCALE, north + 80 * SCALE, 10, 10), -32768)
step = 1 / 3600
middle = 6.0 + 6 * SCALE * step
for k, left in enumerate((middle - 16 * SCALE * step, middle)):
    values = (300 + 40 * smooth(16 * SCALE, 16 * SCALE)).astype("float32")
    write(f"dem-{k}.tif", values, "EPSG:4326", from_origin(left, BBOX[3] + 4 * SCALE * step, step, step), None)

# The notebook's grid: the box of the four corners, rounded up to whole pixels and stretched.
corners = rasterio.warp.transform("EPSG:4326", CRS, [BBOX[0], BBOX[2], BBOX[2], BBOX[0]], [BBOX[1], BBOX[1], BBOX[3], BBOX[3]])
bounds = [min(corners[0]), min(corners[1]), max(corners[0]), max(corners[1])]
width = math.ceil((bounds[2] - bounds[0]) / 10)
height = math.ceil((bounds[3] - bounds[1]) / 10)
transform = from_bounds(*bounds, width, height)


def on_grid(name):
    with rasterio.open(path(name)) as source:
        plane = np.full((height, width), np.nan, "float32")
        rasterio.warp.reproject(
            rasterio.band(source, 1),
            plane,
            src_nodata=source.nodata,
            dst_transform=transform,
            dst_crs=CRS,
            dst_nodata=np.nan,
            resampling=rasterio.warp.Resampling.bilinear,
            # GDAL smooths by the sizes of its windows, which differ much from pixel sizes on so small a grid.
            XSCALE=1,
            YSCALE=1,
        )
        return plane


arrays = {}
for modality in ("S1RTC", "S2L2A"):
    stack = [np.stack([on_grid(hrefs[phase, band]) for band in ASSETS[modality]]) for phase in PHASES]
    arrays[modality] = np.stack(stack, axis=1)
tiles = np.stack([on_grid(f"dem-{k}.tif") for k in range(2)])
arrays["DEM"] = np.nanmean(tiles, axis=0, dtype="float32")[None]
valid = np.ones((height, width), bool)
for values in arrays.values():
    valid &= np.isfinite(values).all(axis=tuple(range(values.ndim - 2)))
for modality, values in arrays.items():
    np.save(path(f"{modality}.npy"), values)
np.save(path("valid.npy"), valid.astype("uint8"))

ring = [[6.0004, 49.5003], [6.0021, 49.5001], [6.0027, 49.5011], [6.0012, 49.5016], [6.0004, 49.5003]]
polygon = {"type": "Polygon", "coordinates": [ring]}
with open(path("flood.geojson"), "w") as file:
    feature = {"type": "Feature", "properties": {}, "geometry": polygon}
    json.dump({"type": "FeatureCollection", "features": [feature]}, file)
projected = rasterio.warp.transform_geom("EPSG:4326", CRS, polygon)
label = rasterio.features.rasterize([(projected, 1)], (height, width), transform=transform, dtype="uint8")
np.save(path("label.npy"), label)

item = lambda collection, name, keys: dict(collection=collection, id=name, assets={k: {"href": h} for k, h in keys.items()})
manifest = {
    "event": {
        "name": "luxembourg_flood_2021_multimodal",
        "bbox": BBOX,
        "target_crs": CRS,
        "phase_dates": {"pre_event": "2021-07-11", "event": "2021-07-15"},
    },
    "phase_order": PHASES,
    "collections": {"S1RTC": "sentinel-1-rtc", "S2L2A": "sentinel-2-l2a", "DEM": "cop-dem-glo-30"},
    "assets": ASSETS,
    "units": {"S2L2A": "dn_harmonised"},
    "selected": {
        phase: {
            "S1RTC": item("sentinel-1-rtc", f"s1-{phase}", {b: hrefs[phase, b] for b in ASSETS["S1RTC"]}),
            "S2L2A": item("sentinel-2-l2a", f"s2-{phase}", {b: hrefs[phase, b] for b in ASSETS["S2L2A"]}),
        }
        for phase in PHASES
    },
    "dem_items": [item("cop-dem-glo-30", f"dem-{k}", {"data": f"dem-{k}.tif"}) for k in range(2)],
    "label": {"href": "flood.geojson"},
}
with open(path("manifest.json"), "w") as file:
    json.dump(manifest, file, indent=1)

# Chips of 256 pixels with stride 208 within a scene of 700 × 900, with at least 80 % valid pixels.
H, W, SIZE, STRIDE = 700, 900, 256, 208
rows, columns = np.mgrid[:H, :W]
mask = ((rows + columns) > 300) & ((rows * 7 + columns * 3) % 11 > 0)
flood = (columns % 97 < 20).astype("uint8")
chips = []
for row in range(0, H - SIZE + 1, STRIDE):
    for column in range(0, W - SIZE + 1, STRIDE):
        window = np.s_[row : row + SIZE, column : column + SIZE]
        share = float(mask[window].mean())
        if share < 0.8:
            continue
        chips.append(
            dict(
                chip_id=f"lux_{row:05d}_{column:05d}",
                row0=row,
                row1=row + SIZE,
                col0=column,
                col1=column + SIZE,
                chip_valid_fraction=share,
                label_fraction=float(flood[window].mean()),
            )
        )
pd.DataFrame(chips).to_csv(path("chips.csv"), index=False)
grid = dict(crs=CRS, width=width, height=height, transform=list(transform)[:6], bounds=bounds)
with open(path("grid.json"), "w") as file:
    json.dump(grid, file, indent=1)
print(grid, {m: a.shape for m, a in arrays.items()}, valid.mean(), label.mean(), len(chips))
