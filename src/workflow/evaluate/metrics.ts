/** Scores from a confusion matrix. A ratio with the denominator 0 is null. */

/** Version 2 added baselines, class shares, permanent water, zones and findings. */
export const METRICS_SCHEMA_VERSION = 2;

/** Scores of one class; null where a denominator is 0. */
export interface ClassMetrics {
  name: string;
  /** Share of the evaluated pixels that have this class in the label. */
  labelShare: number | null;
  /** Intersection over union: TP / (TP + FP + FN). */
  iou: number | null;
  /** TP / (TP + FP). */
  precision: number | null;
  /** TP / (TP + FN). */
  recall: number | null;
  /** 2 TP / (2 TP + FP + FN). */
  f1: number | null;
  /** Evaluated area of the class in the map, in km². */
  mapKm2: number;
  /** Evaluated area of the class in the label, in km². */
  labelKm2: number;
}

/** Scores of one class against all others. */
export interface BinaryScores {
  iou: number | null;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  /** (TP + TN) / all. */
  accuracy: number | null;
}

/** Counts of a class against all others. */
export interface BinaryCounts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

/** Scores of a baseline, over the same pixels as the map's. */
export interface BaselineMetrics {
  name: string;
  title: string;
  formula: string;
  /** Null for the majority class. */
  threshold: number | null;
  unit: string | null;
  /** Share of the evaluated pixels where its inputs have no data, which count as "not the class". */
  noDataShare: number | null;
  counts: BinaryCounts;
  scores: BinaryScores;
}

/** Scores of a map inside a zone. */
export interface ZoneMetrics {
  name: string;
  evaluatedPixels: number;
  classes: Pick<ClassMetrics, 'name' | 'labelShare' | 'iou' | 'precision' | 'recall' | 'f1'>[];
}

/** Scores of the positive class inside and outside permanent water. */
export interface PermanentWaterMetrics {
  source: string;
  /** Evaluated pixels of permanent water. */
  pixels: number;
  /** The pixels among these that have another class in the label. */
  negatives: number;
  /** Share of `negatives` that have the class in the map. */
  falsePositiveRate: number | null;
  /** Scores outside permanent water: those of the flood alone. */
  flood: BinaryScores;
}

/** The document `metrics.json`: a map against a label. */
export interface Metrics {
  schemaVersion: typeof METRICS_SCHEMA_VERSION;
  label: string;
  /** `counts[label][map]`: the pixels that are valid in the map and known in the label. */
  confusion: { classes: readonly string[]; counts: readonly (readonly number[])[] };
  evaluatedPixels: number;
  /** Shares of all pixels that were not evaluated, by reason. */
  excludedShare: { mapInvalid: number | null; labelUnknown: number | null; otherClass: number | null };
  classes: ClassMetrics[];
  /** Mean IoU over the classes whose IoU is not null. */
  meanIou: number | null;
  pixelAccuracy: number | null;
  /** Pixel accuracy of a map with the label's most frequent class everywhere. */
  majorityClassAccuracy: number | null;
  majorityClass: string | null;
  /** The class of the baselines. */
  positiveClass: string | null;
  /** The map's scores for the positive class against all others. */
  model: BinaryScores | null;
  baselines: BaselineMetrics[];
  /** Baselines without data in the scene, and the reasons. */
  baselinesLeftOut: { name: string; reason: string }[];
  /** Smaller components were assigned to the first class before the evaluation; null for no limit. */
  minAreaSquareMetres: number | null;
  permanentWater: PermanentWaterMetrics | null;
  zones: ZoneMetrics[] | null;
  /** The main findings, as sentences. */
  findings: string[];
}

/** The metrics that depend on the confusion matrix only. */
export type ConfusionMetrics = Pick<
  Metrics,
  | 'confusion'
  | 'evaluatedPixels'
  | 'excludedShare'
  | 'classes'
  | 'meanIou'
  | 'pixelAccuracy'
  | 'majorityClassAccuracy'
  | 'majorityClass'
>;

export function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** @param confusion counts by label class and map class */
export function describeConfusion(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  excluded: { mapInvalid: number; labelUnknown: number; otherClass: number },
  areaKm2: { map: readonly number[]; label: readonly number[] },
): ConfusionMetrics {
  const byLabel = confusion.map(sum);
  const total = sum(byLabel);
  const all = total + excluded.mapInvalid + excluded.labelUnknown + excluded.otherClass;
  const described = classes.map((name, c): ClassMetrics => {
    const { accuracy, ...scores } = binaryScores(binaryCounts(confusion, c));
    const [mapKm2, labelKm2] = [areaKm2.map[c], areaKm2.label[c]];
    return { name, labelShare: ratio(byLabel[c], total), ...scores, mapKm2, labelKm2 };
  });
  const known = described.flatMap(({ iou }) => (iou === null ? [] : [iou]));
  const majority = Math.max(0, ...byLabel);
  return {
    confusion: { classes, counts: confusion },
    evaluatedPixels: total,
    excludedShare: {
      mapInvalid: ratio(excluded.mapInvalid, all),
      labelUnknown: ratio(excluded.labelUnknown, all),
      otherClass: ratio(excluded.otherClass, all),
    },
    classes: described,
    meanIou: ratio(sum(known), known.length),
    pixelAccuracy: ratio(sum(classes.map((_, c) => confusion[c][c])), total),
    majorityClassAccuracy: ratio(majority, total),
    majorityClass: total === 0 ? null : classes[byLabel.indexOf(majority)],
  };
}

/** Counts of one class against all others. @param confusion counts by label class and map class */
export function binaryCounts(confusion: readonly (readonly number[])[], positive: number): BinaryCounts {
  const truePositives = confusion[positive][positive];
  const falsePositives = sum(confusion.map((row) => row[positive])) - truePositives;
  const falseNegatives = sum(confusion[positive]) - truePositives;
  const trueNegatives = sum(confusion.map(sum)) - truePositives - falsePositives - falseNegatives;
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

export function binaryScores(counts: BinaryCounts): BinaryScores {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
  const wrong = falsePositives + falseNegatives;
  return {
    iou: ratio(truePositives, truePositives + wrong),
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + wrong),
    accuracy: ratio(truePositives + trueNegatives, truePositives + trueNegatives + wrong),
  };
}
