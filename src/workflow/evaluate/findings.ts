/** What a reader of the scores must not miss, as plain sentences. */
import type { BaselineMetrics, BinaryScores, ConfusionMetrics } from './metrics.js';

/** Below this share of the label a class is rare: accuracy then says almost nothing about it. */
const RARE = 0.05;

export function describeFindings(
  metrics: ConfusionMetrics,
  positive: string | null,
  model: BinaryScores | null,
  baselines: readonly BaselineMetrics[],
): string[] {
  const { pixelAccuracy, majorityClassAccuracy, majorityClass } = metrics;
  if (pixelAccuracy === null || majorityClassAccuracy === null) {
    return ['Nothing could be evaluated: no pixel is both valid in the map and known in the label.'];
  }
  const findings: string[] = [];
  if (pixelAccuracy <= majorityClassAccuracy) {
    findings.push(
      `The map does no better than calling every pixel ${majorityClass}: its pixel accuracy is ${show(pixelAccuracy)}, that of the one class ${show(majorityClassAccuracy)}.`,
    );
  }
  const rare = metrics.classes.filter(
    ({ labelShare }) => labelShare !== null && labelShare > 0 && labelShare < RARE,
  );
  for (const { name, labelShare } of rare) {
    findings.push(
      `Only ${percent(labelShare)} of the evaluated pixels are ${name}: read its IoU and recall, not the accuracy.`,
    );
  }
  for (const { name, labelShare } of metrics.classes) {
    if (labelShare === 0)
      findings.push(
        `The label has no ${name} where the map is valid, so nothing says how well ${name} is mapped.`,
      );
  }
  const rivals = baselines.filter(({ name }) => name !== MAJORITY);
  const best = rivals.reduce<BaselineMetrics | null>(
    (found, baseline) => ((baseline.scores.iou ?? -1) > (found?.scores.iou ?? -1) ? baseline : found),
    null,
  );
  if (positive !== null && model !== null && best !== null && best.scores.iou !== null) {
    const of = `${positive} IoU ${show(model.iou)} against ${show(best.scores.iou)}`;
    findings.push(
      (model.iou ?? 0) <= best.scores.iou
        ? `The map does no better than ${best.title}: ${of}.`
        : `The map beats the best baseline, ${best.title}: ${of}.`,
    );
  }
  return findings;
}

/** The name of the baseline that maps everything as one class. */
export const MAJORITY = 'majority';

function show(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(3);
}

function percent(share: number | null): string {
  return share === null ? 'an unknown share' : `${(100 * share).toPrecision(2)} %`;
}
