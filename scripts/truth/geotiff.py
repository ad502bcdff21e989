"""Writes test/fixtures/geotiff/*.tif, small files by GDAL, and truth.json with GDAL's reading.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/geotiff.py
"""
import hashlib
import json
import os
import struct
import zlib
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'geotiff')
os.makedirs(OUT, exist_ok=True)
rng = np.random.default_rng(4)
TYPES = {'uint8': gdal.GDT_Byte, 'uint16': gdal.GDT_UInt16, 'int16': gdal.GDT_Int16, 'uint32': gdal.GDT_UInt32,
         'int32': gdal.GDT_Int32, 'float32': gdal.GDT_Float32, 'float64': gdal.GDT_Float64}
TILED = ['TILED=YES', 'BLOCKXSIZE=32', 'BLOCKYSIZE=16']


def values(dtype, bands, height, width):
    y, x = np.mgrid[0:height, 0:width]
    smooth = 40 * np.sin(x / 7) + 30 * np.cos(y / 5) + rng.normal(0, 3, (bands, height, width))
    if dtype.startswith('float'):
        return (smooth / 7).astype(dtype)
    info = np.iinfo(dtype)
    return np.clip(smooth * (info.max / 200) + (0 if info.min else info.max / 2), info.min, info.max).astype(dtype)


CASES = {
    'strips-none-uint8': ('uint8', 1, 37, 53, []),
    'strips-deflate-uint16-p2': ('uint16', 1, 37, 53, ['COMPRESS=DEFLATE', 'PREDICTOR=2', 'BLOCKYSIZE=5']),
    'strips-deflate-float32-p3': ('float32', 1, 37, 53, ['COMPRESS=DEFLATE', 'PREDICTOR=3', 'BLOCKYSIZE=1']),
    'tiles-deflate-int16-p2': ('int16', 1, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=2']),
    'tiles-none-float64': ('float64', 1, 37, 53, TILED),
    'tiles-deflate-float64-p3': ('float64', 1, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=3']),
    'tiles-deflate-float32-p2': ('float32', 1, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=2']),
    'pixel-interleaved-uint16-p2': ('uint16', 3, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=2', 'INTERLEAVE=PIXEL']),
    'band-interleaved-uint8': ('uint8', 3, 37, 53, TILED + ['COMPRESS=DEFLATE', 'INTERLEAVE=BAND']),
    'pixel-interleaved-float32-p3': ('float32', 2, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=3', 'INTERLEAVE=PIXEL']),
    'big-endian-int16-p2': ('int16', 1, 37, 53, TILED + ['COMPRESS=DEFLATE', 'PREDICTOR=2', 'ENDIANNESS=BIG']),
    'big-endian-float32': ('float32', 2, 37, 53, TILED + ['ENDIANNESS=BIG', 'INTERLEAVE=PIXEL']),
    'bigtiff-uint32': ('uint32', 1, 37, 53, TILED + ['COMPRESS=DEFLATE', 'BIGTIFF=YES']),
    'strips-none-int32': ('int32', 2, 37, 53, ['INTERLEAVE=BAND', 'BLOCKYSIZE=3']),
    'sparse-uint8': ('uint8', 1, 70, 70, TILED + ['COMPRESS=DEFLATE', 'SPARSE_OK=TRUE']),
    'overviews-uint8': ('uint8', 1, 100, 90, ['TILED=YES', 'BLOCKXSIZE=32', 'BLOCKYSIZE=32', 'COMPRESS=DEFLATE']),
    'scaled-uint16': ('uint16', 2, 10, 12, []),
    'rotated-float32': ('float32', 1, 10, 12, []),
    'point-float32': ('float32', 1, 10, 12, ['PROFILE=GeoTIFF']),
    'palette-uint8': ('uint8', 1, 10, 12, []),
    'no-crs-uint8': ('uint8', 1, 10, 12, []),
    'padded-strip-uint16': ('uint16', 1, 37, 120, ['COMPRESS=DEFLATE', 'PREDICTOR=2', 'BLOCKYSIZE=16']),
    'negative-scale-uint8': ('uint8', 1, 10, 12, []),
}


def entry(data, tag):
    """Position and value (or offset) of a tag of the first directory."""
    start, = struct.unpack_from('<I', data, 4)
    count, = struct.unpack_from('<H', data, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from('<H', data, at)[0] == tag:
            return struct.unpack_from('<HHII', data, at)


def edit(path, name):
    """Edits a file to variants of other writers that GDAL does not write."""
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    if name.startswith('padded'):
        # A full last strip, as old versions of libtiff write it.
        _, _, strips, offsets = entry(data, 273)
        _, width, _, counts = entry(data, 279)
        last = offsets + 4 * (strips - 1)
        size, at = ('<H', counts + 2 * (strips - 1)) if width == 3 else ('<I', counts + 4 * (strips - 1))
        start, = struct.unpack_from('<I', data, last)
        length, = struct.unpack_from(size, data, at)
        rows = zlib.decompress(bytes(data[start:start + length]))
        padded = zlib.compress(rows + b'\x01' * (16 * 120 * 2 - len(rows)))
        struct.pack_into('<I', data, last, len(data))
        struct.pack_into(size, data, at, len(padded))
        data += padded
    if name.startswith('negative'):
        scales = entry(data, 33550)[3]
        struct.pack_into('<d', data, scales + 8, -struct.unpack_from('<d', data, scales + 8)[0])
    with open(path, 'wb') as file:
        file.write(data)


truth = {}
for name, (dtype, bands, height, width, options) in CASES.items():
    path = os.path.join(OUT, name + '.tif')
    ds = gdal.GetDriverByName('GTiff').Create(path, width, height, bands, TYPES[dtype], options)
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32632)
    if name != 'no-crs-uint8':
        ds.SetProjection(srs.ExportToWkt())
        ds.SetGeoTransform((300000, 7, 7, 5000000, 7, -7) if name.startswith('rotated') else (300000, 10, 0, 5000000, 0, -10))
    if name.startswith('point'):
        ds.SetMetadataItem('AREA_OR_POINT', 'Point')
    array = values(dtype, bands, height, width)
    if name.startswith('sparse'):
        array[:] = 7
        ds.GetRasterBand(1).SetNoDataValue(7)
        array[0, 33:40, 33:40] = 1
        ds.GetRasterBand(1).WriteArray(array[0, 32:48, 32:64], 32, 32)
    else:
        for band in range(bands):
            ds.GetRasterBand(band + 1).WriteArray(array[band])
    if name.startswith('scaled'):
        for band, (scale, offset, text) in enumerate([(0.0001, -0.1, 'red & "near" <infrared>'), (2, 5, 'B02')], 1):
            ds.GetRasterBand(band).SetScale(scale)
            ds.GetRasterBand(band).SetOffset(offset)
            ds.GetRasterBand(band).SetDescription(text)
        ds.GetRasterBand(1).SetNoDataValue(65535)
    if name.startswith('palette'):
        table = gdal.ColorTable()
        table.SetColorEntry(1, (31, 120, 180))
        ds.GetRasterBand(1).SetColorTable(table)
    ds = None
    if name.startswith('overviews'):
        ds = gdal.Open(path, gdal.GA_Update)
        ds.BuildOverviews('AVERAGE', [2, 4])
        ds = None
    edit(path, name)
    ds = gdal.Open(path)
    bands = []
    for k in range(ds.RasterCount):
        band = ds.GetRasterBand(k + 1)
        stored = band.ReadAsArray()
        bands.append({
            'dtype': str(stored.dtype), 'nodata': band.GetNoDataValue(), 'scale': band.GetScale() or 1,
            'offset': band.GetOffset() or 0, 'description': band.GetDescription() or None,
            'sha256': hashlib.sha256(stored.astype(stored.dtype.newbyteorder('<')).tobytes()).hexdigest(),
            'overviews': [hashlib.sha256(band.GetOverview(i).ReadAsArray().tobytes()).hexdigest()
                          for i in range(band.GetOverviewCount())],
        })
    code = osr.SpatialReference(ds.GetProjection()).GetAuthorityCode(None) if ds.GetProjection() else None
    truth[name] = {
        'width': ds.RasterXSize, 'height': ds.RasterYSize, 'epsg': None if code is None else int(code),
        'geotransform': ds.GetGeoTransform(), 'block': ds.GetRasterBand(1).GetBlockSize(), 'bands': bands,
    }
with open(os.path.join(OUT, 'truth.json'), 'w') as file:
    json.dump(truth, file, indent=1)
    file.write('\n')
