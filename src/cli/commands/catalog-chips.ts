import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { CHIP_FORMATS, CHIP_SAMPLERS, EDGE_POLICIES } from '../../workflow/choices.js';
import type { ExportChipsReport } from '../../workflow/index.js';
import { parseBand, parseChoice, parseCount, parseNumber, parsePair } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, required, withDefault } from '../command.js';
import {
  BBOX,
  BBOX_CRS_HELP,
  DTYPE,
  IMAGE_OPTIONS,
  OVERWRITE,
  outputOption,
  RESUME,
  rowGridOf,
  SELECTION_OPTIONS,
  STORED,
} from '../shared-options.js';
import { formatLines } from '../table.js';

const EXAMPLES = `
The folder holds the images and labels; index.parquet with place, time, split and class shares of each chip;
statistics.json with mean and standard deviation of each band; and README.md, which shows how to read them in PyTorch.

  terrachip catalog chips scenes.parquet --size 256 --band B02 B03 B04 B08 --mask scl --min-valid 0.9 \\
    --labels landcover.tif --split block 0.7 0.15 0.15 -o chips
  terrachip catalog chips scenes.parquet --size 128 --sampler balanced --count 2000 --stride 64 --seed 1 \\
    --labels fields.gpkg --label-property crop --label-classes wheat=1 maize=2 --format zarr -o chips`;

const LABEL_OPTIONS = {
  labels: option(
    '--labels <file>',
    'raster of classes, or polygons; labels are written on the grid of the images',
  ),
  labelBand: option('--label-band <n>', 'band of a label raster (default 1)', parseCount()),
  labelProperty: option(
    '--label-property <name>',
    'attribute of polygons with the class: a number, or a text of --label-classes (default: all are class 1)',
  ),
  labelClasses: converted(
    list(
      '--label-classes <text=number...>',
      'class numbers of the texts of --label-property, or names of classes',
      parsePair('NUMBER'),
    ),
    (pairs, name) => Object.fromEntries(pairs.map(([text, number]) => [text, parseNumber(number, name)])),
  ),
  labelLayer: option('--label-layer <name>', 'layer of a vector file with several layers'),
  labelCrs: option('--label-crs <crs>', 'CRS of a vector file without one'),
  allTouched: flag('--all-touched', 'also label pixels that an outline only touches'),
  background: option('--background <class>', 'class outside of polygons (default 0)', parseNumber),
  ignore: option(
    '--ignore <value>',
    'value of pixels without a label (default 255, or -1 in int32)',
    parseNumber,
  ),
};

const SPLIT_FORM = 'block 0.7 0.15 0.15, or block 0.8 0.2';

/** Reads `block 0.7 0.15 0.15`. */
const parseSplit = (texts: readonly string[], flag: string): number[] => {
  const [kind, ...shares] = texts;
  if (kind !== 'block' || shares.length === 0)
    throw invalidOption(flag, `cannot be "${texts.join(' ')}"`, `write ${SPLIT_FORM}`);
  return shares.map((share) => parseNumber(share, flag));
};

export const chipsCommand = defineCommand(
  'chips',
  'write training chips of a catalog: images and labels with an index, splits and statistics',
  {
    catalog: argument(
      '<catalog>',
      'a catalog (.parquet, .geojson), or STAC items (.json, .ndjson), by path or URL',
    ),
    output: outputOption('<folder>', 'folder to write, which must not exist yet'),
    size: required(option('--size <pixels>', 'side of a chip in pixels', parseCount())),
    sampler: option(
      '--sampler <name>',
      `${CHIP_SAMPLERS.join(', ')}: all chips of a grid (default), chips at random places, or chips of a grid with balanced classes`,
      parseChoice(CHIP_SAMPLERS),
    ),
    count: option('--count <n>', 'number of random chips, or largest number of balanced chips', parseCount()),
    seed: option('--seed <n>', 'random seed (default 0)', parseCount(0)),
    stride: option(
      '--stride <pixels>',
      'distance from one chip of the grid to the next (default: the size)',
      parseCount(),
    ),
    policy: option(
      '--policy <what>',
      `placement of chips at the edges: ${EDGE_POLICIES.join(', ')} (default cover: the last chip is shifted inwards)`,
      parseChoice(EDGE_POLICIES),
    ),
    split: converted(
      list('--split <block shares...>', `shares of train, val and test, in separate blocks: ${SPLIT_FORM}`),
      parseSplit,
    ),
    block: option(
      '--block <pixels>',
      'side of a block in pixels (default: the buffer plus four chips)',
      parseCount(),
    ),
    buffer: option(
      '--buffer <pixels>',
      'least distance between chips of different splits (default: the diagonal of a chip)',
      parseCount(0),
    ),
    bands: list(
      '--band <names...>',
      "bands by name or number (default: those of the first row's main file)",
      parseBand,
    ),
    ...IMAGE_OPTIONS,
    minValid: option(
      '--min-valid <share>',
      'least share of valid pixels in a chip, 0 to 1 (default: leave out chips without any)',
      parseNumber,
    ),
    ...LABEL_OPTIONS,
    bbox: BBOX,
    bboxCrs: option('--bbox-crs <crs>', BBOX_CRS_HELP),
    ...SELECTION_OPTIONS,
    like: option('--like <raster>', 'raster whose grid the chips are on (default: the first image)'),
    crs: option('--crs <crs>', 'CRS of the chips, with --res, instead of --like'),
    resolution: option('--res <units>', 'pixel size in that CRS', parseNumber),
    resampling: option(
      '--resampling <name>',
      `resampling onto that grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    stored: STORED,
    dtype: option('--dtype <type>', 'data type of the images (default float32)', DTYPE),
    nodata: option('--nodata <value>', 'nodata value of the images (default NaN)', parseNumber),
    format: withDefault(
      'geotiff',
      option('--format <name>', `file format: ${CHIP_FORMATS.join(', ')}`, parseChoice(CHIP_FORMATS)),
    ),
    unitChips: option(
      '--unit-chips <n>',
      'chips per unit: an interrupted run loses at most one unit (default 64)',
      parseCount(),
    ),
    resume: RESUME,
    overwrite: OVERWRITE,
  },
  async ({ bboxCrs, like, crs, resolution, ...values }, { output, ...operation }) => {
    const { exportChips } = await import('../../workflow/index.js');
    const { bbox, geometry, datetime, predicate, touch, where, allowLocal } = values;
    if (bbox === undefined && bboxCrs !== undefined)
      throw invalidOption('--bbox-crs', 'needs --bbox', 'leave it out, or give --bbox');
    const report = await exportChips({
      ...values,
      select: { bbox, crs: bboxCrs, geometry, datetime, predicate, touch, where, allowLocal },
      grid: rowGridOf(like, crs, resolution),
      ...operation,
    });
    output.result(report, describeReport(report));
  },
  {
    after: EXAMPLES,
    apart: { heading: 'Label options:', table: LABEL_OPTIONS },
  },
);

function describeReport({
  output,
  splits,
  withoutData,
  withoutLabels,
  finishedBefore,
}: ExportChipsReport): string {
  const total = splits.reduce((sum, { chips }) => sum + chips, 0);
  const start = finishedBefore ? `these chips are finished already: ${output}` : output;
  const counts = splits.map(({ name, chips }) => `${name} ${chips}`).join(', ');
  const left = [
    ...(withoutData > 0 ? [`${withoutData} left out for too little data`] : []),
    ...(withoutLabels > 0 ? [`${withoutLabels} left out without labels`] : []),
  ];
  const lines = [[`${start}: ${total} chips (${counts})`, ...left].join(', ')];
  const [first] = splits;
  if (first !== undefined && first.classes.length > 0) {
    const rows = first.classes.map(({ value, name }, k) => [
      name === null ? String(value) : `${value} ${name}`,
      ...splits.map(({ classes }) => `${classes[k].pixels} in ${classes[k].chips}`),
    ]);
    lines.push('pixels of each class, and chips with it:');
    lines.push(formatLines([['class', ...splits.map(({ name }) => name)], ...rows]));
  }
  return lines.join('\n');
}
