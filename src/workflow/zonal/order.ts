/** Statistics of sorted values: percentiles, the most and the least frequent value, and how many there are. */
import { shareOf, type ZonalStatistic } from './statistics.js';
import type { ValueCounts } from './values.js';

/** How percentiles of pixels are defined. */
export type PercentileRule = 'linear' | 'weighted';

/**
 * Statistics of the values of a group.
 *
 * Percentiles of whole pixels are interpolated linearly between the two nearest ranks, as NumPy does by default. Those of
 * shares of pixels are the least value at or below which that part of the covered area lies (NumPy's `inverted_cdf` with
 * weights). The majority is the value of most pixels, the minority that of the fewest; of several, the least value.
 * @param count the sum of all weights
 */
export async function orderStatistics(
  values: ValueCounts,
  group: number,
  count: number,
  statistics: readonly ZonalStatistic[],
  rule: PercentileRule,
): Promise<Map<ZonalStatistic, number | null>> {
  const results = new Map<ZonalStatistic, number | null>(statistics.map((name) => [name, null]));
  if (count === 0) {
    if (results.has('variety')) results.set('variety', 0);
    return results;
  }
  const percentiles = statistics.flatMap((name) => {
    const share = shareOf(name);
    return share === null ? [] : [new Percentile(name, share, count, rule)];
  });
  let [variety, covered] = [0, 0];
  let [majority, most] = [Number.NaN, 0];
  let [minority, fewest] = [Number.NaN, Infinity];
  await values.forEach(group, (value, weight) => {
    variety++;
    if (weight > most) [majority, most] = [value, weight];
    if (weight < fewest) [minority, fewest] = [value, weight];
    covered += weight;
    for (const percentile of percentiles) percentile.add(value, covered);
  });
  for (const { name, value } of percentiles) results.set(name, value);
  for (const [name, value] of [
    ['majority', majority],
    ['minority', minority],
    ['variety', variety],
  ] as const) {
    if (results.has(name)) results.set(name, value);
  }
  return results;
}

/** Relative error of a sum of shares. */
const ROUNDING = 1e-12;

/** Finds a percentile among ascending values. */
class Percentile {
  readonly name: ZonalStatistic;
  /** Between which ranks, from 0, it lies; of weighted values, the sum of weights up to it. */
  readonly #rank: number;
  readonly #rule: PercentileRule;
  #below: number | null = null;
  #above: number | null = null;

  constructor(name: ZonalStatistic, share: number, count: number, rule: PercentileRule) {
    this.name = name;
    this.#rule = rule;
    this.#rank = rule === 'linear' ? share * (count - 1) : share * count * (1 - ROUNDING);
  }

  /** @param covered weights of all values up to this one */
  add(value: number, covered: number): void {
    if (this.#above !== null) return;
    if (this.#rule === 'weighted') {
      if (covered >= this.#rank) this.#above = value;
      return;
    }
    if (this.#below === null && covered > Math.floor(this.#rank)) this.#below = value;
    if (covered > Math.ceil(this.#rank)) this.#above = value;
  }

  get value(): number | null {
    const [below, above] = [this.#below, this.#above];
    if (below === null || above === null) return above;
    return below + (this.#rank - Math.floor(this.#rank)) * (above - below);
  }
}
