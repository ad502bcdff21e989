import { TerrachipError } from '../../errors.js';
import { bytesPerElement, type Dtype } from '../../geo/index.js';
import { type CodecTags, readCodecTags } from './codec-tags.js';
import { damaged, TAG, type TagReader } from './directory.js';

/** How the pixels of one image (the full one, an overview or a mask) lie in the file. */
export interface ImageStructure {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly dtype: Dtype;
  readonly littleEndian: boolean;
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
  readonly codecTags: CodecTags;
  /** Of each block, planes one after the other; 0 bytes for a block that is not stored. */
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** No image side and no block is larger, whatever a header declares. */
const MAX_SIDE = 2 ** 31 - 1;
const MAX_BLOCK_BYTES = 2 ** 30;
const MAX_BANDS = 65535;

const UNSIGNED: Readonly<Record<number, Dtype>> = { 8: 'uint8', 16: 'uint16', 32: 'uint32' };
const SIGNED: Readonly<Record<number, Dtype>> = { 8: 'int8', 16: 'int16', 32: 'int32' };
const FLOAT: Readonly<Record<number, Dtype>> = { 32: 'float32', 64: 'float64' };
const SAMPLE_FORMATS: Readonly<Record<number, Readonly<Record<number, Dtype>>>> = {
  1: UNSIGNED,
  2: SIGNED,
  3: FLOAT,
  4: UNSIGNED,
};

/** @throws {TerrachipError} INVALID_INPUT for impossible values, UNSUPPORTED for sample types of other widths */
export async function readStructure(
  name: string,
  tags: TagReader,
  littleEndian: boolean,
): Promise<ImageStructure> {
  const width = await side(name, tags, TAG.ImageWidth, 'width');
  const height = await side(name, tags, TAG.ImageLength, 'height');
  const bands = await tags.number(TAG.SamplesPerPixel, 1);
  if (bands < 1 || bands > MAX_BANDS) throw damaged(name, `it has ${bands} bands`);
  const dtype = await sampleType(name, tags);
  const planar = await tags.number(TAG.PlanarConfiguration, 1);
  const interleaved = planar !== 2;
  const tiled = tags.has(TAG.TileWidth);
  const blockWidth = tiled ? await tags.number(TAG.TileWidth, 0) : width;
  const rowsPerStrip = await tags.number(TAG.RowsPerStrip, height);
  const blockHeight = tiled ? await tags.number(TAG.TileLength, 0) : Math.min(rowsPerStrip, height);
  if (blockWidth < 1 || blockHeight < 1 || blockWidth > MAX_SIDE || blockHeight > MAX_SIDE) {
    throw damaged(name, `its blocks are ${blockWidth} × ${blockHeight} pixels`);
  }
  const blockBytes = blockWidth * blockHeight * bytesPerElement(dtype) * (interleaved ? bands : 1);
  if (blockBytes > MAX_BLOCK_BYTES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${name} is stored in blocks of ${blockBytes} bytes, more than the limit of ${MAX_BLOCK_BYTES}`,
      'rewrite it tiled (gdal_translate -co TILED=YES)',
      { size: blockBytes, limit: MAX_BLOCK_BYTES },
    );
  }
  const blockColumns = Math.ceil(width / blockWidth);
  const blockRows = Math.ceil(height / blockHeight);
  const expected = blockColumns * blockRows * (interleaved ? 1 : bands);
  const offsets = (await tags.numbers(tiled ? TAG.TileOffsets : TAG.StripOffsets)) ?? [];
  const byteCounts = (await tags.numbers(tiled ? TAG.TileByteCounts : TAG.StripByteCounts)) ?? [];
  if (offsets.length < expected || byteCounts.length < expected) {
    throw damaged(name, `it lists ${Math.min(offsets.length, byteCounts.length)} of ${expected} blocks`);
  }
  return {
    width,
    height,
    bands,
    dtype,
    littleEndian,
    interleaved,
    tiled,
    blockWidth,
    blockHeight,
    blockColumns,
    blockRows,
    compression: await tags.number(TAG.Compression, 1),
    predictor: await tags.number(TAG.Predictor, 1),
    photometric: await tags.number(TAG.Photometric, 1),
    codecTags: await readCodecTags(tags),
    offsets,
    byteCounts,
  };
}

async function side(name: string, tags: TagReader, tag: number, what: string): Promise<number> {
  const value = await tags.number(tag, 0);
  if (!Number.isInteger(value) || value < 1 || value > MAX_SIDE)
    throw damaged(name, `its ${what} is ${value}`);
  return value;
}

async function sampleType(name: string, tags: TagReader): Promise<Dtype> {
  const bits = (await tags.numbers(TAG.BitsPerSample)) ?? [1];
  const formats = (await tags.numbers(TAG.SampleFormat)) ?? [1];
  const dtype = SAMPLE_FORMATS[formats[0]]?.[bits[0]];
  if (dtype === undefined || bits.some((b) => b !== bits[0]) || formats.some((f) => f !== formats[0])) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} has samples of ${[...new Set(bits)].join(' and ')} bits in format ${[...new Set(formats)].join(' and ')}`,
      'convert it to a common type (gdal_translate -ot Float32)',
      { feature: 'sample type' },
    );
  }
  return dtype;
}
