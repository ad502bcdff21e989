/** Statistics of the pixels of a zone: their names, and the sums that most of them need. */
import { invalidOption } from '../../errors.js';

/** Statistics that are not percentiles. */
export const ZONAL_STATISTICS = [
  'count',
  'nodata',
  'min',
  'max',
  'mean',
  'sum',
  'std',
  'median',
  'majority',
  'minority',
  'variety',
  'area',
] as const;

/** The name of a statistic: one of a list, or a percentile from `p0` to `p100`, such as `p10` or `p2.5`. */
export type ZonalStatistic = (typeof ZONAL_STATISTICS)[number] | `p${number}`;

/** The default statistics. */
export const DEFAULT_STATISTICS: readonly ZonalStatistic[] = ['count', 'min', 'mean', 'max'];

/** Statistics that need the values themselves, not only their sums. */
const OF_VALUES: readonly ZonalStatistic[] = ['median', 'majority', 'minority', 'variety'];

/** The share of a percentile, from 0 to 1; null for other statistics. */
export function shareOf(statistic: ZonalStatistic): number | null {
  if (statistic === 'median') return 0.5;
  const [, percent] = /^p(\d{1,3}(?:\.\d+)?)$/.exec(statistic) ?? [];
  return percent === undefined ? null : Number(percent) / 100;
}

/** Whether a statistic needs the values themselves. */
export function needsValues(statistic: ZonalStatistic): boolean {
  return OF_VALUES.includes(statistic) || shareOf(statistic) !== null;
}

/** @throws {TerrachipError} INVALID_OPTION for an unknown statistic, one that comes twice, or none */
export function requireStatistics(names: readonly string[]): ZonalStatistic[] {
  const known: readonly string[] = ZONAL_STATISTICS;
  const isStatistic = (name: string): name is ZonalStatistic =>
    known.includes(name) || (/^p\d{1,3}(\.\d+)?$/.test(name) && Number(name.slice(1)) <= 100);
  const statistics = names.map((name, k) => {
    if (!isStatistic(name)) {
      const remedy = `choose some of ${ZONAL_STATISTICS.join(', ')}, or percentiles such as p10`;
      throw invalidOption('statistics', `cannot hold "${name}"`, remedy);
    }
    if (names.indexOf(name) !== k) throw invalidOption('statistics', `names ${name} twice`, 'name each once');
    return name;
  });
  if (statistics.length === 0) throw invalidOption('statistics', 'names none', 'name at least one');
  return statistics;
}

/** Sums over the pixels of one zone, each with the share of it that counts. */
export class ZoneSums {
  /** The sum of the shares of pixels with data, and of those without. */
  count = 0;
  nodata = 0;
  min = Infinity;
  max = -Infinity;
  /** In m². */
  area = 0;
  /** Sums of differences from the first value, which do not cancel. */
  #first = 0;
  #sum = 0;
  #squares = 0;

  /**
   * Adds pixels `start` to `end` (exclusive) of some values.
   * @param values NaN for no data
   * @param share of each pixel, above 0, at most 1
   * @param areas of the pixels in m², the first is that of `start`; null if they are not wanted
   */
  add(
    values: Float32Array | Float64Array,
    start: number,
    end: number,
    share: number,
    areas: Float64Array | null,
  ): void {
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (Number.isNaN(value)) {
        this.nodata += share;
        continue;
      }
      if (this.count === 0) this.#first = value;
      this.count += share;
      const difference = value - this.#first;
      this.#sum += share * difference;
      this.#squares += share * difference * difference;
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
      if (areas !== null) this.area += share * areas[i - start];
    }
  }

  /** A statistic of the sums; null where no pixel has data. */
  of(statistic: ZonalStatistic): number | null {
    const { count, nodata, area } = this;
    if (statistic === 'count') return count;
    if (statistic === 'nodata') return nodata;
    if (statistic === 'area') return area;
    if (count === 0) return null;
    const difference = this.#sum / count;
    switch (statistic) {
      case 'min':
        return this.min;
      case 'max':
        return this.max;
      case 'mean':
        return this.#first + difference;
      case 'sum':
        return this.#first * count + this.#sum;
      case 'std':
        return Math.sqrt(Math.max(0, this.#squares / count - difference ** 2));
      default:
        return null;
    }
  }
}
