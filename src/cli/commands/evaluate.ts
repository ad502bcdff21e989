import { invalidOption } from '../../errors.js';
import {
  type Assessment,
  assessMap,
  type ClassMetrics,
  type LabelMetrics,
  type Metrics,
  type Statistics,
  type ValueMetrics,
} from '../../workflow/index.js';
import { parseArea, parseCount, parsePair } from '../arguments.js';
import { argument, converted, defineCommand, list, option } from '../command.js';
import { ENCODING } from '../shared-options.js';
import { formatNumber, formatPercent, formatTable } from '../table.js';

export const evaluateCommand = defineCommand(
  'evaluate',
  'score a map against labels and simple rules, and measure its areas, also by zone',
  {
    map: argument('<map>', 'map folder written by infer'),
    label: option(
      '--label <file>',
      'raster of class values (its nodata, or -1, is unknown) or quantities, or polygons (GeoJSON)',
    ),
    labels: converted(
      list(
        '--labels <pairs...>',
        'a label file for each class, if classes may overlap: water=a.geojson crops=b.tif',
      ),
      (texts, name) => Object.fromEntries(texts.map((text) => parsePair('FILE')(text, name))),
    ),
    labelMap: converted(
      list('--map <pairs...>', 'classes of the label values, if these are not 0, 1, …: 1=water,2=land'),
      (texts, name) => {
        const pairs = texts.flatMap((text) => text.split(','));
        return Object.fromEntries(pairs.map((text) => parsePair('CLASS')(text, name)));
      },
    ),
    band: option('--band <n>', 'band of a raster label (default 1)', parseCount()),
    labelClass: option('--label-class <name>', 'class of the polygons (default: the positive class)'),
    classProperty: option('--class-property <name>', 'attribute of polygons with their class'),
    positiveClass: option(
      '--positive-class <name>',
      'class that the baselines predict (default: the class of water or flood, if there is only one)',
    ),
    permanentWater: option(
      '--permanent-water <file>',
      'polygons or a raster (above 0) of permanent water; other water counts as flood',
    ),
    minArea: option(
      '--min-area <area>',
      'drop connected areas of the map smaller than this: 5000 (m²), 5000m2, 0.5ha, 0.1km2',
      parseArea,
    ),
    zones: option('--zones <file>', 'polygons (GeoJSON) of zones; each gets a row, also in zones.csv'),
    zoneName: option('--zone-name <property>', 'attribute with the name of a zone (default: name or id)'),
    sourceCrs: option('--source-crs <crs>', 'CRS of polygon files without one'),
    encoding: ENCODING,
    scene: option('--scene <file>', 'scene of the map, if it has moved; the baselines read it'),
  },
  async (values, { output, ...operation }) => {
    const { label, labels, zones, permanentWater, minArea } = values;
    if ([label, labels, zones, permanentWater, minArea].every((given) => given === undefined)) {
      const remedy = 'give a label, or --zones, --permanent-water or --min-area';
      throw invalidOption('--label', 'is missing', remedy);
    }
    const assessment = await assessMap({ ...values, ...operation });
    const { metrics, statistics } = assessment;
    const { values: quantities, labels: apart } = assessment;
    const scores = quantities ? { values: quantities } : apart ? { classes: apart } : metrics;
    output.result({ ...scores, statistics }, describeAssessment(assessment));
  },
);

function describeAssessment({ metrics, statistics, values, labels }: Assessment): string {
  if (values) return describeValues(values);
  if (labels) return describeLabels(labels);
  const parts = metrics === null ? [describeAreas(statistics)] : [describeMetrics(metrics)];
  const { minArea, permanentWater, zones } = statistics;
  if (minArea !== null) {
    parts.push(`components below ${minArea.squareMetres} m² dropped: ${minArea.removedPixels} pixels`);
  }
  if (permanentWater !== null) {
    const { permanentKm2, floodKm2, permanentWaterKm2, mappedShare } = permanentWater;
    parts.push(
      `permanent water: ${formatNumber(permanentWaterKm2, 2)} km², ${formatPercent(mappedShare)} of it mapped; ` +
        `mapped: ${formatNumber(permanentKm2, 2)} km² permanent, ${formatNumber(floodKm2, 2)} km² flood`,
    );
  }
  const scores = metrics?.permanentWater ?? null;
  if (scores !== null) {
    parts.push(
      `permanent water that the label leaves out and the map shows (false-positive rate): ` +
        `${formatPercent(scores.falsePositiveRate)} of ${scores.negatives} pixels; flood alone: IoU ${formatNumber(scores.flood.iou)}`,
    );
  }
  if (zones !== null) parts.push(describeZones(statistics, metrics));
  // Last, where the eye ends.
  for (const finding of metrics?.findings ?? []) parts.push(`→ ${finding}`);
  return parts.join('\n');
}

/** Scores of classes that may overlap, each beside a map with the class everywhere or nowhere. */
function describeLabels(labels: readonly LabelMetrics[]): string {
  const table = formatTable([
    [
      'class',
      'pixels',
      'label share',
      'IoU',
      'precision',
      'recall',
      'F1',
      'accuracy',
      'accuracy of one answer',
    ],
    ...labels.map((each) => [
      each.name,
      String(each.pixels),
      formatPercent(each.labelShare),
      ...scoresOf(each),
      formatNumber(each.accuracy),
      `${formatNumber(each.baseline.accuracy)} (${each.baseline.everywhere ? 'everywhere' : 'nowhere'})`,
    ]),
  ]);
  const findings = labels.map(({ name, accuracy, baseline }) => {
    if (accuracy === null || baseline.accuracy === null) return `→ Nothing of ${name} could be compared.`;
    const how = accuracy > baseline.accuracy ? 'beats' : 'does no better than';
    return `→ The map of ${name} ${how} ${name} ${baseline.everywhere ? 'everywhere' : 'nowhere'}.`;
  });
  return [table, ...findings].join('\n');
}

/** Scores of a regression, and a sentence on each. */
function describeValues(values: readonly ValueMetrics[]): string {
  const table = formatTable([
    ['value', 'pixels', 'RMSE', 'MAE', 'bias', 'R²', 'RMSE of the mean', 'MAE of the mean'],
    ...values.map(({ name, units, pixels, rmse, mae, bias, r2, baseline }) => [
      units === undefined ? name : `${name} (${units})`,
      String(pixels),
      ...[rmse, mae, bias, r2, baseline.rmse, baseline.mae].map((score) => formatNumber(score)),
    ]),
  ]);
  const findings = values.map(({ name, rmse, baseline }) => {
    if (rmse === null || baseline.rmse === null) return `→ Nothing of ${name} could be compared.`;
    const how = rmse < baseline.rmse ? 'beats' : 'does no better than';
    return `→ The map of ${name} ${how} the label's mean everywhere.`;
  });
  return [table, ...findings].join('\n');
}

function describeAreas(statistics: Statistics): string {
  const table = formatTable([
    ['class', 'km²', 'share'],
    ...statistics.classes.map(({ name, km2, share }) => [name, formatNumber(km2, 2), formatPercent(share)]),
  ]);
  const { validShare, totalKm2 } = statistics;
  return `${table}\nvalid: ${formatPercent(validShare)} of ${formatNumber(totalKm2, 2)} km²`;
}

/** The scores, and beside them what simple rules reach over the same pixels. */
export function describeMetrics(metrics: Metrics): string {
  const table = formatTable([
    ['class', 'label share', 'IoU', 'precision', 'recall', 'F1', 'map km²', 'label km²'],
    ...metrics.classes.map((c) => [
      c.name,
      formatPercent(c.labelShare),
      ...scoresOf(c),
      formatNumber(c.mapKm2, 2),
      formatNumber(c.labelKm2, 2),
    ]),
  ]);
  const { mapInvalid, labelUnknown, otherClass } = metrics.excludedShare;
  const lines = [
    ...(metrics.positiveClass === null ? [] : [`positive class: ${metrics.positiveClass}`]),
    table,
    `pixel accuracy ${formatNumber(metrics.pixelAccuracy)}; everything as ${metrics.majorityClass ?? 'the most frequent class'} would reach ${formatNumber(metrics.majorityClassAccuracy)}`,
    `${metrics.evaluatedPixels} pixels; left out: ${formatPercent(mapInvalid)} without data in the map, ${formatPercent(labelUnknown)} unknown in the label, ${formatPercent(otherClass)} of other classes`,
  ];
  if (metrics.positiveClass !== null && metrics.model !== null) {
    const row = (title: string, threshold: string, scores: NonNullable<Metrics['model']>): string[] => [
      title,
      threshold,
      ...scoresOf(scores),
      formatNumber(scores.accuracy),
    ];
    lines.push(
      '',
      formatTable([
        [`${metrics.positiveClass} by`, 'threshold', 'IoU', 'precision', 'recall', 'F1', 'accuracy'],
        row('this map', '', metrics.model),
        ...metrics.baselines.map(({ title, threshold, unit, scores }) =>
          row(title, threshold === null ? '' : `${threshold}${unit === null ? '' : ` ${unit}`}`, scores),
        ),
      ]),
    );
  }
  for (const { name, reason } of metrics.baselinesLeftOut) lines.push(`no ${name}: ${reason}`);
  return lines.join('\n');
}

function scoresOf({
  iou,
  precision,
  recall,
  f1,
}: Pick<ClassMetrics, 'iou' | 'precision' | 'recall' | 'f1'>): string[] {
  return [iou, precision, recall, f1].map((score) => formatNumber(score));
}

function describeZones(statistics: Statistics, metrics: Metrics | null): string {
  const classes = statistics.classes.map(({ name }) => name);
  const iou = metrics === null ? [] : classes.map((name) => `${name} IoU`);
  const rows = (statistics.zones ?? []).map((zone, k) => [
    zone.name,
    formatNumber(zone.km2, 2),
    formatPercent(zone.validShare),
    ...zone.classes.map(({ km2 }) => formatNumber(km2, 2)),
    ...(metrics?.zones?.[k].classes ?? []).map((scores) => formatNumber(scores.iou)),
  ]);
  return `\n${formatTable([['zone', 'km²', 'valid', ...classes.map((name) => `${name} km²`), ...iou], ...rows])}`;
}
