"""Writes test/fixtures/warp/*.json: small rasters and what GDAL's warper makes of them.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/warp.py
Warped by: gdalwarp -et 0 -wo XSCALE=1 -wo YSCALE=1, one band at a time, Float32 output with nodata NaN.
GDAL leaves out the resampling of pure integer shifts (GDAL_WARP_USE_TRANSLATION_OPTIM), which changes nothing.
"""
import json
import os
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'warp')
rng = np.random.default_rng(11)


def texture(height, width):
    y, x = np.mgrid[0:height, 0:width]
    return np.sin(x / 3.1) * np.cos(y / 4.3) * 10 + rng.normal(0, 2, (height, width))


def island(array, value):
    copy = array.copy()
    copy[8:14, 10:19] = value
    copy[20, 5] = value
    return copy


F = np.float32
CASES = {
    # name: (array, source epsg, geotransform, nodata, destination epsg, geotransform or resolution, size)
    # A resolution puts the destination's centre near the source's.
    'utm31-to-utm32': (texture(40, 48).astype(F), 32631, (697000, 10, 0, 5000400, 0, -10), None, 32632,
                       10, (56, 52)),
    'lonlat-to-utm': (texture(40, 48).astype(F), 4326, (6.0, 2e-4, 0, 49.6, 0, -2e-4), None, 32632,
                      15, (50, 64)),
    'utm-to-mercator': (texture(40, 48).astype(F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 3857,
                        15, (60, 60)),
    'utm-to-laea': (texture(40, 48).astype(F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 3035,
                    12, (50, 50)),
    'nodata-island': (island(texture(40, 48).astype(F), -9999), 32631, (697000, 10, 0, 5000400, 0, -10), -9999, 32632,
                      10, (56, 52)),
    'nan-island': (island(texture(40, 48).astype(F), np.nan), 32631, (697000, 10, 0, 5000400, 0, -10), float('nan'), 32632,
                   10, (56, 52)),
    'int16': (island((texture(40, 48) * 100).astype(np.int16), -32768), 32631, (697000, 10, 0, 5000400, 0, -10), -32768,
              32632, 10, (56, 52)),
    'uint8': (island((texture(40, 48) * 8 + 120).clip(1, 255).astype(np.uint8), 0), 32631,
              (697000, 10, 0, 5000400, 0, -10), 0, 32632, 10, (56, 52)),
    'integer-shift': (texture(30, 30).astype(F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 32632,
                      (299950, 10, 0, 5500030, 0, -10), (40, 40)),
    'half-pixel-shift': (texture(30, 30).astype(F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 32632,
                         (299955, 10, 0, 5500035, 0, -10), (40, 40)),
    'ten-times-finer': (np.array([[1, 2], [3, 5]], F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 32632,
                        (299998.5, 1, 0, 5500001.5, 0, -1), (23, 23)),
    'sum-of-neighbours': (texture(40, 48).astype(F), 32632, (300000, 10, 0, 5500000, 0, -10), None, 32632,
                          (300000, 25, 0, 5500000, 0, -25), (20, 16)),
}


def centred(array, epsg, gt, to_epsg, resolution, size):
    """A geotransform whose grid has the source's centre near its own, off by a part of a pixel."""
    srs = [osr.SpatialReference(), osr.SpatialReference()]
    for reference, code in zip(srs, (epsg, to_epsg)):
        reference.ImportFromEPSG(code)
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    height, width = array.shape
    x, y, _ = osr.CoordinateTransformation(*srs).TransformPoint(gt[0] + gt[1] * width / 2, gt[3] + gt[5] * height / 2)
    left = (round(x / resolution) - size[0] // 2 + 0.3) * resolution
    top = (round(y / resolution) + size[1] // 2 + 0.1) * resolution
    return (left, resolution, 0, top, 0, -resolution)


def dataset(array, epsg, geotransform, nodata, dtype):
    height, width = array.shape
    ds = gdal.GetDriverByName('MEM').Create('', width, height, 1, dtype)
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(epsg)
    ds.SetProjection(srs.ExportToWkt())
    ds.SetGeoTransform(geotransform)
    if nodata is not None:
        ds.GetRasterBand(1).SetNoDataValue(nodata)
    ds.GetRasterBand(1).WriteArray(array)
    return ds


def numbers(array):
    if array.dtype != F:
        return array.ravel().tolist()
    # The shortest digits that float32 reads back to the same value.
    return [None if np.isnan(v) else float(np.format_float_scientific(v)) for v in array.ravel()]


os.makedirs(OUT, exist_ok=True)
for name, (array, epsg, gt, nodata, to_epsg, to_gt, (width, height)) in CASES.items():
    if not isinstance(to_gt, tuple):
        to_gt = centred(array, epsg, gt, to_epsg, to_gt, (width, height))
    types = {np.dtype(F): gdal.GDT_Float32, np.dtype(np.int16): gdal.GDT_Int16, np.dtype(np.uint8): gdal.GDT_Byte}
    source = dataset(array, epsg, gt, nodata, types[array.dtype])
    case = {
        'dtype': str(array.dtype), 'shape': array.shape, 'source': {'epsg': epsg, 'geotransform': gt},
        'nodata': 'nan' if nodata is not None and np.isnan(nodata) else nodata, 'values': numbers(array),
        'destination': {'epsg': to_epsg, 'geotransform': to_gt, 'width': width, 'height': height},
    }
    for resampling in ('near', 'bilinear'):
        target = dataset(np.full((height, width), np.nan, F), to_epsg, to_gt, float('nan'), gdal.GDT_Float32)
        gdal.Warp(target, source, resampleAlg=resampling, errorThreshold=0, warpOptions=['XSCALE=1', 'YSCALE=1'],
                  srcNodata=None if nodata is None else str(nodata), dstNodata='nan')
        result = target.GetRasterBand(1).ReadAsArray()
        case[resampling] = numbers(result)
        valid = np.isfinite(result).mean()
        print(f'{name:18s} {resampling:9s} valid {valid:.3f} mean {np.nanmean(result):.3f}')
    with open(os.path.join(OUT, name + '.json'), 'w') as file:
        json.dump(case, file)
        file.write('\n')
