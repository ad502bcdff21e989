import { invalidInput, invalidOption } from '../../errors.js';
import type { SampleArea } from './area.js';
import { CentrePlaces } from './centre-places.js';
import { type Chip, type PixelSize, pixelSize, sliceOf } from './chip.js';
import { CounterRandom, STREAM } from './random.js';
import { Sequence } from './sequence.js';

/** Chips at random places: their size, number and seed. */
export interface RandomSamplerOptions {
  /** Pixels of a chip. */
  size: PixelSize;
  /** How many chips. */
  count: number;
  /** A whole number from 0 on (default 0). */
  seed?: number;
  /** Least share of a chip's pixels that lie in the area, above 0 (default 1: chips lie in it whole). */
  coverage?: number;
}

/** A chip's places are drawn at most so many times. */
const MAX_TRIES = 10_000;

/** Chips at random places, each computed from the seed and its place in the sequence alone. */
export class RandomSampler extends Sequence<Chip> {
  readonly #draw: (index: number, redraw: number) => Chip;

  /** @internal Use `randomSampler`. */
  constructor(count: number, draw: (index: number, redraw: number) => Chip) {
    super(count, (index) => draw(index, 0));
    this.#draw = draw;
  }

  /** Another chip for a place in the sequence, where a first one did not do: `redraw` counts from 0, which is `at`. */
  redraw(index: number, redraw: number): Chip {
    return this.#draw(index, redraw);
  }
}

/**
 * Chips whose centres are spread evenly over an area: every pixel around which a chip has the wanted coverage is
 * equally likely, however many rows cover it. An area narrower than a chip is taken whole, in a chip that reaches
 * beyond it. Chips of an area of blocks, as a fold is, are shifted to lie in one block whole, whatever their coverage.
 * @throws {TerrachipError} INVALID_OPTION for an impossible option; INVALID_INPUT when a chip is asked for and no place is
 *   found
 */
export function randomSampler(area: SampleArea, options: RandomSamplerOptions): RandomSampler {
  const { count, seed = 0, coverage = 1 } = options;
  const [width, height] = pixelSize(options.size, 'size');
  if (!Number.isSafeInteger(count) || count < 0)
    throw invalidOption('count', `cannot be ${count}`, 'give a whole number of chips');
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
      const geobox = area.geobox.window(window.x, window.y, width, height);
      return { index, geobox, slice: sliceOf(geobox, area.interval), window };
    }
    throw invalidInput(
      'the area',
      `has no place for a chip of ${width} × ${height} pixels with a coverage of ${coverage}${tries > 0 ? `: none was found in ${tries} tries` : ''}`,
      'choose smaller chips, a lower coverage, or a larger area',
    );
  });
}

/** The most pixels of the area that a chip can hold, as far as the bounds tell, and exactly where they are narrow. */
function fullCount(area: SampleArea, width: number, height: number): number {
  const { geobox } = area;
  const inBounds = Math.min(width, geobox.width) * Math.min(height, geobox.height);
  if (geobox.width >= width && geobox.height >= height) return inBounds;
  const all = area.count({ x: 0, y: 0, width: geobox.width, height: geobox.height });
  return Math.min(inBounds, all);
}
