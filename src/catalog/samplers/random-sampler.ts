import { invalidInput, invalidOption, requireWhole } from '../../errors.js';
import { wholeWindow } from '../../geo/windows.js';
import type { SampleArea } from './area.js';
import { CentrePlaces } from './centre-places.js';
import { type Chip, chipAt, type PixelSize, pixelSize } from './chip.js';
import { CounterRandom, STREAM } from './random.js';
import { Sequence } from './sequence.js';

/** The size, number and seed of random chips. */
export interface RandomSamplerOptions {
  /** Pixels of a chip. */
  size: PixelSize;
  /** Number of chips. */
  count: number;
  /** A whole number from 0 on (default 0). */
  seed?: number;
  /** Least share of a chip's pixels in the area, above 0 (default 1: chips are completely in the area). */
  coverage?: number;
}

/** Greatest number of draws for a chip. */
const MAX_TRIES = 10_000;

/** Chips at random positions, each computed only from the seed and its index. */
export class RandomSampler extends Sequence<Chip> {
  readonly #draw: (index: number, redraw: number) => Chip;

  /** @internal Use `randomSampler`. */
  constructor(count: number, draw: (index: number, redraw: number) => Chip) {
    super(count, (index) => draw(index, 0));
    this.#draw = draw;
  }

  /** Another chip for an index of the sequence; `redraw` 0 is the chip of `at`. */
  redraw(index: number, redraw: number): Chip {
    return this.#draw(index, redraw);
  }
}

/**
 * Draws chips with uniformly distributed centres: every pixel of the area around which a chip has the coverage is
 * equally likely, no matter how many rows cover it. If the area is narrower than a chip, a chip contains all of its
 * width and extends beyond it. Chips of an area of blocks, such as a fold, are shifted to be completely in one block,
 * for any coverage.
 * @throws {TerrachipError} INVALID_OPTION for an invalid option; INVALID_INPUT on access to a chip without a position
 */
export function randomSampler(area: SampleArea, options: RandomSamplerOptions): RandomSampler {
  const { count, seed = 0, coverage = 1 } = options;
  const [width, height] = pixelSize(options.size, 'size');
  requireWhole('count', count, 0);
  if (!(coverage > 0 && coverage <= 1))
    throw invalidOption('coverage', `cannot be ${coverage}`, 'give a share above 0, up to 1');
  const random = new CounterRandom(seed);
  const wanted = coverage * fullCount(area, width, height);
  const places = new CentrePlaces(area, random, width, height, wanted);
  const tries = places.isEmpty ? 0 : MAX_TRIES;
  return new RandomSampler(count, (index, redraw) => {
    for (let attempt = 0; attempt < tries; attempt++) {
      const place = places.draw(index, attempt, STREAM.redraw * redraw);
      if (place === null) continue;
      const x = place[0] - Math.floor(width / 2);
      const y = place[1] - Math.floor(height / 2);
      const window = area.insideBlock({ x, y, width, height });
      if (window === null || area.count(window) < wanted) continue;
      return chipAt(area, index, window);
    }
    throw invalidInput(
      'the area',
      `has no position for a chip of ${width} × ${height} pixels with a coverage of ${coverage}${tries > 0 ? `: none was found in ${tries} tries` : ''}`,
      'choose smaller chips, a lower coverage, or a larger area',
    );
  });
}

/** Greatest number of the area's pixels in a chip: an upper bound, closer if the area is narrower than a chip. */
function fullCount(area: SampleArea, width: number, height: number): number {
  const { geobox } = area;
  const inBounds = Math.min(width, geobox.width) * Math.min(height, geobox.height);
  if (geobox.width >= width && geobox.height >= height) return inBounds;
  return Math.min(inBounds, area.count(wholeWindow(geobox)));
}
