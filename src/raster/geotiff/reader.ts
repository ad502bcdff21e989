import { internalError, invalidInput } from '../../errors.js';
import {
  Affine,
  allocateArray,
  type Crs,
  GeoBox,
  GeoTensor,
  intersectWindows,
  type PixelWindow,
  type TypedArray,
} from '../../geo/index.js';
import { ByteLru, type ByteSource, mapConcurrently } from '../../io/index.js';
import { compressionName, requireCodec } from '../node/codecs/index.js';
import type { BandInfo, ColourTable, Raster, WindowRequest } from '../raster.js';
import { readBands, readColourTable } from './bands.js';
import { type Block, blocksUnder, readBlock, storedBytes } from './blocks.js';
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

/** Blocks are asked for in batches of about this many stored bytes, whose ranges merge into few reads. */
const BATCH_BYTES = 8 * 2 ** 20;
const BATCH_BLOCKS = 64;

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
    const { level = 0, signal } = request;
    const image = this.#levels[level];
    if (image === undefined) throw internalError('GeoTiffRaster', `no level ${level} in ${this.name}`);
    await requireCodec(this.name, image.compression);
    const window = request.window ?? { x: 0, y: 0, width: image.width, height: image.height };
    const inside = intersectWindows(window, { x: 0, y: 0, width: image.width, height: image.height });
    if (inside === null || inside.width !== window.width || inside.height !== window.height) {
      throw internalError('GeoTiffRaster', `window ${JSON.stringify(window)} lies outside ${this.name}`);
    }
    const bands = request.bands ?? this.bands.map((band) => band.index);
    for (const band of bands) {
      if (!Number.isInteger(band) || band < 1 || band > image.bands) {
        throw invalidInput(this.name, `has no band ${band}`, `choose one of 1 to ${image.bands}`);
      }
    }
    const planes = bands.map(() => allocateArray(image.dtype, window.width * window.height) as TypedArray);
    const batches = batchesOf(image, window, bands);
    await mapConcurrently(
      batches,
      BATCHES,
      async (batch) => {
        await Promise.all(
          batch.map(async (block) => {
            const values = await this.#block(level, image, block, signal);
            for (const [i, band] of bands.entries()) {
              if (image.interleaved) copyBlock(image, block, values, band - 1, planes[i], window);
              else if (band === block.plane + 1) copyBlock(image, block, values, 0, planes[i], window);
            }
          }),
        );
      },
      signal,
    );
    return planes;
  }

  async read(request: WindowRequest = {}): Promise<GeoTensor> {
    const level = request.level ?? 0;
    const image = this.#levels[level];
    if (this.geobox === null || image === undefined) {
      throw noReference(this);
    }
    const planes = await this.readPlanes(request);
    const window = request.window ?? { x: 0, y: 0, width: image.width, height: image.height };
    const size = window.width * window.height;
    const data: TypedArray = allocateArray(image.dtype, planes.length * size);
    planes.forEach((plane, i) => {
      data.set(plane, i * size);
    });
    const grid = levelBox(this.geobox, image.width, image.height);
    return new GeoTensor({
      data,
      shape: [planes.length, window.height, window.width],
      dimensions: ['band', 'y', 'x'],
      geobox: grid.window(window.x, window.y, window.width, window.height),
      nodata: this.bands[0].nodata,
    });
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  #block(level: number, image: ImageStructure, block: Block, signal?: AbortSignal): Promise<TypedArray> {
    const fill = this.bands[0].nodata ?? 0;
    return this.#cache.get(`${this.#id}:${level}:${block.index}`, () =>
      readBlock(this.#source, image, block, fill, signal),
    );
  }
}

/** The error for a raster that is asked for its place and has none. */
export function noReference(raster: Pick<Raster, 'name' | 'crs' | 'transform'>): Error {
  const missing =
    raster.crs === null ? 'no coordinate reference system' : 'no transform from pixels to coordinates';
  return invalidInput(raster.name, `has ${missing}`, 'assign it (gdal_edit.py -a_srs EPSG:… -a_ullr …)');
}

/** The grid of a reduced image over the same area. */
function levelBox(box: GeoBox, width: number, height: number): GeoBox {
  const scale = Affine.scale(box.width / width, box.height / height);
  return new GeoBox(box.crs, box.transform.compose(scale), width, height);
}

/** The blocks under a window in batches. */
function batchesOf(image: ImageStructure, window: PixelWindow, bands: readonly number[]): Block[][] {
  const planes = image.interleaved ? [0] : [...new Set(bands)].map((band) => band - 1);
  const batches: Block[][] = [];
  let batch: Block[] = [];
  let bytes = 0;
  for (const block of blocksUnder(image, window, planes)) {
    batch.push(block);
    bytes += storedBytes(image, block);
    if (bytes >= BATCH_BYTES || batch.length >= BATCH_BLOCKS) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
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
