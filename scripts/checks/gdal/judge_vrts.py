"""The criteria of GDAL's tests: the checksum of the first band, and the largest difference from a reference.

Input: a list of {result, reference or null}. Output: a list of {sum, largest, differing}.
"""

import json
import sys

import numpy as np
from osgeo import gdal

gdal.UseExceptions()


def judge(result, reference):
    dataset = gdal.Open(result)
    judged = dict(sum=dataset.GetRasterBand(1).Checksum(), largest=None, differing=None)
    if reference is not None:
        found = dataset.ReadAsArray().astype("float64")
        wanted = gdal.Open(reference).ReadAsArray().astype("float64")
        difference = np.abs(found - wanted)
        judged.update(largest=float(difference.max()), differing=int((difference > 0).sum()))
    return judged


json.dump([judge(item["result"], item["reference"]) for item in json.load(sys.stdin)], sys.stdout)
