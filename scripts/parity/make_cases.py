"""Makes the rasters of docs/parity.md and warps them with GDAL.

Input: {"data": folder of real rasters, or null for the small cases, "folder": where to write, "resamplings": GDAL's
  names, "only": names of cases, or null for all}
Output: {"gdal": version, "cases": [{name, about, file, source, bands, dtype, nodata, grid, reference, unrounded}]}, where
  `reference` has a band for each resampling and band of the source

GDAL runs with exact positions (errorThreshold = -et 0), with its kernel at the source's scale (XSCALE = YSCALE = 1), and
on one band at a time, since several bands would share one mask (UNIFIED_SRC_NODATA).
"""

import json
import os
import sys

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()

SIZE = (240, 240)  # destination pixels, unless a case says otherwise
SMALL_SIZE = (32, 28)
SMALL_SOURCE = (36, 32)

RADAR = "eo/IBM__terramind/S1RTC/38D_378R_2_3.tif"
OPTICAL = "eo/IBM__terramind/S2L2A/282D_485L_3_3.tif"
INDEX = "eo/IBM__terramind/NDVI/433D_629L_3_1.tif"
ELEVATION = "eo/IBM__terramind/DEM/433D_629L_3_1.tif"
FLOOD = "eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif"
SLOVENIA = "eo/sentinel-hub__eo-learn/import-tiff-test1.tiff"
SEA_ICE = "eo/GeoTIFF__test-data/bremen_sea_ice_conc_2022_9_9.tif"
RAIN = "eo/GeoTIFF__test-data/gpm_1d.20240617.tif"

# Keys of a case: `window` reads a part; `at` replaces the place by (EPSG code, geotransform); `island` writes a value into
# a block and into single pixels; `to` is the destination, (EPSG code, resolution), centred on the source up to a fraction
# of a pixel, or (EPSG code, geotransform), with `size`; `shift` moves the source's own grid by columns and rows.
CASES = [
    dict(name="31→32", about="radar, its pixels placed in UTM zone 31, onto zone 32 at 10 m", file=RADAR, bands=[1],
         at=(32631, (697000, 10, 0, 5000400, 0, -10)), to=(32632, 10)),
    dict(name="4326→UTM", about="radar with gaps (NaN), in degrees, onto UTM zone 30 at 10 m", file=FLOOD, bands=[1],
         nodata="nan", to=(32630, 10), size=(440, 540)),
    dict(name="UTM→3857", about="NDVI, UTM zone 18 S onto Web Mercator at 13 m", file=INDEX, bands=[1], to=(3857, 13)),
    dict(name="LAEA", about="reflectance, UTM zone 33 onto ETRS89-LAEA at 30 m", file=SLOVENIA, bands=[1],
         to=(3035, 30), size=(100, 90)),
    dict(name="polar", about="sea ice, its pixels placed around the North Pole, EPSG:3413 onto EPSG:3571", file=SEA_ICE,
         bands=[1], nodata="nan", window=(290, 860, 200, 200), at=(3413, (-620000, 6250, 0, 630000, 0, -6250)),
         to=(3571, (-800000, 6200, 0, 780000, 0, -6200)), size=(256, 250)),
    dict(name="polar, to degrees", about="sea ice onto degrees from 62° S to the pole itself", file=SEA_ICE,
         bands=[1], nodata="nan", to=(4326, (-180, 1, 0, -62, 0, -0.25)), size=(360, 112)),
    dict(name="edges", about="reflectance onto the neighbouring zone, far beyond the source's edges", file=OPTICAL,
         bands=[4], to=(32721, 9), size=(330, 330)),
    dict(name="nodata island", about="radar with a block and single pixels of −9999", file=RADAR, bands=[1],
         nodata=-9999, island=-9999, to=(32735, 10)),
    dict(name="NaN island", about="the same of NaN", file=RADAR, bands=[1], nodata="nan", island="nan",
         to=(32735, 10)),
    dict(name="two-band nodata", about="radar with −9999 at other places in each band", file=RADAR, bands=[1, 2],
         nodata=-9999, island=-9999, to=(32735, 10)),
    dict(name="int16", about="elevation with an island of −32768, rounded to int16", file=ELEVATION, bands=[1],
         nodata=-32768, island=-32768, dtype="int16", to=(32719, 10)),
    dict(name="integer shift", about="radar onto its own grid, 7 columns and 5 rows away", file=RADAR, bands=[1],
         shift=(7, -5)),
    dict(name="integer shift, computed", about="the same without GDAL's shortcut, which takes the nearest pixel for every "
         "resampling (`GDAL_WARP_USE_TRANSLATION_OPTIM=NO`)", file=RADAR, bands=[1], shift=(7, -5), computed=True),
    dict(name="×1.5 down", about="radar onto its own CRS at 15 m, the kernel at the source's scale", file=RADAR, bands=[1],
         to=(32736, 15), size=(160, 160)),
    dict(name="×3 down", about="radar onto its own CRS at 30 m, the kernel at the source's scale", file=RADAR, bands=[1],
         to=(32736, 30), size=(84, 84)),
    dict(name="antimeridian", about="rain in degrees, its pixels placed on 105° to 255° E, onto EPSG:3832", file=RAIN,
         bands=[1], at=(4326, (105, 0.1, 0, 60, 0, -0.1)), to=(3832, (2000000, 11000, 0, 6000000, 0, -11000)),
         size=(300, 240)),
    dict(name="antimeridian, source's edge", about="rain that ends at 180° W onto UTM zone 1, which reaches across",
         file=RAIN, bands=[1], to=(32601, (50000, 11000, 0, 6200000, 0, -11000)), size=(100, 250)),
]

# The same on small synthetic rasters, which are committed with GDAL's results (test/fixtures/parity).
UTM31, UTM32 = (32631, (697000, 10, 0, 5000400, 0, -10)), (32632, (300000, 10, 0, 5500000, 0, -10))
DEGREES = (4326, (6.0, 2e-4, 0, 49.6, 0, -2e-4))
ISLAND = dict(bands=[1], at=UTM31, to=(32632, 10))
SMALL_CASES = [
    dict(name="31→32", bands=[1], at=UTM31, to=(32632, 10)),
    dict(name="4326→UTM", bands=[1], at=DEGREES, to=(32632, 17)),
    dict(name="UTM→3857", bands=[1], at=UTM32, to=(3857, 16)),
    dict(name="LAEA", bands=[1], at=UTM32, to=(3035, 12)),
    dict(name="polar", bands=[1], at=(3413, (-103000, 6250, 0, 98000, 0, -6250)), to=(3571, (-91000, 6200, 0, 80000, 0, -6200))),
    dict(name="edges", bands=[1], at=UTM31, to=(32632, 19)),
    dict(name="nodata island", **ISLAND, nodata=-9999, island=-9999),
    dict(name="NaN island", **ISLAND, nodata="nan", island="nan"),
    dict(name="two-band nodata", at=UTM31, to=(32632, 10), bands=[1, 2], nodata=-9999, island=-9999),
    dict(name="int16", **ISLAND, dtype="int16", nodata=-32768, island=-32768),
    dict(name="integer shift", bands=[1], at=UTM32, shift=(-5, 3)),
    dict(name="integer shift, computed", bands=[1], at=UTM32, shift=(-5, 3), computed=True),
    dict(name="×1.5 down", bands=[1], at=UTM32, to=(32632, 15)),
    dict(name="×3 down", bands=[1], at=UTM32, to=(32632, 30), size=(16, 14)),
    dict(name="antimeridian", bands=[1], at=(4326, (178.2, 0.1, 0, -15, 0, -0.1)), to=(3832, 11000)),
]

TYPES = {"float32": gdal.GDT_Float32, "int16": gdal.GDT_Int16}


def reference(code):
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(code)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return srs


def create(path, arrays, code, geotransform, nodata):
    """A GeoTIFF; without a path, a dataset in memory."""
    height, width = arrays[0].shape
    dtype = TYPES[str(arrays[0].dtype)]
    if path is None:
        ds = gdal.GetDriverByName("MEM").Create("", width, height, len(arrays), dtype)
    else:
        options = ["COMPRESS=DEFLATE", "ZLEVEL=9", f"PREDICTOR={3 if arrays[0].dtype.kind == 'f' else 2}"]
        options += ["INTERLEAVE=BAND", f"BLOCKYSIZE={height}"]
        ds = gdal.GetDriverByName("GTiff").Create(path, width, height, len(arrays), dtype, options)
    ds.SetProjection(reference(code).ExportToWkt())
    ds.SetGeoTransform(geotransform)
    for i, array in enumerate(arrays):
        band = ds.GetRasterBand(i + 1)
        if nodata is not None:
            band.SetNoDataValue(nodata)
        band.WriteArray(array)
    return ds


def centred(code, geotransform, shape, to_code, resolution, size):
    """A geotransform that centres the grid on the source, up to a fraction of a pixel."""
    height, width = shape
    centre = (geotransform[0] + geotransform[1] * width / 2, geotransform[3] + geotransform[5] * height / 2)
    x, y, _ = osr.CoordinateTransformation(reference(code), reference(to_code)).TransformPoint(*centre)
    left = (round(x / resolution) - size[0] // 2 + 0.3) * resolution
    top = (round(y / resolution) + size[1] // 2 + 0.1) * resolution
    return (left, resolution, 0, top, 0, -resolution)


def texture(bands):
    """Synthetic bands: waves and noise."""
    width, height = SMALL_SOURCE
    random = np.random.default_rng(5)
    y, x = np.mgrid[0:height, 0:width]
    return [100 * np.sin(x / (3.1 + k)) * np.cos(y / 4.3) + random.normal(0, 20, (height, width)) for k in range(bands)]


def read_window(case, data):
    """Bands of a real raster, their EPSG code and geotransform."""
    ds = gdal.Open(os.path.join(data, case["file"]))
    window = case.get("window", (0, 0, ds.RasterXSize, ds.RasterYSize))
    arrays = [ds.GetRasterBand(band).ReadAsArray(*window) for band in case["bands"]]
    gt = ds.GetGeoTransform()
    place = (gt[0] + window[0] * gt[1], gt[1], 0, gt[3] + window[1] * gt[5], 0, gt[5])
    return arrays, int(ds.GetSpatialRef().GetAuthorityCode(None)), place


def with_island(array, value, k):
    """Sets a block and single pixels to a value, at other positions in each band."""
    copy = array.copy()
    height, width = array.shape
    copy[height // 6 + k * height // 8 : height // 4 + k * height // 8, width // 5 : width // 2] = value
    copy[2 * height // 3 + k :: 9, width // 10 :: 7] = value
    return copy


def prepare(case, data):
    if data is None:
        arrays, (code, gt) = texture(len(case["bands"])), case["at"]
    else:
        arrays, code, gt = read_window(case, data)
        code, gt = case.get("at", (code, gt))
    arrays = [array.astype(case.get("dtype", "float32")) for array in arrays]
    nodata = None if "nodata" not in case else float(case["nodata"])
    if "island" in case:
        arrays = [with_island(array, float(case["island"]), i) for i, array in enumerate(arrays)]
    size = case.get("size", SMALL_SIZE if data is None else SIZE)
    if "shift" in case:
        columns, rows = case["shift"]
        to_code, to_gt = code, (gt[0] + columns * gt[1], gt[1], 0, gt[3] + rows * gt[5], 0, gt[5])
    else:
        to_code, place = case["to"]
        to_gt = place if isinstance(place, tuple) else centred(code, gt, arrays[0].shape, to_code, place, size)
    return arrays, dict(code=code, gt=gt, nodata=nodata), dict(code=to_code, gt=to_gt, size=size)


def warp(array, source, target, resampling, dtype):
    """GDAL's result for one band in a type."""
    width, height = target["size"]
    gap = np.nan if dtype == "float32" else source["nodata"]
    # One dataset per band, since bands of a dataset share a mask.
    single = create(None, [array], source["code"], source["gt"], source["nodata"])
    result = create(None, [np.full((height, width), gap, dtype)], target["code"], target["gt"], gap)
    gdal.Warp(
        result, single, resampleAlg=resampling, errorThreshold=0, warpOptions=["XSCALE=1", "YSCALE=1"],
        srcNodata=None if source["nodata"] is None else str(source["nodata"]), dstNodata=str(gap))
    return result.ReadAsArray(), gap


def main(request):
    cases = []
    small = request["data"] is None
    for k, case in enumerate(SMALL_CASES if small else CASES):
        if request["only"] is not None and case["name"] not in request["only"]:
            continue
        gdal.SetConfigOption("GDAL_WARP_USE_TRANSLATION_OPTIM", "NO" if "computed" in case else None)
        arrays, source, target = prepare(case, request["data"])
        path = os.path.join(request["folder"], f"{k + 1}-source.tif")
        create(path, arrays, source["code"], source["gt"], source["nodata"]).FlushCache()
        dtype = str(arrays[0].dtype)

        def reference(as_type, name):
            # One file per case, with a band for each resampling and band of the source.
            results = [warp(array, source, target, r, as_type) for r in request["resamplings"] for array in arrays]
            reference_path = os.path.join(request["folder"], f"{k + 1}-{name}.tif")
            create(reference_path, [result for result, _ in results], target["code"], target["gt"],
                   results[0][1]).FlushCache()
            return reference_path

        gt, (width, height) = target["gt"], target["size"]
        cases.append(dict(
            name=case["name"], about=case.get("about"), file=case.get("file"), source=path, bands=len(arrays),
            dtype=dtype, nodata=source["nodata"] if dtype != "float32" else None,
            grid=dict(crs=f"EPSG:{target['code']}", size=target["size"],
                      bounds=[gt[0], gt[3] + gt[5] * height, gt[0] + gt[1] * width, gt[3]]),
            reference=reference(dtype, "gdal"),
            # Rounding to integers hides differences below a half.
            unrounded=None if dtype == "float32" else reference("float32", "unrounded")))
    return dict(gdal=gdal.__version__, cases=cases)


json.dump(main(json.load(sys.stdin)), sys.stdout)
