"""rasterio's results for sources on a grid. Reads {cases} from stdin; writes arrays beside each case's `out`.

`<out>.value` float64, NaN for nodata: each source by WarpedVRT with an exact transformer and kernels at the source's
scale, combined by NumPy. For `merge` cases the result of rasterio.merge, and `<out>.exact` as above.
`<out>.declared` as `<out>.exact`, with NaN as nodata of floats that declare none.
`<out>.slack` float64: the allowed difference, for an error of 0.004 source pixels and for rounding to integers.
`<out>.edge` uint8: 1 where a position is within 0.004 pixels of an edge of a source pixel or of the source, where
rounding errors decide.
"""
import json
import sys
import warnings

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.merge import merge
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform as transform_points

warnings.simplefilter('ignore')
TOLERANCE = 0.004


def exact_grid(grid, shift=(0, 0)):
    """Options of WarpedVRT: an exact transformer onto a grid that is shifted by pixels, and kernels at the source's scale."""
    # rasterio 1.3 refuses a tolerance of 0.
    return dict(
        crs=grid['crs'], transform=grid['transform'] * Affine.translation(*shift), width=grid['width'],
        height=grid['height'], tolerance=1e-9, XSCALE='1', YSCALE='1')


def warped(case, path, shift=(0, 0), declare=False):
    with rasterio.open(path) as source:
        nodata = source.nodata
        if declare and nodata is None and source.dtypes[0].startswith('float'):
            nodata = np.nan
        # An alpha band is shared by all bands, a nodata value is not.
        options = dict(
            exact_grid(case, shift), resampling=Resampling[case['resampling']],
            add_alpha=nodata is None and not has_alpha(source))
        if nodata is not None:
            options.update(src_nodata=nodata, nodata=nodata)
        with WarpedVRT(source, **options) as vrt:
            values = vrt.read(case['band']).astype(np.float64)
            if nodata is not None:
                return np.where(values == nodata, np.nan, values)
            # The last band is the added alpha band or the source's own.
            return np.where(vrt.read(vrt.count) > 0, values, np.nan)


def largest_change(compute, step):
    """The largest change of `compute(shift)` by a shift of the grid by a step to each side."""
    here = compute((0, 0))
    there = [np.abs(compute(shift) - here) for shift in ((step, 0), (0, step), (-step, 0), (0, -step))]
    return np.nan_to_num(np.fmax.reduce(there))


def slack(case, path):
    """The change by a shift of 0.004 source pixels, from a shift of 0.1."""
    if case['resampling'] == 'nearest':
        return np.zeros((case['height'], case['width']))
    change = largest_change(lambda shift: warped(case, path, shift), 0.1 * case['pixel'])
    with rasterio.open(path) as source:
        rounded = np.issubdtype(np.dtype(source.dtypes[0]), np.integer)
    # Both were rounded to integers: together by up to 1.
    return 0.04 * (change + 1) + 0.501 if rounded else 0.04 * change


def has_alpha(source):
    return any(interpretation.name == 'alpha' for interpretation in source.colorinterp)


def positions(grid, crs, transform):
    """The centres of a grid's pixels, in pixels of a source."""
    columns, rows = np.meshgrid(np.arange(grid['width']) + 0.5, np.arange(grid['height']) + 0.5)
    x, y = grid['transform'] * (columns.ravel(), rows.ravel())
    sx, sy = transform_points(grid['crs'], crs, x, y)
    return ~transform * (np.array(sx), np.array(sy))


def on_edge(case, path):
    with rasterio.open(path) as source:
        centres = positions(case, source.crs, source.transform)
    near = [np.abs(p - np.round(p)) < TOLERANCE for p in centres]
    return (near[0] | near[1]).reshape(case['height'], case['width'])


def combine(layers, method):
    stack = np.stack(layers)
    valid = np.isfinite(stack)
    some = valid.any(0)
    if method in ('first', 'last'):
        order = stack if method == 'first' else stack[::-1]
        index = np.isfinite(order).argmax(0)
        return np.where(some, np.take_along_axis(order, index[None], 0)[0], np.nan)
    if method == 'count':
        return valid.sum(0).astype(np.float64)
    reduce = {'min': np.nanmin, 'max': np.nanmax, 'mean': np.nanmean, 'median': np.nanmedian, 'sum': np.nansum}[method]
    return np.where(some, reduce(stack, 0), np.nan)


def merged(case):
    a, _, c, _, e, f = case['transform'][:6]
    bounds = (c, f + e * case['height'], c + a * case['width'], f)
    sources = [rasterio.open(path) for path in case['files']]
    data, _ = merge(sources, bounds=bounds, res=(a, -e), indexes=[case['band']], method=case['method'],
                    resampling=Resampling[case['resampling']])
    nodata = sources[0].nodata
    for source in sources:
        source.close()
    values = data[0].astype(np.float64)
    if values.shape != (case['height'], case['width']):
        padded = np.full((case['height'], case['width']), np.nan)
        rows, columns = min(padded.shape[0], values.shape[0]), min(padded.shape[1], values.shape[1])
        padded[:rows, :columns] = values[:rows, :columns]
        values = padded
    return np.where(values == nodata, np.nan, values)


def main():
    request = json.load(sys.stdin)
    for case in request['cases']:
        case.update(crs=CRS.from_user_input(case['crs']), transform=Affine(*case['transform']))
        exact = combine([warped(case, path) for path in case['files']], case['method'])
        value = merged(case) if case['kind'] == 'merge' else exact
        edge = np.any([on_edge(case, path) for path in case['files']], axis=0)
        total = sum(slack(case, path) for path in case['files'])
        total.astype('<f8').tofile(case['out'] + '.slack')
        declared = combine([warped(case, path, declare=True) for path in case['files']], case['method'])
        declared.astype('<f8').tofile(case['out'] + '.declared')
        value.astype('<f8').tofile(case['out'] + '.value')
        exact.astype('<f8').tofile(case['out'] + '.exact')
        edge.astype('u1').tofile(case['out'] + '.edge')
    print(json.dumps({'rasterio': rasterio.__version__, 'gdal': rasterio.__gdal_version__}))


if __name__ == '__main__':
    main()
