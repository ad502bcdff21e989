/** The main findings of an evaluation, as sentences. */
import type { BaselineMetrics, BinaryScores, ConfusionMetrics } from './metrics.js';

/** The share of the label below which a class is rare, so that pixel accuracy hardly depends on it. */
const RARE = 0.05;

export function describeFindings(
  metrics: ConfusionMetrics,
  positive: string | null,
  model: BinaryScores | null,
  baselines: readonly BaselineMetrics[],
  others: readonly number[] = [],
): string[] {
  const { pixelAccuracy, majorityClassAccuracy, majorityClass } = metrics;
  if (pixelAccuracy === null || majorityClassAccuracy === null) {
    return [
      'Nothing could be evaluated: no pixel is both valid in the map and known in the label.',
      ...othersFinding(metrics, others),
    ];
  }
  const findings = othersFinding(metrics, others);
  if (pixelAccuracy <= majorityClassAccuracy) {
    findings.push(
      `The map does no better than calling every pixel ${majorityClass}: its pixel accuracy is ${show(pixelAccuracy)}, that of a single class ${show(majorityClassAccuracy)}.`,
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
      findings.push(`The label has no ${name} where the map is valid, so ${name} cannot be evaluated.`);
  }
  const rules = baselines.filter(({ name }) => name !== MAJORITY);
  const best = rules.reduce<BaselineMetrics | null>(
    (leader, rule) => ((rule.scores.iou ?? -1) > (leader?.scores.iou ?? -1) ? rule : leader),
    null,
  );
  if (positive !== null && model !== null && best !== null && best.scores.iou !== null) {
    const scores = `${positive} IoU ${show(model.iou)} against ${show(best.scores.iou)}`;
    findings.push(
      (model.iou ?? 0) <= best.scores.iou
        ? `The map does no better than ${best.title}: ${scores}.`
        : `The map beats the best baseline, ${best.title}: ${scores}.`,
    );
  }
  return findings;
}

/** @param others values of the label that are no class */
function othersFinding({ classes }: ConfusionMetrics, others: readonly number[]): string[] {
  if (others.length === 0) return [];
  const numbered = classes.map(({ name }, value) => `${value} ${name}`).join(', ');
  return [
    `The label has the values ${others.join(', ')}, which are no classes of the map (${numbered}) and were left out: give their classes by a label map, such as 1=${classes[0].name}.`,
  ];
}

/** The name of the majority-class baseline. */
export const MAJORITY = 'majority';

function show(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(3);
}

function percent(share: number | null): string {
  return share === null ? 'an unknown share' : `${(100 * share).toPrecision(2)} %`;
}
