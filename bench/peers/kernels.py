"""NumPy's and rasterio's counterparts of terrachip's kernels, on arrays in memory.

Usage: kernels.py SOURCE WIDTH HEIGHT X0 Y0 X1 Y1 (the raster to warp, and the destination in EPSG:32632)
Each line of input is a task as JSON; the output is its seconds.
"""
import json
import os
import sys
import time

import numpy as np
import rasterio
from rasterio.transform import from_bounds
from rasterio.warp import Resampling, reproject

width, height = int(sys.argv[2]), int(sys.argv[3])
transform = from_bounds(*[float(v) for v in sys.argv[4:8]], width, height)
SIDE, CHIP, STRIDE = 4096, 256, 208
made = {}


def once(name, make):
    if name not in made:
        made[name] = make()
    return made[name]


def plane(seed=0):
    def make():
        values = np.random.default_rng(seed).random((SIDE, SIDE), dtype=np.float32)
        values.ravel()[::97] = np.nan
        return values
    return once(f'plane {seed}', make)


def source():
    def make():
        with rasterio.open(sys.argv[1]) as dataset:
            return dataset.read(1), dataset.transform, dataset.crs
    return once('source', make)


def warp(resampling, tuned):
    values, source_transform, crs = source()
    options = {'num_threads': os.cpu_count(), 'warp_mem_limit': 1024} if tuned else {}
    result = np.empty((height, width), np.float32)
    reproject(values, result, src_transform=source_transform, src_crs=crs, dst_transform=transform,
              dst_crs='EPSG:32632', dst_nodata=np.nan, resampling=Resampling[resampling], **options)


def nodata():
    stored = once('stored', lambda: np.random.default_rng(1).integers(0, 10000, (SIDE, SIDE), dtype=np.uint16))
    return lambda: np.where(stored == 0, np.float32(np.nan), stored * np.float32(1e-4) + np.float32(-0.1))


def decibel():
    values = plane()
    return lambda: 10 * np.log10(values)


def valid_mask():
    planes = [plane(k) for k in range(3)]
    return lambda: np.logical_and.reduce([np.isfinite(values) for values in planes]).astype(np.uint8)


def starts(length):
    found = list(range(0, length - CHIP, STRIDE))
    return found + [length - CHIP]


def chips():
    values = plane()

    def run():
        result = np.stack([values[y:y + CHIP, x:x + CHIP] for y in starts(SIDE) for x in starts(SIDE)])
        result = (result - np.float32(0.5)) / np.float32(0.3)
        return np.nan_to_num(result, nan=0.0)
    return run


def softmax():
    logits = once('logits', lambda: np.random.default_rng(2).standard_normal((16, 2, 1024, 1024), dtype=np.float32))

    def run():
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return run


def stitch():
    places = [(y, x) for y in starts(SIDE) for x in starts(SIDE)]
    predictions = once('predictions', lambda: np.random.default_rng(3).random((len(places), CHIP, CHIP), dtype=np.float32))
    ramp = np.sin(np.pi / 2 * (np.arange(CHIP - STRIDE) + 0.5) / (CHIP - STRIDE)) ** 2
    taper = np.concatenate([ramp, np.ones(CHIP - 2 * len(ramp)), ramp[::-1]])
    window = np.outer(taper, taper).astype(np.float32)

    def run():
        total = np.zeros((SIDE, SIDE), np.float32)
        weights = np.zeros((SIDE, SIDE), np.float32)
        for (y, x), chip in zip(places, predictions):
            total[y:y + CHIP, x:x + CHIP] += chip * window
            weights[y:y + CHIP, x:x + CHIP] += window
        return total / weights
    return run


TASKS = {
    'nodata': nodata, 'decibel': decibel, 'valid-mask': valid_mask, 'chips': chips, 'softmax': softmax, 'stitch': stitch,
}

np.seterr(all='ignore')
for line in sys.stdin:
    request = json.loads(line)
    if request['task'] == 'warp':
        source()
        task = lambda: warp(request['resampling'], request['tuned'])
    else:
        task = TASKS[request['task']]()
    start = time.perf_counter()
    task()
    print(json.dumps({'seconds': time.perf_counter() - start}), flush=True)
