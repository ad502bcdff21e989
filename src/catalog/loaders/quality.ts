/** Validity masks from quality bands, on any grid. */
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

/** Pixels along a side of a tile. */
const TILE = 1024;

/** A tile that needs more pixels of the quality band than this is split in four. */
const MAX_QUALITY_PIXELS = 16 * 2 ** 20;

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
  // Float32 holds integers of 24 bits.
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

/** The quality band of an open raster. */
export class QualityReader {
  readonly #backend: Backend;
  readonly #raster: Raster;
  readonly #grid: GeoBox;
  readonly #band: number;
  readonly #mask: QualityMask;
  readonly #recent = new Map<string, Promise<Uint8Array>>();

  /** @throws {TerrachipError} INVALID_INPUT for a raster without georeferencing, or bits that its band does not have */
  constructor(backend: Backend, raster: Raster, band: number, mask: QualityMask) {
    if (raster.geobox === null) throw noReference(raster);
    requireBits(raster, band, mask);
    this.#backend = backend;
    this.#raster = raster;
    this.#grid = raster.geobox;
    this.#band = band;
    this.#mask = mask;
  }

  /** 255 for valid pixels of a grid, 0 for masked ones; resampled by nearest. */
  async validity(box: GeoBox, signal?: AbortSignal): Promise<Uint8Array> {
    const key = JSON.stringify(box);
    const cached = this.#recent.get(key);
    if (cached !== undefined) return cached;
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
        await this.#fillTile(control, { x, y, width, height }, valid, box.width, signal);
      }
    }
    return valid;
  }

  async #fillTile(
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
        if (part !== null) await this.#fillTile(grid, part, valid, stride, signal);
      }
      return;
    }
    const kept = await this.#keptPixels(source, signal);
    try {
      const warped = await this.#warp(kept, source, tile, control);
      for (let row = 0; row < tile.height; row++) {
        const to = (tile.y + row) * stride + tile.x;
        for (let i = 0; i < tile.width; i++)
          valid[to + i] = Number.isNaN(warped[row * tile.width + i]) ? 0 : 255;
      }
    } finally {
      kept.dispose();
    }
  }

  /** Adds the margin from which dilation reaches into a window. */
  #widen({ x, y, width, height }: PixelWindow): PixelWindow {
    const reach = Math.ceil(this.#mask.dilate ?? 0);
    const all = { x: 0, y: 0, width: this.#raster.width, height: this.#raster.height };
    const wide = { x: x - reach, y: y - reach, width: width + 2 * reach, height: height + 2 * reach };
    return intersectWindows(wide, all) ?? all;
  }

  /** Float32 at the quality band's own pixels: NaN if masked, else 0. */
  async #keptPixels(window: PixelWindow, signal?: AbortSignal): Promise<DeviceTensor> {
    const backend = this.#backend;
    const { bits = [], classes = [], dilate: radius = 0 } = this.#mask;
    // The fill value is a class or a bit, which the mask may name or not.
    const bands = [{ index: this.#band, nodata: null }];
    const request = { window, bands, signal };
    const {
      planes: [stored],
      valid: [hasData],
    } = await readPixels(this.#raster, request);
    const shape = [window.height, window.width];
    const quality = backend.upload(stored, shape);
    const flags = backend.allocate(shape, 'uint8');
    const kept = backend.upload(
      Float32Array.from(hasData, (value) => (value === 0 ? Number.NaN : 0)),
      shape,
    );
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
      return kept;
    } catch (error) {
      kept.dispose();
      throw error;
    } finally {
      quality.dispose();
      flags.dispose();
    }
  }

  async #warp(
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
      const values = new Float32Array(destination.length);
      await backend.download(destination, values);
      return values;
    } finally {
      control.cells.dispose();
      control.table.dispose();
      destination.dispose();
    }
  }
}
