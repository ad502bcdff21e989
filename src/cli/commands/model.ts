import * as v from 'valibot';
import { invalidOption } from '../../errors.js';
import { WEIGHTS } from '../../inference/checkpoint/choice.js';
import { ACTIVATIONS, INPUT_LAYOUTS } from '../../inference/model-spec.js';
import type { ModelSpec } from '../../inference/node/index.js';
import { HOST_PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import { PRITHVI_STATISTICS_NAMES } from '../../inference/prithvi/index.js';
import { MERGES, STATISTICS_NAMES } from '../../inference/terramind/index.js';
import { POOLINGS } from '../../inference/vit/index.js';
import { UNITS } from '../../raster/units.js';
import { MADE_UP, PRECISIONS, TASKS } from '../../workflow/choices.js';
import {
  type HalfPrecisionReport,
  type ImportReport,
  importModel,
  readModelSpec,
  runModel,
} from '../../workflow/index.js';
import { type Parse, parseChoice, parseCount, parseNumber, parsePair } from '../arguments.js';
import {
  argument,
  converted,
  defineCommand,
  defineGroup,
  flag,
  list,
  option,
  required,
  withDefault,
} from '../command.js';
import type { Rephrase } from '../flags.js';
import { outputOption } from '../shared-options.js';
import { formatTable } from '../table.js';

/** Chips of a model folder are square, since scenes are cut and stitched by one size and stride. */
const parseChip: Parse<number> = (text, flag) => {
  const [, height, width] = text.match(/^\s*(\d+)\s*[x×,]\s*(\d+)\s*$/) ?? [];
  if (height === undefined || Number(height) === Number(width)) return parseCount(8)(height ?? text, flag);
  const remedy = 'give one number, or make a graph for such chips with wholeGraph of terrachip/inference';
  throw invalidOption(flag, `cannot be ${height} × ${width}: chips of a model folder are square`, remedy);
};

/** Values for all inputs, `B02,B03,B04`, or of each by its name, `S2=B02,B03 DEM=DEM` or `S2=B02,B03;DEM=DEM`. */
function perInput<T>(flags: string, help: string, read: (words: string[], name: string) => T) {
  return converted(list(flags, help), (texts, name): T | Record<string, T> => {
    const parts = texts.flatMap((text) => text.split(/[;\s]+/)).filter((part) => part !== '');
    const split = (text: string): string[] => text.split(',').filter((word) => word !== '');
    if (!parts.some((part) => part.includes('='))) return read(parts.flatMap(split), name);
    const pairs = parts.map((part) => parsePair('VALUES')(part, name));
    return Object.fromEntries(pairs.map(([input, text]) => [input, read(split(text), name)]));
  });
}

/** Names, separate or with commas between them. */
function names(flags: string, help: string) {
  return converted(list(flags, help), (texts) => texts.flatMap((text) => text.split(/\s*,\s*/)));
}

/** Reads one word that `parse` accepts. */
const single =
  <T>(parse: Parse<T>) =>
  (words: string[], name: string): T =>
    parse(words.join(','), name);

const numbers = (words: string[], name: string): number[] => words.map((word) => parseNumber(word, name));

/** A number, or a fraction such as 1/255. */
const parseScale: Parse<number> = (text, name) => {
  const [numerator, denominator = '1', ...rest] = text.split('/');
  const value = parseNumber(numerator, name) / parseNumber(denominator, name);
  return rest.length === 0 ? value : parseNumber(text, name);
};

const ONNX_OPTIONS = {
  like: option('--like <model>', 'model to take bands, units, statistics and classes from'),
  bands: perInput(
    '--bands <names...>',
    'bands in order: B02,B03,B04, or INPUT=B02,B03 for each input',
    (words) => words,
  ),
  units: perInput(
    '--units <units...>',
    `units of values, for all inputs or as INPUT=UNITS: ${UNITS.join(', ')} (default none: as stored)`,
    single(parseChoice(UNITS)),
  ),
  mean: perInput('--mean <numbers...>', 'mean of each band, or one for all (default 0)', numbers),
  std: perInput('--std <numbers...>', 'standard deviation of each band, or one for all (default 1)', numbers),
  scale: option(
    '--scale <number>',
    'factor for values before --mean and --std, such as 0.0001 or 1/255',
    parseScale,
  ),
  layout: perInput(
    '--layout <axes...>',
    `axes of the input, if its shape is ambiguous: ${INPUT_LAYOUTS.join(', ')}`,
    single(parseChoice(INPUT_LAYOUTS)),
  ),
  outputName: option('--output-name <name>', 'output with the map, of a graph with several outputs'),
  task: option('--task <what>', `task: ${TASKS.join(', ')} (default ${TASKS[0]})`, parseChoice(TASKS)),
  activation: option(
    '--activation <name>',
    `activation to apply to the output: ${ACTIVATIONS.join(', ')} (default: by the graph)`,
    parseChoice(ACTIVATIONS),
  ),
  values: list(
    '--values <name=units...>',
    'names of the values of a regression, with their units',
    (text) => {
      const [, name, units] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
      return { name: name ?? text, ...(units === undefined ? {} : { units }) };
    },
  ),
  pixelSize: option('--pixel-size <metres>', 'pixel size of the training data', parseNumber),
  skipTrial: flag('--skip-trial', 'skip the trial run on a made-up chip'),
};

const importCommand = defineCommand(
  'import',
  'convert an ONNX model, or a TerraMind or Prithvi-EO checkpoint, to a model folder, without Python',
  {
    checkpoint: argument(
      '<model>',
      '.onnx file or a folder with one; or .pt, .pth, .ckpt or .safetensors file of TerraMind or Prithvi-EO',
    ),
    output: outputOption('<folder>', 'model folder to write'),
    name: option('--name <name>', 'name of the model (default: that of the file)'),
    chip: option(
      '--chip <pixels>',
      'height and width of chips (for a checkpoint, a multiple of its patch size, mostly 16)',
      parseChip,
    ),
    stride: option('--stride <pixels>', 'distance from one chip to the next', parseCount()),
    statistics: option(
      '--statistics <what>',
      `statistics for normalisation: ${[...STATISTICS_NAMES, ...PRITHVI_STATISTICS_NAMES].join(', ')}, or a JSON file with mean and std per modality`,
    ),
    weights: option(
      '--weights <which>',
      `weights to take from a checkpoint that also has averaged ones: ${WEIGHTS.join(' or ')} (default ${WEIGHTS[0]})`,
      parseChoice(WEIGHTS),
    ),
    ...ONNX_OPTIONS,
    modalities: list('--modalities <names...>', 'modalities to take (default: all)'),
    phases: names('--phases <names...>', 'names of the time steps'),
    classes: names('--classes <names...>', 'names of the classes'),
    timestamps: option(
      '--timestamps <n>',
      'number of time steps, if the checkpoint does not give it',
      parseCount(),
    ),
    pooling: option(
      '--pooling <how>',
      `how phases are merged: ${POOLINGS.join(', ')}`,
      parseChoice(POOLINGS),
    ),
    merge: option('--merge <how>', `how modalities are merged: ${MERGES.join(', ')}`, parseChoice(MERGES)),
    heads: option(
      '--heads <n>',
      'number of attention heads (default: as in the published sizes, mostly one per 64 channels)',
      parseCount(),
    ),
    taps: list(
      '--taps <blocks...>',
      'blocks that feed the decoder, counted from 0 (default: four, evenly spaced; the last for FCN and Linear)',
      parseCount(0),
    ),
    precision: option(
      '--precision <what>',
      `precision: ${PRECISIONS.join(' or ')}; fp16 halves the size, and is compared with fp32 on a sample`,
      parseChoice(PRECISIONS),
    ),
    sample: option('--sample <scene>', 'scene for the comparison (default: made-up chips)'),
    sampleChips: option('--sample-chips <n>', 'chips for the comparison (default 4)', parseCount()),
    provider: option(
      '--provider <name>',
      `execution provider for the comparison: ${HOST_PROVIDER_CHOICES.join(', ')}`,
      parseChoice(HOST_PROVIDER_CHOICES),
    ),
    split: flag('--split', 'also write encoder.onnx and decoder.onnx'),
    allowUnused: flag('--allow-unused', 'ignore tensors of the checkpoint that the model does not use'),
  },
  async (values, { output, ...operation }) => {
    const report = await importModel({ ...values, ...operation });
    output.result(report, describeImport(report, output.rephrase));
  },
  {
    apart: { heading: 'Options for ONNX models:', table: ONNX_OPTIONS },
    after: `
Values that an ONNX model does not declare are assumed, and the assumptions are printed:
  terrachip model import unet.onnx -o unet --bands B02,B03,B04 --units dn_harmonised --scale 0.0001
  terrachip infer scene.json --model unet -o map
`,
  },
);

const infoCommand = defineCommand(
  'info',
  'show the inputs and outputs of a model, its statistics, size and cost',
  { folder: argument('<folder>', 'folder with model.json, or the name of a bundled model') },
  async ({ folder }, { output }) => {
    const spec = await readModelSpec(folder);
    output.result(spec, describeCard(spec));
  },
);

const runCommand = defineCommand(
  'run',
  'run a model on .npy arrays',
  {
    model: argument('<folder>', 'model folder, or the name of a bundled model'),
    inputs: required(
      list(
        '--input <name=file...>',
        'array of each input: (chip, band, [phase,] y, x)',
        parsePair('FILE.npy'),
      ),
    ),
    output: outputOption('<file>', '.npy file to write'),
    normalized: flag('--normalized', 'the inputs are already normalised'),
    provider: withDefault(
      'auto',
      option(
        '--provider <name>',
        `execution provider: ${HOST_PROVIDER_CHOICES.join(', ')}`,
        parseChoice(HOST_PROVIDER_CHOICES),
      ),
    ),
    batch: option('--batch <n>', 'chips per batch (default 1)', parseCount()),
  },
  async (values, { output, ...operation }) => {
    const report = await runModel({ ...values, inputs: new Map(values.inputs), ...operation });
    const { shape, provider } = report;
    output.result(report, `${report.output}: (${shape.join(', ')}) on ${provider}`);
  },
);

export const modelCommand = defineGroup(
  'model',
  'import models, show their inputs and outputs, run them on arrays',
  importCommand,
  infoCommand,
  runCommand,
);

function describeImport(report: ImportReport, rephrase: Rephrase): string {
  const { output, files, spec, assumed, leftovers, nodes, halfPrecision } = report;
  const lines = [describeCard(spec), ...assumed.map((sentence) => `assumed: ${rephrase(sentence)}`)];
  if (nodes !== null) lines.push(`graph       ${nodes} nodes`);
  for (const [what, count] of Object.entries(leftovers.expected)) {
    lines.push(`left out    ${count} tensors of ${what}`);
  }
  if (leftovers.unused.length > 0) lines.push(`unused      ${leftovers.unused.join(', ')}`);
  if (halfPrecision !== null) lines.push(`float16     ${describeHalfPrecision(halfPrecision, spec)}`);
  lines.push(`written     ${files.join(', ')} in ${output}`);
  return lines.join('\n');
}

/** Where one class has more than this share, two maps agree whatever happens at its edges. */
const ONE_SIDED = 0.99;

function describeHalfPrecision(
  { sample, chips, provider, arithmetic, agreement }: HalfPrecisionReport,
  { output }: ModelSpec,
): string {
  const what = sample === MADE_UP ? `${chips} made-up chips` : `${chips} chips of ${sample}`;
  const on = `on ${what} (${provider}, ${arithmetic})`;
  if ('leastCosine' in agreement) {
    const { leastCosine, largestDifference } = agreement;
    return `tokens within a cosine of ${leastCosine.toFixed(6)} of float32’s, numbers within ${(100 * largestDifference).toPrecision(2)} % of the largest, ${on}`;
  }
  const { samePixels, largestProbabilityDifference, shares } = agreement;
  const names = 'classes' in output ? output.classes.map(({ name }) => name) : [];
  const classes = shares.map((share, k) => `${names[k]} ${percent(share)}`).join(', ');
  const hint =
    Math.max(...shares) > ONE_SIDED ? '; nearly all is of one class: try it on a scene with --sample' : '';
  return `the class of float32 on ${percent(samePixels)} of pixels (${classes}), probabilities within ${largestProbabilityDifference.toFixed(4)}, ${on}${hint}`;
}

/** Rounded down, so that only all is 100 %. */
function percent(share: number): string {
  return `${(Math.floor(share * 1e5) / 1e3).toFixed(3)} %`;
}

/** What an import says of itself; models from elsewhere say other things, or nothing. */
const ImportedSchema = v.object({
  source: v.fallback(v.optional(v.object({ file: v.string(), sha256: v.string() })), undefined),
  statistics: v.fallback(
    v.optional(v.object({ name: v.string(), why: v.string(), source: v.string() })),
    undefined,
  ),
});

function describeCard(spec: ModelSpec): string {
  const { name, version, description, chip, phases, output, provenance } = spec;
  const rows = spec.inputs.flatMap((input) =>
    input.bands.map((band, k) => [
      input.name,
      band,
      input.units,
      input.kind,
      String(input.mean[k]),
      String(input.std[k]),
    ]),
  );
  const gives =
    'classes' in output
      ? `${output.name}: ${output.classes.map((each) => each.name).join(', ')}`
      : 'tokens' in output
        ? `${output.name}: ${output.tokens} tokens of ${output.channels}`
        : `${output.name}: ${output.values.map((each) => each.name).join(', ')}`;
  const { parameters, gflopPerChip, precision } = provenance;
  const { source, statistics } = v.parse(ImportedSchema, provenance);
  return [
    description === '' ? `${name} ${version}` : `${name} ${version}: ${description}`,
    formatTable([['input', 'band', 'units', 'kind', 'mean', 'std'], ...rows]),
    ...(statistics === undefined
      ? []
      : [`normalised  with ${statistics.name}: ${statistics.why} (${statistics.source})`]),
    `phases      ${phases.join(', ')}`,
    `chips       ${chip.size} × ${chip.size}, one every ${chip.stride} pixels`,
    `output      ${gives}`,
    `parameters  ${typeof parameters === 'number' ? parameters.toLocaleString('en') : 'unknown'}`,
    ...(typeof precision === 'string' ? [`precision   ${precision}`] : []),
    `cost        ${typeof gflopPerChip === 'number' ? `${gflopPerChip} GFLOP a chip` : 'unknown'}`,
    ...(source === undefined ? [] : [`made from   ${source.file}, sha256 ${source.sha256}`]),
    `limits      ${spec.limitations}`,
  ].join('\n');
}
