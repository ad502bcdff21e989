import { TerrachipError } from '../../errors.js';
import { storedByteCounts } from './byte-counts.js';
import { type CodecTags, readCodecTags } from './codec-tags.js';
import { damaged, TAG, type TagReader } from './directory.js';
import { requirePredictor } from './predictor.js';
import { bytesPerRow, decodedBytes, type SampleType, sampleTypeOf } from './sample-types.js';
import { readYcbcr, type Ycbcr, ycbcrRowBytes } from './ycbcr.js';

/** How the pixels of one image (the full one, an overview or a mask) lie in the file. */
export interface ImageStructure {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly sample: SampleType;
  readonly littleEndian: boolean;
  /** True when the least significant bit of each stored byte comes first (`FillOrder` 2). */
  readonly reversedBits: boolean;
  /** True when the values of all bands alternate in one block (`PlanarConfiguration` 1). */
  readonly interleaved: boolean;
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blockColumns: number;
  readonly blockRows: number;
  readonly compression: number;
  readonly predictor: number;
  readonly photometric: number;
  /** How colours become RGB; null for an image that is stored in no other colours, or whose codec converts them. */
  readonly ycbcr: Ycbcr | null;
  readonly codecTags: CodecTags;
  /** Of each block, planes one after the other; 0 bytes for a block that is not stored. */
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** No image side and no block is larger, whatever a header declares. */
const MAX_SIDE = 2 ** 31 - 1;
const MAX_BLOCK_BYTES = 2 ** 30;
const MAX_BANDS = 65535;

/** LZW, deflate by both its numbers, LZMA and zstd; other codecs know no predictor, whatever a tag says. */
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
  const rowsPerStrip = await tags.number(TAG.RowsPerStrip, height);
  const blockHeight = tiled ? await tags.number(TAG.TileLength, 0) : Math.min(rowsPerStrip, height);
  if (blockWidth < 1 || blockHeight < 1 || blockWidth > MAX_SIDE || blockHeight > MAX_SIDE) {
    throw damaged(name, `its blocks are ${blockWidth} × ${blockHeight} pixels`);
  }
  const samples = interleaved ? bands : 1;
  checkBlockSize(name, decodedBytes(sample, blockWidth * blockHeight * samples));
  const blockColumns = Math.ceil(width / blockWidth);
  const blockRows = Math.ceil(height / blockHeight);
  const expected = blockColumns * blockRows * (interleaved ? 1 : bands);
  const photometric = await tags.number(TAG.Photometric, 1);
  const ycbcr = await readYcbcr(name, tags, { photometric, compression, bands, interleaved, sample });
  const rawBytes = (rows: number): number =>
    ycbcr === null
      ? bytesPerRow(sample, blockWidth * samples) * rows
      : ycbcrRowBytes(ycbcr, blockWidth) * Math.ceil(rows / ycbcr.down);
  const offsets = (await tags.numbers(tiled ? TAG.TileOffsets : TAG.StripOffsets)) ?? [];
  const declared = await tags.numbers(tiled ? TAG.TileByteCounts : TAG.StripByteCounts);
  const byteCounts = storedByteCounts(offsets, declared, {
    fileSize,
    uncompressed: compression === 1,
    rawBytes: (index) =>
      rawBytes(tiled ? blockHeight : Math.min(blockHeight, height - (index % blockRows) * blockHeight)),
  });
  if (offsets.length < expected || byteCounts.length < expected) {
    throw damaged(name, `it lists ${Math.min(offsets.length, byteCounts.length)} of ${expected} blocks`);
  }
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
    codecTags: await readCodecTags(tags),
    offsets,
    byteCounts,
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
