/** Incremental counts of the map, and of each baseline, against the label. */
import { CLASS_NODATA } from '../classes.js';
import type { Baseline } from './baselines.js';
import {
  type BaselineMetrics,
  type BinaryCounts,
  binaryScores,
  type ConfusionMetrics,
  describeConfusion,
  type PermanentWaterMetrics,
  ratio,
} from './metrics.js';

/** The reason why a pixel is not evaluated; null for evaluated pixels. */
export type Exclusion = 'mapInvalid' | 'labelUnknown' | 'otherClass' | null;

export function exclusionOf(mapped: number, truth: number, classes: number): Exclusion {
  if (mapped === CLASS_NODATA) return 'mapInvalid';
  if (Number.isNaN(truth)) return 'labelUnknown';
  return Number.isInteger(truth) && truth >= 0 && truth < classes ? null : 'otherClass';
}

/** The most values of a label that are no class to list. */
const MOST_OTHERS = 16;

/** A confusion matrix, and areas by class. */
export class ConfusionTally {
  readonly counts: number[][];
  readonly #others = new Set<number>();
  readonly #excluded = { mapInvalid: 0, labelUnknown: 0, otherClass: 0 };
  readonly #mapArea: number[];
  readonly #labelArea: number[];

  constructor(private readonly classes: readonly string[]) {
    this.counts = classes.map(() => classes.map(() => 0));
    this.#mapArea = classes.map(() => 0);
    this.#labelArea = classes.map(() => 0);
  }

  /** Adds a pixel. @param area in m² */
  add(mapped: number, truth: number, area: number): void {
    const reason = exclusionOf(mapped, truth, this.classes.length);
    if (reason !== null) {
      this.#excluded[reason]++;
      if (reason === 'otherClass' && this.#others.size < MOST_OTHERS) this.#others.add(truth);
      return;
    }
    this.counts[truth][mapped]++;
    this.#mapArea[mapped] += area;
    this.#labelArea[truth] += area;
  }

  /** Values of the label that are no class, in ascending order. */
  get others(): number[] {
    return [...this.#others].sort((a, b) => a - b);
  }

  describe(): ConfusionMetrics {
    const km2 = (areas: readonly number[]): number[] => areas.map((area) => area / 1e6);
    return describeConfusion(this.classes, this.counts, this.#excluded, {
      map: km2(this.#mapArea),
      label: km2(this.#labelArea),
    });
  }
}

/** One class against all others. */
export class BinaryTally {
  readonly counts: BinaryCounts = {
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
    trueNegatives: 0,
  };

  add(predicted: boolean, truth: boolean): void {
    if (truth) this.counts[predicted ? 'truePositives' : 'falseNegatives']++;
    else this.counts[predicted ? 'falsePositives' : 'trueNegatives']++;
  }
}

/** A baseline against the label. */
export class BaselineTally {
  readonly #tally = new BinaryTally();
  #noData = 0;
  #pixels = 0;

  constructor(private readonly baseline: Baseline) {}

  /** @param predicted 1, 0 or NaN */
  add(predicted: number, truth: boolean): void {
    this.#pixels++;
    if (Number.isNaN(predicted)) this.#noData++;
    this.#tally.add(predicted === 1, truth);
  }

  describe(): BaselineMetrics {
    const { name, title, formula, threshold, unit } = this.baseline;
    const { counts } = this.#tally;
    return {
      name,
      title,
      formula,
      threshold,
      unit,
      noDataShare: ratio(this.#noData, this.#pixels),
      counts,
      scores: binaryScores(counts),
    };
  }
}

/** The positive class inside and outside permanent water. */
export class PermanentWaterTally {
  readonly #inside = new BinaryTally();
  readonly #outside = new BinaryTally();
  /** Areas in m²: valid permanent water, and the mapped class inside and outside of it. */
  readonly area = { permanentWater: 0, mappedInside: 0, mappedOutside: 0 };

  /** Adds a pixel that is valid in the map. @param area in m² */
  addArea(permanent: boolean, mapped: boolean, area: number): void {
    if (permanent) this.area.permanentWater += area;
    if (mapped) this.area[permanent ? 'mappedInside' : 'mappedOutside'] += area;
  }

  /** Adds an evaluated pixel. */
  addEvaluated(permanent: boolean, mapped: boolean, truth: boolean): void {
    (permanent ? this.#inside : this.#outside).add(mapped, truth);
  }

  describe(source: string): PermanentWaterMetrics {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = this.#inside.counts;
    const negatives = falsePositives + trueNegatives;
    return {
      source,
      pixels: truePositives + falseNegatives + negatives,
      negatives,
      falsePositiveRate: ratio(falsePositives, negatives),
      flood: binaryScores(this.#outside.counts),
    };
  }
}
