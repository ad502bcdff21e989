"""Cloud-free NDVI by date and zone, by xarray."""
import glob
import json
import os
import sys

import numpy as np
import rasterio
import xarray
from rasterio.features import geometry_mask

request = json.load(sys.stdin)


def read(date, name):
    with rasterio.open(os.path.join(request['folder'], f'{date}_{name}.tif')) as file:
        y = [file.xy(row, 0)[1] for row in range(file.height)]
        x = [file.xy(0, column)[0] for column in range(file.width)]
        values = file.read(1, masked=True).astype(float).filled(np.nan)
        return xarray.DataArray(values, coords={'y': y, 'x': x}, dims=('y', 'x')), file.transform


dates = sorted({os.path.basename(path).split('_')[0] for path in glob.glob(os.path.join(request['folder'], '*_B04.tif'))})
stack = {name: xarray.concat([read(date, name)[0] for date in dates], 'time') for name in ('B04', 'B08', 'SCL')}
classes = stack['SCL'].reindex(y=stack['B04'].y, x=stack['B04'].x, method='nearest')
ndvi = (stack['B08'] - stack['B04']) / (stack['B08'] + stack['B04'])
ndvi = ndvi.where(np.isfinite(ndvi)).where(~classes.isin(request['clouds']))

with open(request['zones']) as file:
    shapes = [feature['geometry'] for feature in json.load(file)['features']]
size, transform = (ndvi.sizes['y'], ndvi.sizes['x']), read(dates[0], 'B04')[1]
masks = np.stack([geometry_mask([shape], size, transform, invert=True) for shape in shapes])
inside = xarray.DataArray(masks, coords={'y': ndvi.y, 'x': ndvi.x}, dims=('zone', 'y', 'x'))
of_zones = ndvi.where(inside)
over = ['y', 'x']
found = {
    'count': of_zones.count(over),
    'nodata': inside.sum(over) - of_zones.count(over),
    'min': of_zones.min(over),
    'mean': of_zones.mean(over),
    'max': of_zones.max(over),
    'std': of_zones.std(over),
    'p10': of_zones.quantile(0.1, over),
}
rows = [
    {name: None if np.isnan(value := float(values.isel(time=k, zone=zone))) else value for name, values in found.items()}
    for k in range(len(dates))
    for zone in range(len(shapes))
]
json.dump({'version': xarray.__version__, 'dates': dates, 'rows': rows}, sys.stdout)
