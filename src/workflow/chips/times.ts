/** The times of chips: those of the rows that cover them. */
import { stepsOfRows } from '../../catalog/loaders/time-steps.js';
import type { Chip, SampleArea, Sequence } from '../../catalog/node/index.js';
import { isDated } from '../../catalog/row.js';
import { requireChoice } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { CHIP_TIMES, type ChipTimes } from '../choices.js';

/**
 * The times at which rows of an area cover a chip, in order; one for all rows with `all`, and for a place whose rows have
 * no dates.
 * @throws {TerrachipError} INVALID_OPTION for an unknown `every`
 */
export function timesOfChip(area: SampleArea, { window, slice }: Chip, every: ChipTimes): TimeInterval[] {
  requireChoice('every', every, CHIP_TIMES);
  if (every === 'all') return [slice.interval];
  const dated = area.rowsCovering(window, 0).filter(isDated);
  const steps = stepsOfRows(dated, every, 0).map(({ interval }) => interval);
  return steps.length > 0 ? steps : [TimeInterval.always];
}

/** The same chip at another time. */
export function chipAtTime(chip: Chip, interval: TimeInterval): Chip {
  return { ...chip, slice: { ...chip.slice, interval } };
}

/** Chips of an area, place by place, at the times of the rows that cover each. */
export function chipsAtTimes(area: SampleArea, places: Sequence<Chip>, every: ChipTimes): Sequence<Chip> {
  requireChoice('every', every, CHIP_TIMES);
  if (every === 'all') return places;
  const numbers: number[] = [];
  const times: TimeInterval[] = [];
  for (const [place, chip] of [...places].entries()) {
    for (const interval of timesOfChip(area, chip, every)) {
      numbers.push(place);
      times.push(interval);
    }
  }
  return places.pick(numbers).map((chip, index) => ({ ...chipAtTime(chip, times[index]), index }));
}
