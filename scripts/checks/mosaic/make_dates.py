"""Makes dates of a real Sentinel-2 image, with synthetic classes of clouds.

Input: {"raster": path of an image whose bands 4 and 8 are red and near infrared, "folder": of the output, "seed"}.
Each date has red and near infrared (uint16, 0 is nodata, with scale and offset) and classes of pixels twice as large. One
is shifted, one in the next zone of UTM, one in degrees, one has gaps. Output: {"dates": […]}.
"""

import json
import os
import sys

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject
from scipy.ndimage import gaussian_filter

request = json.load(sys.stdin)
folder = request["folder"]
random = np.random.default_rng(request["seed"])
with rasterio.open(request["raster"]) as source:
    crs, transform = source.crs, source.transform
    bands = {"B04": source.read(4), "B08": source.read(8)}
height, width = bands["B04"].shape
zone = crs.to_epsg()
SCALE, OFFSET = 0.0001, -0.1


def write(path, values, crs, transform, **options):
    with rasterio.open(path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
                       dtype=values.dtype, crs=crs, transform=transform, tiled=True, blockxsize=64, blockysize=64,
                       compress="deflate", **options) as target:
        target.write(values, 1)
        if values.dtype == np.uint16:
            target.scales, target.offsets = (SCALE,), (OFFSET,)


def moved(values, to):
    """Reprojects by nearest onto the default grid of another CRS."""
    place, w, h = calculate_default_transform(crs, to, width, height, *rasterio.transform.array_bounds(height, width, transform))
    result = np.zeros((h, w), values.dtype)
    reproject(values, result, src_transform=transform, src_crs=crs, dst_transform=place, dst_crs=to,
              resampling=Resampling.nearest, src_nodata=0, dst_nodata=0)
    return result, to, place


dates = []
for k, (date, gain, shift, to, gaps) in enumerate([
    ("20210704", 1.0, 0, None, False),
    ("20210709", 0.9, 37, None, False),
    ("20210714", 1.1, 0, None, True),
    ("20210719", 1.05, 0, CRS.from_epsg(zone + 1), False),
    ("20210724", 0.95, 0, CRS.from_epsg(4326), False),
    ("20210729", 1.2, 11, None, True),
]):
    for name, real in bands.items():
        values = np.clip(real.astype(np.float64) * gain + 1000 + 7 * k, 1, 65535).astype(np.uint16)
        values = values[shift:, shift:]
        place = transform * Affine.translation(shift, shift)
        if gaps:
            values = np.where(gaussian_filter(np.random.default_rng(k).random(values.shape), 3) > 0.52, 0, values).astype(np.uint16)
        system = crs
        if to is not None:
            values, system, place = moved(values, to)
        write(os.path.join(folder, f"S2_{date}_{name}.tif"), values, system, place, nodata=0)
    rows, columns = (values.shape[0] + 1) // 2, (values.shape[1] + 1) // 2
    noise = gaussian_filter(random.random((rows, columns)), 4)
    classes = np.full(noise.shape, 4, np.uint8)
    for value, share in ((3, 88), (8, 92), (9, 96), (10, 98)):
        classes[noise > np.percentile(noise, share - 25)] = value
    write(os.path.join(folder, f"S2_{date}_SCL.tif"), classes, system, place * Affine.scale(2))
    dates.append(date)
print(json.dumps({"dates": dates, "crs": f"EPSG:{zone}", "transform": list(transform)[:6], "size": [width, height]}))
