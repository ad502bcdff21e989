import { TerrachipError } from '../../errors.js';
import { type LocateBlocks, openBlockTable, partOfStrip } from './block-table.js';
import { damaged, TAG, type TagReader } from './directory.js';
import { requirePredictor } from './predictor.js';
import { bytesPerRow, decodedBytes, type SampleType, sampleTypeOf } from './sample-types.js';
import { readYcbcr, type Ycbcr, ycbcrRowBytes } from './ycbcr.js';

/** Layout of one image (full resolution, overview or mask) in the file. */
export interface ImageStructure {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly sample: SampleType;
  readonly littleEndian: boolean;
  /** True if the least significant bit of each stored byte comes first (`FillOrder` 2). */
  readonly reversedBits: boolean;
  /** True if bands are interleaved by pixel (`PlanarConfiguration` 1). */
  readonly interleaved: boolean;
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blockColumns: number;
  readonly blockRows: number;
  readonly compression: number;
  readonly predictor: number;
  readonly photometric: number;
  /** Conversion of YCbCr to RGB; null for other colours, or a codec that converts them. */
  readonly ycbcr: Ycbcr | null;
  /** Shared tables of its JPEG streams, or null. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | null;
  /** Compression of its LERC blobs: 0 none, 1 deflate, 2 zstd. */
  readonly lercCompression: number;
  /** Finds tiles or strips, plane after plane. */
  readonly locate: LocateBlocks;
}

/** Limits of image sides, blocks and bands. */
const MAX_SIDE = 2 ** 31 - 1;
const MAX_BLOCK_BYTES = 2 ** 30;
const MAX_BANDS = 65535;

/** LZW, deflate (two numbers), LZMA and zstd; the predictor tag of other codecs is ignored. */
const PREDICTED_CODECS = [5, 8, 32946, 34925, 50000];

/** @throws {TerrachipError} INVALID_INPUT for impossible values, UNSUPPORTED for sample types of other widths */
export async function readStructure(
  name: string,
  tags: TagReader,
  littleEndian: boolean,
  fileSize: number,
): Promise<ImageStructure> {
  const width = await side(name, tags, TAG.ImageWidth, 'width');
  const height = await side(name, tags, TAG.ImageLength, 'height');
  const bands = await tags.number(TAG.SamplesPerPixel, 1);
  if (bands < 1 || bands > MAX_BANDS) throw damaged(name, `it has ${bands} bands`);
  const sample = await readSampleType(name, tags);
  const interleaved = bands === 1 || (await tags.number(TAG.PlanarConfiguration, 1)) !== 2;
  const compression = await tags.number(TAG.Compression, 1);
  const predictor = PREDICTED_CODECS.includes(compression) ? await tags.number(TAG.Predictor, 1) : 1;
  requirePredictor(name, predictor, sample.bits, sample.storedType.startsWith('float'));
  const tiled = tags.has(TAG.TileWidth);
  const blockWidth = tiled ? await tags.number(TAG.TileWidth, 0) : width;
  const photometric = await tags.number(TAG.Photometric, 1);
  const ycbcr = await readYcbcr(name, tags, { photometric, compression, bands, interleaved, sample });
  const samples = interleaved ? bands : 1;
  const rawBytes = (rows: number): number =>
    ycbcr === null
      ? bytesPerRow(sample, blockWidth * samples) * rows
      : ycbcrRowBytes(ycbcr, blockWidth) * Math.ceil(rows / ycbcr.down);
  const rowsPerStrip = await tags.number(TAG.RowsPerStrip, height);
  // An uncompressed image in one strip is read in parts, like several strips.
  const plain = !tiled && rowsPerStrip >= height && compression === 1 && ycbcr === null;
  const part = plain ? partOfStrip(height, rawBytes(1)) : null;
  const stripRows = part === null ? Math.min(rowsPerStrip, height) : part.rows;
  const blockHeight = tiled ? await tags.number(TAG.TileLength, 0) : stripRows;
  if (blockWidth < 1 || blockHeight < 1 || blockWidth > MAX_SIDE || blockHeight > MAX_SIDE) {
    throw damaged(name, `its blocks are ${blockWidth} × ${blockHeight} pixels`);
  }
  const blockBytes = decodedBytes(sample, blockWidth * blockHeight * samples);
  checkBlockSize(name, blockBytes);
  const blockColumns = Math.ceil(width / blockWidth);
  const blockRows = Math.ceil(height / blockHeight);
  const storedRows = part === null ? blockHeight : height;
  const locate = await openBlockTable(name, tags, {
    tiled,
    expected: (part === null ? blockColumns * blockRows : 1) * (interleaved ? 1 : bands),
    mostBytes: Math.max(blockBytes, rawBytes(storedRows)),
    part,
    fileSize,
    uncompressed: compression === 1,
    rawBytes: (index) =>
      rawBytes(tiled ? blockHeight : Math.min(storedRows, height - (index % blockRows) * blockHeight)),
  });
  const jpegTables = await tags.numbers(TAG.JpegTables);
  return {
    width,
    height,
    bands,
    sample,
    littleEndian,
    reversedBits: (await tags.number(TAG.FillOrder, 1)) === 2,
    interleaved,
    tiled,
    blockWidth,
    blockHeight,
    blockColumns,
    blockRows,
    compression,
    predictor,
    photometric,
    ycbcr,
    jpegTables: jpegTables && Uint8Array.from(jpegTables),
    lercCompression: (await tags.numbers(TAG.LercParameters))?.[1] ?? 0,
    locate,
  };
}

function checkBlockSize(name: string, bytes: number): void {
  if (bytes <= MAX_BLOCK_BYTES) return;
  throw new TerrachipError(
    'TOO_LARGE',
    `${name} is stored in blocks of ${bytes} bytes, more than the limit of ${MAX_BLOCK_BYTES}`,
    'rewrite it tiled (gdal_translate -co TILED=YES)',
    { size: bytes, limit: MAX_BLOCK_BYTES },
  );
}

async function side(name: string, tags: TagReader, tag: number, what: string): Promise<number> {
  const value = await tags.number(tag, 0);
  if (!Number.isInteger(value) || value < 1 || value > MAX_SIDE)
    throw damaged(name, `its ${what} is ${value}`);
  return value;
}

async function readSampleType(name: string, tags: TagReader): Promise<SampleType> {
  const bits = (await tags.numbers(TAG.BitsPerSample)) ?? [1];
  const formats = (await tags.numbers(TAG.SampleFormat)) ?? [1];
  const alike = bits.every((b) => b === bits[0]) && formats.every((f) => f === formats[0]);
  const type = alike ? sampleTypeOf(formats[0], bits[0]) : null;
  if (type !== null) return type;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${name} has samples of ${[...new Set(bits)].join(' and ')} bits in format ${[...new Set(formats)].join(' and ')}`,
    'convert it to one common type (gdal_translate -ot Float32)',
    { feature: 'sample type' },
  );
}
