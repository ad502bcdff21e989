"""Writes test/fixtures/pixels/*.json: small arrays, and results of NumPy and SciPy.

Run with Debian's NumPy and SciPy: /usr/bin/python3 scripts/truth/pixels.py
Arithmetic is float32, as in the kernels; non-finite results are null, which means nodata.
"""
import json
import os
import warnings
import numpy as np
from scipy import ndimage

warnings.simplefilter('ignore')
np.seterr(all='ignore')
OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'pixels')
os.makedirs(OUT, exist_ok=True)
rng = np.random.default_rng(20210714)
F = np.float32


def numbers(array):
    return [float(v) if np.isfinite(v) else None for v in np.asarray(array).ravel()]


def write(name, document):
    with open(os.path.join(OUT, name + '.json'), 'w') as file:
        json.dump(document, file)
        file.write('\n')
    print(name)


def gaps(array, share):
    copy = array.astype(F)
    copy[rng.random(copy.shape) < share] = np.nan
    return copy


# --- Band arithmetic: integer reflectances with gaps, zeros, equal values and a negative value.
COUNT = 160
B = {name: gaps(np.round(rng.gamma(2, 900, COUNT)), 0.06) for name in ('B02', 'B03', 'B04', 'B08', 'B11', 'B12', 'B8A')}
for name in B:
    B[name][:8] = [0, 0, 1, 2000, 65535, -40, 0.25, np.nan]
B['B04'][8:20] = B['B08'][8:20]
B['SCL'] = rng.integers(0, 12, COUNT).astype(F)
B['QA'] = rng.integers(0, 65536, COUNT).astype(F)
B['x'] = rng.normal(0, 3, COUNT).astype(F)
B['x'][:12] = [0, 1, -1, 0.5, -0.5, 2, 100, -100, 1e-10, 3e38, np.nan, np.inf]


def missing(*operands):
    return np.any([np.isnan(o) for o in operands], axis=0)


def known(result, *operands):
    return np.where(missing(*operands), F(np.nan), result).astype(F)


B02, B03, B04, B08, B11, B12, B8A, SCL, QA, X = (B[n] for n in
    ('B02', 'B03', 'B04', 'B08', 'B11', 'B12', 'B8A', 'SCL', 'QA', 'x'))
XF = np.where(np.isinf(X), F(np.nan), X)
ndvi = (B08 - B04) / (B08 + B04)
EXPRESSIONS = [
    ('(B08 - B04) / (B08 + B04)', ndvi),
    ('NDVI', ndvi),
    ('NDWI', (B03 - B08) / (B03 + B08)),
    ('MNDWI', (B03 - B11) / (B03 + B11)),
    ('NBR', (B08 - B12) / (B08 + B12)),
    ('2.5 * (B08 - B04) / (B08 + 6 * B04 - 7.5 * B02 + 10000)',
     F(2.5) * (B08 - B04) / (B08 + F(6) * B04 - F(7.5) * B02 + F(10000))),
    ('B08 - B04 - B03', B08 - B04 - B03),
    ('B08 - (B04 - B03)', B08 - (B04 - B03)),
    ('B08 / B04 / B03', B08 / B04 / B03),
    ('B08 + B04 * B03', B08 + B04 * B03),
    ('-B08 ^ 2', -(B08 * B08)),
    ('(-B08) ** 3', (-B08) * (-B08) * (-B08)),
    ('x ^ 0', known(np.ones_like(X), XF)),
    ('--x', XF),
    ('+x - -1', XF + F(1)),
    ('B08 > B04', known(B08 > B04, B08, B04)),
    ('B08 >= B04', known(B08 >= B04, B08, B04)),
    ('B08 < B04', known(B08 < B04, B08, B04)),
    ('B08 <= B04', known(B08 <= B04, B08, B04)),
    ('B08 == B04', known(B08 == B04, B08, B04)),
    ('B08 != B04', known(B08 != B04, B08, B04)),
    ('B08 + 1 > B04 and not B03 < 500 or B02 == 0',
     known(((B08 + 1 > B04) & ~(B03 < 500)) | (B02 == 0), B08, B04, B03, B02)),
    ('min(B02, B03, B04)', np.minimum(np.minimum(B02, B03), B04)),
    ('max(B02, B03 - 100, 700)', np.maximum(np.maximum(B02, B03 - F(100)), F(700))),
    ('abs(x)', np.abs(XF)),
    ('sqrt(x)', np.sqrt(XF)),
    ('log(x)', np.log(XF)),
    ('10 * log10(x)', F(10) * np.log10(XF)),
    ('exp(x)', np.exp(XF)),
    ('floor(x)', np.floor(XF)),
    ('x * x', XF * XF),
    # Infinity is nodata, in bands and in intermediate results.
    ('1 / x', F(1) / XF),
    ('1 / (x * x * x)', F(1) / np.where(np.isinf(XF * XF * XF), F(np.nan), XF * XF * XF)),
    ('min(x * x * x, 5)', np.minimum(np.where(np.isinf(XF * XF * XF), F(np.nan), XF * XF * XF), F(5))),
    ('max(5, -abs(x * x * x))', np.maximum(np.where(np.isinf(XF * XF * XF), F(np.nan), -np.abs(XF * XF * XF)), F(5))),
    ('x > 1', known(XF > 1, XF)),
    ('not x', known(XF == 0, XF)),
    ('valid(x)', (~np.isnan(XF)).astype(F)),
    ('where(x, 1, 2)', known(np.where(XF != 0, 1, 2), XF)),
    ('exp(-abs(x * x * x))', np.exp(-np.abs(np.where(np.isinf(XF * XF * XF), F(np.nan), XF * XF * XF)))),
    ('where(B08 > 1000, B04, B03)', np.where(np.isnan(B08), F(np.nan), np.where(B08 > 1000, B04, B03))),
    ('where(valid(B08), B08, -1)', np.where(np.isnan(B08), F(-1), B08)),
    ('where(SCL == 8 or SCL == 9, nan, B08)', np.where((SCL == 8) | (SCL == 9), F(np.nan), B08)),
    ('bits(QA, 3, 1)', ((QA.astype(np.uint32) >> 3) & 1).astype(F)),
    ('bits(QA, 8, 2)', ((QA.astype(np.uint32) >> 8) & 3).astype(F)),
    ('bits(x, 0, 4)', np.where((XF >= 0) & (XF < 2**24) & (XF == np.floor(XF)),
                               np.nan_to_num(XF, nan=0, posinf=0).astype(np.int64) & 15, F(np.nan))),
    # Seven or more bands are packed into one buffer.
    ('B02 + B03 + B04 + B08 + B11 + B12 + B8A', B02 + B03 + B04 + B08 + B11 + B12 + B8A),
]
write('expressions', {
    'bands': {name: ['inf' if np.isinf(v) else float(v) if np.isfinite(v) else None for v in values]
              for name, values in B.items()},
    'cases': [{'expression': text, 'expected': numbers(np.asarray(result, F))} for text, result in EXPRESSIONS],
})

# --- Mosaics of layers with gaps; some pixels have no layer at all.
MOSAICS = []
for layers, pixels in ((1, 12), (2, 40), (3, 40), (6, 70), (11, 90), (24, 50), (37, 40)):
    stack = gaps(rng.normal(0, 100, (layers, pixels)), 0.35)
    stack[:, 3] = np.nan
    stack[:, 4] = F(7.25)
    stack[:, 5] = np.round(stack[:, 5] / 100)
    order = np.arange(layers)[:, None]
    valid = np.isfinite(stack)
    first = np.where(valid.any(0), np.take_along_axis(stack, valid.argmax(0)[None], 0)[0], np.nan)
    last = np.where(valid.any(0), np.take_along_axis(stack, np.where(valid, order, -1).max(0)[None], 0)[0], np.nan)
    MOSAICS.append({
        'layers': layers, 'values': numbers(stack),
        'expected': {'mean': numbers(np.nanmean(stack.astype(np.float64), 0)), 'median': numbers(np.nanmedian(stack, 0)),
                     'min': numbers(np.nanmin(stack, 0)), 'max': numbers(np.nanmax(stack, 0)),
                     'first': numbers(first), 'last': numbers(last), 'count': numbers(valid.sum(0)),
                     'sum': numbers(np.where(valid.any(0), np.nansum(stack.astype(np.float64), 0), np.nan))},
    })
write('mosaics', MOSAICS)

# --- Percentiles: even, skewed, few, equal and dB values.
PERCENTS = [0, 2, 25, 50, 75, 98, 100]
SAMPLES = {
    'uniform': gaps(rng.random(1000), 0.1),
    'gamma': gaps(rng.gamma(2, 900, 1500), 0.2),
    'decibel': gaps(rng.normal(-14, 5, 1200), 0.05),
    'two': np.array([3, np.nan, -1], F),
    'one': np.array([np.nan, 42.5, np.nan], F),
    'equal': np.full(100, -3.5, F),
}
write('percentiles', {
    'percents': PERCENTS,
    'cases': [{'name': name, 'values': numbers(values), 'expected': numbers(np.nanpercentile(values.astype(np.float64), PERCENTS))}
              for name, values in SAMPLES.items()],
})

# --- Dilation by discs and squares: structures of scipy.ndimage.binary_dilation.
DILATIONS = []
for width, height in ((31, 17), (64, 9), (5, 40)):
    mask = rng.random((height, width)) < 0.02
    mask[0, 0] = mask[-1, -1] = True
    for shape in ('disc', 'square'):
        for radius in (0, 1, 1.5, 2, 3, 5.5):
            reach = int(np.floor(radius))
            y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1]
            structure = np.ones_like(x, bool) if shape == 'square' else x * x + y * y <= radius * radius
            result = ndimage.binary_dilation(mask, structure)
            DILATIONS.append({'width': width, 'height': height, 'shape': shape, 'radius': radius,
                              'mask': mask.astype(int).ravel().tolist(), 'expected': result.astype(int).ravel().tolist()})
write('dilations', DILATIONS)
