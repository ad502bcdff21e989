/**
 * Draws pixels of an area with equal probability by rejection sampling: a pixel is drawn from candidate windows,
 * weighted by their size, and accepted if it is in the area and in no earlier window.
 */
import { alignedTiles, type PixelWindow } from '../../geo/index.js';
import { intersectWindows, padWindow, unionWindows, wholeWindow } from '../../geo/windows.js';
import { components } from '../group-by.js';
import type { SampleArea } from './area.js';
import { indexOf, search } from './cover.js';
import { type CounterRandom, STREAM } from './random.js';

/** Greatest number of cells along a side of the area; cells that overlap it are candidate windows. */
const CELLS = 256;

export class CentrePlaces {
  readonly #area: SampleArea;
  readonly #random: CounterRandom;
  readonly #windows: readonly PixelWindow[];
  readonly #index: ReturnType<typeof indexOf> | null;
  /** Cumulative number of pixels of the windows. */
  readonly #totals: Float64Array;

  /**
   * @param width pixels of a chip
   * @param wanted least number of the area's pixels in a chip
   */
  constructor(area: SampleArea, random: CounterRandom, width: number, height: number, wanted: number) {
    this.#area = area;
    this.#random = random;
    this.#windows = candidates(area, wanted === width * height, (window) =>
      centres(window, width, height, wanted),
    );
    this.#index = this.#windows.length === 0 ? null : indexOf(this.#windows);
    this.#totals = new Float64Array(this.#windows.length);
    let total = 0;
    for (const [k, { width: across, height: down }] of this.#windows.entries()) {
      total += across * down;
      this.#totals[k] = total;
    }
  }

  /** Whether no chip can have the wanted number of pixels. */
  get isEmpty(): boolean {
    return this.#windows.length === 0;
  }

  /** A pixel, or null if the drawn one is rejected. */
  draw(index: number, attempt: number, stream: number): readonly [x: number, y: number] | null {
    if (this.#index === null) return null;
    const [ofWindow, across] = this.#random.uniforms(index, attempt, stream + STREAM.place);
    const [down] = this.#random.uniforms(index, attempt, stream + STREAM.place + 1);
    const k = firstAbove(this.#totals, ofWindow * this.#totals[this.#totals.length - 1]);
    const { x: left, y: top, width, height } = this.#windows[k];
    const x = left + Math.floor(across * width);
    const y = top + Math.floor(down * height);
    const [earliest] = search(this.#index, { x, y, width: 1, height: 1 });
    return earliest === k && this.#area.has(x, y) ? [x, y] : null;
  }
}

/** Centres of chips that can have `wanted` pixels of a window; null for none. */
function centres(window: PixelWindow, width: number, height: number, wanted: number): PixelWindow | null {
  const across = centresAlong(window.x, window.width, width, wanted / Math.min(height, window.height));
  const down = centresAlong(window.y, window.height, height, wanted / Math.min(width, window.width));
  if (across === null || down === null) return null;
  return { x: across[0], y: down[0], width: across[1], height: down[1] };
}

function centresAlong(
  start: number,
  length: number,
  size: number,
  wanted: number,
): readonly [start: number, length: number] | null {
  const within = Math.ceil(wanted - 1e-9);
  const half = Math.floor(size / 2);
  const first = Math.max(start, start + within - size + half);
  const last = Math.min(start + length - 1, start + length - within + half);
  return within <= size && first <= last ? [first, last - first + 1] : null;
}

/** The set of windows with the fewest pixels that contains all centres, for the lowest rejection rate. */
function candidates(
  area: SampleArea,
  whole: boolean,
  centresOf: (window: PixelWindow) => PixelWindow | null,
): readonly PixelWindow[] {
  const bounds = centresOf(wholeWindow(area.geobox));
  if (bounds === null) return [];
  const inBounds = (windows: readonly (PixelWindow | null)[]): PixelWindow[] =>
    distinct(windows.flatMap((window) => (window && intersectWindows(window, bounds)) ?? []));
  const choices = [inBounds(cells(area))];
  for (const windows of area.windows) {
    const different = distinct(windows);
    choices.push(inBounds(different));
    // A chip completely in the area is in the bounds of connected windows.
    if (whole) choices.push(inBounds(connected(different).map(centresOf)));
  }
  const pixels = (windows: readonly PixelWindow[]): number =>
    windows.reduce((sum, { width, height }) => sum + width * height, 0);
  return choices.reduce((best, other) => (pixels(other) < pixels(best) ? other : best));
}

function distinct(windows: readonly PixelWindow[]): PixelWindow[] {
  const byKey = new Map(
    windows.map((window) => [`${window.x},${window.y},${window.width},${window.height}`, window]),
  );
  return [...byKey.values()];
}

/** The bounds of each group of windows that overlap or touch. */
function connected(windows: readonly PixelWindow[]): PixelWindow[] {
  const index = indexOf(windows);
  const near = (k: number): number[] => search(index, padWindow(windows[k], 1));
  return components(windows.length, near).map((group) =>
    group.map((k) => windows[k]).reduce((all, window) => unionWindows(all, window)),
  );
}

/** The cells of a coarse grid over the area that overlap the window of a shape. */
function cells(area: SampleArea): PixelWindow[] {
  const { width, height } = area.geobox;
  const size = Math.max(1, Math.ceil(Math.max(width, height) / CELLS));
  const index = indexOf(area.windows[0]);
  return [...alignedTiles(wholeWindow(area.geobox), size)].filter((cell) => search(index, cell).length > 0);
}

/** The first index whose total is above a value. */
function firstAbove(totals: Float64Array, value: number): number {
  let [low, high] = [0, totals.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (totals[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
