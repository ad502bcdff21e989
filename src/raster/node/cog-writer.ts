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
import { requireWritable, temporaryPath, writeError } from '../../io/node/index.js';
import { BLOCK_LEADER_BYTES, BLOCK_TRAILER_BYTES, type CogImage, type CogLayout, encodeHead } from '../cog/directory.js';
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
  /** Sizes of the tiles so far, and bytes in the file. */
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
  readonly #blockSize: number;
  readonly #predictor: number;
  readonly #levels: Level[];
  #closed = false;

  private constructor(path: string, options: CogOptions, levels: Level[]) {
    this.path = path;
    this.#options = options;
    this.#blockSize = blockSizeOf(options);
    this.#predictor = predictorOf(options);
    this.#levels = levels;
  }

  /** @throws {TerrachipError} INVALID_INPUT for impossible options, DISK when the folder refuses */
  static async create(path: string, options: CogOptions): Promise<CogWriter> {
    checkOptions(path, options);
    await requireWritable(path);
    const blockSize = blockSizeOf(options);
    const levels: Level[] = [];
    try {
      for (const [width, height] of levelSizes(options, blockSize)) {
        const temporary = temporaryPath(path);
        levels.push({
          width,
          height,
          path: temporary,
          file: await open(temporary, 'wx+'),
          buffer: allocateArray(options.dtype, options.bands * blockSize * width),
          rowsInBuffer: 0,
          rowsDone: 0,
          byteCounts: [],
          bytes: 0,
        });
      }
    } catch (cause) {
      await discard(levels);
      throw writeError(path, cause);
    }
    return new CogWriter(path, options, levels);
  }

  /**
   * Adds rows below those written so far.
   * @param rows `(band, row, x)` in C order, of the file's dtype
   */
  async writeRows(rows: TypedArray): Promise<void> {
    const { bands, geobox } = this.#options;
    const count = rows.length / (bands * geobox.width);
    if (this.#closed || !Number.isInteger(count)) {
      throw internalError('CogWriter', `cannot add ${rows.length} values to ${this.path}`);
    }
    const planes = Array.from({ length: bands }, (_, band) =>
      rows.subarray(band * count * geobox.width, (band + 1) * count * geobox.width),
    );
    try {
      await this.#append(0, planes, count);
    } catch (cause) {
      throw cause instanceof TerrachipError ? cause : writeError(this.path, cause);
    }
  }

  /** Puts the file together and gives it its name. */
  async finish(): Promise<void> {
    const [full] = this.#levels;
    if (full.rowsDone + full.rowsInBuffer !== full.height) {
      throw internalError('CogWriter', `${this.path} got ${full.rowsDone + full.rowsInBuffer} of ${full.height} rows`);
    }
    const temporary = temporaryPath(this.path);
    let file: FileHandle | undefined;
    try {
      await this.#flush(0);
      file = await open(temporary, 'wx');
      await this.#assemble(file);
      await file.sync();
      await file.close();
      file = undefined;
      await rename(temporary, this.path);
    } catch (cause) {
      await file?.close().catch(() => undefined);
      await rm(temporary, { force: true });
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
          return halve(level.buffer.subarray(start, start + rows * level.width), level.width, rows, nodata ?? null, method);
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
      const framed = new Uint8Array(BLOCK_LEADER_BYTES + tile.byteLength + BLOCK_TRAILER_BYTES);
      new DataView(framed.buffer).setUint32(0, tile.byteLength, true);
      framed.set(tile, BLOCK_LEADER_BYTES);
      framed.set(tile.subarray(-BLOCK_TRAILER_BYTES), BLOCK_LEADER_BYTES + tile.byteLength);
      await writeFully(level.file, framed, level.bytes);
      level.byteCounts.push(tile.byteLength);
      level.bytes += framed.byteLength;
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
    const shape = { width: blockSize, height: blockSize, samples: bands, bytesPerSample: bytesPerElement(dtype) };
    return deflateAsync(applyPredictor(this.#predictor, bytes, shape), { level: this.#options.level ?? 6 });
  }

  async #assemble(file: FileHandle): Promise<void> {
    const { geobox, bands, dtype } = this.#options;
    const data = this.#levels.reduce((sum, level) => sum + level.bytes, 0);
    const layout: CogLayout = {
      geobox,
      bands,
      dtype,
      blockSize: this.#blockSize,
      compression: this.#options.compression === 'none' ? 1 : 8,
      predictor: this.#predictor,
      nodata: this.#options.nodata ?? null,
      colourTable: this.#options.colourTable ?? null,
      metadata: bandMetadata(this.#options.descriptions ?? []),
      bigTiff: data + 2 ** 20 + 64 * this.#levels[0].byteCounts.length > CLASSIC_LIMIT,
    };
    const images = (headBytes: number): CogImage[] => {
      // Data lies in the file from the smallest image to the full one; directories the other way round.
      let offset = headBytes;
      return [...this.#levels]
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
    };
    const headBytes = encodeHead(layout, images(0)).byteLength;
    await writeFully(file, encodeHead(layout, images(headBytes)), 0);
    let offset = headBytes;
    for (const level of [...this.#levels].reverse()) {
      for (let start = 0; start < level.bytes; start += COPY_BYTES) {
        const piece = new Uint8Array(Math.min(COPY_BYTES, level.bytes - start));
        await level.file.read(piece, 0, piece.byteLength, start);
        await writeFully(file, piece, offset);
        offset += piece.byteLength;
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

function bandMetadata(descriptions: readonly string[]): string | null {
  if (descriptions.length === 0) return null;
  const escape = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const items = descriptions.map(
    (text, band) => `  <Item name="DESCRIPTION" sample="${band}" role="description">${escape(text)}</Item>\n`,
  );
  return `<GDALMetadata>\n${items.join('')}</GDALMetadata>\n`;
}

/** Writes a whole raster that is in memory. @param data `(band, y, x)` in C order */
export async function writeCog(path: string, data: TypedArray, options: CogOptions): Promise<void> {
  const writer = await CogWriter.create(path, options);
  try {
    await writer.writeRows(data);
    await writer.finish();
  } finally {
    await writer.abort();
  }
}
