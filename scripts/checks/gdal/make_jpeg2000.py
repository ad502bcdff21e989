"""Makes JPEG 2000 files as large as Sentinel-2 bands and prints GDAL's reading: SHA-256 of each band and overview. For
lossy files, the pixels are written too."""
import hashlib
import json
import os
import sys
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
folder = json.load(sys.stdin)['folder']
rng = np.random.default_rng(3)
LOSSLESS = ['QUALITY=100', 'REVERSIBLE=YES', 'NBITS=15']


def tiles(size):
    return [f'BLOCKXSIZE={size}', f'BLOCKYSIZE={size}']


FILES = {
    '10m': (5490, LOSSLESS + tiles(1024) + ['RESOLUTIONS=6']),
    '20m': (5490, LOSSLESS + tiles(640) + ['RESOLUTIONS=6']),
    '60m': (1830, LOSSLESS + tiles(192) + ['RESOLUTIONS=6']),
    'precincts': (3000, LOSSLESS + tiles(640) + [
        'RESOLUTIONS=6', 'PRECINCTS={256,256},{256,256},{256,256},{128,128},{128,128},{128,128}', 'PROGRESSION=RPCL']),
    'whole': (3000, LOSSLESS + tiles(4096) + ['RESOLUTIONS=6']),
    'lossy': (3000, ['QUALITY=20', 'REVERSIBLE=NO', 'NBITS=15', 'RESOLUTIONS=6'] + tiles(600)),
}


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


made = []
for name, (side, options) in FILES.items():
    y, x = np.mgrid[0:side, 0:side]
    values = 3000 + 1500 * np.sin(x / 90) + 1000 * np.cos(y / 70) + rng.integers(0, 40, (side, side))
    source = gdal.GetDriverByName('MEM').Create('', side, side, 1, gdal.GDT_UInt16)
    system = osr.SpatialReference()
    system.ImportFromEPSG(32631)
    source.SetProjection(system.ExportToWkt())
    source.SetGeoTransform((600000, 10, 0, 5700000, 0, -10))
    source.WriteArray(values.astype('uint16'))
    path = os.path.join(folder, f'{name}.jp2')
    gdal.GetDriverByName('JP2OpenJPEG').CreateCopy(path, source, options=options)
    image = gdal.Open(path)
    band = image.GetRasterBand(1)
    levels = [band] + [band.GetOverview(k) for k in range(band.GetOverviewCount())]
    arrays = [level.ReadAsArray() for level in levels]
    made.append({'path': path, 'lossy': name == 'lossy', 'levels': [digest(a) for a in arrays]})
    if name == 'lossy':
        arrays[0].tofile(path + '.raw')
print(json.dumps(made))
