/**
 * The image file directories of a cloud-optimised GeoTIFF, as bytes: all at the head of the file, the full image first,
 * then the overviews from the largest to the smallest, each followed by its arrays.
 */

import { bytesPerElement } from '../../geo/dtype.js';
import { type Dtype, encodeGeoKeys, type GeoBox, type GeoKeyTags } from '../../geo/index.js';
import { TAG } from '../geotiff/directory.js';
import type { ColourTable } from '../raster.js';
import { extraSamples, interpretationsByTags, photometricOf, wantedInterpretations } from './colours.js';
import type { CogCompression, CogSettings } from './options.js';
import { align, directorySize, encodeDirectory, type Field, TYPE } from './tiff-fields.js';

/** One image of the file. */
export interface CogImage {
  readonly width: number;
  readonly height: number;
  /** Whether it is the mask of the image before it. */
  readonly isMask: boolean;
  /** Offset and size of each tile, in row-major order, band after band if separate. */
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** Parameters common to all images of the file. */
export interface CogLayout {
  readonly settings: CogSettings;
  readonly geoKeys: GeoKeyTags;
  /** GDAL's metadata document, or null. */
  readonly metadata: string | null;
  readonly bigTiff: boolean;
}

/** @throws {TerrachipError} UNSUPPORTED for a coordinate reference system that GeoTIFF cannot hold */
export function layoutOf(settings: CogSettings): Omit<CogLayout, 'bigTiff'> {
  return {
    settings,
    geoKeys: encodeGeoKeys(settings.geobox.crs),
    metadata: metadataDocument(settings),
  };
}

/** TIFF compression numbers. */
const COMPRESSION: Readonly<Record<CogCompression, number>> = { none: 1, deflate: 8, zstd: 50000 };

const NEW_SUBFILE = { reduced: 1, mask: 4 } as const;
const PHOTOMETRIC = { gray: 1, rgb: 2, palette: 3, mask: 4 } as const;

/**
 * The layout promises of GDAL's COG driver: with them GDAL reports LAYOUT=COG, and readers fetch a tile and its size in
 * one request.
 */
function structuralMetadata(): string {
  const lines = [
    'LAYOUT=IFDS_BEFORE_DATA',
    'BLOCK_ORDER=ROW_MAJOR',
    'BLOCK_LEADER=SIZE_AS_UINT4',
    'BLOCK_TRAILER=LAST_4_BYTES_REPEATED',
    'KNOWN_INCOMPATIBLE_EDITION=NO',
  ];
  // The final blank leaves room for YES, written by programs that edit the file.
  const body = `${lines.join('\n')}\n `;
  return `GDAL_STRUCTURAL_METADATA_SIZE=${String(body.length).padStart(6, '0')} bytes\n${body}`;
}

/** Bytes before (the tile's size) and after (its last four bytes again) each tile. */
export const BLOCK_LEADER_BYTES = 4;
export const BLOCK_TRAILER_BYTES = 4;

/** TIFF's sample format: 1 unsigned, 2 signed, 3 floating point. */
function sampleFormat(dtype: Dtype): number {
  if (dtype.startsWith('uint')) return 1;
  return dtype.startsWith('int') ? 2 : 3;
}

/** The first bytes of the file, up to the tiles. The length depends only on the number of tiles. */
export function encodeHead(layout: CogLayout, images: readonly CogImage[]): Uint8Array<ArrayBuffer> {
  const ghost = new TextEncoder().encode(structuralMetadata());
  const headerBytes = layout.bigTiff ? 16 : 8;
  let offset = align(headerBytes + ghost.length);
  const parts: { at: number; bytes: Uint8Array }[] = [{ at: headerBytes, bytes: ghost }];
  const starts: number[] = [];
  for (const [k, image] of images.entries()) {
    starts.push(offset);
    // An overview may be smaller in one dimension only.
    const reduced = image.width !== images[0].width || image.height !== images[0].height;
    const fields = (image.isMask ? maskFields : imageFields)(layout, image, reduced);
    fields.sort((a, b) => a.tag - b.tag);
    const size = directorySize(fields, layout.bigTiff);
    const next = k + 1 < images.length ? offset + size : 0;
    parts.push({ at: offset, bytes: encodeDirectory(fields, offset, next, layout.bigTiff) });
    offset += size;
  }
  const head = new Uint8Array(offset);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, layout.bigTiff ? 43 : 42, true);
  if (layout.bigTiff) {
    view.setUint16(4, 8, true);
    view.setBigUint64(8, BigInt(starts[0]), true);
  } else {
    view.setUint32(4, starts[0], true);
  }
  for (const { at, bytes } of parts) head.set(bytes, at);
  return head;
}

const short = (tag: number, values: readonly number[]): Field => ({ tag, type: TYPE.short, values });
const long = (tag: number, value: number): Field => ({ tag, type: TYPE.long, values: [value] });
const double = (tag: number, values: readonly number[]): Field => ({ tag, type: TYPE.double, values });
const ascii = (tag: number, values: string): Field => ({ tag, type: TYPE.ascii, values });

function imageFields(layout: CogLayout, image: CogImage, reduced: boolean): Field[] {
  const { settings, geoKeys, metadata } = layout;
  const { bands, dtype, predictor, colourTable, nodata, interleave, geobox } = settings;
  const repeated = (value: number): number[] => new Array<number>(bands).fill(value);
  const fields: Field[] = [
    ...tileFields(layout, image),
    short(TAG.BitsPerSample, repeated(8 * bytesPerElement(dtype))),
    short(TAG.Photometric, [PHOTOMETRIC[photometricOf(settings)]]),
    short(TAG.SamplesPerPixel, [bands]),
    short(TAG.PlanarConfiguration, [interleave === 'pixel' ? 1 : 2]),
    short(TAG.SampleFormat, repeated(sampleFormat(dtype))),
  ];
  if (reduced) fields.push(long(TAG.NewSubfileType, NEW_SUBFILE.reduced));
  if (predictor !== 1) fields.push(short(TAG.Predictor, [predictor]));
  if (colourTable !== null) fields.push(short(TAG.ColorMap, colourMap(colourTable)));
  const extra = extraSamples(settings);
  if (extra.length > 0) fields.push(short(TAG.ExtraSamples, extra));
  if (nodata !== null) fields.push(ascii(TAG.GdalNodata, nodataText(nodata)));
  if (!reduced) fields.push(...georeference(geobox, geoKeys));
  if (!reduced && metadata !== null) fields.push(ascii(TAG.GdalMetadata, metadata));
  return fields;
}

/** A mask of one bit per pixel: 1 for valid. */
function maskFields(layout: CogLayout, image: CogImage, reduced: boolean): Field[] {
  return [
    ...tileFields(layout, image),
    long(TAG.NewSubfileType, NEW_SUBFILE.mask | (reduced ? NEW_SUBFILE.reduced : 0)),
    short(TAG.BitsPerSample, [1]),
    short(TAG.Photometric, [PHOTOMETRIC.mask]),
    short(TAG.SamplesPerPixel, [1]),
    short(TAG.PlanarConfiguration, [1]),
    short(TAG.SampleFormat, [1]),
  ];
}

function tileFields({ settings, bigTiff }: CogLayout, image: CogImage): Field[] {
  const type = bigTiff ? TYPE.long8 : TYPE.long;
  return [
    long(TAG.ImageWidth, image.width),
    long(TAG.ImageLength, image.height),
    short(TAG.Compression, [COMPRESSION[settings.compression]]),
    short(TAG.TileWidth, [settings.blockSize]),
    short(TAG.TileLength, [settings.blockSize]),
    { tag: TAG.TileOffsets, type, values: image.offsets },
    { tag: TAG.TileByteCounts, type, values: image.byteCounts },
  ];
}

function georeference(geobox: GeoBox, { directory, doubles, ascii: texts }: GeoKeyTags): Field[] {
  const { a, b, c, d, e, f } = geobox.transform;
  const northUp = b === 0 && d === 0 && a > 0 && e < 0;
  const fields = northUp
    ? [double(TAG.ModelPixelScale, [a, -e, 0]), double(TAG.ModelTiepoint, [0, 0, 0, c, f, 0])]
    : [double(TAG.ModelTransformation, [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1])];
  fields.push(short(TAG.GeoKeyDirectory, directory));
  if (doubles.length > 0) fields.push(double(TAG.GeoDoubleParams, doubles));
  if (texts !== '') fields.push(ascii(TAG.GeoAsciiParams, texts));
  return fields;
}

/** A palette of 256 entries, reds first, 16 bits a channel. */
function colourMap(table: ColourTable): number[] {
  return [0, 1, 2].flatMap((channel) =>
    Array.from({ length: 256 }, (_, value) => (table[value]?.[channel] ?? 0) * 257),
  );
}

function nodataText(nodata: number): string {
  if (Number.isFinite(nodata)) return String(nodata);
  return Number.isNaN(nodata) ? 'nan' : nodata > 0 ? 'inf' : '-inf';
}

/** GDAL's metadata document without default values, the XML of the tag GDAL_METADATA; null for no items. */
function metadataDocument(settings: CogSettings): string | null {
  const { descriptions, units, scales, offsets, metadata, bandMetadata } = settings;
  const byTags = interpretationsByTags(settings);
  const colours = wantedInterpretations(settings).map((name, band) => (name === byTags[band] ? '' : name));
  const items = [
    ...Object.entries(metadata).map(([name, text]) => item(name, text)),
    ...bandMetadata.flatMap((own, band) => Object.entries(own).map(([name, text]) => item(name, text, band))),
    ...descriptions.map((text, band) => (text === '' ? '' : item('DESCRIPTION', text, band, 'description'))),
    ...colours.map((name, band) =>
      name === '' ? '' : item('COLORINTERP', name[0].toUpperCase() + name.slice(1), band, 'colorinterp'),
    ),
    ...units.map((text, band) => (text === '' ? '' : item('UNITTYPE', text, band, 'unittype'))),
    ...scales.map((value, band) => (value === 1 ? '' : item('SCALE', String(value), band, 'scale'))),
    ...offsets.map((value, band) => (value === 0 ? '' : item('OFFSET', String(value), band, 'offset'))),
  ].join('');
  return items === '' ? null : `<GDALMetadata>\n${items}</GDALMetadata>\n`;
}

function item(name: string, text: string, band?: number, role?: string): string {
  const sample = band === undefined ? '' : ` sample="${band}"`;
  const meaning = role === undefined ? '' : ` role="${role}"`;
  // GDAL escapes values twice when it writes and unescapes them twice when it reads.
  return `  <Item name="${escapeXml(name)}"${sample}${meaning}>${escapeXml(escapeXml(text))}</Item>\n`;
}

/** A text as XML, without the characters that XML does not allow. */
export function escapeXml(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' || '\t\n\r'.includes(character))
    .filter((character) => !/[\ud800-\udfff\ufffe\uffff]/u.test(character))
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
