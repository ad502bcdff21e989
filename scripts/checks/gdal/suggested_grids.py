"""The grids that gdalwarp chooses for rasters of all kinds; nothing is warped.

Output: a list of {name, crs, transform, width, height, target, options, wanted}: the source's grid, gdalwarp's options,
and {width, height, transform} of its result, or null on an error.
"""

import json
import sys

from osgeo import gdal, osr

gdal.UseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")

# Name, system, geotransform, width and height.
SOURCES = [
    ("UTM", "EPSG:32632", [300000, 10, 0, 5600000, 0, -10], 1098, 1098),
    ("UTM, large", "EPSG:32632", [300000, 10, 0, 5600040, 0, -10], 10980, 10980),
    ("UTM, not square", "EPSG:32632", [500000, 20, 0, 5000000, 0, -10], 500, 1500),
    ("UTM, rotated", "EPSG:32632", [500000, 8.66, 5, 5500000, 5, -8.66], 800, 600),
    ("UTM, south-up", "EPSG:32633", [400000, 20, 0, 5000000, 0, 20], 700, 900),
    ("UTM 1", "EPSG:32701", [99960, 60, 0, 8109760, 0, -60], 1830, 1830),
    ("UTM 60", "EPSG:32760", [600000, 100, 0, 8200000, 0, -100], 3000, 2000),
    ("degrees", "EPSG:4326", [5, 0.001, 0, 50, 0, -0.001], 900, 700),
    ("degrees, not square", "EPSG:4326", [5, 0.002, 0, 50, 0, -0.001], 900, 700),
    ("degrees at Greenwich", "EPSG:4326", [-1.5, 0.01, 0, 52, 0, -0.01], 300, 250),
    ("degrees at the equator", "EPSG:4326", [20, 0.01, 0, 3, 0, -0.01], 600, 700),
    ("degrees at 80° N", "EPSG:4326", [10, 0.02, 0, 82, 0, -0.01], 800, 700),
    ("degrees across 180°", "EPSG:4326", [178, 0.01, 0, -15, 0, -0.01], 400, 300),
    ("degrees across -180°", "EPSG:4326", [-182, 0.01, 0, -15, 0, -0.01], 400, 300),
    ("degrees on 0..360", "EPSG:4326", [200, 0.05, 0, 40, 0, -0.05], 500, 300),
    ("north polar, with the pole", "EPSG:3413", [-3850000, 25000, 0, 5850000, 0, -25000], 304, 448),
    ("north polar", "EPSG:3413", [-500000, 100, 0, -1500000, 0, -100], 1500, 1200),
    ("south polar, with the pole", "EPSG:3031", [-100000, 1000, 0, 110000, 0, -1000], 250, 240),
    ("south polar", "EPSG:3031", [1000000, 500, 0, 1500000, 0, -500], 800, 900),
    ("European LAEA", "EPSG:3035", [4000000, 100, 0, 3100000, 0, -100], 2000, 1500),
    ("British grid", "EPSG:27700", [400000, 25, 0, 300000, 0, -25], 1200, 800),
    ("Lambert-93", "EPSG:2154", [600000, 20, 0, 6700000, 0, -20], 1000, 1500),
    ("Australian Albers", "EPSG:3577", [-2000000, 1000, 0, -1000000, 0, -1000], 4500, 4000),
    ("American Albers", "EPSG:5070", [-500000, 30, 0, 1800000, 0, -30], 2500, 2500),
    ("New Zealand grid", "EPSG:2193", [1500000, 50, 0, 5500000, 0, -50], 2000, 3000),
    ("Mercator", "EPSG:3857", [600000, 38.2, 0, 6600000, 0, -38.2], 1000, 2000),
    ("six pixels", "EPSG:32632", [500000, 10, 0, 5000000, 0, -10], 3, 2),
]
TARGETS = ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:32701", "EPSG:3035", "EPSG:3413", "EPSG:3031", "EPSG:6933"]
TARGETS += ["EPSG:5070", "EPSG:2154", "EPSG:3577", "ESRI:54009"]
SIZE = [211, 173]


def source(crs, transform, width, height):
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    dataset = gdal.GetDriverByName("VRT").Create("", width, height, 1)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.SetGeoTransform(transform)
    return dataset


def warped(dataset, target, **options):
    try:
        result = gdal.Warp("", dataset, format="VRT", dstSRS=target, **options)
    except RuntimeError:
        return None
    return dict(width=result.RasterXSize, height=result.RasterYSize, transform=result.GetGeoTransform())


def within(grid):
    """Bounds inside the bounds of a grid."""
    west, size_x, _, north, _, size_y = grid["transform"]
    east, south = west + grid["width"] * size_x, north + grid["height"] * size_y
    width, height = east - west, north - south
    return [west + 0.3 * width, south + 0.19 * height, west + 0.71 * width, south + 0.67 * height]


def comparisons(dataset, target):
    plain = warped(dataset, target)
    yield {}, plain
    if plain is None:
        return
    resolution = float(f"{plain['transform'][1] * 3.3:.3g}")
    yield dict(resolution=resolution), warped(dataset, target, xRes=resolution, yRes=resolution)
    yield dict(size=SIZE), warped(dataset, target, width=SIZE[0], height=SIZE[1])
    bounds = within(plain)
    yield dict(bounds=bounds), warped(dataset, target, outputBounds=bounds)


cases = []
for name, crs, transform, width, height in SOURCES:
    dataset = source(crs, transform, width, height)
    for target in TARGETS:
        for options, wanted in comparisons(dataset, target):
            grid = dict(name=name, crs=crs, transform=transform, width=width, height=height)
            cases.append(dict(**grid, target=target, options=options, wanted=wanted))
json.dump(cases, sys.stdout)
