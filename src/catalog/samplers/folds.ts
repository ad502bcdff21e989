import { invalidInput, invalidOption, requireWhole, TerrachipError } from '../../errors.js';
import { alignedTiles, type PixelWindow } from '../../geo/index.js';
import { wholeWindow } from '../../geo/windows.js';
import type { SampleArea } from './area.js';
import { type PixelSize, pixelSize } from './chip.js';
import { CounterRandom, STREAM } from './random.js';

/** The number and size of folds, blocks and chips. */
export interface SpatialFoldOptions {
  /** Number of folds of equal size; or the share of each in the area, with a sum of 1. */
  folds: number | readonly number[];
  /** Pixels along a side of a block. */
  block: number;
  /** Pixels of the chips to be sampled. */
  chip: PixelSize;
  /** Least distance in pixels between chips of different folds (default, and at least: the diagonal of a chip). */
  buffer?: number;
  /** A whole number from 0 on (default 0). */
  seed?: number;
}

/** A block of a fold. */
export interface FoldBlock {
  readonly fold: number;
  /** The window for its chips in the grid of the area: the block without its half of the buffer. */
  readonly window: PixelWindow;
  /** Number of the area's pixels in the window. */
  readonly pixels: number;
}

/** Parts of an area for training and testing, separated by a buffer. */
export class SpatialFolds {
  readonly blocks: readonly FoldBlock[];
  readonly count: number;
  /** In pixels. */
  readonly buffer: number;
  readonly #area: SampleArea;

  /** @internal Use `spatialFolds`. */
  constructor(area: SampleArea, blocks: readonly FoldBlock[], count: number, buffer: number) {
    this.#area = area;
    this.blocks = blocks;
    this.count = count;
    this.buffer = buffer;
  }

  /** The area of one fold, to test on; `rest` is the area to train on. */
  fold(fold: number): SampleArea {
    return this.#area.within(this.#windows((block) => block.fold === fold, fold));
  }

  /** The area of all other folds. */
  rest(fold: number): SampleArea {
    return this.#area.within(this.#windows((block) => block.fold !== fold, fold));
  }

  #windows(wanted: (block: FoldBlock) => boolean, fold: number): PixelWindow[] {
    requireWhole('fold', fold, 0, this.count - 1);
    return this.blocks.filter(wanted).map(({ window }) => window);
  }
}

const MAX_BLOCKS = 2 ** 22;

/**
 * Splits an area into square blocks and assigns these to folds at random, such that folds have equal shares of the area
 * as far as blocks allow. Half of the buffer is removed from each side of a block, so that chips completely in a fold
 * (the default of `randomSampler`) are never nearer to a chip of another fold than the buffer.
 * @throws {TerrachipError} INVALID_OPTION for a buffer below a chip's diagonal, or blocks too small for a chip;
 *   INVALID_INPUT for an area with fewer blocks than folds; TOO_LARGE above four million blocks
 */
export function spatialFolds(area: SampleArea, options: SpatialFoldOptions): SpatialFolds {
  const { block, seed = 0 } = options;
  const [width, height] = pixelSize(options.chip, 'chip');
  const shares = foldShares(options.folds);
  const diagonal = Math.ceil(Math.hypot(width, height));
  const { buffer = diagonal } = options;
  if (!Number.isInteger(buffer) || buffer < diagonal) {
    throw invalidOption(
      'buffer',
      `cannot be ${buffer} for chips of ${width} × ${height} pixels`,
      `give a whole number of pixels from ${diagonal}, the diagonal of a chip`,
    );
  }
  const margin = Math.ceil(buffer / 2);
  const room = block - 2 * margin;
  if (!Number.isInteger(block) || room < Math.max(width, height)) {
    throw invalidOption(
      'block',
      `cannot be ${block} with a buffer of ${buffer} pixels and chips of ${width} × ${height}`,
      `give a whole number of pixels from ${Math.max(width, height) + 2 * margin}`,
    );
  }
  const bounds = wholeWindow(area.geobox);
  const most = Math.ceil(bounds.width / block) * Math.ceil(bounds.height / block);
  if (most > MAX_BLOCKS) {
    throw new TerrachipError(
      'TOO_LARGE',
      `the area has ${most} blocks of ${block} pixels, above the limit of ${MAX_BLOCKS}`,
      'choose larger blocks',
      { size: most, limit: MAX_BLOCKS },
    );
  }
  const blocks: Omit<FoldBlock, 'fold'>[] = [];
  for (const { x, y } of alignedTiles(bounds, block)) {
    const window = { x: x + margin, y: y + margin, width: room, height: room };
    const pixels = area.count(window);
    if (pixels > 0) blocks.push({ window, pixels });
  }
  if (blocks.length < shares.length) {
    const problem = `has ${blocks.length} blocks of ${block} pixels, fewer than ${shares.length} folds`;
    throw invalidInput('the area', problem, 'choose smaller blocks, fewer folds, or a larger area');
  }
  return new SpatialFolds(area, assignFolds(blocks, shares, new CounterRandom(seed)), shares.length, buffer);
}

function foldShares(folds: number | readonly number[]): readonly number[] {
  if (typeof folds === 'number') {
    if (!Number.isInteger(folds) || folds < 2)
      throw invalidOption('folds', `cannot be ${folds}`, 'give a whole number from 2 on, or shares');
    return Array.from({ length: folds }, () => 1 / folds);
  }
  checkShares(folds, 'folds');
  return folds;
}

/** @throws {TerrachipError} INVALID_OPTION unless shares are above 0 and add up to 1 */
export function checkShares(shares: readonly number[], option: string): void {
  if (shares.length < 2 || !shares.every((share) => share > 0))
    throw invalidOption(option, `cannot be ${shares.join(', ')}`, 'give at least two shares above 0');
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (Math.abs(total - 1) > 1e-9)
    throw invalidOption(option, `add up to ${total}`, 'give shares that add up to 1');
}

/** Assigns blocks in random order, each to the fold that lacks most pixels of its share. */
function assignFolds(
  blocks: readonly Omit<FoldBlock, 'fold'>[],
  shares: readonly number[],
  random: CounterRandom,
): FoldBlock[] {
  const total = blocks.reduce((sum, { pixels }) => sum + pixels, 0);
  const missing = shares.map((share) => share * total);
  const waiting = new Set(shares.keys());
  return [...random.permutation(blocks.length, STREAM.split)].map((index, k): FoldBlock => {
    // The last blocks go to folds without any, even if their shares are small.
    const open = blocks.length - k <= waiting.size ? [...waiting] : [...shares.keys()];
    const fold = open.reduce((best, other) => (missing[other] > missing[best] ? other : best));
    missing[fold] -= blocks[index].pixels;
    waiting.delete(fold);
    return { fold, ...blocks[index] };
  });
}
