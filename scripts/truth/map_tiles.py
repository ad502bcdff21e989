"""Writes test/fixtures/map-tiles/: a small raster with overviews, GDAL's warps of it onto tiles of a web map, and
rasterio's samples of it.

Run with Debian's GDAL and rasterio: /usr/bin/python3 scripts/truth/map_tiles.py
Warped by gdalwarp -t_srs EPSG:3857 -te (bounds of the tile) -ts 256 256 -et 0 -ovr AUTO, by nearest; for the finer tile
also by bilinear with -wo XSCALE=1 -wo YSCALE=1, with only every few pixels kept. Bounds of tiles are computed here from
the definition: 2 ** zoom tiles over 2 pi 6378137 m.
"""
import json
import math
import os
import numpy as np
import rasterio
from osgeo import gdal

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'map-tiles')
os.makedirs(OUT, exist_ok=True)
SOURCE = os.path.join(OUT, 'source.tif')
STEP = 7
WIDTH, HEIGHT = 200, 160

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
first = (1000 + 5 * x + 3 * y + (x // 10) * 40).astype(np.uint16)
first[40:60, 50:80] = 0
second = (4000 - 9 * x + 7 * y).astype(np.uint16)
second[100:, :30] = 0
memory = gdal.GetDriverByName('MEM').Create('', WIDTH, HEIGHT, 2, gdal.GDT_UInt16)
memory.SetGeoTransform((699_000, 20, 0, 5_001_000, 0, -20))
srs = gdal.osr.SpatialReference()
srs.ImportFromEPSG(32631)
memory.SetProjection(srs.ExportToWkt())
for index, values in enumerate((first, second), 1):
    band = memory.GetRasterBand(index)
    band.WriteArray(values)
    band.SetNoDataValue(0)
    band.SetDescription(('red', 'infrared')[index - 1])
gdal.Translate(SOURCE, memory, format='COG', creationOptions=[
    'BLOCKSIZE=64', 'OVERVIEW_RESAMPLING=NEAREST', 'COMPRESS=DEFLATE', 'PREDICTOR=2'])


def bounds_of(z, tx, ty):
    half = math.pi * 6378137
    side = 2 * half / 2 ** z
    return [tx * side - half, half - (ty + 1) * side, (tx + 1) * side - half, half - ty * side]


def tile_at(lng, lat, z):
    n = 2 ** z
    return (int((lng + 180) / 360 * n),
            int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n))


with rasterio.open(SOURCE) as source:
    from rasterio.warp import transform
    columns, rows = [10, 55, 79, 120, 199, 0], [10, 50, 45, 90, 159, 120]
    xs, ys = zip(*(source.xy(row, column) for row, column in zip(rows, columns)))
    lngs, lats = transform(source.crs, 'EPSG:4326', xs, ys)
    samples = [[int(v) for v in values] for values in source.sample(zip(xs, ys))]
points = [{'lng': lng, 'lat': lat, 'column': column, 'row': row, 'values': values}
          for lng, lat, column, row, values in zip(lngs, lats, columns, rows, samples)]


def one_band(band):
    """A COG of one band, with the source's overviews."""
    path = f'/vsimem/band-{band}.tif'
    gdal.Translate(path, SOURCE, format='COG', bandList=[band], creationOptions=[
        'BLOCKSIZE=64', 'OVERVIEW_RESAMPLING=NEAREST', 'COMPRESS=DEFLATE'])
    return path


tiles = []
middle = points[2]
for z, methods in ((14, ('near', 'bilinear')), (10, ('near',))):
    tx, ty = tile_at(middle['lng'], middle['lat'], z)
    for method in methods:
        options = dict(format='MEM', dstSRS='EPSG:3857', outputBounds=bounds_of(z, tx, ty), width=256, height=256,
                       errorThreshold=0, resampleAlg=method, overviewLevel='AUTO')
        if method == 'bilinear':
            options.update(outputType=gdal.GDT_Float32, dstNodata=float('nan'),
                           warpOptions=['XSCALE=1', 'YSCALE=1'])
        # One band at a time, since for gdalwarp a pixel with data in any band is valid in all.
        planes = np.stack([gdal.Warp('', one_band(band), **options).ReadAsArray() for band in (1, 2)])
        tile = {'z': z, 'x': tx, 'y': ty, 'resampling': 'nearest' if method == 'near' else method}
        if method == 'near':
            name = f'nearest-{z}.tif'
            copy = gdal.GetDriverByName('GTiff').Create(os.path.join(OUT, name), 256, 256, 2, gdal.GDT_UInt16,
                                                        ['COMPRESS=DEFLATE', 'PREDICTOR=2'])
            for k, plane in enumerate(planes, 1):
                copy.GetRasterBand(k).WriteArray(plane)
                copy.GetRasterBand(k).SetNoDataValue(0)
            copy = None
            tiles.append({**tile, 'file': name})
        else:
            kept = planes[:, ::STEP, ::STEP]
            values = [[None if math.isnan(v) else round(float(v), 3) for v in plane.ravel()] for plane in kept]
            tiles.append({**tile, 'step': STEP, 'values': values})
        print(tile, planes.shape, [(np.nan_to_num(p) > 0).sum() for p in planes])

with open(os.path.join(OUT, 'truth.json'), 'w') as file:
    json.dump({'gdal': gdal.__version__, 'points': points, 'tiles': tiles}, file, separators=(',', ':'))
    file.write('\n')
