/** The places and times of training chips, by split. */

import {
  balancedSampler,
  type CatalogRow,
  type Chip,
  gridSampler,
  type Region,
  randomSampler,
  SampleArea,
  type Sequence,
  spatialFolds,
} from '../../catalog/node/index.js';
import { checkShares } from '../../catalog/samplers/folds.js';
import { CounterRandom, STREAM } from '../../catalog/samplers/random.js';
import { invalidOption, requireChoice, requireWhole } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import { chipAtTime, chipsAtTimes, timesOfChip } from '../chips/times.js';
import { CHIP_SAMPLERS, type ChipTimes } from '../choices.js';
import type { ChipPlaces } from './options.js';
import { type ClassCounts, totalOf } from './statistics.js';

/** Names of two and of three splits. */
const SPLIT_NAMES: Readonly<Record<number, readonly string[]>> = {
  2: ['train', 'val'],
  3: ['train', 'val', 'test'],
};

/** Chips along a side of a block, by default. */
const BLOCK_CHIPS = 4;

/** Draws of a random chip that has too little data. */
const TRIES = 100;

/** Classes on a smaller share of a chip's labelled pixels do not count as its class. */
const LEAST_SHARE = 0.01;

/** The chips of a split. */
export interface SplitPlaces {
  readonly name: string;
  readonly length: number;
  /** How often a chip with too little data is drawn; 1 for chips that are not random. */
  readonly tries: number;
  /** @param draw from 0; the first of `tries` with enough data is taken */
  at(index: number, draw: number): Chip;
}

/** The area of all chips, and its part of each split. */
export interface ChipArea {
  /** The grid of all chips. */
  readonly frame: GeoBox;
  readonly splits: readonly { readonly name: string; readonly area: SampleArea; readonly share: number }[];
}

/** Counts the classes in the window of a chip. @param done chips that were counted, of `total` */
export type CountLabels = (chip: Chip, done: number, total: number) => Promise<ClassCounts>;

/**
 * Divides the area of rows into blocks of the splits.
 * @param base the grid that chips lie on, of any size
 * @throws {TerrachipError} INVALID_OPTION for options that do not fit each other; as `spatialFolds`
 */
export function divideArea(
  rows: Iterable<CatalogRow>,
  base: GeoBox,
  roi: Region | null,
  { size, split, block, buffer, seed }: ChipPlaces,
): ChipArea {
  requireWhole('size', size, 1, 65_536);
  const area = SampleArea.of(rows, { like: base }, roi === null ? {} : { roi });
  if (split === undefined) {
    const other = block === undefined ? (buffer === undefined ? undefined : 'buffer') : 'block';
    if (other !== undefined) throw invalidOption(other, 'has no meaning without `split`', 'leave it out');
    return { frame: area.geobox, splits: [{ name: 'train', area, share: 1 }] };
  }
  const names = SPLIT_NAMES[split.length];
  if (names === undefined) {
    const remedy = 'give two, for train and val, or three, for train, val and test';
    throw invalidOption('split', `cannot be ${split.length} shares`, remedy);
  }
  checkShares(split, 'split');
  const distance = buffer ?? Math.ceil(Math.hypot(size, size));
  const side = block ?? 2 * Math.ceil(distance / 2) + BLOCK_CHIPS * size;
  const folds = spatialFolds(area, { folds: split, block: side, chip: size, buffer: distance, seed });
  return {
    frame: area.geobox,
    splits: names.map((name, fold) => ({ name, area: folds.fold(fold), share: split[fold] })),
  };
}

/**
 * Chooses the chips of each split.
 * @throws {TerrachipError} INVALID_OPTION for options that do not fit the sampler; INVALID_INPUT for an area without chips;
 * as the samplers
 */
export async function choosePlaces(
  { splits }: ChipArea,
  options: ChipPlaces,
  countLabels: CountLabels | null,
): Promise<SplitPlaces[]> {
  const { sampler = 'grid', size, stride, policy, count, seed = 0, every = 'day' } = options;
  requireChoice('sampler', sampler, CHIP_SAMPLERS);
  if (sampler === 'grid') {
    refuse(options, ['count'], sampler);
  } else if (count === undefined) {
    throw invalidOption('count', `is needed for ${sampler} chips`, 'give the number of chips');
  } else requireWhole('count', count, 1);
  if (sampler === 'random') {
    refuse(options, ['stride', 'policy'], sampler);
    const counts = apportion(count ?? 0, splits);
    return splits.map(({ name, area }, k) => randomPlaces(name, area, size, counts[k], seed, every));
  }
  if (sampler === 'balanced' && countLabels === null)
    throw invalidOption(
      'sampler',
      'cannot be balanced without `labels`',
      'give labels, or take grid or random',
    );
  const grids = splits.map(({ name, area }) => {
    const grid = gridSampler(area, { size, stride, policy });
    return { name, chips: chipsAtTimes(area, grid, every) };
  });
  if (sampler === 'grid' || countLabels === null) return grids.map(({ name, chips }) => inOrder(name, chips));
  const classes = await classesOfChips(grids, countLabels);
  const counts = apportion(count ?? 0, splits);
  return grids.map(({ name, chips }, k) => {
    const labelled = chips.filter((_, index) => classes[k][index] !== null);
    const ofLabelled = classes[k].filter((each) => each !== null);
    const numbers: Sequence<number> = labelled.map((_, index) => index);
    if (labelled.length === 0) return inOrder(name, labelled);
    const drawn = balancedSampler(numbers, (index) => ofLabelled[index], { count: counts[k], seed });
    // A class without further chips is drawn again; each chip is written once.
    return inOrder(name, labelled.pick([...new Set(drawn)]));
  });
}

type Split = Pick<SplitPlaces, 'name'> & { readonly chips: Sequence<Chip> };

function refuse(options: ChipPlaces, names: readonly (keyof ChipPlaces)[], sampler: string): void {
  const other = names.find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw invalidOption(other, `has no meaning for the sampler ${sampler}`, 'leave it out');
}

function inOrder(name: string, chips: Sequence<Chip>): SplitPlaces {
  return { name, length: chips.length, tries: 1, at: (index) => chips.at(index) };
}

/** Random chips, each at a random one of the times of its place. */
function randomPlaces(
  name: string,
  area: SampleArea,
  size: number,
  count: number,
  seed: number,
  every: ChipTimes,
): SplitPlaces {
  const sampler = randomSampler(area, { size, count, seed });
  const random = new CounterRandom(seed);
  return {
    name,
    length: count,
    tries: TRIES,
    at(index, draw) {
      const chip = sampler.redraw(index, draw);
      const times = timesOfChip(area, chip, every);
      const [uniform] = random.uniforms(index, draw, STREAM.pair);
      return chipAtTime(chip, times[Math.floor(uniform * times.length)]);
    },
  };
}

/** Divides a number by shares; what is left over goes to those that lack most. */
function apportion(count: number, splits: ChipArea['splits']): number[] {
  const counts = splits.map(({ share }) => Math.floor(count * share + 1e-9));
  const lacking = splits.map(({ share }, k) => count * share - counts[k]);
  for (let rest = count - counts.reduce((sum, each) => sum + each, 0); rest > 0; rest--) {
    const k = lacking.indexOf(Math.max(...lacking));
    counts[k]++;
    lacking[k]--;
  }
  return counts;
}

/** The class of each chip: the rarest of all chips among those on enough of its pixels; null without labels. */
async function classesOfChips(
  splits: readonly Split[],
  countLabels: CountLabels,
): Promise<(number | null)[][]> {
  const known = new Map<string, Promise<ClassCounts>>();
  const counts: ClassCounts[][] = [];
  const total = splits.reduce((sum, { chips }) => sum + chips.length, 0);
  let done = 0;
  for (const { chips } of splits) {
    const ofSplit: ClassCounts[] = [];
    for (const chip of chips) {
      const key = chip.geobox.transform.toTuple().join();
      const count = known.get(key) ?? countLabels(chip, ++done, total);
      known.set(key, count);
      ofSplit.push(await count);
    }
    counts.push(ofSplit);
  }
  const totals = new Map<number, number>();
  for (const [value, count] of counts.flat().flatMap((each) => [...each]))
    totals.set(value, (totals.get(value) ?? 0) + count);
  const byRarity = [...totals].sort(([a, m], [b, n]) => m - n || a - b).map(([value]) => value);
  const classOf = (of: ClassCounts): number | null => {
    const least = LEAST_SHARE * totalOf(of);
    return byRarity.find((value) => (of.get(value) ?? -1) >= least) ?? null;
  };
  return counts.map((ofSplit) => ofSplit.map(classOf));
}
