import {
  type Affine,
  allocateArray,
  type Crs,
  GeoBox,
  type GeoTensor,
  intersectWindows,
  type PixelWindow,
  type TypedArray,
} from '../../geo/index.js';
import { ByteLru, type ByteSource, untilAborted, withTaskSignal } from '../../io/index.js';
import { compressionName, requireCodec } from '../node/codecs.js';
import type { BandInfo, ColourTable, Raster, ReadRequest, WindowRequest } from '../raster.js';
import { levelSize, readTensor, requireBands, requireWindow } from '../request.js';
import { readBands, readColourTable } from './bands.js';
import { type Block, batchesUnder, type LocatedBlock, readBlock } from './blocks.js';
import { readDirectories, TAG, type TagReader } from './directory.js';
import { readGeoreference } from './georeference.js';
import { type ImageStructure, readStructure } from './structure.js';

/** Decoded blocks, shared by the rasters of one job so that one bound holds for all of them. */
export type BlockCache = ByteLru<string, TypedArray>;

export function createBlockCache(maxBytes: number): BlockCache {
  return new ByteLru(maxBytes, (block) => block.byteLength);
}

export interface GeoTiffOptions {
  /** Decoded blocks to keep; default: a cache of 128 MiB of its own. */
  cache?: BlockCache;
  signal?: AbortSignal;
}

const DEFAULT_CACHE_BYTES = 128 * 2 ** 20;

/** Batches under way: one is read while the other is decoded. */
const BATCHES = 2;

const REDUCED_IMAGE = 1;
const MASK_IMAGE = 4;

let nextId = 0;

/** A GeoTIFF or COG. */
export class GeoTiffRaster implements Raster {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bands: readonly BandInfo[];
  readonly crs: Crs | null;
  readonly transform: Affine | null;
  readonly geobox: GeoBox | null;
  readonly compression: string;
  readonly predictor: number;
  readonly blockSize: readonly [number, number];
  readonly overviews: readonly (readonly [number, number])[];
  readonly colourTable: ColourTable | null;
  readonly #source: ByteSource;
  readonly #levels: readonly ImageStructure[];
  readonly #cache: BlockCache;
  readonly #id = nextId++;

  private constructor(
    source: ByteSource,
    levels: readonly ImageStructure[],
    about: { bands: BandInfo[]; crs: Crs | null; transform: Affine | null; colourTable: ColourTable | null },
    cache: BlockCache,
  ) {
    const [image, ...overviews] = levels;
    this.#source = source;
    this.#levels = levels;
    this.#cache = cache;
    this.name = source.name;
    this.width = image.width;
    this.height = image.height;
    this.bands = about.bands;
    this.crs = about.crs;
    this.transform = about.transform;
    this.geobox =
      about.crs === null || about.transform === null
        ? null
        : new GeoBox(about.crs, about.transform, image.width, image.height);
    this.compression = compressionName(image.compression);
    this.predictor = image.predictor;
    this.blockSize = [image.blockWidth, image.blockHeight];
    this.overviews = overviews.map(({ width, height }) => [width, height] as const);
    this.colourTable = about.colourTable;
  }

  /** Reads the headers. The raster owns the source from then on. */
  static async open(source: ByteSource, options: GeoTiffOptions = {}): Promise<GeoTiffRaster> {
    const { littleEndian, directories } = await readDirectories(source, options.signal);
    const [main, ...others] = directories;
    const image = await readStructure(source.name, main, littleEndian);
    const overviews = await readOverviews(source.name, image, others, littleEndian);
    const { crs, transform } = await readGeoreference(main);
    const bands = await readBands(main, image.bands, image.dtype);
    const colourTable = await readColourTable(main);
    return new GeoTiffRaster(
      source,
      [image, ...overviews],
      { bands, crs, transform, colourTable },
      options.cache ?? createBlockCache(DEFAULT_CACHE_BYTES),
    );
  }

  async readPlanes(request: WindowRequest = {}): Promise<TypedArray[]> {
    const { level = 0 } = request;
    const window = requireWindow(this.name, request.window, levelSize(this, level));
    const image = this.#levels[level];
    requireCodec(this.name, image.compression);
    const bands = requireBands(this.name, request.bands, image.bands);
    const planes = bands.map(() => allocateArray(image.dtype, window.width * window.height) as TypedArray);
    const stored = image.interleaved ? [0] : [...new Set(bands)].map((band) => band - 1);
    await withTaskSignal(request.signal, async (signal) => {
      const batches = batchesUnder(image, window, stored, signal);
      const readBatches = async (): Promise<void> => {
        for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
          await Promise.all(
            next.value.map(async (located) => {
              const { block } = located;
              const values = await this.#block(level, image, located, signal);
              for (const [i, band] of bands.entries()) {
                if (image.interleaved) copyBlock(image, block, values, band - 1, planes[i], window);
                else if (band === block.plane + 1) copyBlock(image, block, values, 0, planes[i], window);
              }
            }),
          );
        }
      };
      // Decoding does not heed the signal, but nobody needs to wait for it.
      await untilAborted(Promise.all(Array.from({ length: BATCHES }, readBatches)), signal);
    });
    return planes;
  }

  read(request?: ReadRequest): Promise<GeoTensor> {
    return readTensor(this, request);
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  #block(
    level: number,
    image: ImageStructure,
    located: LocatedBlock,
    signal: AbortSignal,
  ): Promise<TypedArray> {
    const fill = this.bands[0].nodata ?? 0;
    return this.#cache.get(
      `${this.#id}:${level}:${located.block.index}`,
      () => readBlock(this.#source, image, located, fill, signal),
      signal,
    );
  }
}

/** Copies one band of a block's part of a window into a plane. */
function copyBlock(
  image: ImageStructure,
  block: Block,
  values: TypedArray,
  sample: number,
  plane: TypedArray,
  window: PixelWindow,
): void {
  const part = intersectWindows(window, block);
  if (part === null) return;
  const samples = image.interleaved ? image.bands : 1;
  for (let y = part.y; y < part.y + part.height; y++) {
    const from = ((y - block.y) * block.width + (part.x - block.x)) * samples + sample;
    const to = (y - window.y) * window.width + (part.x - window.x);
    if (samples === 1) {
      plane.set(values.subarray(from, from + part.width), to);
    } else {
      for (let x = 0; x < part.width; x++) plane[to + x] = values[from + x * samples];
    }
  }
}

async function readOverviews(
  name: string,
  image: ImageStructure,
  directories: readonly TagReader[],
  littleEndian: boolean,
): Promise<ImageStructure[]> {
  const overviews: ImageStructure[] = [];
  for (const tags of directories) {
    const kind = await tags.number(TAG.NewSubfileType, 0);
    if ((kind & REDUCED_IMAGE) === 0 || (kind & MASK_IMAGE) !== 0) continue;
    const overview = await readStructure(name, tags, littleEndian);
    if (overview.bands === image.bands && overview.dtype === image.dtype) overviews.push(overview);
  }
  return overviews.sort((a, b) => b.width - a.width);
}
