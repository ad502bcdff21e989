/** The parts of a report below its map: areas, zones, accuracy, provenance, and how to make the map again. */
import { formatNumber, formatPercent } from '../../text.js';
import { VERSION } from '../../version.js';
import type { MapFolder } from '../map-folder.js';
import type { MapDocuments, MapMetrics, MapStatistics } from './documents.js';
import { type Html, html, NOTHING, table } from './html.js';
import type { ZoneTable } from './zones.js';

/** Sizes of the chart, in its own units: about pixels of a telephone. */
const CHART = { width: 360, bar: 359, row: 54 } as const;

export function areasSection({ statistics }: MapDocuments, folder: MapFolder): Html {
  if (statistics.values !== undefined && statistics.values.length > 0)
    return valuesSection(statistics.values);
  const rows = statistics.classes.map(({ name, pixels, km2, share }) => [
    name,
    formatNumber(km2, 2),
    formatPercent(share),
    String(pixels),
  ]);
  const total = `${formatPercent(statistics.validShare)} of ${formatNumber(statistics.totalKm2, 2)} km² have data.`;
  const overlap = folder.multilabel ? ' Classes may overlap.' : '';
  return html`<section aria-labelledby="areas"><h2 id="areas">Areas by class</h2>
${areaChart(statistics.classes, folder)}
${table('Areas of the classes, on the ellipsoid', ['Class', 'km²', 'Share of the valid area', 'Pixels'], rows)}
<p>${total}${overlap}</p></section>`;
}

function areaChart(classes: MapStatistics['classes'], folder: MapFolder): Html {
  const most = Math.max(...classes.map(({ km2 }) => km2), Number.MIN_VALUE);
  const bars = classes.map(({ name, km2, share }, k) => {
    const y = k * CHART.row;
    const length = Math.max(0, (CHART.bar * km2) / most).toFixed(1);
    const colour = folder.classes.find((each) => each.name === name)?.colour ?? '#808080';
    return html`<text x="0" y="${y + 18}">${shortened(name)}</text>
<text x="${CHART.width}" y="${y + 18}" text-anchor="end">${formatNumber(km2, 2)} km², ${formatPercent(share)}</text>
<rect x="0.5" y="${y + 26}" width="${length}" height="18" fill="${colour}" class="bar"/>`;
  });
  const text = classes.map(({ name, km2 }) => `${name} ${formatNumber(km2, 2)} km²`).join(', ');
  return html`<svg class="chart" viewBox="0 0 ${CHART.width} ${classes.length * CHART.row}" role="img" aria-label="Areas: ${text}">${bars}</svg>`;
}

/** Names that fit beside the areas. */
function shortened(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}

function valuesSection(values: NonNullable<MapStatistics['values']>): Html {
  const rows = values.map(({ name, units, pixels, min, mean, max, std }) => [
    units === undefined || units === '' ? name : `${name} (${units})`,
    ...[min, mean, max, std].map((value) => formatNumber(value)),
    String(pixels),
  ]);
  const head = ['Quantity', 'Least', 'Mean', 'Greatest', 'Standard deviation', 'Pixels'];
  return html`<section aria-labelledby="areas"><h2 id="areas">Values</h2>${table('Values of the pixels with data', head, rows)}</section>`;
}

export function zonesSection(zones: ZoneTable | null): Html {
  if (zones === null) return NOTHING;
  return html`<section aria-labelledby="zones"><h2 id="zones">Zones</h2>${table(zones.caption, zones.head, zones.rows)}</section>`;
}

export function accuracySection(metrics: MapMetrics | null): Html {
  if (metrics === null) return NOTHING;
  const { classes, values, model, baselines, positiveClass, findings } = metrics;
  const parts: Html[] = [];
  if (findings.length > 0) parts.push(html`<ul>${findings.map((finding) => html`<li>${finding}</li>`)}</ul>`);
  if (model) {
    const rows = [
      ['This map', '', ...scoresOf(model), formatNumber(model.accuracy)],
      ...baselines.map(({ title, threshold, unit, scores }) => [
        title,
        threshold === null ? '' : `${threshold.toPrecision(4)} ${unit ?? ''}`.trim(),
        ...scoresOf(scores),
        formatNumber(scores.accuracy),
      ]),
    ];
    const caption = `${positiveClass ?? 'The class'} by this map, and by simple rules over the same pixels`;
    parts.push(table(caption, ['By', 'Threshold', 'IoU', 'Precision', 'Recall', 'F1', 'Accuracy'], rows));
  }
  if (classes.length > 0) {
    const isApart = classes.some(({ baseline }) => baseline !== undefined);
    const head = ['Class', 'Share in the reference', 'IoU', 'Precision', 'Recall', 'F1'];
    if (isApart) head.push('Accuracy', 'Accuracy of one answer everywhere');
    const rows = classes.map((each) => [
      each.name,
      formatPercent(each.labelShare),
      ...scoresOf(each),
      ...(isApart
        ? [formatNumber(each.accuracy ?? null), formatNumber(each.baseline?.accuracy ?? null)]
        : []),
    ]);
    parts.push(table('Scores by class', head, rows));
  }
  if (values.length > 0) {
    const rows = values.map(({ name, pixels, rmse, mae, bias, r2, baseline }) => [
      name,
      ...[rmse, mae, bias, r2, baseline.rmse, baseline.mae].map((score) => formatNumber(score)),
      String(pixels),
    ]);
    const head = ['Quantity', 'RMSE', 'MAE', 'Bias', 'R²', 'RMSE of the mean', 'MAE of the mean', 'Pixels'];
    parts.push(table('Scores of the quantities, beside the mean of the reference everywhere', head, rows));
  }
  const compared = metrics.evaluatedPixels === undefined ? '' : ` over ${metrics.evaluatedPixels} pixels`;
  const reference = metrics.label === undefined ? '' : ` against ${fileName(metrics.label)}`;
  return html`<section aria-labelledby="accuracy"><h2 id="accuracy">Accuracy</h2><p>Compared${reference}${compared}.</p>${parts}</section>`;
}

function scoresOf({
  iou,
  precision,
  recall,
  f1,
}: Record<'iou' | 'precision' | 'recall' | 'f1', number | null>) {
  return [iou, precision, recall, f1].map((score) => formatNumber(score));
}

/** The name of a file without its folders, which are of no use to the readers of a report. */
export function fileName(path: string): string {
  return path.split(/[?#]/)[0].split(/[/\\]/).at(-1) ?? path;
}

export function provenanceSection({ plan }: MapFolder, { run, item }: MapDocuments): Html {
  const { model, grid, chip, scene, images } = plan;
  const seconds =
    run.seconds === undefined
      ? []
      : Object.entries(run.seconds).map(([stage, time]) => `${stage} ${time.toFixed(1)} s`);
  const entries: (readonly [string, string])[] = [
    ['Scene', scene.id],
    ['Time of the scene', scene.datetime ?? 'not stated'],
    ['Map made', item.properties.created ?? 'not stated'],
    ['Model', `${model.name} ${model.version}`],
    ['SHA-256 of the model', model.sha256],
    ['Licence of the model', item.properties['terrachip:licence'] ?? 'not stated'],
    ['Grid', `${grid.width} × ${grid.height} pixels in ${shortCrs(grid.crs)}`],
    ['Chips', `${chip.size} pixels, every ${chip.stride}`],
    [
      'Computed with',
      `terrachip ${plan.terrachip}, ${run.backend?.adapter ?? plan.backend.kind}, ${run.provider ?? plan.provider}`,
    ],
    ...(seconds.length === 0 ? [] : [['Time by stage', seconds.join(', ')] as const]),
    ...(run.peakMemoryBytes === undefined
      ? []
      : [['Peak memory', `${(run.peakMemoryBytes / 2 ** 20).toFixed(0)} MiB`] as const]),
    ['Fingerprint of the run', plan.fingerprint],
    ['Report', `terrachip ${VERSION}`],
  ];
  const inputs = images.flatMap(({ input, phase, units, resampling, sources }) =>
    sources.map(({ href, band, identity }) => [
      `${input}${phase === null ? '' : `, ${phase}`}`,
      fileName(href),
      String(band),
      units,
      resampling,
      identity,
    ]),
  );
  return html`<section aria-labelledby="provenance"><h2 id="provenance">Provenance</h2>
<dl>${entries.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>
<details><summary>Inputs (${inputs.length} bands)</summary>${table('Bands that the model read', ['Input', 'File', 'Band', 'Units', 'Resampling', 'Version'], inputs)}</details></section>`;
}

/** WKT is too long for a line. */
function shortCrs(crs: string): string {
  return crs.length > 80 ? `${crs.slice(0, 79)}…` : crs;
}

/** The commands that make the map and this report again. */
export function reproduceSection(commands: readonly string[]): Html {
  return html`<section aria-labelledby="reproduce"><h2 id="reproduce">How to reproduce</h2>
<p>With the files named above in the current folder, and terrachip of the same version. The fingerprint of the run tells whether inputs, model and settings are the same.</p>
<pre tabindex="0" role="region" aria-label="Commands"><code>${commands.join('\n')}</code></pre></section>`;
}

export function notesSection(notes: readonly string[]): Html {
  if (notes.length === 0) return NOTHING;
  return html`<section aria-labelledby="notes"><h2 id="notes">What this page leaves out</h2><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></section>`;
}
