/** Skips chips with too little data. */
import { invalidInput, invalidOption } from '../../errors.js';
import { Affine, createTransform, type GeoBox, type PixelWindow } from '../../geo/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { readPixels } from '../../raster/pixels.js';
import type { Raster } from '../../raster/raster.js';
import { type Chip, describeChip } from './chip.js';
import type { RandomSampler } from './random-sampler.js';
import { AsyncSequence, type Sequence } from './sequence.js';

/** Returns the share of a chip's pixels that have data, from 0 to 1, for example from a mask or an overview. */
export type ValidShare<T = Chip> = (chip: T, signal?: AbortSignal) => number | Promise<number>;

/** The conditions of `redrawInvalid`. */
export interface RedrawOptions {
  /** Least share of pixels with data (default 0.5). */
  minimum?: number;
  /** Chips to try for an index of the sequence (default 100). */
  tries?: number;
}

/**
 * Redraws random chips with too little data. Each index has its own chips to try, so that any number of workers gets
 * the same sequence.
 * @throws {TerrachipError} INVALID_INPUT on access to a chip, if no try has enough data
 */
export function redrawInvalid(
  sampler: RandomSampler,
  validShare: ValidShare,
  options: RedrawOptions = {},
): AsyncSequence<Chip> {
  const minimum = checkMinimum(options.minimum);
  const { tries = 100 } = options;
  if (!Number.isInteger(tries) || tries < 1)
    throw invalidOption('tries', `cannot be ${tries}`, 'give a whole number from 1 on');
  return new AsyncSequence(sampler.length, async (index, signal) => {
    let best = 0;
    for (let redraw = 0; redraw < tries; redraw++) {
      signal?.throwIfAborted();
      const chip = sampler.redraw(index, redraw);
      const share = checkShare(await validShare(chip, signal), chip);
      if (share >= minimum) return chip;
      best = Math.max(best, share);
    }
    throw invalidInput(
      'the area',
      `has too little data: of ${tries} chips tried for chip ${index} the best has data in a share of ${best.toFixed(3)}, less than ${minimum}`,
      'lower the minimum, allow more tries, or sample where there is data',
    );
  });
}

/** The conditions of `dropInvalid`. */
export interface DropOptions {
  /** Least share of pixels with data (default 0.5). */
  minimum?: number;
  /** Chips to test concurrently (default 8). */
  concurrency?: number;
  signal?: AbortSignal;
}

/** The chips of a sequence with enough data, in order and with new indexes; tests all chips immediately. */
export async function dropInvalid(
  chips: Sequence<Chip>,
  validShare: ValidShare,
  options: DropOptions = {},
): Promise<Sequence<Chip>> {
  const minimum = checkMinimum(options.minimum);
  const { concurrency = 8, signal } = options;
  const shares = await mapConcurrently(
    Array.from({ length: chips.length }, (_, k) => k),
    concurrency,
    async (index) => {
      const chip = chips.at(index);
      return checkShare(await validShare(chip, signal), chip);
    },
    signal,
  );
  const kept = shares.flatMap((share, index) => (share >= minimum ? [index] : []));
  return chips.pick(kept).map((chip, index) => ({ ...chip, index }));
}

function checkMinimum(minimum = 0.5): number {
  if (!(minimum >= 0 && minimum <= 1))
    throw invalidOption('minimum', `cannot be ${minimum}`, 'give a share from 0 to 1');
  return minimum;
}

function checkShare(share: number, chip: Chip): number {
  if (!(share >= 0 && share <= 1)) {
    throw invalidInput(
      `the valid share of ${describeChip(chip)}`,
      `cannot be ${share}`,
      'return a number from 0 to 1',
    );
  }
  return share;
}

/** The band and points of `rasterShare`. */
export interface RasterShareOptions {
  /** The band to read, from 1 (default 1). */
  band?: number;
  /** Points along a side of a chip (default 32); read from the coarsest overview that resolves them. */
  points?: number;
}

/**
 * Estimates the share from a raster at evenly spaced points of a chip. Points outside the raster, nodata, NaN and
 * masked pixels have no data. Reads overviews, so that a chip needs one or two blocks.
 */
export function rasterShare(raster: Raster, options: RasterShareOptions = {}): ValidShare {
  const { band = 1, points = 32 } = options;
  if (!Number.isInteger(points) || points < 1 || points > 1024)
    throw invalidOption('points', `cannot be ${points}`, 'give a whole number from 1 to 1024');
  if (raster.bands[band - 1] === undefined)
    throw invalidOption(
      'band',
      `cannot be ${band} for ${raster.name}`,
      `choose one of 1 to ${raster.bands.length}`,
    );
  const { geobox } = raster;
  if (geobox === null)
    throw invalidInput(
      raster.name,
      raster.placeProblem ?? 'has no place on the ground',
      'choose a georeferenced one',
    );
  return async (chip, signal) => {
    const positions = latticeIn(geobox, chip.geobox, points);
    if (positions.length === 0) return 0;
    const level = levelFor(raster, Math.sqrt(chip.geobox.pixelCount) / points, geobox, chip.geobox);
    const [width, height] = level === 0 ? [raster.width, raster.height] : raster.overviews[level - 1];
    const pixels = positions.map(([x, y]): [number, number] => [
      Math.min(width - 1, Math.floor((x * width) / raster.width)),
      Math.min(height - 1, Math.floor((y * height) / raster.height)),
    ]);
    const window = windowAround(pixels);
    const { valid } = await readPixels(raster, { window, bands: [band], level, signal });
    const withData = pixels.filter(([x, y]) => valid[0][(y - window.y) * window.width + x - window.x] === 1);
    return withData.length / points ** 2;
  };
}

/** Evenly spaced points of a chip in pixels of a raster, without those outside it. */
function latticeIn(raster: GeoBox, chip: GeoBox, points: number): [number, number][] {
  const lattice = chip.transform.compose(Affine.scale(chip.width / points, chip.height / points));
  const { forward } = createTransform(chip.crs, raster.crs);
  const toPixel = raster.transform.inverse();
  const positions: [number, number][] = [];
  for (let row = 0; row < points; row++) {
    for (let column = 0; column < points; column++) {
      const [x, y] = toPixel.apply(...forward(...lattice.apply(column + 0.5, row + 0.5)));
      if (x >= 0 && y >= 0 && x < raster.width && y < raster.height) positions.push([x, y]);
    }
  }
  return positions;
}

/** The coarsest level whose pixels are not larger than the spacing of points, given in pixels of the chip. */
function levelFor(raster: Raster, distance: number, geobox: GeoBox, chip: GeoBox): number {
  const { forward } = createTransform(chip.crs, geobox.crs);
  const toPixel = geobox.transform.inverse();
  const at = (x: number): [number, number] =>
    toPixel.apply(...forward(...chip.transform.apply(x, chip.height / 2)));
  const [from, to] = [at(chip.width / 2), at(chip.width / 2 + distance)];
  const spacing = Math.hypot(to[0] - from[0], to[1] - from[1]);
  return raster.overviews.filter(([width]) => raster.width / width <= spacing).length;
}

function windowAround(pixels: readonly (readonly [number, number])[]): PixelWindow {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of pixels) {
    [x0, x1] = [Math.min(x0, x), Math.max(x1, x)];
    [y0, y1] = [Math.min(y0, y), Math.max(y1, y)];
  }
  return { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
}
