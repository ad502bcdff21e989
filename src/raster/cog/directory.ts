/**
 * The image file directories of a cloud-optimised GeoTIFF, as bytes: all of them at the head of the file, the full
 * image first, then the overviews from the largest to the smallest; each with its arrays behind it.
 */
import { bytesPerElement, type Dtype, type GeoBox, geoKeyDirectory } from '../../geo/index.js';
import { TAG } from '../geotiff/directory.js';
import type { ColourTable } from '../raster.js';

/** What one image of the file declares. */
export interface CogImage {
  readonly width: number;
  readonly height: number;
  /** Position and size of each tile, in row-major order. */
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** What all images of the file share. */
export interface CogLayout {
  readonly geobox: GeoBox;
  readonly bands: number;
  readonly dtype: Dtype;
  readonly blockSize: number;
  /** TIFF compression number. */
  readonly compression: number;
  readonly predictor: number;
  readonly nodata: number | null;
  readonly colourTable: ColourTable | null;
  /** GDAL's metadata document, or null. */
  readonly metadata: string | null;
  readonly bigTiff: boolean;
}

const TYPE = { ascii: 2, short: 3, long: 4, double: 12, long8: 16 } as const;
type FieldType = (typeof TYPE)[keyof typeof TYPE];
const TYPE_BYTES: Readonly<Record<FieldType, number>> = { 2: 1, 3: 2, 4: 4, 12: 8, 16: 8 };

interface Field {
  readonly tag: number;
  readonly type: FieldType;
  readonly values: readonly number[] | string;
}

/**
 * What GDAL's COG driver promises about the layout: with this in its place GDAL reports LAYOUT=COG, and readers
 * fetch a tile and its size in one request.
 */
function structuralMetadata(): string {
  const lines = [
    'LAYOUT=IFDS_BEFORE_DATA',
    'BLOCK_ORDER=ROW_MAJOR',
    'BLOCK_LEADER=SIZE_AS_UINT4',
    'BLOCK_TRAILER=LAST_4_BYTES_REPEATED',
    'KNOWN_INCOMPATIBLE_EDITION=NO',
  ];
  // The blank at the end leaves room for the flag to become YES when another program edits the file.
  const body = `${lines.join('\n')}\n `;
  return `GDAL_STRUCTURAL_METADATA_SIZE=${String(body.length).padStart(6, '0')} bytes\n${body}`;
}

/** Bytes before (the tile's size) and after (its last four bytes again) each tile, as the metadata promises. */
export const BLOCK_LEADER_BYTES = 4;
export const BLOCK_TRAILER_BYTES = 4;

const SAMPLE_FORMAT: Readonly<Record<Dtype, number>> = {
  uint8: 1, uint16: 1, uint32: 1, int8: 2, int16: 2, int32: 2, float32: 3, float64: 3,
}; // biome-ignore format: a table

/** The first bytes of the file, up to where tiles begin. Its length depends on the number of tiles alone. */
export function encodeHead(layout: CogLayout, images: readonly CogImage[]): Uint8Array<ArrayBuffer> {
  const ghost = new TextEncoder().encode(structuralMetadata());
  const headerBytes = layout.bigTiff ? 16 : 8;
  let offset = align(headerBytes + ghost.length);
  const parts: { at: number; bytes: Uint8Array }[] = [{ at: headerBytes, bytes: ghost }];
  const starts: number[] = [];
  for (const [k, image] of images.entries()) {
    starts.push(offset);
    const fields = fieldsOf(layout, image, k > 0);
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

function fieldsOf(layout: CogLayout, image: CogImage, isOverview: boolean): Field[] {
  const { bands, dtype, geobox } = layout;
  const repeated = (value: number): number[] => new Array<number>(bands).fill(value);
  const palette = layout.colourTable;
  const long = layout.bigTiff ? TYPE.long8 : TYPE.long;
  const fields: (Field | null)[] = [
    isOverview ? { tag: TAG.NewSubfileType, type: TYPE.long, values: [1] } : null,
    { tag: TAG.ImageWidth, type: TYPE.long, values: [image.width] },
    { tag: TAG.ImageLength, type: TYPE.long, values: [image.height] },
    { tag: TAG.BitsPerSample, type: TYPE.short, values: repeated(8 * bytesPerElement(dtype)) },
    { tag: TAG.Compression, type: TYPE.short, values: [layout.compression] },
    { tag: TAG.Photometric, type: TYPE.short, values: [palette === null ? 1 : 3] },
    { tag: TAG.SamplesPerPixel, type: TYPE.short, values: [bands] },
    { tag: TAG.PlanarConfiguration, type: TYPE.short, values: [1] },
    layout.predictor === 1 ? null : { tag: TAG.Predictor, type: TYPE.short, values: [layout.predictor] },
    palette === null ? null : { tag: TAG.ColorMap, type: TYPE.short, values: colourMap(palette) },
    { tag: TAG.TileWidth, type: TYPE.short, values: [layout.blockSize] },
    { tag: TAG.TileLength, type: TYPE.short, values: [layout.blockSize] },
    { tag: TAG.TileOffsets, type: long, values: image.offsets },
    { tag: TAG.TileByteCounts, type: long, values: image.byteCounts },
    // Photometric "black is zero" has one sample: the others are "unspecified" extras.
    bands > 1 ? { tag: TAG.ExtraSamples, type: TYPE.short, values: repeated(0).slice(1) } : null,
    { tag: TAG.SampleFormat, type: TYPE.short, values: repeated(SAMPLE_FORMAT[dtype]) },
    ...(isOverview ? [] : georeference(geobox)),
    isOverview || layout.metadata === null
      ? null
      : { tag: TAG.GdalMetadata, type: TYPE.ascii, values: layout.metadata },
    layout.nodata === null
      ? null
      : { tag: TAG.GdalNodata, type: TYPE.ascii, values: nodataText(layout.nodata) },
  ];
  return fields.filter((field) => field !== null).sort((a, b) => a.tag - b.tag);
}

function georeference(geobox: GeoBox): Field[] {
  const { a, b, c, d, e, f } = geobox.transform;
  const northUp = b === 0 && d === 0 && a > 0 && e < 0;
  const place: Field[] = northUp
    ? [
        { tag: TAG.ModelPixelScale, type: TYPE.double, values: [a, -e, 0] },
        { tag: TAG.ModelTiepoint, type: TYPE.double, values: [0, 0, 0, c, f, 0] },
      ]
    : [
        {
          tag: TAG.ModelTransformation,
          type: TYPE.double,
          values: [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1],
        },
      ];
  const keys = geoKeyDirectory(geobox.crs);
  return keys === null ? place : [...place, { tag: TAG.GeoKeyDirectory, type: TYPE.short, values: keys }];
}

/** A palette of 256 entries, reds first, 16 bits a channel. */
function colourMap(table: ColourTable): number[] {
  return [0, 1, 2].flatMap((channel) =>
    Array.from({ length: 256 }, (_, value) => (table[value]?.[channel] ?? 0) * 257),
  );
}

function nodataText(nodata: number): string {
  return Number.isNaN(nodata) ? 'nan' : String(nodata);
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function fieldBytes(field: Field): number {
  const count = typeof field.values === 'string' ? encodeText(field.values).length : field.values.length;
  return count * TYPE_BYTES[field.type];
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function directorySize(fields: readonly Field[], bigTiff: boolean): number {
  const inline = bigTiff ? 8 : 4;
  let size = align((bigTiff ? 16 : 6) + fields.length * (bigTiff ? 20 : 12));
  for (const field of fields) {
    const bytes = fieldBytes(field);
    if (bytes > inline) size += align(bytes);
  }
  return size;
}

function encodeDirectory(
  fields: readonly Field[],
  start: number,
  next: number,
  bigTiff: boolean,
): Uint8Array {
  const bytes = new Uint8Array(directorySize(fields, bigTiff));
  const view = new DataView(bytes.buffer);
  const inline = bigTiff ? 8 : 4;
  const entryBytes = bigTiff ? 20 : 12;
  let at = bigTiff ? 8 : 2;
  if (bigTiff) view.setBigUint64(0, BigInt(fields.length), true);
  else view.setUint16(0, fields.length, true);
  let data = align((bigTiff ? 16 : 6) + fields.length * entryBytes);
  for (const field of fields) {
    const size = fieldBytes(field);
    const count = size / TYPE_BYTES[field.type];
    view.setUint16(at, field.tag, true);
    view.setUint16(at + 2, field.type, true);
    if (bigTiff) view.setBigUint64(at + 4, BigInt(count), true);
    else view.setUint32(at + 4, count, true);
    const valueAt = at + entryBytes - inline;
    if (size <= inline) {
      encodeValues(view, valueAt, field);
    } else {
      if (bigTiff) view.setBigUint64(valueAt, BigInt(start + data), true);
      else view.setUint32(valueAt, start + data, true);
      encodeValues(view, data, field);
      data += align(size);
    }
    at += entryBytes;
  }
  if (bigTiff) view.setBigUint64(at, BigInt(next), true);
  else view.setUint32(at, next, true);
  return bytes;
}

function encodeValues(view: DataView, at: number, field: Field): void {
  if (typeof field.values === 'string') {
    new Uint8Array(view.buffer, at).set(encodeText(field.values));
    return;
  }
  for (const [i, value] of field.values.entries()) {
    const to = at + i * TYPE_BYTES[field.type];
    if (field.type === TYPE.short) view.setUint16(to, value, true);
    else if (field.type === TYPE.double) view.setFloat64(to, value, true);
    else if (field.type === TYPE.long8) view.setBigUint64(to, BigInt(value), true);
    else view.setUint32(to, value, true);
  }
}
