import type { FileHandle } from 'node:fs/promises';
import { internalError } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { dtypeOf, type TypedArray } from '../../geo/index.js';
import { removeSidecars } from '../../io/node/beside.js';
import {
  moveTo,
  requireEnding,
  requireWritable,
  writeAtomically,
  writeError,
  writeFully,
} from '../../io/node/output.js';
import { groupsOf, headOf, requireClassic } from '../cog/assembly.js';
import { type CogImage, type CogLayout, encodeHead, layoutOf } from '../cog/directory.js';
import { CogLevel } from '../cog/level.js';
import {
  CLASSIC_LIMIT,
  type CogOptions,
  type CogSettings,
  hasEqualTiles,
  imageBytes,
  mostBytes,
  resolveOptions,
} from '../cog/options.js';
import { framedBytes, TileMemory } from '../cog/tile-store.js';
import { createThreadedEncoder } from './encoders.js';
import { TileFile } from './tile-file.js';

/** Buffer size for copies of level files into the result. */
const COPY_BYTES = 8 * 2 ** 20;

/**
 * Writes a cloud-optimised GeoTIFF from rows, top to bottom, in the memory of one row of tiles per level. Tiles whose
 * places are known go to one temporary file, which becomes the result. Else each level has a temporary file, and `finish`
 * copies the tiles in the format's order, smallest level first. The file appears atomically.
 */
export class CogWriter {
  readonly path: string;
  readonly #settings: CogSettings;
  readonly #layout: Omit<CogLayout, 'bigTiff'>;
  /** The full image first. */
  readonly #levels: readonly CogLevel<TileFile>[];
  /** Whether the temporary file of the full image, with reserved bytes for the head, becomes the result. */
  readonly #inPlace: boolean;
  /** Null until the sizes of all tiles are known. */
  readonly #bigTiff: boolean | null;
  /** Whether the mask has an invalid pixel. */
  #hasGaps = false;
  #closed = false;

  private constructor(
    path: string,
    layout: Omit<CogLayout, 'bigTiff'>,
    levels: readonly CogLevel<TileFile>[],
    inPlace: boolean,
    bigTiff: boolean | null,
  ) {
    this.path = path;
    this.#settings = layout.settings;
    this.#layout = layout;
    this.#levels = levels;
    this.#inPlace = inPlace;
    this.#bigTiff = bigTiff;
  }

  /**
   * @throws {TerrachipError} INVALID_INPUT for impossible options or another format's ending, UNSUPPORTED for a CRS that
   *   GeoTIFF cannot hold, DISK for a folder that cannot be written
   */
  static async create(path: string, options: CogOptions): Promise<CogWriter> {
    requireEnding(path, 'GeoTIFF');
    const settings = resolveOptions(path, options);
    const layout = layoutOf(settings);
    const { sizes, bands, blockSize, compression, sparse } = settings;
    // The size is known in advance without compression and sparse tiles.
    if (settings.bigTiff === false && compression === 'none' && !sparse)
      requireClassic(path, imageBytes(settings));
    await requireWritable(path);
    const placed = hasEqualTiles(settings);
    // Compressed tiles of one image need no other order if they are one group.
    const oneGroup = settings.mask === false && (bands === 1 || settings.interleave === 'pixel');
    const inPlace = placed || (sizes.length === 1 && oneGroup);
    const blank = blankImages(settings);
    const headBytes = (bigTiff: boolean): number => encodeHead({ ...layout, bigTiff }, blank).byteLength;
    const tileBytes =
      blockSize ** 2 * bytesPerElement(settings.dtype) * (settings.interleave === 'pixel' ? bands : 1);
    const levelBytes = blank.map(({ offsets }) => offsets.length * framedBytes(tileBytes));
    const bytes = levelBytes.reduce((sum, each) => sum + each, 0);
    const most = placed ? headBytes(false) + bytes : mostBytes(settings);
    const mayBeBig = inPlace ? most > CLASSIC_LIMIT : null;
    const bigTiff = settings.bigTiff === 'auto' ? mayBeBig : settings.bigTiff;
    const reserved = inPlace && bigTiff !== null ? headBytes(bigTiff) : 0;
    const memory = new TileMemory();
    const files: TileFile[] = [];
    try {
      for (const _ of placed ? [0] : sizes)
        files.push(await TileFile.create(path, reserved, tileBytes, memory));
    } catch (cause) {
      await Promise.all(files.map((file) => file.discard()));
      throw writeError(path, cause);
    }
    const parts = { settings, encode: createThreadedEncoder(compression, settings.level), memory };
    const levels: CogLevel<TileFile>[] = [];
    let start = reserved;
    for (const [k, size] of [...sizes.entries()].reverse()) {
      levels.unshift(new CogLevel(parts, size, files[k] ?? files[0], start, levels[0] ?? null));
      start += levelBytes[k];
    }
    return new CogWriter(path, layout, levels, inPlace, bigTiff);
  }

  /**
   * Appends rows. The arrays must stay as they are until the promise is settled. A write error may be thrown by a later
   * call.
   * @param bands the rows of each band, `row × width` values in C order of the file's dtype
   * @param mask with the option `mask`: as many values, 0 for invalid
   */
  async writeRows(bands: readonly TypedArray[], mask: Uint8Array | null = null): Promise<void> {
    const [full] = this.#levels;
    const length = bands[0]?.length ?? 0;
    const count = length / full.width;
    const planes = mask === null ? bands : [...bands, mask];
    const fits =
      bands.length === this.#settings.bands &&
      bands.every((rows) => dtypeOf(rows) === this.#settings.dtype) &&
      (mask !== null) === (this.#settings.mask !== false) &&
      planes.every((rows) => rows.length === length);
    if (this.#closed || !fits || !Number.isInteger(count) || full.rows + count > full.height) {
      throw internalError(
        'CogWriter',
        `cannot add ${planes.map((rows) => rows.length)} values to ${this.path}`,
      );
    }
    this.#hasGaps ||= mask?.includes(0) === true;
    try {
      await full.append(bands, mask, count);
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }

  /**
   * Appends rows of one band, in the memory of one band: only for files without compression, overviews and mask, whose bands
   * are not interleaved. All rows of a band come before those of the next. The array must stay unchanged until then.
   * @param band from 0
   * @param rows `row × width` values in C order of the file's dtype
   */
  async writeBand(band: number, rows: TypedArray): Promise<void> {
    const [full] = this.#levels;
    const { interleave, dtype } = this.#settings;
    const isSeparate = hasEqualTiles(this.#settings) && this.#levels.length === 1 && interleave === 'band';
    const count = rows.length / full.width;
    const fits = dtypeOf(rows) === dtype && Number.isInteger(count) && full.accepts(band, count);
    if (this.#closed || !isSeparate || !fits) {
      throw internalError('CogWriter', `cannot add ${rows.length} values to band ${band} of ${this.path}`);
    }
    try {
      await full.appendBand(band, rows, count);
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }

  /** Assembles and renames the file, and removes sidecars of the file that it replaces (`.aux.xml`, `.ovr`, `.msk`). */
  async finish(): Promise<void> {
    const [full] = this.#levels;
    if (full.rowsOfLastBand !== full.height) {
      throw internalError('CogWriter', `${this.path} got ${full.rowsOfLastBand} of ${full.height} rows`);
    }
    try {
      await full.finish();
      if (this.#inPlace) {
        await writeFully(full.store.handle, this.#head(), 0);
        await full.store.handle.sync();
        await moveTo(full.store.path, this.path);
      } else {
        const head = this.#head();
        await writeAtomically(this.path, (file) => this.#assemble(file, head));
      }
      await removeSidecars(this.path);
    } catch (cause) {
      throw writeError(this.path, cause);
    } finally {
      await this.abort();
    }
  }

  /** Removes temporary files without writing the result. After `finish` it does nothing. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const files = new Set(this.#levels.map((level) => level.store));
    await Promise.all([...files].map((file) => file.discard()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** Whether the file gets a mask. */
  get hasMask(): boolean {
    const { mask } = this.#settings;
    return mask === 'auto' ? this.#hasGaps : mask;
  }

  /** The head of the file; all tile sizes must be known. */
  #head(): Uint8Array {
    const [layout, levels, hasMask, bigTiff] = [this.#layout, this.#levels, this.hasMask, this.#bigTiff];
    return headOf(this.path, { layout, levels, hasMask, bigTiff });
  }

  async #assemble(file: FileHandle, head: Uint8Array): Promise<void> {
    await writeFully(file, head, 0);
    const piece = new Uint8Array(COPY_BYTES);
    let offset = head.byteLength;
    for (const level of [...this.#levels].reverse()) {
      // The file of one group is already in the result's order.
      const segments =
        level.groups.length === 1
          ? [{ position: 0, bytes: level.store.bytes }]
          : groupsOf(level, this.#settings, this.hasMask).flatMap((group) => level.segmentsOf(group));
      for (const { position, bytes } of segments) {
        for (let done = 0; done < bytes; ) {
          const { bytesRead } = await level.store.handle.read(
            piece,
            0,
            Math.min(COPY_BYTES, bytes - done),
            position + done,
          );
          if (bytesRead === 0) throw new Error('a temporary file was cut short');
          await writeFully(file, piece.subarray(0, bytesRead), offset);
          done += bytesRead;
          offset += bytesRead;
        }
      }
    }
  }
}

/** Images with the right number of tiles, to compute the length of the head. */
function blankImages({ sizes, blockSize, bands, interleave }: CogSettings): CogImage[] {
  const groups = interleave === 'pixel' ? 1 : bands;
  return sizes.map(([width, height]) => {
    const count = groups * Math.ceil(width / blockSize) * Math.ceil(height / blockSize);
    const tiles = new Array<number>(count).fill(0);
    return { width, height, isMask: false, offsets: tiles, byteCounts: tiles };
  });
}
