"""Writes test/fixtures/jpeg2000/*.jp2, small files by GDAL's OpenJPEG of each kind that terrachip reads, and truth.json
with GDAL's reading: size, georeference, and SHA-256 of each band and of each overview of the first.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/jpeg2000.py
"""
import hashlib
import json
import os
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'jpeg2000')
os.makedirs(OUT, exist_ok=True)
rng = np.random.default_rng(11)
TYPES = {'uint8': gdal.GDT_Byte, 'uint16': gdal.GDT_UInt16, 'int16': gdal.GDT_Int16}
LOSSLESS = ['QUALITY=100', 'REVERSIBLE=YES']
UTM = (32631, (600000, 10, 0, 5700000, 0, -10))


def tiles(size):
    return [f'BLOCKXSIZE={size}', f'BLOCKYSIZE={size}']


def values(dtype, bands, width, height):
    """Smooth values with a little noise, so that files are small."""
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.array([40 * np.sin(x / 9 + k) + 30 * np.cos(y / 7) for k in range(bands)])
    smooth += rng.integers(0, 2, smooth.shape)
    if dtype == 'uint8':
        return np.clip(smooth + 128, 0, 255).astype(dtype)
    return (smooth * 9 + (0 if dtype == 'int16' else 4000)).astype(dtype)


def write(name, array, options, epsg=UTM[0], transform=UTM[1]):
    bands, height, width = array.shape
    source = gdal.GetDriverByName('MEM').Create('', width, height, bands, TYPES[str(array.dtype)])
    system = osr.SpatialReference()
    system.ImportFromEPSG(epsg)
    source.SetProjection(system.ExportToWkt())
    source.SetGeoTransform(transform)
    source.WriteArray(array if bands > 1 else array[0])
    path = os.path.join(OUT, name)
    gdal.GetDriverByName('JP2OpenJPEG').CreateCopy(path, source, options=options)
    for beside in [path + '.aux.xml']:
        if os.path.exists(beside):
            os.remove(beside)
    return path


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def describe(path):
    image = gdal.Open(path)
    first = image.GetRasterBand(1)
    overviews = [first.GetOverview(k) for k in range(first.GetOverviewCount())]
    placed = image.GetSpatialRef() is not None
    return {
        'width': image.RasterXSize,
        'height': image.RasterYSize,
        'epsg': int(image.GetSpatialRef().GetAuthorityCode(None)) if placed else None,
        'transform': [image.GetGeoTransform()[k] for k in (1, 2, 0, 4, 5, 3)] if placed else None,
        'blockSize': first.GetBlockSize(),
        'dtype': gdal.GetDataTypeName(first.DataType).replace('Byte', 'UInt8').lower(),
        'bands': [digest(image.GetRasterBand(k + 1).ReadAsArray()) for k in range(image.RasterCount)],
        'overviews': [[o.XSize, o.YSize, digest(o.ReadAsArray())] for o in overviews],
    }


FILES = {
    # Tiles with sides that are not powers of two, so that code-blocks are cut differently in each tile.
    'tiles-36': ('uint16', 1, 190, 130, LOSSLESS + tiles(36) + ['RESOLUTIONS=5', 'NBITS=15'], {}),
    'tiles-64': ('uint16', 1, 150, 130, LOSSLESS + tiles(64) + ['RESOLUTIONS=4', 'TLM=YES', 'PLT=YES'], {}),
    'precincts': ('uint16', 1, 190, 150, LOSSLESS + tiles(60) + [
        'RESOLUTIONS=4', 'PRECINCTS={64,64},{32,32},{32,32},{16,16}', 'PROGRESSION=RPCL'], {}),
    'parts': ('uint16', 1, 150, 130, ['QUALITY=5,25,100', 'REVERSIBLE=YES', 'TILEPARTS=RESOLUTIONS'] + tiles(64), {}),
    'whole': ('uint16', 1, 90, 70, LOSSLESS, {}),
    'int16': ('int16', 1, 90, 70, LOSSLESS + tiles(32), {}),
    'rgb': ('uint8', 3, 90, 70, LOSSLESS + tiles(32), {}),
    'lossy': ('uint16', 1, 150, 130, ['QUALITY=20', 'REVERSIBLE=NO', 'PROGRESSION=PCRL'] + tiles(50), {}),
    'lossy-rgb': ('uint8', 3, 90, 70, ['QUALITY=20', 'REVERSIBLE=NO'] + tiles(32), {}),
    'gml': ('uint8', 1, 40, 30, LOSSLESS + ['GeoJP2=NO'], {}),
    'gml-rotated': ('uint8', 1, 40, 30, LOSSLESS + ['GeoJP2=NO'],
                    {'transform': (600000, 8, 6, 5700000, 6, -8)}),
    'gml-degrees': ('uint8', 1, 40, 30, LOSSLESS + ['GeoJP2=NO'],
                    {'epsg': 4326, 'transform': (5, 0.01, 0, 50, 0, -0.01)}),
    'gml-north-first': ('uint8', 1, 40, 30, LOSSLESS + ['GeoJP2=NO'],
                        {'epsg': 3035, 'transform': (4000000, 10, 0, 3000000, 0, -10)}),
    'geojp2-degrees': ('uint8', 1, 40, 30, LOSSLESS + ['GMLJP2=NO'],
                       {'epsg': 4326, 'transform': (5, 0.01, 0, 50, 0, -0.01)}),
    'four-bands': ('uint16', 4, 20, 20, LOSSLESS, {}),
}

truth = {}
for name, (dtype, bands, width, height, options, place) in FILES.items():
    truth[name] = describe(write(f'{name}.jp2', values(dtype, bands, width, height), options, **place))
truth['bare'] = describe(write('bare.j2k', values('uint16', 1, 90, 70), LOSSLESS + tiles(32)))



# Bands of a synthetic Sentinel-2 tile of 1200 m. Only GML has the georeference, as in real products.
ground = values('uint16', 1, 120, 120)[0] - 3000
for name, factor in [('s2-10m', 1), ('s2-20m', 2), ('s2-60m', 6)]:
    side = 120 // factor
    band = ground.reshape(side, factor, side, factor).mean(axis=(1, 3)).round().astype('uint16')
    band[:, : side // 4] = 0  # outside the swath
    band[0, side // 2] = 900  # below zero once 1000 is taken off
    band[1, side // 2] = 32767 if factor == 1 else band[1, side // 2]  # saturated, in the metadata of the tests
    options = LOSSLESS + tiles(64 if factor == 1 else 32) + ['RESOLUTIONS=3', 'NBITS=15', 'GeoJP2=NO']
    truth[name] = describe(write(f'{name}.jp2', band[None], options,
                                 transform=(600000, 10 * factor, 0, 5700000, 0, -10 * factor)))
classes = np.tile(np.array([0, 4, 5, 6, 8, 9], 'uint8').repeat(10), (60, 1))
truth['s2-scl'] = describe(write('s2-scl.jp2', classes[None], LOSSLESS + tiles(32) + ['GeoJP2=NO'],
                                 transform=(600000, 20, 0, 5700000, 0, -20)))
# MSK_CLASSI of a Level 1C: opaque clouds in the lower half, cirrus on the right, snow in the corner of both.
planes = np.zeros((3, 20, 20), 'uint8')
planes[0, 10:] = 1
planes[1, :, 15:] = 1
planes[2, 12:, 17:] = 1
truth['s2-classi'] = describe(write('s2-classi.jp2', planes, LOSSLESS + ['RESOLUTIONS=3', 'GeoJP2=NO'],
                                    transform=(600000, 60, 0, 5700000, 0, -60)))

with open(os.path.join(OUT, 'truth.json'), 'w') as file:
    json.dump(truth, file, indent=1)
    file.write('\n')
