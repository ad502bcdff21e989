/** Quality bands: which pixels of a source they take away, on any other grid. */
import { invalidInput, invalidOption } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import {
  ControlGrid,
  type ControlWindow,
  createPixelMapping,
  type GeoBox,
  type PixelWindow,
} from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import { bitMask, classMask, dilate, maskOut, uploadControl, warp } from '../../kernels/index.js';
import { type Raster, readPixels } from '../../raster/index.js';
import { noReference } from '../../raster/request.js';
import type { QualityMask } from './options.js';

/** Pixels along a side of what is looked up in one step. */
const TILE = 1024;

/** A tile that needs more of the quality band than this is cut in four. */
const MAX_QUALITY_PIXELS = 16 * 2 ** 20;

/** The bands of one row lie on few grids, and the same windows are asked for again at once. */
const KEPT = 8;

/** @throws {TerrachipError} INVALID_OPTION for a mask that says nothing, or nothing possible */
export function checkMask({ bits = [], classes = [], dilate: radius = 0 }: QualityMask): void {
  if (bits.length === 0 && classes.length === 0) {
    throw invalidOption('mask', 'names neither bits nor classes', 'say which pixels it takes away');
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

function requireBits(raster: Raster, index: number, { bits = [] }: QualityMask): void {
  const band = raster.bands.find((candidate) => candidate.index === index);
  if (band === undefined) return;
  if (band.dtype === 'float64') {
    throw invalidInput(
      raster.name,
      `stores its quality band ${index} as ${band.storedType}`,
      'store it as whole numbers of at most 32 bits',
    );
  }
  // Whole numbers have so many bits in float32.
  const count = band.dtype === 'float32' ? 24 : 8 * bytesPerElement(band.dtype);
  for (const field of bits) {
    const { first, width = 1 } = typeof field === 'number' ? { first: field } : field;
    if (first + width <= count) continue;
    throw invalidInput(
      raster.name,
      `has no bit ${first + width - 1} in its quality band ${index}, which has ${count}`,
      'correct the bits of the mask',
    );
  }
}

/** One quality band, opened. */
export class QualityReader {
  readonly #backend: Backend;
  readonly #raster: Raster;
  readonly #grid: GeoBox;
  readonly #band: number;
  readonly #mask: QualityMask;
  readonly #recent = new Map<string, Promise<Uint8Array>>();

  /** @throws {TerrachipError} INVALID_INPUT for a raster without a place, or bits that its band does not have */
  constructor(backend: Backend, raster: Raster, band: number, mask: QualityMask) {
    if (raster.geobox === null) throw noReference(raster);
    requireBits(raster, band, mask);
    this.#backend = backend;
    this.#raster = raster;
    this.#grid = raster.geobox;
    this.#band = band;
    this.#mask = mask;
  }

  /** 255 where the pixels of a grid may be used, 0 where the quality band takes them away, by nearest. */
  async validity(box: GeoBox, signal?: AbortSignal): Promise<Uint8Array> {
    const key = JSON.stringify(box);
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const result = this.#compute(box, signal);
    this.#recent.set(key, result);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > KEPT && oldest !== undefined) this.#recent.delete(oldest);
    return result;
  }

  async #compute(box: GeoBox, signal?: AbortSignal): Promise<Uint8Array> {
    const control = new ControlGrid(createPixelMapping(box, this.#grid));
    const valid = new Uint8Array(box.pixelCount);
    for (let y = 0; y < box.height; y += TILE) {
      for (let x = 0; x < box.width; x += TILE) {
        const width = Math.min(TILE, box.width - x);
        const height = Math.min(TILE, box.height - y);
        await this.#lookUp(control, { x, y, width, height }, valid, box.width, signal);
      }
    }
    return valid;
  }

  async #lookUp(
    grid: ControlGrid,
    tile: PixelWindow,
    valid: Uint8Array,
    stride: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const control = grid.window(tile, 0);
    if (control.source === null) return;
    const source = this.#widen(control.source);
    if (source.width * source.height > MAX_QUALITY_PIXELS && tile.width * tile.height > 1) {
      const width = Math.ceil(tile.width / 2);
      const height = Math.ceil(tile.height / 2);
      for (const [dx, dy] of [
        [0, 0],
        [width, 0],
        [0, height],
        [width, height],
      ] as const) {
        const part = intersectWindows({ x: tile.x + dx, y: tile.y + dy, width, height }, tile);
        if (part !== null) await this.#lookUp(grid, part, valid, stride, signal);
      }
      return;
    }
    const kept = await this.#keptPixels(source, signal);
    try {
      const looked = await this.#onto(kept, source, tile, control);
      for (let row = 0; row < tile.height; row++) {
        const to = (tile.y + row) * stride + tile.x;
        for (let i = 0; i < tile.width; i++)
          valid[to + i] = Number.isNaN(looked[row * tile.width + i]) ? 0 : 255;
      }
    } finally {
      kept.dispose();
    }
  }

  /** What lies beyond a window can grow into it. */
  #widen({ x, y, width, height }: PixelWindow): PixelWindow {
    const reach = Math.ceil(this.#mask.dilate ?? 0);
    const all = { x: 0, y: 0, width: this.#raster.width, height: this.#raster.height };
    const wide = { x: x - reach, y: y - reach, width: width + 2 * reach, height: height + 2 * reach };
    return intersectWindows(wide, all) ?? all;
  }

  /** Float32 of the quality band's own pixels: NaN where they are taken away, else 0. */
  async #keptPixels(window: PixelWindow, signal?: AbortSignal): Promise<DeviceTensor> {
    const backend = this.#backend;
    const { bits = [], classes = [], dilate: radius = 0 } = this.#mask;
    // Fill is a class or a bit of its own here, which the mask names or not.
    const bands = [{ index: this.#band, nodata: null }];
    const request = { window, bands, signal };
    const {
      planes: [stored],
      valid: [known],
    } = await readPixels(this.#raster, request);
    const shape = [window.height, window.width];
    const quality = backend.upload(stored, shape);
    const flags = backend.allocate(shape, 'uint8');
    const kept = backend.upload(
      Float32Array.from(known, (value) => (value === 0 ? Number.NaN : 0)),
      shape,
    );
    const take = (): void => {
      if (radius > 0) dilate(backend, flags, { radius });
      maskOut(backend, kept, flags);
    };
    try {
      for (const field of bits) {
        bitMask(backend, quality, typeof field === 'number' ? { first: field } : field, flags);
        take();
      }
      if (classes.length > 0) {
        classMask(backend, quality, classes, flags);
        take();
      }
      return kept;
    } catch (error) {
      kept.dispose();
      throw error;
    } finally {
      quality.dispose();
      flags.dispose();
    }
  }

  async #onto(
    kept: DeviceTensor,
    sourceWindow: PixelWindow,
    tile: PixelWindow,
    window: ControlWindow,
  ): Promise<Float32Array> {
    const backend = this.#backend;
    const control = uploadControl(backend, window);
    const destination = backend.allocate([tile.height, tile.width], 'float32');
    try {
      warp(backend, { source: kept, sourceWindow, control, tile, resampling: 'nearest', destination });
      const looked = new Float32Array(destination.length);
      await backend.download(destination, looked);
      return looked;
    } finally {
      control.cells.dispose();
      control.table.dispose();
      destination.dispose();
    }
  }
}
