/** Unsupported formats by their first bytes, each with a remedy. */
import { invalidInput, type TerrachipError } from '../../errors.js';
import { isTiff } from '../../io/bytes.js';
import type { ByteSource } from '../../io/index.js';
import { findBeside } from '../../io/node/beside.js';
import { localPath, openSource } from '../../io/node/file.js';
import { isUrl } from '../../io/open-url.js';

const TO_GEOTIFF = 'convert it with gdal_translate INPUT OUTPUT.tif';
const BURN_VECTORS = 'give a raster; rasterize burns polygons onto a grid';
const UNPACK = 'unpack it first';

/** Signatures of binary formats, as Latin-1. */
const SIGNATURES: readonly (readonly [bytes: string, name: string, remedy: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'a PNG picture', TO_GEOTIFF],
  ['\xff\xd8\xff', 'a JPEG picture', TO_GEOTIFF],
  ['GIF8', 'a GIF picture', TO_GEOTIFF],
  ['\x00\x00\x00\x0cJXL ', 'a JPEG XL picture', TO_GEOTIFF],
  ['\xff\x0a', 'a JPEG XL picture', TO_GEOTIFF],
  ['GRIB', 'a GRIB file', TO_GEOTIFF],
  ['\x0e\x03\x13\x01', 'an HDF4 file', 'convert it with gdal_translate, or h4toh5 INPUT OUTPUT.h5'],
  ['CDF\x05', 'a netCDF file of the kind CDF-5', 'convert it with nccopy -k nc4 INPUT OUTPUT.nc'],
  ['SQLite format 3\x00', 'a GeoPackage or another SQLite database', `${TO_GEOTIFF} if it holds images, or read its polygons with rasterize`],
  ['PAR1', 'a Parquet file', 'give a raster; catalog info describes a catalog'],
  ['\x00\x00\x27\x0a', 'a shapefile', BURN_VECTORS],
  ['fgb\x03', 'a FlatGeobuf file', BURN_VECTORS],
  ['msid', 'a MrSID image', TO_GEOTIFF],
  ['e\x02', 'an ECW image', TO_GEOTIFF],
  ['NITF', 'a NITF image', TO_GEOTIFF],
  ['NSIF', 'a NITF image', TO_GEOTIFF],
  ['EHFA_HEADER_TAG', 'an ERDAS Imagine file', TO_GEOTIFF],
  ['BM', 'a BMP picture', TO_GEOTIFF],
  ['%PDF', 'a PDF document', TO_GEOTIFF],
  ['\x1f\x8b', 'a gzip file', UNPACK],
  ['BZh', 'a bzip2 file', UNPACK],
  ['\xfd7zXZ\x00', 'an xz file', UNPACK],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive', UNPACK],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file', UNPACK],
  ['ENVI', 'the header of an ENVI image', 'convert the image with gdal_translate INPUT OUTPUT.tif'],
  ['DSAA', 'a Surfer grid', TO_GEOTIFF],
  ['DSBB', 'a Surfer grid', TO_GEOTIFF],
  ['DSRB', 'a Surfer grid', TO_GEOTIFF],
  ['PCIDSK', 'a PCIDSK file', TO_GEOTIFF],
  ['SIMPLE  =', 'a FITS image', TO_GEOTIFF],
  ['UHL1', 'a DTED file', TO_GEOTIFF],
  ['Rar!', 'a RAR archive', UNPACK],
]; // biome-ignore format: a table

/** Starts of text formats, after white space and a byte order mark. */
const TEXTS: readonly (readonly [start: RegExp, name: string, remedy: string])[] = [
  [/^(<\?xml[^>]*>\s*)?<VRTDataset/, 'a VRT file of GDAL', TO_GEOTIFF],
  [/^<(!doctype\s+html|html)/i, 'an HTML page', 'check the address, or log in where it comes from'],
  [/^<\?xml|^<\w/, 'an XML document', 'give the image that it describes; catalog build reads products'],
  [
    /^[{[]/,
    'a JSON document',
    'give a raster; infer reads scenes, catalog build reads STAC items and GeoJSON',
  ],
  [/^ncols\s+\d/i, 'an Arc/Info ASCII grid', TO_GEOTIFF],
  [/^version https:\/\/git-lfs/, 'a pointer of Git LFS to a file', 'get the file itself with git lfs pull'],
];

const UNKNOWN = 'a raster of a format that is read (GeoTIFF, JPEG 2000, Zarr, netCDF, HDF5, .npy)';

/**
 * The error for a file of another format; null for a file that starts like a TIFF.
 * @param path the source's path or URL
 */
export async function foreignFormat(source: ByteSource, path: string): Promise<TerrachipError | null> {
  if (source.size === 0) return invalidInput(source.name, 'is empty', 'get it again');
  const bytes = await source.read(0, Math.min(512, source.size));
  if (isTiff(bytes)) return null;
  const head = Buffer.from(bytes).toString('latin1');
  const refused = (name: string, remedy: string): TerrachipError =>
    invalidInput(source.name, `is ${name}, which is not read`, remedy);
  const known = SIGNATURES.find(([signature]) => head.startsWith(signature));
  if (known !== undefined) return refused(known[1], known[2]);
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return refused('a WebP picture', TO_GEOTIFF);
  const text = new TextDecoder().decode(bytes).trimStart();
  const document = TEXTS.find(([start]) => start.test(text));
  if (document !== undefined) return refused(document[1], document[2]);
  if (head.slice(257, 262) === 'ustar') return refused('a tar archive', UNPACK);
  const raw = await rawImage(path);
  return raw === null
    ? invalidInput(
        source.name,
        `is not ${UNKNOWN}`,
        'convert it with gdal_translate INPUT OUTPUT.tif, or get it again',
      )
    : refused(`${raw}, as its .hdr file says`, TO_GEOTIFF);
}

/** The most bytes read of a header. */
const HEADER_BYTES = 4096;

/** The format of a raw image without signature, from its header file. */
async function rawImage(path: string): Promise<string | null> {
  if (isUrl(path)) return null;
  const local = localPath(path);
  const headers = await findBeside(local, [`${local}.hdr`, `${local.replace(/\.[^./\\]*$/, '')}.hdr`]);
  for (const header of headers) {
    if (header === null) continue;
    const source = await openSource(header).catch(() => null);
    if (source === null) continue;
    const start = source.read(0, Math.min(HEADER_BYTES, source.size));
    const text = Buffer.from(await start.finally(() => source.dispose())).toString('latin1');
    if (text.startsWith('ENVI')) return 'an ENVI image';
    if (/^\s*nrows\s+\d/im.test(text)) return 'a raw image of Esri (.bil, .bip, .bsq or .flt)';
  }
  return null;
}
