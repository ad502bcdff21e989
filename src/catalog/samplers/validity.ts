/** Skips chips with too little data. */
import { invalidInput, invalidOption, requireWhole } from '../../errors.js';
import { Affine, createPixelMapping, GeoBox } from '../../geo/index.js';
import { unionWindows } from '../../geo/windows.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { readPixels } from '../../raster/pixels.js';
import type { Raster } from '../../raster/raster.js';
import { levelForGeobox, levelSize, noReference } from '../../raster/request.js';
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
  requireWhole('tries', tries, 1);
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
  const shareOf = async (chip: Chip): Promise<number> => checkShare(await validShare(chip, signal), chip);
  const shares = await mapConcurrently([...chips], concurrency, shareOf, signal);
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
    const subject = `the valid share of ${describeChip(chip)}`;
    throw invalidInput(subject, `cannot be ${share}`, 'return a number from 0 to 1');
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
  requireWhole('points', points, 1, 1024);
  if (raster.bands[band - 1] === undefined) {
    const remedy = `choose one of 1 to ${raster.bands.length}`;
    throw invalidOption('band', `cannot be ${band} for ${raster.name}`, remedy);
  }
  const { geobox } = raster;
  if (geobox === null) throw noReference(raster);
  return async (chip, signal) => {
    const { crs, transform, width, height } = chip.geobox;
    const scale = Affine.scale(width / points, height / points);
    const lattice = new GeoBox(crs, transform.compose(scale), points, points);
    const positions = positionsIn(geobox, lattice);
    if (positions.length === 0) return 0;
    const level = levelForGeobox(raster, lattice);
    const [columns, rows] = levelSize(raster, level);
    const pixels = positions.map(([x, y]) => ({
      x: Math.min(columns - 1, Math.floor((x * columns) / raster.width)),
      y: Math.min(rows - 1, Math.floor((y * rows) / raster.height)),
      width: 1,
      height: 1,
    }));
    const window = pixels.reduce((all, pixel) => unionWindows(all, pixel));
    const { valid } = await readPixels(raster, { window, bands: [band], level, signal });
    const withData = pixels.filter(
      ({ x, y }) => valid[0][(y - window.y) * window.width + x - window.x] === 1,
    );
    return withData.length / points ** 2;
  };
}

/** Pixel centres of a lattice in pixels of a raster, without those outside it. */
function positionsIn(raster: GeoBox, lattice: GeoBox): [number, number][] {
  const { map } = createPixelMapping(lattice, raster);
  const position = new Float64Array(2);
  const positions: [number, number][] = [];
  for (let row = 0; row < lattice.height; row++) {
    for (let column = 0; column < lattice.width; column++) {
      map(column + 0.5, row + 0.5, position);
      const [x, y] = position;
      if (x >= 0 && y >= 0 && x < raster.width && y < raster.height) positions.push([x, y]);
    }
  }
  return positions;
}
