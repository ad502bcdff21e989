"""Training chips against rasterio's windows of the image and the label, NumPy's statistics, and a DataLoader of PyTorch."""
import json
import os
import re
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas
import rasterio
import shapely
import zarr
from pyproj import Transformer
from rasterio.windows import Window, from_bounds

# A library of Debian's PyTorch otherwise prints that /proc is missing.
os.environ['UCX_LOG_LEVEL'] = 'fatal'
import torch
from torch.utils.data import DataLoader

request = json.load(sys.stdin)
root = Path(request['chips'])
about = json.loads((root / 'chips.json').read_text())
statistics = json.loads((root / 'statistics.json').read_text())
index = pandas.DataFrame(request['index'])
# Debian has no pyarrow; DuckDB has read the index.
numbers = ['left', 'bottom', 'right', 'top', 'valid', 'labelled', *[name for name in index if name.startswith('class_')]]
index = index.astype({**{name: float for name in numbers}, **({'chip': int} if 'chip' in index else {})})
index = geopandas.GeoDataFrame(index, geometry=shapely.from_wkb(index['geometry'].tolist()), crs=4326)
geopandas.read_parquet = lambda path: index if path == root / 'index.parquet' else None
size, ignore = about['size'], about['labels']['ignore']
nodata = np.nan if about['nodata'] == 'NaN' else about['nodata']


def read(row, part):
    """A part of a chip, by the common reader of its format."""
    path = root / row[part]
    if request['format'] == 'geotiff':
        with rasterio.open(path) as chip:
            assert chip.crs == image.crs, path
            assert np.allclose(chip.bounds, [row['left'], row['bottom'], row['right'], row['top']], rtol=0, atol=1e-6)
            pixels = chip.read()
            return pixels if part == 'image' else pixels[0]
    if request['format'] == 'npy':
        return np.load(path)
    return np.asarray(zarr.open_array(path, mode='r')[row['chip']])


def window_of(raster, row):
    """A window of whole pixels."""
    window = from_bounds(row['left'], row['bottom'], row['right'], row['top'], raster.transform)
    return Window(round(window.col_off), round(window.row_off), size, size)


result = dict(otherImages=0, otherLabels=0, otherShares=0, otherOutlines=0, otherBatches=0, pixels=0)
train = []
windows = []
with rasterio.open(request['image']) as image, rasterio.open(request['label']) as label:
    to_degrees = Transformer.from_crs(image.crs, 4326, always_xy=True).transform
    for _, row in index.iterrows():
        window = window_of(image, row)
        windows.append((row['split'], window.col_off, window.row_off))
        expected = image.read(window=window, masked=True).astype(about['dtype']).filled(nodata)
        expected[np.isnan(expected)] = nodata
        pixels = read(row, 'image')
        result['pixels'] += pixels.size
        result['otherImages'] += not np.array_equal(pixels, expected, equal_nan=not np.issubdtype(pixels.dtype, np.integer))
        classes = label.read(1, window=window_of(label, row), masked=True).astype(int).filled(ignore)
        result['otherLabels'] += not np.array_equal(read(row, 'label'), classes)
        labelled = classes != ignore
        shares = {name: row[name] for name in index.columns if name.startswith('class_')}
        known = all(np.isclose(np.mean(classes[labelled] == int(name[6:])), share, rtol=0, atol=1e-12)
                    for name, share in shares.items())
        has_data = ~np.isnan(expected) if np.isnan(nodata) else expected != nodata
        result['otherShares'] += not (known and np.isclose(sum(shares.values()), 1)
                                      and row['labelled'] == np.mean(labelled)
                                      and row['valid'] == np.mean(has_data.all(axis=0)))
        corners = shapely.box(row['left'], row['bottom'], row['right'], row['top']).segmentize((row['right'] - row['left']) / 16)
        outline = shapely.transform(corners, lambda xy: np.column_stack(to_degrees(*xy.T)))
        result['otherOutlines'] += outline.symmetric_difference(row.geometry).area > 1e-5 * outline.area
        if row['split'] == 'train':
            train.append(np.where(has_data, expected.astype(float), np.nan))
stack = np.stack(train)
worst = 0
for k, band in enumerate(statistics['bands']):
    values = stack[:, k][~np.isnan(stack[:, k])]
    assert band['pixels'] == values.size and band['min'] == values.min() and band['max'] == values.max()
    worst = max(worst, abs(band['mean'] / values.mean() - 1), abs(band['std'] / values.std() - 1))
result['statistics'] = worst
result['chips'] = len(index)

# The nearest chips of different splits, in diagonals of a chip.
gaps = [np.hypot(max(0, abs(x - u) - size), max(0, abs(y - v) - size))
        for a, x, y in windows for b, u, v in windows if a != b]
result['apart'] = min(gaps) / np.hypot(size, size) if gaps else None

# The data set of README.md, unchanged.
program = re.search(r'```python\n(.*?)```', (root / 'README.md').read_text(), re.DOTALL).group(1)
names = {}
exec(program, names)
mean = np.array([band['mean'] for band in statistics['bands']], 'float32')[:, None, None]
std = np.array([band['std'] for band in statistics['bands']], 'float32')[:, None, None]
result['loaded'] = 0
for split, rows in index.groupby('split'):
    dataset = names['Chips'](root, split)
    rows = [row for _, row in rows.iterrows()]
    for images, labels in DataLoader(dataset, batch_size=8, num_workers=0):
        assert images.dtype == torch.float32 and labels.dtype == torch.int64
        for pixels, classes in zip(images.numpy(), labels.numpy()):
            row = rows.pop(0)
            raw = read(row, 'image').astype('float32')
            raw[raw == nodata] = np.nan
            same = np.array_equal(pixels, np.nan_to_num((raw - mean) / std)) and np.array_equal(classes, read(row, 'label'))
            result['otherBatches'] += not same
            result['loaded'] += 1
json.dump(result, sys.stdout, default=float)
