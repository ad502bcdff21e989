import { PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import { BLENDS, POLYGON_FORMATS } from '../../workflow/choices.js';
import {
  type FinalizeReport,
  finalizeRun,
  type InferReport,
  infer,
  missingUnits,
} from '../../workflow/index.js';
import { parseArea, parseChoice, parseCount, parseNumber, parseShard } from '../arguments.js';
import { argument, defineCommand, flag, list, option, required, withDefault } from '../command.js';
import {
  BACKEND,
  BATCH_SIZE,
  CACHE,
  MEMORY,
  maxPixels,
  memoryOf,
  OVERWRITE,
  outputOption,
  RESUME,
  THREADS,
} from '../shared-options.js';
import { formatNumber, formatPercent } from '../table.js';

/** What products are written. */
const PRODUCT_OPTIONS = {
  polygons: flag('--no-polygons', 'write no outlines of the classes'),
  polygonFormat: option(
    '--polygon-format <name>',
    'of the outlines: geojson (default), fgb (FlatGeobuf) or parquet (GeoParquet)',
    parseChoice(POLYGON_FORMATS),
  ),
  minArea: option(
    '--min-area <area>',
    'leave out polygons below this: 5000 (m²), 5000m2, 0.5ha, 0.1km2',
    parseArea,
  ),
  simplify: option(
    '--simplify <pixels>',
    'leave out corners of polygons up to this far from the outline without them; neighbours keep a common border',
    parseNumber,
  ),
};

export const inferCommand = defineCommand(
  'infer',
  'map a scene with a model',
  {
    scene: argument('<scene>', 'a scene file, a package, or the manifest of an event'),
    model: required(
      option(
        '--model <folder>',
        'a folder with model.json and model.onnx, or demo-flood, demo-water-s1 or water-threshold',
      ),
    ),
    output: outputOption('<folder>', 'where the products go'),
    backend: BACKEND,
    provider: withDefault(
      'auto',
      option('--provider <name>', PROVIDER_CHOICES.join(', '), parseChoice(PROVIDER_CHOICES)),
    ),
    threads: THREADS,
    phases: list('--phases <names...>', "phases of the scene, in the order of the model's"),
    threshold: option(
      '--threshold <p>',
      'probability above which a pixel is of the second of two classes, or of each class of several labels',
      parseNumber,
    ),
    blend: option('--blend <what>', 'probability or logits', parseChoice(BLENDS)),
    minChipValid: option(
      '--min-chip-valid <share>',
      'leave out chips with a smaller share of valid pixels',
      parseNumber,
    ),
    batchSize: BATCH_SIZE,
    reusePhases: flag(
      '--no-phase-reuse',
      'encode equal phases each time, in models of two graphs; changes no bit',
    ),
    rowsPerUnit: option('--unit-rows <n>', 'rows a unit: a multiple of 256', parseCount()),
    shard: option('--shard <i/n>', 'run only the units of one of n shards; then use finalize', parseShard),
    resume: RESUME,
    overwrite: OVERWRITE,
    ...PRODUCT_OPTIONS,
    keepRun: flag('--keep-run', 'keep the intermediate store'),
    cacheBytes: CACHE,
    memory: MEMORY,
    maxPixels: maxPixels(),
  },
  async (values, { output, ...operation }) => {
    const memory = memoryOf(values.memory, process.env);
    const report = await infer({ ...values, memory, ...operation });
    output.result(report, describeInference(report));
  },
);

/** A few lines on what was made, where, how and how fast. */
export function describeInference(report: InferReport): string {
  const { plan, run, products } = report;
  const { backend } = run;
  const lines = [
    `${plan.grid.width} × ${plan.grid.height} in ${plan.grid.crs} by ${plan.model.name} ${plan.model.version}`,
    `${backend.kind} on ${backend.adapter}, model on ${run.provider}; ${run.counters.chipsRun} chips in ${run.seconds.total} s`,
  ];
  if (report.finishedBefore) {
    return `the map of this plan is finished already: ${plan.grid.width} × ${plan.grid.height} in ${plan.grid.crs}`;
  }
  if (products === null) {
    lines.push(
      `${report.unitsRun} units done, ${report.unitsMissing} missing; run folder ${report.runFolder}`,
    );
  } else {
    lines.push(describeProducts(products, plan.grid.width * plan.grid.height));
  }
  return lines.join('\n');
}

/** Areas of the classes or ranges of the values, and the files. @param total pixels of the grid */
function describeProducts({ statistics, pixels, files }: FinalizeReport, total: number): string {
  const share = (count: number): string => formatPercent(count / total);
  const parts = statistics.classes.map(
    ({ name, km2, pixels }) => `${name} ${share(pixels)} (${formatNumber(km2, 2)} km²)`,
  );
  for (const { name, units, min, mean, max, std } of statistics.values ?? []) {
    const [least, middle, most, spread] = [min, mean, max, std].map((value) => formatNumber(value));
    const unit = units === undefined ? '' : ` ${units}`;
    parts.push(`${name} from ${least} to ${most}${unit}, mean ${middle}, standard deviation ${spread}`);
  }
  return [[...parts, `nodata ${share(pixels.nodata)}`].join(', '), ...Object.values(files)].join('\n');
}

const RUN = argument('<run>', 'the folder of the map or of its run');

export const missingCommand = defineCommand(
  'missing',
  'which units of a run are not done',
  { run: RUN },
  async ({ run }, { output }) => {
    const units = await missingUnits(run);
    output.result({ count: units.length, units }, units.length === 0 ? 'none' : units.join(','));
    if (units.length > 0) process.exitCode = 3;
  },
);

export const finalizeCommand = defineCommand(
  'finalize',
  'make the products of a run whose units are all done',
  { run: RUN, folder: outputOption('<folder>', 'where the products go'), ...PRODUCT_OPTIONS },
  async ({ run, folder, ...options }, { output, ...operation }) => {
    const report = await finalizeRun(run, folder, { ...options, ...operation });
    const total = Object.values(report.pixels).reduce((sum, count) => sum + count, 0);
    output.result(report, describeProducts(report, total));
  },
);
