"""Writes test/fixtures/codecs/*.tif, a small file by GDAL for each compression, and truth.json with GDAL's reading:
SHA-256 of each band, and for lossy compressions also the pixels.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/codecs.py
"""
import base64
import hashlib
import json
import os
import struct
import numpy as np
from osgeo import gdal

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'codecs')
os.makedirs(OUT, exist_ok=True)
rng = np.random.default_rng(7)
TYPES = {'uint8': gdal.GDT_Byte, 'uint16': gdal.GDT_UInt16, 'int16': gdal.GDT_Int16, 'uint32': gdal.GDT_UInt32,
         'int32': gdal.GDT_Int32, 'float32': gdal.GDT_Float32, 'float64': gdal.GDT_Float64}
TILED = ['TILED=YES', 'BLOCKXSIZE=32', 'BLOCKYSIZE=32']
STRIPS = ['BLOCKYSIZE=16']
PIXEL = ['INTERLEAVE=PIXEL']
BAND = ['INTERLEAVE=BAND']
WIDTH, HEIGHT = 45, 37


def values(dtype, bands):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.array([40 * np.sin(x / 7 + k) + 30 * np.cos(y / 5) for k in range(bands)])
    smooth += rng.normal(0, 1, smooth.shape)
    if dtype.startswith('float'):
        return (np.round(smooth * 4) / 28).astype(dtype)
    if dtype == 'uint8':
        return np.clip(smooth + 128, 0, 255).astype(dtype)
    info = np.iinfo(dtype)
    return np.clip(smooth * 30 + (0 if info.min else 4000), info.min, info.max).astype(dtype)


LOSSLESS = {
    'packbits-uint8': ('uint8', 1, STRIPS + ['COMPRESS=PACKBITS']),
    'packbits-int16': ('int16', 2, TILED + BAND + ['COMPRESS=PACKBITS']),
    'lzw-uint8': ('uint8', 1, STRIPS + ['COMPRESS=LZW']),
    'lzw-uint8-3-p2': ('uint8', 3, TILED + PIXEL + ['COMPRESS=LZW', 'PREDICTOR=2']),
    'lzw-uint16-p2': ('uint16', 1, TILED + ['COMPRESS=LZW', 'PREDICTOR=2']),
    'lzw-int32-3-p2': ('int32', 3, STRIPS + PIXEL + ['COMPRESS=LZW', 'PREDICTOR=2']),
    'lzw-float32-p3': ('float32', 1, TILED + ['COMPRESS=LZW', 'PREDICTOR=3']),
    'lzw-float32-p3-strips': ('float32', 1, STRIPS + ['COMPRESS=LZW', 'PREDICTOR=3']),
    'lzw-float64-p3': ('float64', 1, STRIPS + ['COMPRESS=LZW', 'PREDICTOR=3']),
    'lzw-big-endian-int16-p2': ('int16', 1, TILED + ['COMPRESS=LZW', 'PREDICTOR=2', 'ENDIANNESS=BIG']),
    'lzw-old-style-uint8': ('uint8', 1, ['BLOCKYSIZE=37']),
    'deflate-old-number-uint16': ('uint16', 1, TILED + ['COMPRESS=DEFLATE']),
    'zstd-uint8-3': ('uint8', 3, TILED + PIXEL + ['COMPRESS=ZSTD']),
    'zstd-uint16-p2': ('uint16', 1, TILED + ['COMPRESS=ZSTD', 'PREDICTOR=2']),
    'zstd-float32-p3': ('float32', 1, TILED + ['COMPRESS=ZSTD', 'PREDICTOR=3']),
    'zstd-big-endian-float64': ('float64', 1, STRIPS + ['COMPRESS=ZSTD', 'ENDIANNESS=BIG']),
    'lzma-uint8': ('uint8', 1, STRIPS + ['COMPRESS=LZMA']),
    'lzma-uint16-p2': ('uint16', 1, TILED + ['COMPRESS=LZMA', 'PREDICTOR=2']),
    'lzma-float32-p3': ('float32', 1, TILED + ['COMPRESS=LZMA', 'PREDICTOR=3']),
    'lerc-uint8': ('uint8', 1, STRIPS + ['COMPRESS=LERC']),
    'lerc-int16': ('int16', 1, TILED + ['COMPRESS=LERC']),
    'lerc-uint16-3': ('uint16', 3, TILED + PIXEL + ['COMPRESS=LERC']),
    'lerc-float32': ('float32', 1, TILED + ['COMPRESS=LERC']),
    'lerc-float32-nan': ('float32', 1, TILED + ['COMPRESS=LERC']),
    'lerc-zstd-float64': ('float64', 1, STRIPS + ['COMPRESS=LERC_ZSTD']),
    'lerc-uint8-alpha': ('uint8', 4, TILED + PIXEL + ['COMPRESS=LERC', 'PHOTOMETRIC=RGB', 'ALPHA=UNSPECIFIED']),
    'lerc-mask-alpha': ('uint8', 4, TILED + PIXEL + ['COMPRESS=LERC', 'PHOTOMETRIC=RGB', 'ALPHA=YES']),
    'lerc-deflate-float32': ('float32', 1, TILED + ['COMPRESS=LERC_DEFLATE']),
    'lerc-zstd-uint32': ('uint32', 1, TILED + ['COMPRESS=LERC_ZSTD']),
    'lerc-big-endian-int16': ('int16', 1, TILED + ['COMPRESS=LERC', 'ENDIANNESS=BIG']),
    'webp-lossless': ('uint8', 3, TILED + PIXEL + ['COMPRESS=WEBP', 'WEBP_LOSSLESS=TRUE']),
    'webp-lossless-alpha': ('uint8', 4, TILED + PIXEL + ['COMPRESS=WEBP', 'WEBP_LOSSLESS=TRUE', 'ALPHA=YES']),
}
LOSSY = {
    'jpeg-grey': ('uint8', 1, TILED + ['COMPRESS=JPEG']),
    'jpeg-grey-strips': ('uint8', 1, STRIPS + ['COMPRESS=JPEG', 'JPEGTABLESMODE=0']),
    'jpeg-tables-3': ('uint8', 1, TILED + ['COMPRESS=JPEG', 'JPEGTABLESMODE=3']),
    'jpeg-rgb': ('uint8', 3, TILED + PIXEL + ['COMPRESS=JPEG', 'PHOTOMETRIC=RGB']),
    'jpeg-ycbcr': ('uint8', 3, TILED + PIXEL + ['COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR']),
    'jpeg-ycbcr-strips': ('uint8', 3, STRIPS + PIXEL + ['COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR']),
    'jpeg-separate': ('uint8', 3, TILED + BAND + ['COMPRESS=JPEG']),
    'jpeg-cmyk': ('uint8', 4, TILED + PIXEL + ['COMPRESS=JPEG', 'PHOTOMETRIC=CMYK']),
    'jpeg-rgba': ('uint8', 4, TILED + PIXEL + ['COMPRESS=JPEG', 'PHOTOMETRIC=RGB', 'ALPHA=YES']),
    'webp-lossy': ('uint8', 3, TILED + PIXEL + ['COMPRESS=WEBP', 'WEBP_LEVEL=75']),
}


def entry(data, tag):
    """Position and value (or offset) of a tag of the first directory."""
    start, = struct.unpack_from('<I', data, 4)
    count, = struct.unpack_from('<H', data, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from('<H', data, at)[0] == tag:
            return at, struct.unpack_from('<I', data, at + 8)[0]


def old_style_lzw(data):
    """LZW as before TIFF 5.0: least significant bit first, codes widened late. For data that do not fill a table."""
    codes, table, string, width = [(256, 9)], {bytes([i]): i for i in range(256)}, b'', 9
    following = 258
    for byte in data:
        longer = string + bytes([byte])
        if longer in table:
            string = longer
            continue
        codes.append((table[string], width))
        table[longer] = following
        following += 1
        # The decoder is one string behind.
        if following - 1 >= 1 << width:
            width += 1
        string = bytes([byte])
    if string:
        codes.append((table[string], width))
    codes.append((257, width))
    bits, held, out = 0, 0, bytearray()
    for code, width in codes:
        bits |= code << held
        held += width
        while held >= 8:
            out.append(bits & 255)
            bits >>= 8
            held -= 8
    if held:
        out.append(bits & 255)
    return bytes(out)


def edit(path, name):
    """Edits a file to variants of other writers that GDAL does not write."""
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    if name == 'deflate-old-number-uint16':
        at, _ = entry(data, 259)
        struct.pack_into('<H', data, at + 8, 32946)
    elif name == 'lzw-old-style-uint8':
        _, start = entry(data, 273)
        at, length = entry(data, 279)
        stream = old_style_lzw(bytes(data[start:start + length]))
        struct.pack_into('<I', data, entry(data, 273)[0] + 8, len(data))
        struct.pack_into('<I', data, at + 8, len(stream))
        struct.pack_into('<H', data, at + 2, 4)
        at, _ = entry(data, 259)
        struct.pack_into('<H', data, at + 8, 5)
        data += stream
    else:
        return
    with open(path, 'wb') as file:
        file.write(data)


truth = {}
for name, (dtype, bands, options) in {**LOSSLESS, **LOSSY}.items():
    path = os.path.join(OUT, f'{name}.tif')
    pixels = values(dtype, bands)
    if name.endswith('nan'):
        pixels[0, 5:20, 10:30] = np.nan
    if name == 'lerc-mask-alpha':
        pixels[3] = np.where(pixels[0] > 110, 255, 0)
        pixels[:3, pixels[3] == 0] = 0
    dataset = gdal.GetDriverByName('GTiff').Create(path, WIDTH, HEIGHT, bands, TYPES[dtype], options)
    dataset.WriteArray(pixels if bands > 1 else pixels[0])
    dataset = None
    edit(path, name)
    dataset = gdal.Open(path)
    read = dataset.ReadAsArray().reshape(bands, HEIGHT, WIDTH)
    if name in LOSSLESS:
        assert np.array_equal(read, pixels, equal_nan=dtype.startswith('float')), name
    compression = dataset.GetMetadataItem('COMPRESSION', 'IMAGE_STRUCTURE')
    truth[name] = {'compression': compression, 'dtype': dtype,
                   'bands': [hashlib.sha256(band.tobytes()).hexdigest() for band in read]}
    if name in LOSSY:
        truth[name]['pixels'] = [base64.b64encode(band.tobytes()).decode() for band in read]
    print(name, os.path.getsize(path))
with open(os.path.join(OUT, 'truth.json'), 'w') as file:
    json.dump(truth, file, indent=1)
    file.write('\n')
for left in os.listdir(OUT):
    if left.endswith('.aux.xml'):
        os.remove(os.path.join(OUT, left))
