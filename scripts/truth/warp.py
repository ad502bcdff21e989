"""Writes test/fixtures/warp/*.json and test/fixtures/resamplings/*.json: small rasters and GDAL's warps of them, by
nearest and bilinear in the first folder and by every resampling in the second.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/warp.py
Warped by: gdalwarp -et 0 -wo XSCALE=1 -wo YSCALE=1, one band at a time, Float32 output with nodata NaN.
Cases with a scale use XSCALE and YSCALE of that scale, and only resamplings that depend on it.
GDAL skips the resampling of pure integer shifts (GDAL_WARP_USE_TRANSLATION_OPTIM), which does not change values.
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
    # With a resolution, the destination is centred on the source.
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
    """A geotransform that centres the grid on the source, up to a fraction of a pixel."""
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


def resample(source, to_epsg, to_gt, width, height, resampling, nodata, scale=1):
    target = dataset(np.full((height, width), np.nan, F), to_epsg, to_gt, float('nan'), gdal.GDT_Float32)
    gdal.Warp(target, source, resampleAlg=resampling, errorThreshold=0,
              warpOptions=[f'XSCALE={scale!r}', f'YSCALE={scale!r}'],
              srcNodata=None if nodata is None else str(nodata), dstNodata='nan')
    return target.GetRasterBand(1).ReadAsArray()


def write(folder, name, resamplings, array, epsg, gt, nodata, to_epsg, to_gt, size, scale=1):
    width, height = size
    if not isinstance(to_gt, tuple):
        to_gt = centred(array, epsg, gt, to_epsg, to_gt, size)
    types = {np.dtype(F): gdal.GDT_Float32, np.dtype(np.int16): gdal.GDT_Int16, np.dtype(np.uint8): gdal.GDT_Byte}
    source = dataset(array, epsg, gt, nodata, types[array.dtype])
    case = {
        'dtype': str(array.dtype), 'shape': array.shape, 'source': {'epsg': epsg, 'geotransform': gt},
        'nodata': 'nan' if nodata is not None and np.isnan(nodata) else nodata, 'values': numbers(array),
        'destination': {'epsg': to_epsg, 'geotransform': to_gt, 'width': width, 'height': height},
        **({} if scale == 1 else {'scale': scale}),
    }
    for resampling in resamplings:
        result = resample(source, to_epsg, to_gt, width, height, resampling, nodata, scale)
        case[resampling] = numbers(result)
        valid = np.isfinite(result).mean()
        print(f'{name:22s} {resampling:11s} valid {valid:.3f} mean {np.nanmean(result):.3f}')
    os.makedirs(os.path.join(OUT, '..', folder), exist_ok=True)
    with open(os.path.join(OUT, '..', folder, name + '.json'), 'w') as file:
        json.dump(case, file)
        file.write('\n')


for name, case in CASES.items():
    write('warp', name, ('near', 'bilinear'), *case)

AREA = ('average', 'mode', 'min', 'max', 'med', 'q1', 'q3', 'sum', 'rms')
FILTERS = ('bilinear', 'cubic', 'cubicspline', 'lanczos')
ALL = ('near', *FILTERS, *AREA)
UTM31 = (697000, 10, 0, 5000400, 0, -10)
UTM32 = (300000, 10, 0, 5500000, 0, -10)
coarse = np.round(texture(30, 36), 2).astype(F)
classes = rng.integers(1, 6, (30, 36)).astype(np.uint8)
RESAMPLED = {
    # As above, preceded by the resamplings.
    'rotated-nodata': (ALL, island(coarse, -9999), 32631, UTM31, -9999, 32632, 11, (24, 24)),
    'lonlat': (ALL, coarse, 4326, (6.0, 2e-4, 0, 49.6, 0, -2e-4), None, 32632, 20, (24, 30)),
    'finer': (ALL, coarse[:10, :12], 32632, UTM32, None, 32632, (299991, 3.7, 0, 5500008, 0, -3.7), (34, 30)),
    'half-again-coarser-nan': (ALL, island(coarse, np.nan), 32632, UTM32, float('nan'), 32632,
                               (300002, 15, 0, 5499997, 0, -15), (23, 19)),
    'three-times-coarser': (ALL, coarse, 32632, UTM32, None, 32632, (300000, 30, 0, 5500000, 0, -30), (12, 10)),
    'eleven-times-coarser': (AREA, coarse, 32632, UTM32, None, 32632, (300007, 110, 0, 5499991, 0, -110), (3, 2)),
    'classes': (('near', 'mode', 'min', 'max', 'med'), island(classes, 0), 32631, UTM31, 0, 32632, 25, (12, 11)),
    'int16-laea': (ALL, island((coarse * 100).astype(np.int16), -32768), 32632, UTM32, -32768, 3035, 14, (22, 20)),
    # Not lanczos: GDAL 3.6.2 evaluates its widened weights only at whole-pixel distances.
    'scaled-third': (FILTERS[:3], island(coarse, -9999), 32632, UTM32, -9999, 32632, (300004, 30, 0, 5499993, 0, -30),
                     (11, 9), 1 / 3),
    'scaled-two-fifths': (FILTERS[:3], coarse, 32631, UTM31, None, 32632, 25, (12, 11), 0.4),
}
for name, (resamplings, *case) in RESAMPLED.items():
    write('resamplings', name, resamplings, *case)
