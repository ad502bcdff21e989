import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import {
  CHIP_FORMATS,
  CHIP_METHODS,
  CHIP_SAMPLERS,
  CHIP_TIMES,
  EDGE_POLICIES,
} from '../../workflow/choices.js';
import type { ExportChipsReport } from '../../workflow/index.js';
import { parseBand, parseChoice, parseCount, parseNumber, parsePair } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, required, withDefault } from '../command.js';
import {
  BBOX,
  BBOX_CRS_HELP,
  DTYPE,
  OVERWRITE,
  outputOption,
  parseMask,
  RESUME,
  rowGridOf,
  SELECTION_OPTIONS,
} from '../shared-options.js';
import { formatLines } from '../table.js';

const EXAMPLES = `
The folder has the images and labels, index.parquet with place, time, split and class shares of each chip,
statistics.json with mean and standard deviation of each band, and README.md, which says how PyTorch reads them.

  terrachip catalog chips scenes.parquet --size 256 --band B02 B03 B04 B08 --mask scl --min-valid 0.9 \\
    --labels landcover.tif --split block 0.7 0.15 0.15 -o chips
  terrachip catalog chips scenes.parquet --size 128 --sampler balanced --count 2000 --stride 64 --seed 1 \\
    --labels fields.gpkg --label-property crop --label-classes wheat=1 maize=2 --format zarr -o chips`;

const LABEL_OPTIONS = {
  labels: option(
    '--labels <file>',
    'a raster of classes, or polygons: its pixels lie beside those of the images',
  ),
  labelBand: option('--label-band <n>', 'of a raster (default 1)', parseCount()),
  labelProperty: option(
    '--label-property <name>',
    'of polygons: a number, or a text of --label-classes (default: all are class 1)',
  ),
  labelClasses: converted(
    list(
      '--label-classes <text=number...>',
      'texts of --label-property, or names of classes',
      parsePair('NUMBER'),
    ),
    (pairs, name) => Object.fromEntries(pairs.map(([text, number]) => [text, parseNumber(number, name)])),
  ),
  labelLayer: option('--label-layer <name>', 'the layer of a vector file with several'),
  labelCrs: option('--label-crs <crs>', 'of a vector file that does not say its own'),
  allTouched: flag('--all-touched', 'polygons also cover pixels that their outlines merely touch'),
  background: option('--background <class>', 'where no polygon lies (default 0)', parseNumber),
  ignore: option('--ignore <value>', 'of pixels without a label (default 255, or -1 in int32)', parseNumber),
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
  'training chips of a catalog: images and labels with an index, splits and statistics',
  {
    catalog: argument(
      '<catalog>',
      'a catalog (.parquet, .geojson), or STAC items (.json, .ndjson), by path or URL',
    ),
    output: outputOption('<folder>', 'the folder to write, which does not exist yet'),
    size: required(option('--size <pixels>', 'along a side of a chip', parseCount())),
    sampler: option(
      '--sampler <name>',
      `${CHIP_SAMPLERS.join(', ')}: all chips of a grid (default), at random places, or of the grid with balanced classes`,
      parseChoice(CHIP_SAMPLERS),
    ),
    count: option('--count <n>', 'how many chips are random; how many, at most, are balanced', parseCount()),
    seed: option('--seed <n>', 'equal seeds give equal chips (default 0)', parseCount(0)),
    stride: option(
      '--stride <pixels>',
      'from one chip of the grid to the next (default: the size)',
      parseCount(),
    ),
    policy: option(
      '--policy <what>',
      `at the edges of the grid: ${EDGE_POLICIES.join(', ')} (default cover: the last chip is shifted inwards)`,
      parseChoice(EDGE_POLICIES),
    ),
    split: converted(
      list('--split <block shares...>', `train, val and test in blocks apart from each other: ${SPLIT_FORM}`),
      parseSplit,
    ),
    block: option(
      '--block <pixels>',
      'along a side of a block (default: the buffer and four chips)',
      parseCount(),
    ),
    buffer: option(
      '--buffer <pixels>',
      'that chips of different splits are apart, at least (default: the diagonal of a chip)',
      parseCount(0),
    ),
    bands: list(
      '--band <names...>',
      "bands by name or number (default: those of the first row's main file)",
      parseBand,
    ),
    mask: option(
      '--mask <band:classes>',
      'pixels without data by a band of classes, such as SCL:3,8,9,10; scl means these clouds and shadows of Sentinel-2',
      parseMask,
    ),
    minValid: option(
      '--min-valid <share>',
      'leave out chips with a smaller share of pixels with data, 0 to 1 (default: those without any)',
      parseNumber,
    ),
    ...LABEL_OPTIONS,
    bbox: BBOX,
    bboxCrs: option('--bbox-crs <crs>', BBOX_CRS_HELP),
    ...SELECTION_OPTIONS,
    every: option(
      '--every <time>',
      `which images of a place are one chip: ${CHIP_TIMES.join(', ')} (default day, in UTC)`,
      parseChoice(CHIP_TIMES),
    ),
    method: option(
      '--method <how>',
      `what becomes of several images over a pixel: ${CHIP_METHODS.join(', ')} (default first)`,
      parseChoice(CHIP_METHODS),
    ),
    like: option('--like <raster>', "chips lie on this raster's grid (default: that of the first image)"),
    crs: option('--crs <crs>', 'or on pixels of --res in this CRS'),
    resolution: option('--res <units>', 'the size of these pixels', parseNumber),
    resampling: option(
      '--resampling <name>',
      `onto that grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    stored: flag('--stored', 'take values as they are stored, without scale and offset'),
    dtype: option('--dtype <type>', 'of the images (default float32)', DTYPE),
    nodata: option('--nodata <value>', 'of pixels without data (default NaN)', parseNumber),
    format: withDefault(
      'geotiff',
      option('--format <name>', CHIP_FORMATS.join(', '), parseChoice(CHIP_FORMATS)),
    ),
    unitChips: option(
      '--unit-chips <n>',
      'chips that an interrupted run loses at most (default 64)',
      parseCount(),
    ),
    resume: RESUME,
    overwrite: OVERWRITE,
  },
  async ({ bboxCrs, like, crs, resolution, ...values }, { output, ...operation }) => {
    const { exportChips } = await import('../../workflow/index.js');
    const { bbox, geometry, datetime, predicate, touch, where, allowLocal } = values;
    if (bbox === undefined && bboxCrs !== undefined)
      throw invalidOption(
        '--bbox-crs',
        'is that of --bbox, which is missing',
        'leave it out, or give --bbox',
      );
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
    apart: { heading: 'Options of labels:', table: LABEL_OPTIONS },
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
