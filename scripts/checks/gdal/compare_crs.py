"""Compares the CRS of files with their definitions.

Input: a list of {path, definition, centre}; output: a list of {differs, same, wkt}: the largest difference of coordinates
in units of the CRS, at points around a centre (longitude, latitude), and whether PROJ treats both as equivalent.
"""

import json
import sys

from osgeo import gdal, osr

gdal.UseExceptions()
osr.UseExceptions()


def system(definition):
    reference = osr.SpatialReference()
    reference.SetFromUserInput(definition)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def points(reference, centre):
    wgs84 = system("EPSG:4326")
    transform = osr.CoordinateTransformation(wgs84, reference)
    longitude, latitude = centre
    return [
        transform.TransformPoint(longitude + dx, latitude + dy)[:2]
        for dx in (-2.5, 0.1, 3.2)
        for dy in (-1.9, 0.2, 2.3)
    ]


def compare(item):
    wanted = system(item["definition"])
    found = gdal.Open(item["path"]).GetSpatialRef()
    if found is None:
        return dict(differs=None, same=False, wkt=None)
    found.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    pairs = zip(points(wanted, item["centre"]), points(found, item["centre"]))
    differs = max(max(abs(a - b) for a, b in zip(p, q)) for p, q in pairs)
    criteria = ["IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES", "CRITERION=EQUIVALENT"]
    return dict(differs=differs, same=bool(wanted.IsSame(found, criteria)), wkt=found.ExportToWkt())


json.dump([compare(item) for item in json.load(sys.stdin)], sys.stdout)
