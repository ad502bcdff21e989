/** Numbers from a confusion matrix. A ratio whose denominator is 0 is null: unknown, neither 0 nor 1. */

export const METRICS_SCHEMA_VERSION = 1;

export interface ClassMetrics {
  name: string;
  /** Intersection over union: TP / (TP + FP + FN). */
  iou: number | null;
  /** TP / (TP + FP). */
  precision: number | null;
  /** TP / (TP + FN). */
  recall: number | null;
  /** 2 TP / (2 TP + FP + FN). */
  f1: number | null;
  /** Evaluated area on the ground that the map, and the label, give to the class. */
  mapKm2: number;
  labelKm2: number;
}

export interface Metrics {
  schemaVersion: typeof METRICS_SCHEMA_VERSION;
  label: string;
  /** `counts[label][map]`: pixels that are valid in the map and known in the label, each once. */
  confusion: { classes: readonly string[]; counts: readonly (readonly number[])[] };
  evaluatedPixels: number;
  /** Shares of all pixels of the map that were left out, by reason. */
  excludedShare: { mapInvalid: number | null; labelUnknown: number | null; otherClass: number | null };
  classes: ClassMetrics[];
  /** Mean over the classes whose IoU is known. */
  meanIou: number | null;
  pixelAccuracy: number | null;
  /** What mapping everything as the label's most frequent class would reach: the bar for pixel accuracy. */
  majorityClassAccuracy: number | null;
}

export function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}

/** @param confusion counts by label class and map class */
export function describeConfusion(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  excluded: { mapInvalid: number; labelUnknown: number; otherClass: number },
  areaKm2: { map: readonly number[]; label: readonly number[] },
): Omit<Metrics, 'schemaVersion' | 'label'> {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const byLabel = confusion.map(sum);
  const byMap = classes.map((_, c) => sum(confusion.map((row) => row[c])));
  const total = sum(byLabel);
  const all = total + excluded.mapInvalid + excluded.labelUnknown + excluded.otherClass;
  const described = classes.map((name, c): ClassMetrics => {
    const hits = confusion[c][c];
    return {
      name,
      iou: ratio(hits, byLabel[c] + byMap[c] - hits),
      precision: ratio(hits, byMap[c]),
      recall: ratio(hits, byLabel[c]),
      f1: ratio(2 * hits, byLabel[c] + byMap[c]),
      mapKm2: areaKm2.map[c],
      labelKm2: areaKm2.label[c],
    };
  });
  const known = described.flatMap(({ iou }) => (iou === null ? [] : [iou]));
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
    majorityClassAccuracy: ratio(Math.max(0, ...byLabel), total),
  };
}
