import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { internalError, invalidInput, TerrachipError } from '../../errors.js';
import {
  allocateArray,
  bytesPerElement,
  type Dtype,
  type GeoBox,
  isFloat,
  type TypedArray,
} from '../../geo/index.js';
import { mapConcurrently } from '../../io/index.js';
import { requireWritable, temporaryPath, writeAtomically, writeError } from '../../io/node/index.js';
import {
  BLOCK_LEADER_BYTES,
  BLOCK_TRAILER_BYTES,
  type CogImage,
  type CogLayout,
  encodeHead,
} from '../cog/directory.js';
import { halve, type OverviewMethod } from '../cog/overview.js';
import { applyPredictor } from '../geotiff/predictor.js';
import type { ColourTable } from '../raster.js';

const deflateAsync = promisify(deflate);

export interface CogOptions {
  geobox: GeoBox;
  /** Number of bands. */
  bands: number;
  dtype: Dtype;
  nodata?: number | null;
  compression?: 'deflate' | 'none';
  /** Deflate level from 1 to 9 (default 6). */
  level?: number;
  /** Side of the square tiles: a multiple of 16 (default 512). */
  blockSize?: number;
  /** How reduced images are made (default `average`); give `mode` for classes. */
  overviews?: OverviewMethod;
  /** Colours of a uint8 class map, by value. */
  colourTable?: ColourTable;
  /** Names of the bands. */
  descriptions?: readonly string[];
  /** Physical value = stored · scale + offset, a band. */
  scales?: readonly number[];
  offsets?: readonly number[];
}

/** Tiles that are compressed at a time; libuv's pool decides how many really run. */
const COMPRESSING = 8;

/** Copying level files into the result goes in pieces of this size. */
const COPY_BYTES = 4 * 2 ** 20;

/** A classic TIFF addresses 4 GiB; what may come near it is written as BigTIFF. */
const CLASSIC_LIMIT = 4e9;

/** One resolution: rows wait here until a whole row of tiles can be written. */
interface Level {
  readonly width: number;
  readonly height: number;
  readonly path: string;
  readonly file: FileHandle;
  /** One row of tiles of each band: `bands × blockSize × width` values. */
  readonly buffer: TypedArray;
  rowsInBuffer: number;
  rowsDone: number;
  /** Where its tiles start in its temporary file. */
  readonly start: number;
  /** Sizes of the tiles so far, and their bytes in all. */
  readonly byteCounts: number[];
  bytes: number;
}

/**
 * Writes a cloud-optimised GeoTIFF from rows, top to bottom, in memory bounded by a row of tiles a level. Tiles go
 * to a temporary file a level and are put in order at the end, smallest level first, as the format wants; the
 * result appears under its name only when it is whole.
 */
export class CogWriter {
  readonly path: string;
  readonly #options: CogOptions;
  readonly #layout: CogLayout;
  readonly #headBytes: number;
  readonly #blockSize: number;
  readonly #predictor: number;
  readonly #levels: Level[];
  #closed = false;

  private constructor(
    path: string,
    options: CogOptions,
    layout: CogLayout,
    headBytes: number,
    levels: Level[],
  ) {
    this.path = path;
    this.#options = options;
    this.#layout = layout;
    this.#headBytes = headBytes;
    this.#blockSize = layout.blockSize;
    this.#predictor = layout.predictor;
    this.#levels = levels;
  }

  /** @throws {TerrachipError} INVALID_INPUT for impossible options, DISK when the folder refuses */
  static async create(path: string, options: CogOptions): Promise<CogWriter> {
    checkOptions(path, options);
    await requireWritable(path);
    const blockSize = blockSizeOf(options);
    const sizes = levelSizes(options, blockSize);
    const layout = layoutOf(options, sizes);
    const blank = sizes.map(([width, height]) => {
      const tiles = new Array<number>(Math.ceil(width / blockSize) * Math.ceil(height / blockSize)).fill(0);
      return { width, height, offsets: tiles, byteCounts: tiles };
    });
    const headBytes = encodeHead(layout, blank).byteLength;
    const levels: Level[] = [];
    try {
      for (const [width, height] of sizes) {
        const temporary = temporaryPath(path);
        levels.push({
          width,
          height,
          path: temporary,
          file: await open(temporary, 'wx+'),
          buffer: allocateArray(options.dtype, options.bands * blockSize * width),
          rowsInBuffer: 0,
          rowsDone: 0,
          // Without overviews the temporary file becomes the result: it leaves room for the directory.
          start: sizes.length === 1 ? headBytes : 0,
          byteCounts: [],
          bytes: 0,
        });
      }
    } catch (cause) {
      await discard(levels);
      throw writeError(path, cause);
    }
    return new CogWriter(path, options, layout, headBytes, levels);
  }

  /**
   * Adds rows below those written so far.
   * @param bands the rows of each band, `row × width` values in C order of the file's dtype
   */
  async writeRows(bands: readonly TypedArray[]): Promise<void> {
    const { width } = this.#options.geobox;
    const count = (bands[0]?.length ?? 0) / width;
    const fits = bands.length === this.#options.bands && bands.every((rows) => rows.length === count * width);
    if (this.#closed || !fits || !Number.isInteger(count)) {
      throw internalError(
        'CogWriter',
        `cannot add ${bands.map((rows) => rows.length)} values to ${this.path}`,
      );
    }
    try {
      await this.#append(0, bands, count);
    } catch (cause) {
      throw cause instanceof TerrachipError ? cause : writeError(this.path, cause);
    }
  }

  /** Puts the file together and gives it its name. */
  async finish(): Promise<void> {
    const [full] = this.#levels;
    if (full.rowsDone + full.rowsInBuffer !== full.height) {
      throw internalError(
        'CogWriter',
        `${this.path} got ${full.rowsDone + full.rowsInBuffer} of ${full.height} rows`,
      );
    }
    try {
      await this.#flush(0);
      if (this.#levels.length === 1) {
        await writeFully(full.file, this.#head(), 0);
        await full.file.sync();
        await rename(full.path, this.path);
      } else {
        await writeAtomically(this.path, (file) => this.#assemble(file));
      }
    } catch (cause) {
      throw cause instanceof TerrachipError ? cause : writeError(this.path, cause);
    } finally {
      await this.abort();
    }
  }

  /** Removes what was written so far; nothing appears under the file's name. After `finish` it does nothing. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await discard(this.#levels);
  }

  /** Adds rows to a level; full rows of tiles are written, and halved for the next level. */
  async #append(index: number, planes: readonly TypedArray[], count: number): Promise<void> {
    const level = this.#levels[index];
    const blockSize = this.#blockSize;
    let taken = 0;
    while (taken < count) {
      const rows = Math.min(count - taken, blockSize - level.rowsInBuffer);
      for (const [band, plane] of planes.entries()) {
        const to = (band * blockSize + level.rowsInBuffer) * level.width;
        level.buffer.set(plane.subarray(taken * level.width, (taken + rows) * level.width), to);
      }
      level.rowsInBuffer += rows;
      taken += rows;
      if (level.rowsInBuffer === blockSize) await this.#flush(index);
    }
  }

  /** Writes the buffered rows of a level as tiles. The last call for the full image flushes all levels. */
  async #flush(index: number): Promise<void> {
    const level = this.#levels[index];
    const next = this.#levels[index + 1];
    const rows = level.rowsInBuffer;
    if (rows > 0) {
      await this.#writeTiles(level, rows);
      level.rowsInBuffer = 0;
      level.rowsDone += rows;
      if (next !== undefined) {
        const { bands, nodata, overviews } = this.#options;
        const method = overviews === 'none' || overviews === undefined ? 'average' : overviews;
        const planes = Array.from({ length: bands }, (_, band) => {
          const start = band * this.#blockSize * level.width;
          return halve(
            level.buffer.subarray(start, start + rows * level.width),
            level.width,
            rows,
            nodata ?? null,
            method,
          );
        });
        await this.#append(index + 1, planes, Math.ceil(rows / 2));
      }
    }
    if (level.rowsDone === level.height && next !== undefined) await this.#flush(index + 1);
  }

  async #writeTiles(level: Level, rows: number): Promise<void> {
    const columns = Math.ceil(level.width / this.#blockSize);
    const tiles = await mapConcurrently(
      Array.from({ length: columns }, (_, column) => column),
      COMPRESSING,
      (column) => this.#encodeTile(level, column, rows),
    );
    for (const tile of tiles) {
      const leader = new Uint8Array(BLOCK_LEADER_BYTES);
      new DataView(leader.buffer).setUint32(0, tile.byteLength, true);
      const frame = [leader, tile, tile.slice(-BLOCK_TRAILER_BYTES)];
      const bytes = BLOCK_LEADER_BYTES + tile.byteLength + BLOCK_TRAILER_BYTES;
      const { bytesWritten } = await level.file.writev(frame, level.start + level.bytes);
      if (bytesWritten !== bytes) throw new Error(`wrote ${bytesWritten} of ${bytes} bytes`);
      level.byteCounts.push(tile.byteLength);
      level.bytes += bytes;
    }
  }

  /** One tile: bands alternating, padded with nodata beyond the image, predicted and compressed. */
  async #encodeTile(level: Level, column: number, rows: number): Promise<Uint8Array> {
    const { bands, dtype, nodata } = this.#options;
    const blockSize = this.#blockSize;
    const tile: TypedArray = allocateArray(dtype, blockSize * blockSize * bands);
    const x0 = column * blockSize;
    const width = Math.min(blockSize, level.width - x0);
    if (width < blockSize || rows < blockSize) tile.fill(nodata ?? 0);
    for (let band = 0; band < bands; band++) {
      for (let y = 0; y < rows; y++) {
        const from = (band * blockSize + y) * level.width + x0;
        const to = y * blockSize * bands + band;
        if (bands === 1) tile.set(level.buffer.subarray(from, from + width), to);
        else for (let x = 0; x < width; x++) tile[to + x * bands] = level.buffer[from + x];
      }
    }
    const bytes = new Uint8Array(tile.buffer as ArrayBuffer);
    if (this.#options.compression === 'none') return bytes;
    const shape = {
      width: blockSize,
      height: blockSize,
      samples: bands,
      bytesPerSample: bytesPerElement(dtype),
    };
    return deflateAsync(applyPredictor(this.#predictor, bytes, shape), { level: this.#options.level ?? 6 });
  }

  /** The head of the file. Data lies from the smallest image to the full one; directories the other way round. */
  #head(): Uint8Array {
    let offset = this.#headBytes;
    const images: CogImage[] = [...this.#levels]
      .reverse()
      .map(({ width, height, byteCounts }) => {
        const offsets = byteCounts.map((bytes) => {
          const at = offset + BLOCK_LEADER_BYTES;
          offset += BLOCK_LEADER_BYTES + bytes + BLOCK_TRAILER_BYTES;
          return at;
        });
        return { width, height, offsets, byteCounts };
      })
      .reverse();
    return encodeHead(this.#layout, images);
  }

  async #assemble(file: FileHandle): Promise<void> {
    await writeFully(file, this.#head(), 0);
    const piece = new Uint8Array(COPY_BYTES);
    let offset = this.#headBytes;
    for (const level of [...this.#levels].reverse()) {
      for (let start = 0; start < level.bytes; start += COPY_BYTES) {
        const { bytesRead } = await level.file.read(
          piece,
          0,
          Math.min(COPY_BYTES, level.bytes - start),
          start,
        );
        await writeFully(file, piece.subarray(0, bytesRead), offset);
        offset += bytesRead;
      }
    }
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

async function discard(levels: readonly Level[]): Promise<void> {
  for (const { file, path } of levels) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
  }
}

/** What all images of the file share. BigTIFF is decided by the size that the pixels could at most take. */
function layoutOf(options: CogOptions, sizes: readonly (readonly [number, number])[]): CogLayout {
  const blockSize = blockSizeOf(options);
  const pixels = sizes.reduce((sum, [width, height]) => sum + (width + blockSize) * (height + blockSize), 0);
  return {
    geobox: options.geobox,
    bands: options.bands,
    dtype: options.dtype,
    blockSize,
    compression: options.compression === 'none' ? 1 : 8,
    predictor: predictorOf(options),
    nodata: options.nodata ?? null,
    colourTable: options.colourTable ?? null,
    metadata: bandMetadata(options),
    bigTiff: 1.01 * pixels * options.bands * bytesPerElement(options.dtype) > CLASSIC_LIMIT,
  };
}

function blockSizeOf(options: CogOptions): number {
  return options.blockSize ?? 512;
}

function predictorOf(options: CogOptions): number {
  if (options.compression === 'none') return 1;
  return isFloat(options.dtype) ? 3 : 2;
}

function checkOptions(path: string, options: CogOptions): void {
  const blockSize = blockSizeOf(options);
  if (!Number.isInteger(blockSize) || blockSize < 16 || blockSize > 4096 || blockSize % 16 !== 0) {
    throw invalidInput(path, `cannot have tiles of ${blockSize} pixels`, 'give a multiple of 16 up to 4096');
  }
  if (!Number.isInteger(options.bands) || options.bands < 1 || options.bands > 65535) {
    throw invalidInput(path, `cannot have ${options.bands} bands`, 'give a whole number from 1 to 65535');
  }
  if (options.geobox.crs.epsg === null) {
    throw invalidInput(
      path,
      `cannot be written in ${options.geobox.crs}, which has no EPSG code`,
      'choose a coordinate reference system with an EPSG code',
    );
  }
  if (options.colourTable !== undefined && (options.dtype !== 'uint8' || options.bands !== 1)) {
    throw invalidInput(path, 'cannot have a colour table', 'give one band of uint8');
  }
}

/** Full size and halves, until everything fits one tile. */
function levelSizes(options: CogOptions, blockSize: number): [number, number][] {
  let { width, height } = options.geobox;
  const sizes: [number, number][] = [[width, height]];
  while (options.overviews !== 'none' && (width > blockSize || height > blockSize)) {
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
    sizes.push([width, height]);
  }
  return sizes;
}

/** GDAL's metadata document: what differs from its defaults. */
function bandMetadata({ descriptions = [], scales = [], offsets = [] }: CogOptions): string | null {
  const escapeXml = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  // GDAL escapes values before it serialises them, which escapes them again, and undoes both when it reads.
  const item = (name: string, band: number, text: string): string =>
    `  <Item name="${name}" sample="${band}" role="${name.toLowerCase()}">${escapeXml(escapeXml(text))}</Item>\n`;
  const items = [
    ...descriptions.map((text, band) => (text === '' ? '' : item('DESCRIPTION', band, text))),
    ...scales.map((value, band) => (value === 1 ? '' : item('SCALE', band, String(value)))),
    ...offsets.map((value, band) => (value === 0 ? '' : item('OFFSET', band, String(value)))),
  ].join('');
  return items === '' ? null : `<GDALMetadata>\n${items}</GDALMetadata>\n`;
}

/** Writes a whole raster that is in memory. @param bands the values of each band in C order */
export async function writeCog(
  path: string,
  bands: readonly TypedArray[],
  options: CogOptions,
): Promise<void> {
  const writer = await CogWriter.create(path, options);
  try {
    await writer.writeRows(bands);
    await writer.finish();
  } finally {
    await writer.abort();
  }
}
