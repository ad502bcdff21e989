import { invalidInput, invalidOption, requireWhole } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { type CatalogRow, isDated } from '../row.js';
import type { SampleArea } from './area.js';
import { type Chip, sliceOf } from './chip.js';
import { CounterRandom, STREAM } from './random.js';
import { type RandomSamplerOptions, randomSampler } from './random-sampler.js';
import { Sequence } from './sequence.js';

/** The length and stride of time windows. */
export interface TimeWindowOptions {
  /** Milliseconds of a window. */
  length: number;
  /** Milliseconds from one window to the next (default: the length). */
  stride?: number;
}

/**
 * Splits a time into windows of equal length from its start; an incomplete last window is left out.
 * @throws {TerrachipError} INVALID_INPUT for a time with an open end
 */
export function timeWindows(interval: TimeInterval, options: TimeWindowOptions): Sequence<TimeInterval> {
  const { length, stride = length } = options;
  requireWhole('length', length, 1);
  requireWhole('stride', stride, 1);
  const span = interval.end - interval.start + 1;
  if (!Number.isFinite(span))
    throw invalidInput(`the time ${interval}`, 'has an open end', 'give one with a start and an end');
  const count = span < length ? 0 : Math.floor((span - length) / stride) + 1;
  return new Sequence(count, (index) => {
    const start = interval.start + index * stride;
    return new TimeInterval(start, start + length - 1);
  });
}

/**
 * Combines chips with times. `product` is all combinations, with all times of a chip before the next chip; `zip` pairs
 * chips and times by index.
 * @param area leaves out combinations without a row of the area; tests all of them immediately
 * @throws {TerrachipError} INVALID_OPTION to zip sequences of different lengths
 */
export function combineSamplers(
  chips: Sequence<Chip>,
  times: Sequence<TimeInterval>,
  how: 'product' | 'zip',
  area?: SampleArea,
): Sequence<Chip> {
  if (how === 'zip' && chips.length !== times.length) {
    const problem = `cannot be zip for ${chips.length} chips and ${times.length} times`;
    throw invalidOption('how', problem, 'give as many of both, or use product');
  }
  const combined =
    how === 'zip'
      ? chips.map((chip, index) => atTime(chip, times.at(index), index))
      : new Sequence(chips.length * times.length, (index) =>
          atTime(chips.at(Math.floor(index / times.length)), times.at(index % times.length), index),
        );
  if (area === undefined) return combined;
  return combined
    .filter(({ window, slice }) =>
      area.rowsCovering(window, 0).some((row) => row.interval.intersects(slice.interval)),
    )
    .map((chip, index) => ({ ...chip, index }));
}

function atTime(chip: Chip, interval: TimeInterval, index: number): Chip {
  return { ...chip, index, slice: { ...chip.slice, interval } };
}

/** Two chips of one position at two times. */
export interface ChipPair {
  readonly index: number;
  readonly before: Chip;
  readonly after: Chip;
}

/** The time gap of pairs. */
export interface PairSamplerOptions extends RandomSamplerOptions {
  /** Least and greatest time in milliseconds between the end of the earlier row and the start of the later. */
  gap: readonly [least: number, most: number];
  /** Positions to try for a pair (default 100). */
  tries?: number;
}

/**
 * Draws random chips at two times: first a position as in `randomSampler`, then a pair of the rows that cover it,
 * uniformly among pairs with a matching gap. Rows without a date are in no pair.
 * @throws {TerrachipError} INVALID_OPTION for an invalid option; INVALID_INPUT on access to a pair, if no position that
 *   was tried has one
 */
export function pairSampler(area: SampleArea, options: PairSamplerOptions): Sequence<ChipPair> {
  const { gap, tries = 100, seed = 0, coverage = 1 } = options;
  const [least, most] = gap;
  if (!(least >= 0 && most >= least)) {
    const remedy = 'give milliseconds from 0 on, the least first';
    throw invalidOption('gap', `cannot be ${least} to ${most}`, remedy);
  }
  const random = new CounterRandom(seed);
  const sampler = randomSampler(area, options);
  return new Sequence(sampler.length, (index) => {
    for (let redraw = 0; redraw < tries; redraw++) {
      const chip = sampler.redraw(index, redraw);
      const pairs = pairsOf(area.rowsCovering(chip.window, coverage), least, most);
      if (pairs.length === 0) continue;
      const [choice] = random.uniforms(index, redraw, STREAM.pair);
      const [before, after] = pairs[Math.floor(choice * pairs.length)];
      return { index, before: ofRow(chip, before), after: ofRow(chip, after) };
    }
    throw invalidInput(
      'the area',
      `has no two rows with a gap of ${least} to ${most} ms at any of ${tries} places that were tried`,
      'widen the gap, allow more tries, or choose an area that is covered more often',
    );
  });
}

function pairsOf(rows: readonly CatalogRow[], least: number, most: number): [CatalogRow, CatalogRow][] {
  const dated = rows.filter(isDated);
  return dated.flatMap((before) =>
    dated
      .filter((after) => {
        const gap = after.interval.start - before.interval.end;
        return after !== before && gap >= least && gap <= most;
      })
      .map((after): [CatalogRow, CatalogRow] => [before, after]),
  );
}

function ofRow(chip: Chip, row: CatalogRow): Chip {
  return { ...chip, slice: sliceOf(chip.geobox, row.interval), row };
}
