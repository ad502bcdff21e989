"""Writes test/fixtures/vector/: the same few features by GDAL in each vector format, and truth.json with GDAL's reading.

Run with Debian's GDAL (python3-gdal): /usr/bin/python3 scripts/truth/vectors.py
"""
import json
import os
import shutil
import zipfile

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()
gdal.SetConfigOption('OGR_CURRENT_DATE', '2024-01-01T00:00:00.000Z')
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'vector')
shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)

UTM = osr.SpatialReference()
UTM.ImportFromEPSG(32632)
X, Y = 300000, 5500000

def square(x, y, size):
    ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return '(' + ', '.join(f'{X + px} {Y + py}' for px, py in ring) + ')'

# Two exteriors in one feature: one with two holes, and an island with a hole inside one of them.
AREAS = [
    ('POLYGON (' + square(0, 0, 100) + ')', 'Bäume', 1, 0.25, '2021-07-15', 'T'),
    ('MULTIPOLYGON ((' + ', '.join([square(200, 0, 100), square(210, 10, 50), square(270, 70, 20)]) + '), ('
     + ', '.join([square(220, 20, 30), square(225, 25, 5)]) + '))', 'Inseln', 2, -1e-7, None, 'F'),
    (None, 'nowhere', 3, None, '2021-07-16', None),
    ('POLYGON ((' + f'{X} {Y + 200}, {X + 10.125} {Y + 200}, {X + 5} {Y + 210.5}, {X} {Y + 200}' + '))', '', None, 12345.678,
     None, None),
]

def write(path, driver, options=(), geometries=None, kind=ogr.wkbUnknown, layer='parks'):
    dataset = ogr.GetDriverByName(driver).CreateDataSource(path)
    made = dataset.CreateLayer(layer, UTM, kind, list(options))
    for name, of in [('label', ogr.OFTString), ('count', ogr.OFTInteger), ('share', ogr.OFTReal), ('seen', ogr.OFTDate)]:
        made.CreateField(ogr.FieldDefn(name, of))
    for wkt, label, count, share, seen, _ in geometries or AREAS:
        feature = ogr.Feature(made.GetLayerDefn())
        feature.SetField('label', label)
        if count is not None:
            feature.SetField('count', count)
        if share is not None:
            feature.SetField('share', share)
        if seen is not None:
            feature.SetField('seen', seen)
        if wkt is not None:
            feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        made.CreateFeature(feature)
    dataset = None

def path(name):
    return os.path.join(OUT, name)

def mixed():
    row = ('', 0, 0.0, None, None)
    return [
        (f'POINT Z ({X} {Y} 7)', *row),
        (f'MULTIPOINT ({X} {Y}, {X + 1} {Y + 2})', *row),
        (f'LINESTRING ({X} {Y}, {X + 3} {Y + 4})', *row),
        (f'MULTILINESTRING M (({X} {Y} 1, {X + 3} {Y + 4} 2), ({X} {Y} 3, {X - 1} {Y} 4))', *row),
        (f'GEOMETRYCOLLECTION (POINT ({X} {Y}), POLYGON ({square(0, 0, 10)}))', *row),
    ]

write(path('parks.shp'), 'ESRI Shapefile', ['ENCODING=ISO-8859-1'], kind=ogr.wkbPolygon)
write(path('utf8.shp'), 'ESRI Shapefile', ['ENCODING=UTF-8'], kind=ogr.wkbPolygon, layer='utf8')
with zipfile.ZipFile(path('parks.zip'), 'w', zipfile.ZIP_DEFLATED) as archive:
    for extension in ['shp', 'shx', 'dbf', 'prj', 'cpg']:
        info = zipfile.ZipInfo(f'data/parks.{extension}', (2024, 1, 1, 0, 0, 0))
        with open(path(f'utf8.{extension}'), 'rb') as part:
            archive.writestr(info, part.read(), zipfile.ZIP_DEFLATED)
for extension in ['shp', 'shx', 'dbf', 'prj', 'cpg']:
    os.remove(path(f'utf8.{extension}'))
write(path('parks.fgb'), 'FlatGeobuf', ['SPATIAL_INDEX=NO'])
write(path('mixed.fgb'), 'FlatGeobuf', geometries=mixed())
write(path('points.fgb'), 'FlatGeobuf', kind=ogr.wkbPoint, geometries=[
    (f'POINT ({X + 37 * k % 200} {Y + 61 * k % 300})', str(k), k, 0.0, None, None) for k in range(300)])
# Small pages, so that the table has inner pages and rows that overflow.
gdal.SetConfigOption('OGR_SQLITE_PRAGMA', 'page_size=512')
write(path('parks.gpkg'), 'GPKG', ['SPATIAL_INDEX=NO'])
write(path('mixed.gpkg'), 'GPKG', ['SPATIAL_INDEX=NO'], geometries=mixed() * 20)

truth = {}
for name in sorted(os.listdir(OUT)):
    source = ('/vsizip/' + path(name) + '/data/parks.shp') if name.endswith('.zip') else path(name)
    if not name.endswith(('.shp', '.zip', '.fgb', '.gpkg')):
        continue
    dataset = gdal.OpenEx(source, gdal.OF_VECTOR)
    layer = dataset.GetLayer(0)
    features = []
    for feature in layer:
        geometry = feature.GetGeometryRef()
        if geometry is None:
            continue
        document = json.loads(feature.ExportToJson())
        features.append({'geometry': document['geometry'], 'properties': document['properties']})

    truth[name] = {'epsg': int(layer.GetSpatialRef().GetAuthorityCode(None) or 0), 'features': features}
with open(path('truth.json'), 'w') as file:
    json.dump(truth, file, separators=(',', ':'))
