/** Sources of a load: rasters with the metadata of their rows, masked by a quality band. */
import { invalidInput, invalidOption } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import type { GeoBox, PixelWindow } from '../../geo/index.js';
import { intersectWindows, padWindow, wholeWindow } from '../../geo/windows.js';
import type { Backend } from '../../gpu/index.js';
import { bitMask, classMask, dilate, maskOut } from '../../kernels/index.js';
import {
  type BandInfo,
  type MaskRequest,
  type Raster,
  readPixels,
  readWhole,
  WarpedRaster,
  type WindowRequest,
} from '../../raster/index.js';
import { RasterView } from '../../raster/raster-view.js';
import { levelBox } from '../../raster/request.js';
import type { QualityMask } from './options.js';

/** Cached windows. The bands of one row have few grids, and request the same windows in succession. */
const KEPT = 8;

/** @throws {TerrachipError} INVALID_OPTION for a mask without bits and classes, or values out of range */
export function checkMask({ bits = [], classes = [], dilate: radius = 0 }: QualityMask): void {
  if (bits.length === 0 && classes.length === 0) {
    throw invalidOption('mask', 'names neither bits nor classes', 'name those of the pixels to mask');
  }
  const impossible = classes.find((value) => !(Number.isInteger(value) && value >= 0 && value <= 255));
  if (impossible !== undefined) {
    throw invalidOption('mask.classes', `cannot hold ${impossible}`, 'give whole numbers from 0 to 255');
  }
  if (!(radius >= 0 && radius <= 254)) {
    throw invalidOption(
      'mask.dilate',
      `cannot be ${radius}`,
      'give pixels of the quality band from 0 to 254',
    );
  }
}

function requireBits(raster: Raster, band: BandInfo, { bits = [] }: QualityMask): void {
  if (band.dtype === 'float64') {
    throw invalidInput(
      raster.name,
      `stores its quality band ${band.index} as ${band.storedType}`,
      'store it as whole numbers of at most 32 bits',
    );
  }
  // Float32 holds integers of 24 bits.
  const count = band.dtype === 'float32' ? 24 : 8 * bytesPerElement(band.dtype);
  for (const field of bits) {
    const { first, width = 1 } = typeof field === 'number' ? { first: field } : field;
    if (first + width <= count) continue;
    throw invalidInput(
      raster.name,
      `has no bit ${first + width - 1} in its quality band ${band.index}, which has ${count}`,
      'correct the bits of the mask',
    );
  }
}

/** The quality band of an open raster as a raster of one band: NaN for masked pixels, 0 for others. */
export class QualityRaster extends RasterView {
  readonly #backend: Backend;
  readonly #raster: Raster;
  readonly #band: BandInfo;
  readonly #mask: QualityMask;
  readonly #recent = new Map<string, Promise<Uint8Array>>();

  /** @throws {TerrachipError} INVALID_INPUT for bits that the band does not have */
  constructor(backend: Backend, raster: Raster, band: BandInfo, mask: QualityMask) {
    const plain = { nodata: null, scale: 1, offset: 0, colourInterpretation: 'undefined' };
    super(raster, { bands: [{ ...band, ...plain, dtype: 'float32', storedType: 'float32' }], mask: null });
    requireBits(raster, band, mask);
    this.#backend = backend;
    this.#raster = raster;
    this.#band = band;
    this.#mask = mask;
  }

  /**
   * 255 for valid pixels of a grid, 0 for masked ones; resampled by nearest.
   * @throws {TerrachipError} INVALID_INPUT for a raster without georeferencing
   */
  async validity(geobox: GeoBox, signal?: AbortSignal): Promise<Uint8Array> {
    const key = JSON.stringify(geobox);
    const cached = this.#recent.get(key);
    if (cached !== undefined) return cached;
    const result = this.#compute(geobox, signal);
    this.#recent.set(key, result);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > KEPT && oldest !== undefined) this.#recent.delete(oldest);
    return result;
  }

  async #compute(geobox: GeoBox, signal?: AbortSignal): Promise<Uint8Array> {
    const warped = new WarpedRaster(this.#backend, this, { geobox, resampling: 'nearest' });
    const values = new Float32Array(geobox.pixelCount);
    await readWhole(this.#backend, warped, [values], { signal });
    const valid = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) valid[i] = Number.isNaN(values[i]) ? 0 : 255;
    return valid;
  }

  override async readPlanes(request: WindowRequest = {}): Promise<[Float32Array]> {
    const { window = wholeWindow(this), signal } = request;
    // Dilation reaches into the window from a margin.
    const margin = Math.ceil(this.#mask.dilate ?? 0);
    const wide = intersectWindows(padWindow(window, margin), wholeWindow(this)) ?? window;
    const kept = await this.#keptPixels(wide, signal);
    if (margin === 0) return [kept];
    const values = new Float32Array(window.width * window.height);
    for (let row = 0; row < window.height; row++) {
      const first = (window.y - wide.y + row) * wide.width + window.x - wide.x;
      values.set(kept.subarray(first, first + window.width), row * window.width);
    }
    return [values];
  }

  async #keptPixels(window: PixelWindow, signal?: AbortSignal): Promise<Float32Array> {
    const backend = this.#backend;
    const { bits = [], classes = [], dilate: radius = 0 } = this.#mask;
    // The fill value is a class or a bit, which the mask may name or not.
    const bands = [{ index: this.#band.index, nodata: null }];
    const {
      planes: [stored],
      valid: [hasData],
    } = await readPixels(this.#raster, { window, bands, signal });
    const shape = [window.height, window.width];
    const quality = backend.upload(stored, shape);
    const flags = backend.allocate(shape, 'uint8');
    const values = Float32Array.from(hasData, (value) => (value === 0 ? Number.NaN : 0));
    const kept = backend.upload(values, shape);
    const apply = (): void => {
      if (radius > 0) dilate(backend, flags, { radius });
      maskOut(backend, kept, flags);
    };
    try {
      for (const field of bits) {
        bitMask(backend, quality, typeof field === 'number' ? { first: field } : field, flags);
        apply();
      }
      if (classes.length > 0) {
        classMask(backend, quality, classes, flags);
        apply();
      }
      await backend.download(kept, values);
      return values;
    } finally {
      kept.dispose();
      quality.dispose();
      flags.dispose();
    }
  }
}

/** A raster with the band metadata of its catalog row, masked by a quality band. */
export class SourceView extends RasterView {
  /** Pixels masked by the quality band so far. */
  maskedPixels = 0;
  readonly #hasMask: boolean;
  readonly #quality: QualityRaster | null;

  constructor(raster: Raster, bands: readonly BandInfo[], quality: QualityRaster | null) {
    super(raster, { bands, mask: quality !== null && raster.mask !== 'band masks' ? 'mask' : raster.mask });
    this.#hasMask = raster.mask !== null;
    this.#quality = quality;
  }

  /** The file's own mask combined with the quality band. */
  override async readMask(request: MaskRequest = {}): Promise<Uint8Array | null> {
    const own = this.#hasMask ? await super.readMask(request) : null;
    if (this.#quality === null) return own;
    const level = levelBox(this, request.level ?? 0);
    const { x, y, width, height } = request.window ?? wholeWindow(level);
    const quality = await this.#quality.validity(level.window(x, y, width, height), request.signal);
    if (own !== null && own.length !== quality.length) {
      throw invalidInput(this.name, 'has a mask of another size than its pixels', 'get the file again');
    }
    let masked = 0;
    const result = new Uint8Array(quality.length);
    for (let i = 0; i < result.length; i++) {
      if (quality[i] === 0) masked++;
      else result[i] = own === null ? 255 : own[i];
    }
    this.maskedPixels += masked;
    return result;
  }
}
