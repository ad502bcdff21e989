import { internalError, invalidInput, TerrachipError } from '../../errors.js';
import {
  Affine,
  allocateArray,
  type Crs,
  GeoBox,
  GeoTensor,
  intersectWindows,
  isFloat,
  type PixelWindow,
  rangeOf,
  type TypedArray,
} from '../../geo/index.js';
import { ByteLru, type ByteSource, mapConcurrently } from '../../io/index.js';
import { compressionName, requireCodec } from '../node/codecs/index.js';
import type {
  BandInfo,
  ColourTable,
  MaskKind,
  MaskRequest,
  Metadata,
  Raster,
  WindowRequest,
} from '../raster.js';
import { readBands, readColourTable } from './bands.js';
import { type Block, blocksUnder, readBlock, storedBytes } from './blocks.js';
import { readDirectories } from './directory.js';
import { type Georeference, readGeoreference } from './georeference.js';
import { type Level, readLevels, type Sidecars, type StoredImage } from './levels.js';
import { alphaBandOf, toMask } from './mask.js';
import type { ImageStructure } from './structure.js';

/** Decoded blocks, shared by the rasters of one job so that one bound holds for all of them. */
export type BlockCache = ByteLru<string, TypedArray>;

export function createBlockCache(maxBytes: number): BlockCache {
  return new ByteLru(maxBytes, (block) => block.byteLength);
}

export interface GeoTiffOptions {
  /** Decoded blocks to keep; default: a cache of 128 MiB of its own. */
  cache?: BlockCache;
  /** What lies beside the file; the raster owns them too. */
  sidecars?: Sidecars;
  signal?: AbortSignal;
}

const DEFAULT_CACHE_BYTES = 128 * 2 ** 20;

/** Blocks are asked for in batches of about this many stored bytes, whose ranges merge into few reads. */
const BATCH_BYTES = 8 * 2 ** 20;
const BATCH_BLOCKS = 64;

/** Batches under way: one is read while the other is decoded. */
const BATCHES = 2;

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
  readonly metadata: Metadata;
  readonly mask: MaskKind;
  readonly gcps: Raster['gcps'];
  readonly hasRpc: boolean;
  readonly placeProblem: string | null;
  readonly #sources: readonly ByteSource[];
  readonly #levels: readonly Level[];
  readonly #cache: BlockCache;
  readonly #id = nextId++;

  private constructor(
    sources: readonly [ByteSource, ...ByteSource[]],
    levels: readonly Level[],
    about: { bands: BandInfo[]; metadata: Metadata; place: Georeference; colourTable: ColourTable | null },
    cache: BlockCache,
  ) {
    const [{ image, mask }, ...overviews] = levels;
    const { crs, transform } = about.place;
    this.#sources = sources;
    this.#levels = levels;
    this.#cache = cache;
    this.name = sources[0].name;
    this.width = image.width;
    this.height = image.height;
    this.bands = about.bands;
    this.crs = crs;
    this.transform = transform;
    this.geobox =
      crs === null || transform === null ? null : new GeoBox(crs, transform, image.width, image.height);
    this.compression = compressionName(image.compression);
    this.predictor = image.predictor;
    this.blockSize = [image.blockWidth, image.blockHeight];
    this.overviews = overviews.map((level) => [level.image.width, level.image.height] as const);
    this.colourTable = about.colourTable;
    this.metadata = about.metadata;
    if (mask !== null) this.mask = mask.image.bands === 1 ? 'mask' : 'band masks';
    else this.mask = alphaBandOf(about.bands) === null ? null : 'alpha';
    this.gcps = about.place.gcps;
    this.hasRpc = about.place.hasRpc;
    this.placeProblem = about.place.placeProblem;
  }

  /** Reads the headers. The raster owns the source, and the sidecars, from then on. */
  static async open(source: ByteSource, options: GeoTiffOptions = {}): Promise<GeoTiffRaster> {
    const { sidecars = {}, signal } = options;
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
      { bands, metadata, place, colourTable },
      options.cache ?? createBlockCache(DEFAULT_CACHE_BYTES),
    );
  }

  async readPlanes(request: WindowRequest = {}): Promise<TypedArray[]> {
    const level = this.#level(request);
    const bands = request.bands ?? this.bands.map((band) => band.index);
    for (const band of bands) {
      if (!Number.isInteger(band) || band < 1 || band > level.image.bands) {
        throw invalidInput(this.name, `has no band ${band}`, `choose one of 1 to ${level.image.bands}`);
      }
    }
    const fill = fillOf(this.bands[0]);
    return this.#readImage(level, this.#window(request), bands, fill, request.signal);
  }

  async readMask(request: MaskRequest = {}): Promise<Uint8Array | null> {
    const level = this.#level(request);
    const alpha = alphaBandOf(this.bands);
    if (this.mask !== null && this.mask !== 'alpha') {
      if (level.mask === null) {
        throw new TerrachipError(
          'UNSUPPORTED',
          `${this.name} has no mask for its overview of ${level.image.width} × ${level.image.height}`,
          'read level 0, or build the overviews again (gdaladdo)',
          { feature: 'mask of full resolution only' },
        );
      }
      const { image } = level.mask;
      const band = Math.min(request.band ?? 1, image.bands);
      const [values] = await this.#readImage(level.mask, this.#window(request), [band], 0, request.signal);
      return toMask(values, image.sample.bits);
    }
    if (alpha === null) return null;
    const [values] = await this.readPlanes({ ...request, bands: [alpha.index] });
    return toMask(values, level.image.sample.bits);
  }

  async read(request: WindowRequest = {}): Promise<GeoTensor> {
    const { image } = this.#level(request);
    if (this.geobox === null) throw noReference(this);
    requireReal(this);
    const planes = await this.readPlanes(request);
    const window = this.#window(request);
    const size = window.width * window.height;
    const data: TypedArray = allocateArray(image.sample.dtype, planes.length * size);
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
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  #level({ level = 0 }: MaskRequest): Level {
    const found = this.#levels[level];
    if (found === undefined) throw internalError('GeoTiffRaster', `no level ${level} in ${this.name}`);
    return found;
  }

  /** The window of a request, which must lie inside its level. */
  #window(request: MaskRequest): PixelWindow {
    const { width, height } = this.#level(request).image;
    const whole = { x: 0, y: 0, width, height };
    const { window = whole } = request;
    const inside = intersectWindows(window, whole);
    if (inside === null || inside.width !== window.width || inside.height !== window.height) {
      throw internalError('GeoTiffRaster', `window ${JSON.stringify(window)} lies outside ${this.name}`);
    }
    return window;
  }

  async #readImage(
    stored: StoredImage,
    window: PixelWindow,
    bands: readonly number[],
    fill: number,
    signal?: AbortSignal,
  ): Promise<TypedArray[]> {
    const { image } = stored;
    await requireCodec(this.name, image.compression);
    const { dtype, components } = image.sample;
    const length = window.width * window.height * components;
    const planes = bands.map((): TypedArray => allocateArray(dtype, length));
    await mapConcurrently(
      batchesOf(image, window, bands),
      BATCHES,
      async (batch) => {
        await Promise.all(
          batch.map(async (block) => {
            const values = await this.#block(stored, block, fill, signal);
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

  #block(
    { source, image, key }: StoredImage,
    block: Block,
    fill: number,
    signal?: AbortSignal,
  ): Promise<TypedArray> {
    return this.#cache.get(`${this.#id}:${key}:${block.index}`, () =>
      readBlock(source, image, block, fill, signal),
    );
  }
}

/** What blocks that are not stored are full of: nodata, at the nearest value that the type can hold, or 0. */
function fillOf({ nodata, dtype }: BandInfo): number {
  if (nodata === null || isFloat(dtype)) return nodata ?? 0;
  const { min, max } = rangeOf(dtype);
  return Number.isNaN(nodata) ? 0 : Math.min(Math.max(Math.round(nodata), min), max);
}

/** @throws {TerrachipError} UNSUPPORTED for complex values, which nothing but `readPlanes` takes */
export function requireReal(raster: Pick<Raster, 'name' | 'bands'>, bands = raster.bands): void {
  const complex = bands.find((band) => band.components === 2);
  if (complex === undefined) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${raster.name} holds complex numbers (${complex.storedType}) in band ${complex.index}`,
    'take their magnitude or their parts first (gdal_translate with a derived band, or rasterio)',
    { feature: 'complex values' },
  );
}

type Place = Pick<Raster, 'name' | 'crs' | 'transform' | 'gcps' | 'hasRpc' | 'placeProblem'>;

/** The error for a raster that is asked for its place and has none that can be used. */
export function noReference(raster: Place): Error {
  const { gcps, hasRpc, placeProblem } = raster;
  if (gcps !== null) {
    return invalidInput(
      raster.name,
      `is tied to the ground by ${gcps.points.length} control points, not by a transform`,
      'warp it by them first (gdalwarp)',
    );
  }
  if (hasRpc) {
    return invalidInput(
      raster.name,
      'is tied to the ground by rational polynomial coefficients (RPC), not by a transform',
      'orthorectify it first (gdalwarp -rpc)',
    );
  }
  const missing =
    raster.crs === null
      ? (placeProblem ?? 'has no coordinate reference system')
      : 'has no transform from pixels to coordinates';
  return invalidInput(raster.name, missing, 'assign it (gdal_edit.py -a_srs EPSG:… -a_ullr …)');
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
  const { components } = image.sample;
  const [stored, target] = [wordsOf(values), wordsOf(plane)];
  for (let y = part.y; y < part.y + part.height; y++) {
    const from = (((y - block.y) * block.width + (part.x - block.x)) * samples + sample) * components;
    const to = ((y - window.y) * window.width + (part.x - window.x)) * components;
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

/** A value that passes through a variable may lose the bits of a NaN; as integers float32 keep them. */
function wordsOf(values: TypedArray): TypedArray {
  const { buffer, byteOffset, length } = values;
  return values instanceof Float32Array ? new Uint32Array(buffer, byteOffset, length) : values;
}
