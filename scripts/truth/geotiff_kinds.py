"""Writes test/fixtures/geotiff-kinds/*, tiny files of every kind of sample, mask and georeference, and truth.json with
GDAL's reading.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/geotiff_kinds.py
"""
import hashlib
import json
import os
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'geotiff-kinds')
os.makedirs(OUT, exist_ok=True)
rng = np.random.default_rng(5)
WIDTH, HEIGHT = 19, 13
TILED = ['TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16']
BIG = ['ENDIANNESS=BIG']
DEFLATE = ['COMPRESS=DEFLATE']
PIXEL = ['INTERLEAVE=PIXEL']
BAND = ['INTERLEAVE=BAND']

TYPES = {'u1': gdal.GDT_Byte, 'u2': gdal.GDT_UInt16, 'u4': gdal.GDT_UInt32, 'u8': gdal.GDT_UInt64,
         'i2': gdal.GDT_Int16, 'i4': gdal.GDT_Int32, 'i8': gdal.GDT_Int64, 'f4': gdal.GDT_Float32,
         'f8': gdal.GDT_Float64, 'ci2': gdal.GDT_CInt16, 'ci4': gdal.GDT_CInt32, 'c8': gdal.GDT_CFloat32,
         'c16': gdal.GDT_CFloat64}

# name: (type, largest value, bands, creation options)
SAMPLES = {
    'uint1': ('u1', 1, 1, ['NBITS=1']),
    'uint1-deflate-bands': ('u1', 1, 2, ['NBITS=1'] + DEFLATE + BAND),
    'uint2-pixel': ('u1', 3, 3, ['NBITS=2'] + PIXEL),
    'uint4-tiles': ('u1', 15, 1, ['NBITS=4'] + TILED),
    'uint7': ('u1', 127, 1, ['NBITS=7']),
    'uint9-pixel': ('u2', 511, 2, ['NBITS=9'] + PIXEL),
    'uint10': ('u2', 1023, 1, ['NBITS=10'] + DEFLATE),
    'uint12-big-endian': ('u2', 4095, 1, ['NBITS=12'] + BIG),
    'uint15-tiles': ('u2', 32767, 2, ['NBITS=15'] + TILED + PIXEL),
    'uint17': ('u4', 2**17 - 1, 1, ['NBITS=17']),
    'uint24': ('u4', 2**24 - 1, 1, ['NBITS=24']),
    'uint24-big-endian': ('u4', 2**24 - 1, 1, ['NBITS=24'] + BIG),
    'uint31': ('u4', 2**31 - 1, 1, ['NBITS=31']),
    'int8': ('u1', 255, 1, ['PIXELTYPE=SIGNEDBYTE']),
    'int64-p2': ('i8', 2**53, 1, DEFLATE + ['PREDICTOR=2']),
    'uint64-big-endian-p2': ('u8', 2**53, 1, DEFLATE + BIG + ['PREDICTOR=2']),
    'int64-big-endian': ('i8', 2**53, 2, BIG + PIXEL),
    'uint32-big-endian-p2': ('u4', 2**32 - 1, 2, DEFLATE + BIG + PIXEL + ['PREDICTOR=2']),
    'float16': ('f4', 300, 1, ['NBITS=16']),
    'float16-big-endian-p3': ('f4', 300, 2, ['NBITS=16', 'PREDICTOR=3'] + DEFLATE + BIG + PIXEL),
    'float32-big-endian-p3': ('f4', 300, 2, ['PREDICTOR=3'] + DEFLATE + BIG + PIXEL + TILED),
    'float64-big-endian-p2': ('f8', 300, 1, ['PREDICTOR=2'] + DEFLATE + BIG),
    'float64-big-endian-p3': ('f8', 300, 1, ['PREDICTOR=3'] + DEFLATE + BIG),
    'complex-int16': ('ci2', 1000, 1, []),
    'complex-int16-p2': ('ci2', 1000, 2, DEFLATE + PIXEL + ['PREDICTOR=2']),
    'complex-int32-big-endian': ('ci4', 10**6, 1, BIG + TILED),
    'complex64-pixel': ('c8', 10, 2, PIXEL + DEFLATE),
    'complex128-big-endian': ('c16', 10, 2, BIG + BAND),
}


def projection(text):
    srs = osr.SpatialReference()
    srs.SetFromUserInput(text)
    return srs


# name: PROJ string or WKT, for which GDAL writes keys without a code.
PLACES = {
    'tmerc': '+proj=tmerc +lat_0=49 +lon_0=12 +k=0.9999 +x_0=500000 +y_0=1000 +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7 +units=m',
    'utm': '+proj=utm +zone=33 +south +ellps=intl +towgs84=-87,-98,-121 +units=m',
    'lcc-us-feet': '+proj=lcc +lat_1=38.03 +lat_2=39.2 +lat_0=37.67 +lon_0=-78.5 +x_0=3500000 +y_0=2000000 +ellps=GRS80 +towgs84=0,0,0 +units=us-ft',
    'lcc-1sp': '+proj=lcc +lat_1=44.1 +lat_0=44.1 +lon_0=2 +k_0=0.9998775 +x_0=600000 +y_0=200000 +ellps=clrk80ign +towgs84=-168,-60,320 +units=m',
    'aea': '+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +x_0=0 +y_0=0 +datum=NAD83 +units=m',
    'laea': '+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +towgs84=0,0,0 +units=m',
    'polar': '+proj=stere +lat_0=-90 +lat_ts=-70 +lon_0=15 +x_0=0 +y_0=0 +a=6378273 +rf=298.279411123064 +units=m',
    'sterea': '+proj=sterea +lat_0=52.156 +lon_0=5.3876 +k=0.9999079 +x_0=155000 +y_0=463000 +ellps=bessel +towgs84=565,50,465 +units=m',
    'merc': '+proj=merc +lon_0=110 +k=0.997 +x_0=3900000 +y_0=900000 +ellps=bessel +towgs84=-377,681,-50 +units=m',
    'omerc': '+proj=omerc +lat_0=4 +lonc=115 +alpha=53.3158 +gamma=53.1301 +k=0.99984 +x_0=0 +y_0=0 +no_uoff +ellps=evrst30 +towgs84=0,0,0 +units=m',
    'aeqd': '+proj=aeqd +lat_0=53 +lon_0=24 +x_0=5837287 +y_0=2121415 +datum=WGS84 +units=m',
    'eqdc': '+proj=eqdc +lat_0=0 +lon_0=10 +lat_1=43 +lat_2=62 +x_0=0 +y_0=0 +ellps=intl +towgs84=-87,-98,-121 +units=m',
    'cass': '+proj=cass +lat_0=10.44 +lon_0=-61.33 +x_0=86501 +y_0=65379 +a=6378293 +rf=294.26 +towgs84=-61,285,471 +units=m',
    'eqc': '+proj=eqc +lat_ts=30 +lat_0=0 +lon_0=5 +x_0=0 +y_0=0 +datum=WGS84 +units=m',
    'cea': '+proj=cea +lon_0=10 +lat_ts=30 +x_0=0 +y_0=0 +datum=WGS84 +units=m',
    'sinu': '+proj=sinu +lon_0=20 +x_0=0 +y_0=0 +a=6371007.181 +b=6371007.181 +units=m',
    'longlat-paris': '+proj=longlat +ellps=clrk80ign +pm=paris +towgs84=-168,-60,320',
    'code-2154': 'EPSG:2154',
    'compound': 'EPSG:5698',
    'web-mercator': 'ESRI:102100',
    'local': 'LOCAL_CS["a site",UNIT["metre",1]]',
}

truth = {'samples': {}, 'masks': {}, 'places': {}}


def create(name, dtype, bands, options, width=WIDTH, height=HEIGHT):
    return gdal.GetDriverByName('GTiff').Create(os.path.join(OUT, name + '.tif'), width, height, bands, TYPES[dtype], options)


def checksum(band):
    """SHA-256 of the stored pixels. Complex integers, which NumPy lacks, are pairs of integers."""
    raw = band.ReadRaster()
    if gdal.GetDataTypeName(band.DataType) in ('CInt16', 'CInt32'):
        return hashlib.sha256(raw).hexdigest()
    array = band.ReadAsArray()
    return hashlib.sha256(array.astype(array.dtype.newbyteorder('<')).tobytes()).hexdigest()


for name, (dtype, most, bands, options) in SAMPLES.items():
    ds = create(name, dtype, bands, options)
    for k in range(bands):
        if dtype.startswith('c'):
            array = rng.integers(-most, most, (HEIGHT, WIDTH)) + 1j * rng.integers(-most, most, (HEIGHT, WIDTH))
        elif dtype.startswith('f'):
            array = rng.normal(0, most, (HEIGHT, WIDTH))
            array.flat[:9] = [0, -0.0, 1, np.nan, np.inf, -np.inf, 1e-7, 65504, 6.1e-5]
        else:
            low = -most if dtype.startswith('i') else 0
            array = rng.integers(low, most, (HEIGHT, WIDTH), endpoint=True)
        ds.GetRasterBand(k + 1).WriteArray(array.astype(dtype) if not dtype.startswith('ci') else array.astype('c16'))
    ds = None
    ds = gdal.Open(os.path.join(OUT, name + '.tif'))
    truth['samples'][name] = [checksum(ds.GetRasterBand(k + 1)) for k in range(bands)]

# Masks, overviews and alpha.
gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES')
for name, bands, options in [('mask-inside', 1, TILED + DEFLATE), ('mask-beside', 3, PIXEL), ('alpha-uint8', 2, ['ALPHA=YES', 'PHOTOMETRIC=MINISBLACK']),
                             ('alpha-uint16', 4, ['ALPHA=NON-PREMULTIPLIED', 'PHOTOMETRIC=RGB'])]:
    ds = create(name, 'u2' if name.endswith('16') else 'u1', bands, options, 40, 36)
    for k in range(bands):
        ds.GetRasterBand(k + 1).WriteArray(rng.integers(0, 3 if k + 1 == bands else 256, (36, 40)))
    if name.startswith('mask'):
        gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES' if name.endswith('inside') else 'NO')
        ds.CreateMaskBand(gdal.GMF_PER_DATASET)
        ds.GetRasterBand(1).GetMaskBand().WriteArray(rng.integers(0, 2, (36, 40)) * 255)
    ds = None
    ds = gdal.Open(os.path.join(OUT, name + '.tif'), gdal.GA_Update if name.endswith('inside') else gdal.GA_ReadOnly)
    if name.startswith('mask'):
        ds.BuildOverviews('NEAREST', [2])
    ds = None
    ds = gdal.Open(os.path.join(OUT, name + '.tif'))
    band = ds.GetRasterBand(1)
    entry = {'bands': bands, 'pixels': checksum(band), 'mask': hashlib.sha256(band.GetMaskBand().ReadRaster()).hexdigest(),
             'colours': [gdal.GetColorInterpretationName(ds.GetRasterBand(k + 1).GetColorInterpretation()).lower() for k in range(bands)],
             'overviews': [checksum(band.GetOverview(k)) for k in range(band.GetOverviewCount())]}
    if name.startswith('mask'):
        entry['overviewMask'] = hashlib.sha256(band.GetOverview(0).GetMaskBand().ReadRaster()).hexdigest()
    truth['masks'][name] = entry

# Georeferences: longitude and latitude of a file's centre by GDAL.
for name, text in PLACES.items():
    srs = projection(text)
    ds = create(f'place-{name}', 'u1', 1, [], 2, 2)
    transform = (2, 0.5, 0, 45, 0, -0.5) if srs.IsGeographic() else (300000, 1000, 10, 700000, 10, -1000)
    if name == 'polar':
        transform = (300000, 1000, 10, -1700000, 10, -1000)
    ds.SetGeoTransform(transform)
    ds.SetSpatialRef(srs)
    ds = None
    ds = gdal.Open(os.path.join(OUT, f'place-{name}.tif'))
    srs = ds.GetSpatialRef()
    g = ds.GetGeoTransform()
    entry = {'geotransform': g, 'centre': None}
    if srs is not None and not srs.IsLocal():
        srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        if srs.IsCompound():
            srs.StripVertical()
        # By the PROJ string, which has the file's own shift and no grid of a newer PROJ.
        flat = osr.SpatialReference()
        flat.ImportFromProj4(srs.ExportToProj4())
        world = osr.SpatialReference()
        world.ImportFromProj4('+proj=longlat +datum=WGS84')
        point = osr.CoordinateTransformation(flat, world).TransformPoint(g[0] + g[1] + g[2], g[3] + g[4] + g[5])
        entry['centre'] = point[:2]
        entry['proj'] = srs.ExportToProj4()
    truth['places'][name] = entry

# Control points, RPC, a world file, and nodata in its spellings.
ds = create('points', 'u1', 1, [])
ds.SetGCPs([gdal.GCP(10 + k, 50 - k, 5, 2 * k + 0.5, 3 * k) for k in range(4)], projection('EPSG:4326').ExportToWkt())
ds = None
ds = create('points-of-points', 'u1', 1, [])
ds.SetMetadataItem('AREA_OR_POINT', 'Point')
ds.SetGCPs([gdal.GCP(10 + k, 50 - k, 5, 2 * k + 0.5, 3 * k) for k in range(4)], projection('EPSG:4326').ExportToWkt())
ds = None
ds = create('rpc', 'u1', 1, [])
names = 'LINE_OFF SAMP_OFF LAT_OFF LONG_OFF HEIGHT_OFF LINE_SCALE SAMP_SCALE LAT_SCALE LONG_SCALE HEIGHT_SCALE'.split()
rpc = {key: '1' for key in names}
rpc.update({key: ' '.join(['0.5'] * 20) for key in ('LINE_NUM_COEFF', 'LINE_DEN_COEFF', 'SAMP_NUM_COEFF', 'SAMP_DEN_COEFF')})
ds.SetMetadata(rpc, 'RPC')
ds = None
ds = create('world', 'u1', 1, ['TFW=YES', 'PROFILE=BASELINE'], 4, 3)
ds.SetGeoTransform((300000, 10, 2, 5000000, 3, -10))
ds = None
ds = create('described', 'i2', 2, ['PHOTOMETRIC=MINISBLACK'])
ds.SetMetadata({'PLACE': 'a "site" & <more>', 'TIFFTAG_SOFTWARE': 'hand'})
ds.SetMetadata({'X': '1'}, 'OTHER')
ds.GetRasterBand(2).SetMetadata({'WAVELENGTH': '0.49'})
ds.GetRasterBand(2).SetColorInterpretation(gdal.GCI_BlueBand)
ds.GetRasterBand(1).SetNoDataValue(-9999)
ds.GetRasterBand(1).WriteArray(np.full((HEIGHT, WIDTH), -9999))
ds = None
for path in os.listdir(OUT):
    if path.endswith('.aux.xml'):
        os.remove(os.path.join(OUT, path))
for name in ('points', 'points-of-points'):
    truth[name] = [[p.GCPPixel, p.GCPLine, p.GCPX, p.GCPY, p.GCPZ] for p in gdal.Open(os.path.join(OUT, name + '.tif')).GetGCPs()]
truth['world'] = gdal.Open(os.path.join(OUT, 'world.tif')).GetGeoTransform()
with open(os.path.join(OUT, 'truth.json'), 'w') as file:
    json.dump(truth, file, indent=1)
    file.write('\n')
