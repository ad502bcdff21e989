"""Blending windows of chips by SciPy: python3 scripts/truth/windows.py > test/fixtures/windows.json"""

import json

import scipy
from scipy.signal import windows

size, stride = 16, 11
overlap = size - stride
truth = {
    "command": "python3 scripts/truth/windows.py > test/fixtures/windows.json",
    "scipy": scipy.__version__,
    "size": size,
    "stride": stride,
    "windows": [
        {"options": {"window": "boxcar"}, "values": windows.boxcar(size)},
        # Samples at half offsets are every second sample of a window of length 2n + 1.
        {"options": {"window": "hann"}, "values": windows.hann(2 * size + 1)[1::2]},
        {"options": {"window": "cosine"}, "values": windows.tukey(2 * size + 1, 2 * overlap / size)[1::2]},
        {"options": {"window": "gaussian"}, "values": windows.gaussian(size, size / 8)},
        {"options": {"window": "gaussian", "deviation": 0.25}, "values": windows.gaussian(size, size / 4)},
        {"options": {"window": "kaiser"}, "values": windows.kaiser(size, 8)},
        {"options": {"window": "kaiser", "beta": 14}, "values": windows.kaiser(size, 14)},
        {"options": {"window": "kaiser", "beta": 0}, "values": windows.kaiser(size, 0)},
    ],
}
print(json.dumps(truth, default=lambda values: values.tolist(), indent=1))
