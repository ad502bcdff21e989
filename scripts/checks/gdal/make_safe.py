"""Makes Sentinel-2 products with images by GDAL's OpenJPEG; each band has its own offset and bit depth. Writes beside each
band its reflectance by GDAL (float32, NaN for nodata)."""
import json
import os
import sys
import zipfile
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
folder = json.load(sys.stdin)['folder']
rng = np.random.default_rng(8)
SIDES = {10: 1098, 20: 549, 60: 183}
BANDS = [('B01', 60), ('B02', 10), ('B03', 10), ('B04', 10), ('B05', 20), ('B06', 20), ('B07', 20), ('B08', 10),
         ('B8A', 20), ('B09', 60), ('B10', 60), ('B11', 20), ('B12', 20)]
CORNER = (699960, 4900020)
TIME = '20220115T105031'


def write(path, planes, size, nbits):
    planes = np.atleast_3d(planes) if planes.ndim == 3 else planes[None]
    count, height, width = planes.shape
    kind = gdal.GDT_Byte if planes.dtype == np.uint8 else gdal.GDT_UInt16
    source = gdal.GetDriverByName('MEM').Create('', width, height, count, kind)
    system = osr.SpatialReference()
    system.ImportFromEPSG(32631)
    source.SetProjection(system.ExportToWkt())
    source.SetGeoTransform((CORNER[0], size, 0, CORNER[1], 0, -size))
    for k in range(count):
        source.GetRasterBand(k + 1).WriteArray(planes[k])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    options = ['QUALITY=100', 'REVERSIBLE=YES', 'GeoJP2=NO', f'NBITS={nbits}', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256']
    gdal.GetDriverByName('JP2OpenJPEG').CreateCopy(path, source, options=options)


def metadata(level, baseline, quantification, offsets):
    value, entry = ('', 'RADIO_ADD_OFFSET') if level == 'L1C' else ('BOA_', 'BOA_ADD_OFFSET')
    listed = ''.join(f'<{entry} band_id="{k}">{offset}</{entry}>' for k, offset in enumerate(offsets))
    return f"""<?xml version="1.0"?><n1:Product xmlns:n1="https://example.org/made"><n1:General_Info>
<PRODUCT_START_TIME>2022-01-15T10:50:31.024Z</PRODUCT_START_TIME><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
<Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
<Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>
<{value}QUANTIFICATION_VALUE unit="none">{quantification}</{value}QUANTIFICATION_VALUE><Offsets>{listed}</Offsets>
</n1:General_Info></n1:Product>"""


def tile():
    places = ''.join(
        f'<Size resolution="{size}"><NROWS>{side}</NROWS><NCOLS>{side}</NCOLS></Size><Geoposition resolution="{size}">'
        f'<ULX>{CORNER[0]}</ULX><ULY>{CORNER[1]}</ULY><XDIM>{size}</XDIM><YDIM>-{size}</YDIM></Geoposition>'
        for size, side in SIDES.items())
    return f"""<?xml version="1.0"?><n1:Tile xmlns:n1="https://example.org/made">
<TILE_ID>S2A_OPER_MSI_TL_MADE_A000001_T31TGJ_N04.00</TILE_ID>
<HORIZONTAL_CS_CODE>EPSG:32631</HORIZONTAL_CS_CODE>{places}</n1:Tile>"""


made = []
for level, baseline, quantification, has_offsets in [
        ('L2A', '05.10', 10_000, True), ('L1C', '04.00', 10_000, True), ('L1C', '02.09', 1000, False)]:
    name = f'S2A_MSI{level}_{TIME}_N{baseline.replace(".", "")}_R051_T31TGJ_20220115T142302.SAFE'
    granule = f'{name}/GRANULE/{level}_T31TGJ_A000001_{TIME}'
    offsets = [-int(rng.integers(0, 1500)) for _ in BANDS] if has_offsets else []
    root = os.path.join(folder, name)
    bands = []
    for k, (band, size) in enumerate(BANDS):
        if level == 'L2A' and band == 'B10':
            continue
        nbits = 10 + k % 7
        side = SIDES[size]
        dn = rng.integers(0, 2**nbits, (side, side)).astype('uint16')
        dn[:, : side // 5] = 0
        file = f'T31TGJ_{TIME}_{band}.jp2' if level == 'L1C' else f'R{size}m/T31TGJ_{TIME}_{band}_{size}m.jp2'
        path = os.path.join(folder, granule, 'IMG_DATA', file)
        write(path, dn, size, nbits)
        read = gdal.Open(path).ReadAsArray()
        offset = offsets[k] if has_offsets else 0
        value = np.maximum(0, read.astype('float64') + offset) / quantification
        value[(read == 0) | (read == 65535)] = np.nan
        truth = os.path.join(folder, f'{level}-{baseline}-{band}.raw')
        value.astype('float32').tofile(truth)
        bands.append({'band': band, 'size': size, 'side': side, 'nbits': nbits, 'truth': truth})
    if level == 'L1C' and baseline == '04.00':
        planes = rng.integers(0, 2, (3, 183, 183)).astype('uint8')
        path = os.path.join(folder, granule, 'QI_DATA', 'MSK_CLASSI_B00.jp2')
        write(path, planes, 60, 8)
        opaque, cirrus, _ = gdal.Open(path).ReadAsArray().astype('float32')
        outside = np.isnan(np.fromfile(os.path.join(folder, f'{level}-{baseline}-B01.raw'), 'float32')).reshape(183, 183)
        for band, mask in [('CLOUDS', opaque), ('CIRRUS', cirrus), ('ALL_CLOUDS', np.maximum(opaque, cirrus))]:
            truth = os.path.join(folder, f'{level}-{baseline}-{band}.raw')
            np.where(outside, np.float32(np.nan), mask).tofile(truth)
            bands.append({'band': band, 'size': 60, 'side': 183, 'nbits': 8, 'truth': truth})
    with open(os.path.join(root, f'MTD_MSI{level}.xml'), 'w') as file:
        file.write(metadata(level, baseline, quantification, offsets))
    with open(os.path.join(folder, granule, 'MTD_TL.xml'), 'w') as file:
        file.write(tile())
    zipped = os.path.join(folder, f'{name}.zip')
    with zipfile.ZipFile(zipped, 'w', zipfile.ZIP_STORED) as archive:
        for at, _, files in os.walk(root):
            for each in files:
                path = os.path.join(at, each)
                archive.write(path, os.path.relpath(path, folder))
    made.append({'path': root, 'zip': zipped, 'bands': bands})
print(json.dumps(made))
