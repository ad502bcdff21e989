/**
 * The image file directories of a cloud-optimised GeoTIFF, as bytes: all at the head of the file, the full image first,
 * then the overviews from the largest to the smallest, each followed by its arrays.
 */

import { bytesPerElement } from '../../geo/dtype.js';
import { type Dtype, encodeGeoKeys, type GeoBox, type GeoKeyTags } from '../../geo/index.js';
import { TAG } from '../geotiff/directory.js';
import type { ColourTable } from '../raster.js';
import { extraSamples, photometricOf } from './colours.js';
import { metadataDocument } from './metadata.js';
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
    const fields = image.isMask ? maskFields(layout, image, reduced) : imageFields(layout, image, reduced);
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

function imageFields(layout: CogLayout, image: CogImage, reduced: boolean): Field[] {
  const { bands, dtype, predictor, colourTable, nodata, interleave } = layout.settings;
  const repeated = (value: number): number[] => new Array<number>(bands).fill(value);
  const fields: Field[] = [
    ...tileFields(layout, image),
    { tag: TAG.BitsPerSample, type: TYPE.short, values: repeated(8 * bytesPerElement(dtype)) },
    {
      tag: TAG.Photometric,
      type: TYPE.short,
      values: [PHOTOMETRIC[photometricOf(layout.settings)]],
    },
    { tag: TAG.SamplesPerPixel, type: TYPE.short, values: [bands] },
    { tag: TAG.PlanarConfiguration, type: TYPE.short, values: [interleave === 'pixel' ? 1 : 2] },
    { tag: TAG.SampleFormat, type: TYPE.short, values: repeated(sampleFormat(dtype)) },
  ];
  if (reduced) fields.push({ tag: TAG.NewSubfileType, type: TYPE.long, values: [NEW_SUBFILE.reduced] });
  if (predictor !== 1) fields.push({ tag: TAG.Predictor, type: TYPE.short, values: [predictor] });
  if (colourTable !== null) {
    fields.push({ tag: TAG.ColorMap, type: TYPE.short, values: colourMap(colourTable) });
  }
  const extra = extraSamples(layout.settings);
  if (extra.length > 0) fields.push({ tag: TAG.ExtraSamples, type: TYPE.short, values: extra });
  if (nodata !== null) fields.push({ tag: TAG.GdalNodata, type: TYPE.ascii, values: nodataText(nodata) });
  if (!reduced) {
    fields.push(...georeference(layout.settings.geobox, layout.geoKeys));
    if (layout.metadata !== null) {
      fields.push({ tag: TAG.GdalMetadata, type: TYPE.ascii, values: layout.metadata });
    }
  }
  return fields.sort((a, b) => a.tag - b.tag);
}

/** A mask of one bit per pixel: 1 for valid. */
function maskFields(layout: CogLayout, image: CogImage, reduced: boolean): Field[] {
  const fields: Field[] = [
    ...tileFields(layout, image),
    {
      tag: TAG.NewSubfileType,
      type: TYPE.long,
      values: [NEW_SUBFILE.mask | (reduced ? NEW_SUBFILE.reduced : 0)],
    },
    { tag: TAG.BitsPerSample, type: TYPE.short, values: [1] },
    { tag: TAG.Photometric, type: TYPE.short, values: [PHOTOMETRIC.mask] },
    { tag: TAG.SamplesPerPixel, type: TYPE.short, values: [1] },
    { tag: TAG.PlanarConfiguration, type: TYPE.short, values: [1] },
    { tag: TAG.SampleFormat, type: TYPE.short, values: [1] },
  ];
  return fields.sort((a, b) => a.tag - b.tag);
}

function tileFields({ settings, bigTiff }: CogLayout, image: CogImage): Field[] {
  const long = bigTiff ? TYPE.long8 : TYPE.long;
  return [
    { tag: TAG.ImageWidth, type: TYPE.long, values: [image.width] },
    { tag: TAG.ImageLength, type: TYPE.long, values: [image.height] },
    { tag: TAG.Compression, type: TYPE.short, values: [COMPRESSION[settings.compression]] },
    { tag: TAG.TileWidth, type: TYPE.short, values: [settings.blockSize] },
    { tag: TAG.TileLength, type: TYPE.short, values: [settings.blockSize] },
    { tag: TAG.TileOffsets, type: long, values: image.offsets },
    { tag: TAG.TileByteCounts, type: long, values: image.byteCounts },
  ];
}

function georeference(geobox: GeoBox, { directory, doubles, ascii }: GeoKeyTags): Field[] {
  const { a, b, c, d, e, f } = geobox.transform;
  const northUp = b === 0 && d === 0 && a > 0 && e < 0;
  const transform: Field[] = northUp
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
  const keys: Field[] = [{ tag: TAG.GeoKeyDirectory, type: TYPE.short, values: directory }];
  if (doubles.length > 0) keys.push({ tag: TAG.GeoDoubleParams, type: TYPE.double, values: doubles });
  if (ascii !== '') keys.push({ tag: TAG.GeoAsciiParams, type: TYPE.ascii, values: ascii });
  return [...transform, ...keys];
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
