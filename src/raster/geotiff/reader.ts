import {
  allocateArray,
  type Dtype,
  dtypeOf,
  isFloat,
  type PixelWindow,
  rangeOf,
  type TypedArray,
} from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import { untilAborted, withTaskSignal } from '../../io/abort.js';
import type { ByteSource } from '../../io/index.js';
import { type BlockCache, createBlockCache, type LentBlock } from '../block-cache.js';
import { type BlockDecoder, defaultDecoder } from '../codecs/decoder.js';
import { compressionName } from '../codecs/table.js';
import { type Pam, withPam } from '../pam.js';
import type { BandInfo, BlockGrid, ColourTable, MaskRequest, Metadata, WindowRequest } from '../raster.js';
import { DescribedRaster, gridOf } from '../raster-view.js';
import { levelSize, requireBands, requireWindow } from '../request.js';
import { readBands, readColourTable } from './bands.js';
import {
  type Block,
  batchesUnder,
  blockGridOf,
  fillRun,
  isStored,
  type LocatedBlock,
  readBlock,
} from './blocks.js';
import { readDirectories } from './directory.js';
import { type Georeference, readGeoreference } from './georeference.js';
import { type Level, readLevels, type Sidecars, type StoredImage } from './levels.js';
import { alphaBandOf, toMask } from './mask.js';
import { directSource, readDirectly } from './plain.js';
import type { ImageStructure } from './structure.js';

/** How a GeoTIFF is opened. */
export interface GeoTiffOptions {
  /** Cache of decoded blocks; default: its own, of 128 MiB. */
  cache?: BlockCache;
  /** Sidecar files, owned by the raster. */
  sidecars?: Sidecars;
  /** The content of its `.aux.xml` file. */
  pam?: Pam | null;
  /** Decoder of its blocks; default: the portable codecs, in Node all codecs on worker threads. */
  decoder?: BlockDecoder;
  signal?: AbortSignal;
}

/** Batches in flight: one is read while the other is decoded. */
const BATCHES = 2;

let nextId = 0;

/** A GeoTIFF or COG. */
export class GeoTiffRaster extends DescribedRaster {
  readonly #sources: readonly ByteSource[];
  readonly #levels: readonly Level[];
  readonly #cache: BlockCache;
  /** Whether no other raster uses the cache. */
  readonly #ownsCache: boolean;
  readonly #decoder: BlockDecoder;
  readonly #id = nextId++;

  private constructor(
    sources: readonly [ByteSource, ...ByteSource[]],
    levels: readonly Level[],
    about: { bands: BandInfo[]; metadata: Metadata; place: Georeference; colourTable: ColourTable | null },
    { cache, decoder = defaultDecoder() }: GeoTiffOptions,
  ) {
    const [{ image, mask }, ...overviews] = levels;
    const { bands, metadata, colourTable, place } = about;
    const alpha = alphaBandOf(bands) === null ? null : 'alpha';
    super({
      ...place,
      name: sources[0].name,
      width: image.width,
      height: image.height,
      bands,
      geobox: gridOf(place, image.width, image.height),
      compression: compressionName(image.compression),
      predictor: image.predictor,
      blockSize: [image.blockWidth, image.blockHeight],
      overviews: overviews.map((level) => [level.image.width, level.image.height] as const),
      colourTable,
      metadata,
      mask: mask === null ? alpha : mask.image.bands === 1 ? 'mask' : 'band masks',
    });
    this.#sources = sources;
    this.#levels = levels;
    this.#cache = cache ?? createBlockCache();
    this.#ownsCache = cache === undefined;
    this.#decoder = decoder;
  }

  /** Reads the headers. The raster owns the source and the sidecars from then on. */
  static async open(source: ByteSource, options: GeoTiffOptions = {}): Promise<GeoTiffRaster> {
    const { sidecars = {}, pam = null, signal } = options;
    const file = await readDirectories(source, signal);
    const [main] = file.directories;
    const levels = await readLevels(source, file, sidecars, signal);
    const [{ image }] = levels;
    const place = await readGeoreference(main, sidecars.worldFile);
    const { bands, metadata } = await readBands(main, image);
    const colourTable = await readColourTable(main, image);
    return new GeoTiffRaster(
      [source, ...Object.values(sidecars)],
      levels,
      withPam({ bands, metadata, place, colourTable }, pam),
      options,
    );
  }

  blockGrids(request: Pick<WindowRequest, 'bands' | 'level'> = {}): BlockGrid[] {
    const { source, image, key, mask } = this.#level(request);
    const bands = new Set(requireBands(this.name, request.bands, image.bands));
    const alpha = mask === null ? alphaBandOf(this.bands) : null;
    if (alpha !== null) bands.add(alpha.index);
    const grids = ({ source, image: stored }: StoredImage, count: number): BlockGrid[] =>
      directSource(source, stored) === null
        ? new Array<BlockGrid>(stored.interleaved ? 1 : count).fill(blockGridOf(stored))
        : [];
    return [
      ...grids({ source, image, key }, bands.size),
      ...(mask === null ? [] : grids(mask, Math.min(bands.size, mask.image.bands))),
    ];
  }

  async readPlanes(request: WindowRequest = {}): Promise<TypedArray[]> {
    const level = this.#level(request);
    const bands = requireBands(this.name, request.bands, level.image.bands);
    const fill = fillOf(this.bands[0]);
    return this.#readImage(level, this.#window(request), bands, fill, request);
  }

  async readMask(request: MaskRequest = {}): Promise<Uint8Array | null> {
    const level = this.#level(request);
    const alpha = alphaBandOf(this.bands);
    if (this.mask !== null && this.mask !== 'alpha') {
      if (level.mask === null) return this.#fullMask(request);
      const { image } = level.mask;
      const band = Math.min(request.band ?? 1, image.bands);
      const [values] = await this.#readImage(level.mask, this.#window(request), [band], 0, {
        signal: request.signal,
      });
      return toMask(values, image.sample.bits);
    }
    if (alpha === null) return null;
    const [values] = await this.readPlanes({ ...request, bands: [alpha.index] });
    return toMask(values, level.image.sample.bits);
  }

  /** The mask of an overview without its own: the full resolution's at the centres of pixels. */
  async #fullMask(request: MaskRequest): Promise<Uint8Array> {
    const [width, height] = levelSize(this, request.level ?? 0);
    const window = this.#window(request);
    const columnOf = (x: number): number => Math.floor(((x + 0.5) * this.width) / width);
    const left = columnOf(window.x);
    const all = columnOf(window.x + window.width - 1) - left + 1;
    const result = new Uint8Array(window.width * window.height);
    for (let y = 0; y < window.height; y++) {
      const row = Math.floor(((window.y + y + 0.5) * this.height) / height);
      const part = { x: left, y: row, width: all, height: 1 };
      const values = await this.readMask({ ...request, level: 0, window: part });
      for (let x = 0; x < window.width; x++)
        result[y * window.width + x] = values?.[columnOf(window.x + x) - left] ?? 0;
    }
    return result;
  }

  async dispose(): Promise<void> {
    if (this.#ownsCache) this.#cache.clear();
    await Promise.all(this.#sources.map((source) => source.dispose()));
  }

  #level({ level = 0 }: MaskRequest): Level {
    levelSize(this, level);
    return this.#levels[level];
  }

  /** The window of a request, checked against its level. */
  #window({ window, level = 0 }: MaskRequest): PixelWindow {
    return requireWindow(this.name, window, levelSize(this, level));
  }

  async #readImage(
    { source, image, key }: StoredImage,
    window: PixelWindow,
    bands: readonly number[],
    fill: number,
    { into, signal }: Pick<WindowRequest, 'into' | 'signal'>,
  ): Promise<TypedArray[]> {
    await this.#decoder.require(this.name, image.compression);
    const { dtype, components } = image.sample;
    const length = window.width * window.height * components;
    const planes = bands.map((_, k) => usableArray(into?.[k], dtype, length));
    const stored = image.interleaved ? [0] : [...new Set(bands)].map((band) => band - 1);
    const cacheKey = `${this.#id}:${key}`;
    const direct = directSource(source, image);
    await withTaskSignal(signal, async (own) => {
      const copy = async (located: LocatedBlock): Promise<void> => {
        const { block } = located;
        if (direct !== null && isStored(located)) {
          const targets = planes.filter((_, i) => image.interleaved || bands[i] === block.plane + 1);
          const bytes = await readDirectly(direct, image, located, window, targets, own);
          this.#cache.counters.bytesRead += bytes ?? 0;
          if (bytes !== null) return;
        }
        const read = (): Promise<LentBlock> => {
          this.#cache.counters.bytesRead += located.stored.bytes;
          return readBlock(source, image, located, { fill, decoder: this.#decoder, signal: own });
        };
        const use = (values: TypedArray | number): void => {
          for (const [i, band] of bands.entries()) {
            if (image.interleaved) copyBlock(image, block, values, band - 1, planes[i], window);
            else if (band === block.plane + 1) copyBlock(image, block, values, 0, planes[i], window);
          }
        };
        if (isStored(located)) await this.#cache.use(cacheKey, block.index, read, use, own);
        else use(fill);
      };
      const batches = batchesUnder(image, window, stored, own);
      const readBatches = async (): Promise<void> => {
        for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
          await Promise.all(next.value.map(copy));
        }
      };
      // Decoding cannot be aborted, but the call returns.
      await untilAborted(Promise.all(Array.from({ length: BATCHES }, readBatches)), own);
    });
    return planes;
  }
}

/** The value of sparse blocks: nodata, clamped to the type, or 0. */
function fillOf({ nodata, dtype }: BandInfo): number {
  if (nodata === null || isFloat(dtype)) return nodata ?? 0;
  const { min, max } = rangeOf(dtype);
  return Number.isNaN(nodata) ? 0 : Math.min(Math.max(Math.round(nodata), min), max);
}

/**
 * Copies one band of a block into a plane, clipped to the window.
 * @param values of the block, or the fill value of a sparse one
 */
function copyBlock(
  image: ImageStructure,
  block: Block,
  values: TypedArray | number,
  sample: number,
  plane: TypedArray,
  window: PixelWindow,
): void {
  const part = intersectWindows(window, block);
  if (part === null) return;
  const samples = image.interleaved ? image.bands : 1;
  const { components } = image.sample;
  const stored = typeof values === 'number' ? values : wordsOf(values);
  const target = wordsOf(plane);
  for (let y = part.y; y < part.y + part.height; y++) {
    const from = (((y - block.y) * block.width + (part.x - block.x)) * samples + sample) * components;
    const to = ((y - window.y) * window.width + (part.x - window.x)) * components;
    if (typeof stored === 'number') {
      fillRun(plane.subarray(to, to + part.width * components), components, stored);
      continue;
    }
    if (samples === 1) {
      target.set(stored.subarray(from, from + part.width * components), to);
      continue;
    }
    const step = samples * components;
    for (let c = 0; c < components; c++) {
      for (let x = 0; x < part.width; x++) target[to + x * components + c] = stored[from + x * step + c];
    }
  }
}

/** An array that was given for the result, if it fits, else a new one. */
function usableArray(given: TypedArray | undefined, dtype: Dtype, length: number): TypedArray {
  return given?.length === length && dtypeOf(given) === dtype ? given : allocateArray(dtype, length);
}

/** Float32 as integers, so that copies keep the bits of NaN. */
function wordsOf(values: TypedArray): TypedArray {
  const { buffer, byteOffset, length } = values;
  return values instanceof Float32Array ? new Uint32Array(buffer, byteOffset, length) : values;
}
