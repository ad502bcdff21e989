"""Makes the sources of a flood event of Luxembourg (July 2021) with synthetic pixels, in the sizes, projections and encodings
of the real ones, and the documents that name them.

make_luxembourg.py FOLDER [--part SHARE] [--coarse FACTOR] [--layouts]

--part    the share of the width and of the height of the grid (default 1): 0.5 is a quarter of the area. The sources
          keep their size.
--coarse  how many times as large all pixels are (default 1), for trials: 20 makes an event of a few seconds.
--layouts also files of one radar band over the area: in tiles, in strips of full width, in one block without and with
          compression, and rotated by 12 degrees.

In FOLDER afterwards:
  manifest.json  57 planes for `terrachip package`: four phases of 12 bands of Sentinel-2 and 2 of Sentinel-1, and elevation
  small.json     one phase of two bands of each satellite, without elevation
  scene.json     all planes on the grid of the package, for `terrachip infer` in one pass
  event.json     the grid, for the programs that compare
  src/           the files. Those of the phases are hard links: each is opened and decoded by itself.

Needs GDAL's Python module and NumPy. Pixels outside the area are left out of the files (sparse tiles).
"""
import argparse
import json
import os

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()

PHASES = ['pre_month', 'pre_event', 'event', 'post_event']
DATES = ['2021-06-15', '2021-07-11', '2021-07-15', '2021-07-18']
OPTICAL = dict(B01=60, B02=10, B03=10, B04=10, B05=20, B06=20, B07=20, B08=10, B8A=20, B09=60, B11=20, B12=20)
RADAR = {'vv': -9.0, 'vh': -15.0}
BBOX = [5.7333, 49.4426, 6.5282, 50.183]
CRS = 'EPSG:32632'
# Upper left corner, width and height in metres, and the part with data. EPSG:32631.
TILE = dict(corner=(699960, 5600040), size=(109800, 109800), covered=(0, 0, 57000, 109800))
SWATH = dict(corner=(650000, 5640000), size=(285000, 220000), covered=(46000, 72000, 64000, 90000))

parser = argparse.ArgumentParser()
parser.add_argument('folder')
parser.add_argument('--part', type=float, default=1.0)
parser.add_argument('--coarse', type=int, default=1)
parser.add_argument('--layouts', action='store_true')
options = parser.parse_args()
known = os.path.join(options.folder, 'event.json')
if os.path.exists(known):
    with open(known) as file:
        coarse = json.load(file)['coarse']
    if coarse != options.coarse:
        parser.error(f'{options.folder} has sources of --coarse {coarse}; name another folder')
sources = os.path.join(options.folder, 'src')
os.makedirs(sources, exist_ok=True)
random = np.random.default_rng(20210715)
noise = random.standard_normal((1024, 1024), dtype='f4')


def path_of(name):
    return os.path.join(sources, name)


def begin(*names):
    """Seeds random numbers by the names of files. False if all files exist."""
    global random
    random = np.random.default_rng(list(names[0].encode()))
    return not all(os.path.exists(path_of(name)) for name in names)


def relief(down, across, knots):
    """Heights interpolated linearly between random knots. `down` and `across` count knots."""
    lines = np.array([np.interp(across, np.arange(knots.shape[1]), row) for row in knots], 'f4')
    top = np.minimum(down.astype(int), len(knots) - 2)
    share = (down - top).astype('f4')[:, None]
    return lines[top] * (1 - share) + lines[top + 1] * share


def hills(height, width, distance):
    """Smooth values of about standard deviation 1, with random heights `distance` pixels apart."""
    knots = random.standard_normal((height // distance + 2, width // distance + 2)).astype('f4')
    return relief(np.arange(height) / distance, np.arange(width) / distance, knots)


def noise_of(values):
    """A shifted copy of one tile of noise, which a compressor cannot distinguish from new noise."""
    height, width = values.shape
    shift = random.integers(0, 1024, 2)
    tiled = np.tile(np.roll(noise, shift, (0, 1)), (-(-height // 1024), -(-width // 1024)))
    return tiled[:height, :width]


def write(name, epsg, transform, size, values, at=(0, 0), nodata=None, predictor=2, layout=None):
    """Writes `values` at a pixel of a file of `size`; the rest stays empty. No compression without a predictor."""
    path = path_of(name)
    if os.path.exists(path):
        return
    kinds = {'uint16': gdal.GDT_UInt16, 'float32': gdal.GDT_Float32}
    layout = layout or ['TILED=YES', 'BLOCKXSIZE=512', 'BLOCKYSIZE=512']
    coding = ['COMPRESS=DEFLATE', 'ZLEVEL=1', f'PREDICTOR={predictor}', 'SPARSE_OK=TRUE', 'NUM_THREADS=ALL_CPUS']
    creation = [*layout, *(coding if predictor else []), 'BIGTIFF=IF_SAFER']
    file = gdal.GetDriverByName('GTiff').Create(f'{path}.part', *size, 1, kinds[values.dtype.name], creation)
    system = osr.SpatialReference()
    system.ImportFromEPSG(epsg)
    file.SetProjection(system.ExportToWkt())
    file.SetGeoTransform(transform)
    if nodata is not None:
        file.GetRasterBand(1).SetNoDataValue(nodata)
    file.GetRasterBand(1).WriteArray(values, *at)
    del file
    os.rename(f'{path}.part', path)


def pixels(metres, pixel):
    return [round(value / pixel) for value in metres]


def place(extent, pixel):
    """Transform and size of a file, and the position and size of its data."""
    x, y = extent['corner']
    covered = pixels(extent['covered'], pixel)
    return (x, pixel, 0, y, 0, -pixel), pixels(extent['size'], pixel), covered[:2], covered[2:]


def optical(band, metres):
    name = f's2_{band}.tif'
    if not begin(name):
        return
    transform, size, at, (width, height) = place(TILE, metres * options.coarse)
    surface = hills(height, width, 120)
    values = np.clip(1800 + 500 * surface + 60 * noise_of(surface), 1, 12000).astype('u2')
    write(name, 32631, transform, size, values, at, nodata=0)


def radar(name, mean):
    if not begin(f's1_{name}.tif'):
        return
    transform, size, at, (width, height) = place(SWATH, 10 * options.coarse)
    surface = hills(height, width, 120)
    values = np.power(10, (mean + 3 * surface + 1.2 * noise_of(surface)) / 10).astype('f4')
    write(f's1_{name}.tif', 32631, transform, size, values, at, nodata=-32768, predictor=3)


def elevation(name, west, north, degrees, rows, columns):
    """A file of whole degrees with a pixel centre on its upper left corner, as in the Copernicus DEM. All files show
    one surface, so that tiles fit together."""
    dx, dy = degrees / columns, degrees / rows
    latitudes, longitudes = north - dy * np.arange(rows), west + dx * np.arange(columns)
    values = 300 + 80 * relief((51 - latitudes) * 30, (longitudes - 5) * 30, surface)
    transform = (west - dx / 2, dx, 0, north + dy / 2, 0, -dy)
    write(name, 4326, transform, (columns, rows), values.astype('f4'), predictor=3,
          layout=['TILED=YES', 'BLOCKXSIZE=1024', 'BLOCKYSIZE=1024'])


def radar_layouts():
    """One radar band over the area only, in several layouts."""
    if not begin(*(f'layout_{name}.tif' for name in ('tiles', 'strips', 'untiled', 'block', 'rotated'))):
        return
    pixel = 10 * options.coarse
    x, y = SWATH['corner']
    left, top, width, height = SWATH['covered']
    columns, rows = pixels((width, height), pixel)
    # The rotated file must be large enough to cover the area.
    wide, high = round(1.25 * columns), round(1.12 * rows)
    surface = hills(high, wide, 120)
    values = np.power(10, (-9 + 3 * surface + 1.2 * noise_of(surface)) / 10).astype('f4')
    straight = (x + left, pixel, 0, y - top, 0, -pixel)
    cos, sin = np.cos(np.radians(12)) * pixel, np.sin(np.radians(12)) * pixel
    # The middle of the file is that of the area.
    middle = (x + left + width / 2, y - top - height / 2)
    turned = (middle[0] - cos * wide / 2 - sin * high / 2, cos, sin,
              middle[1] - sin * wide / 2 + cos * high / 2, sin, -cos)
    block = ['TILED=NO', f'BLOCKYSIZE={rows}']
    for name, transform, predictor, layout in (
        ('tiles', straight, 3, None),
        ('strips', straight, 3, ['TILED=NO', 'BLOCKYSIZE=16']),
        ('untiled', straight, None, block),
        ('block', straight, 3, block),
        ('rotated', turned, 3, None),
    ):
        part = values if name == 'rotated' else np.ascontiguousarray(values[:rows, :columns])
        write(f'layout_{name}.tif', 32631, transform, part.shape[::-1], part, nodata=-32768, predictor=predictor,
              layout=layout)


def event_grid():
    """The grid of the package: the four corners of the box, size rounded up, pixels stretched to fit."""
    west, south, east, north = BBOX
    middle, half = ((west + east) / 2, (south + north) / 2), options.part / 2
    box = [middle[0] - half * (east - west), middle[1] - half * (north - south),
           middle[0] + half * (east - west), middle[1] + half * (north - south)]
    degrees, metres = osr.SpatialReference(), osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    metres.ImportFromEPSG(32632)
    change = osr.CoordinateTransformation(degrees, metres)
    corners = [change.TransformPoint(x, y)[:2] for x in (box[0], box[2]) for y in (box[1], box[3])]
    (x0, x1), (y0, y1) = [(min(each), max(each)) for each in zip(*corners)]
    resolution = 10 * options.coarse
    width, height = int(np.ceil((x1 - x0) / resolution)), int(np.ceil((y1 - y0) / resolution))
    transform = [(x1 - x0) / width, 0, x0, 0, -(y1 - y0) / height, y1]
    return box, dict(crs=CRS, transform=transform, width=width, height=height), resolution


def save(name, document):
    with open(os.path.join(options.folder, name), 'w') as file:
        json.dump(document, file, indent=1)


for band, metres in OPTICAL.items():
    optical(band, metres)
for name, mean in RADAR.items():
    radar(name, mean)
degree = 3600 // options.coarse
begin('dem.tif')
surface = random.standard_normal((62, 62)).astype('f4')
for latitude in (49, 50):
    for longitude in (5, 6):
        # North of 50 degrees, pixels are 1.5 times as wide.
        columns = degree if latitude < 50 else degree * 2 // 3
        elevation(f'dem_{latitude}_{longitude}.tif', longitude, latitude + 1, 1, degree, columns)
elevation('dem.tif', 5, 51, 2, 2 * degree, 2 * degree)
if options.layouts:
    radar_layouts()

names = [f's2_{band}' for band in OPTICAL] + [f's1_{name}' for name in RADAR]
for phase in PHASES:
    for name in names:
        link = path_of(f'{phase}_{name}.tif')
        if not os.path.exists(link):
            os.link(path_of(f'{name}.tif'), link)


def item(collection, name, assets):
    return dict(collection=collection, id=name, assets={key: dict(href=f'src/{file}') for key, file in assets.items()})


box, grid, resolution = event_grid()
selected = {
    phase: dict(
        S2L2A=item('sentinel-2-l2a', f's2-{phase}', {band: f'{phase}_s2_{band}.tif' for band in OPTICAL}),
        S1RTC=item('sentinel-1-rtc', f's1-{phase}', {name: f'{phase}_s1_{name}.tif' for name in RADAR}),
    )
    for phase in PHASES
}
manifest = dict(
    schemaVersion=1,
    event=dict(name='luxembourg_flood', bbox=box, target_crs=CRS, phase_dates=dict(zip(PHASES, DATES))),
    phase_order=PHASES,
    collections=dict(S2L2A='sentinel-2-l2a', S1RTC='sentinel-1-rtc', DEM='cop-dem-glo-30'),
    assets=dict(S2L2A=list(OPTICAL), S1RTC=list(RADAR), DEM=['data']),
    units=dict(S2L2A='dn_harmonised'),
    selected=selected,
    dem_items=[item('cop-dem-glo-30', f'dem-{a}-{o}', dict(data=f'dem_{a}_{o}.tif')) for a in (49, 50) for o in (5, 6)],
)
save('manifest.json', manifest)
small = dict(S2L2A=['B02', 'B11'], S1RTC=list(RADAR))
event = {**manifest['event'], 'phase_dates': dict(event=DATES[2])}
save('small.json', {**manifest, 'event': event, 'phase_order': ['event'], 'assets': small,
                    'selected': dict(event=selected['event']), 'dem_items': []})


def bands(phase, prefix, keys):
    return {key if prefix == 's2' else key.upper(): dict(href=f'src/{phase}_{prefix}_{key}.tif') for key in keys}


save('scene.json', dict(
    schemaVersion=1,
    id='luxembourg_flood',
    grid=grid,
    phases=PHASES,
    inputs=dict(
        S2L2A=dict(units='dn_harmonised', resampling='bilinear', phases={p: bands(p, 's2', OPTICAL) for p in PHASES}),
        S1RTC=dict(units='linear_power', resampling='bilinear', phases={p: bands(p, 's1', RADAR) for p in PHASES}),
        DEM=dict(units='m', resampling='bilinear', static=dict(DEM=dict(href='src/dem.tif'))),
    ),
))
save('event.json', dict(grid=grid, resolution=resolution, part=options.part, coarse=options.coarse))
print(json.dumps(grid))
