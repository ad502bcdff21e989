/** `model.json`: a model's inputs, outputs and provenance. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { AnyRecord, validateStrictly } from '../json.js';
import { UNITS } from '../raster/units.js';

/** The supported version of `model.json`. */
export const MODEL_SCHEMA_VERSION = 1;

/** Names of models, inputs, bands and phases. */
export const NAME = /^[\w.-]{1,64}$/;
const Name = v.pipe(v.string(), v.regex(NAME, 'must be a name of letters, digits, dots and dashes'));
/** Names within a graph, as exporters write them: `input_1:0`. */
const GraphName = v.pipe(v.string(), v.regex(/^.{1,256}$/, 'must be the name in the graph'));
/** Names of classes and quantities, for people. */
const Label = v.pipe(v.string(), v.regex(/^\S(.{0,62}\S)?$/, 'must be a name of 1 to 64 characters'));
const GraphFile = v.pipe(
  v.string(),
  v.regex(/^[\w-][\w.-]{0,60}\.onnx$/, 'must be the name of an ONNX file in the folder'),
);
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Positive = v.pipe(Finite, v.gtValue(0, 'must be positive'));
const Colour = v.pipe(v.string(), v.regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1f78b4'));
const Share = v.pipe(v.number(), v.gtValue(0, 'must be above 0'), v.ltValue(1, 'must be below 1'));

/** Axes of an input: N chips, C bands, T phases, H rows, W columns. Phases without T are channels, date by date. */
export const INPUT_LAYOUTS = ['NCHW', 'NHWC', 'NCTHW', 'NTCHW', 'NTHWC'] as const;
/** The axes of a graph's input. */
export type InputLayout = (typeof INPUT_LAYOUTS)[number];
/** Axes of an output; `NHW` is one channel without an axis. */
export const OUTPUT_LAYOUTS = ['NCHW', 'NHWC', 'NHW'] as const;
/** The axes of a graph's output. */
export type OutputLayout = (typeof OUTPUT_LAYOUTS)[number];
/** Axes of an encoder's output; `NC` is one vector per chip. */
export const EMBEDDING_LAYOUTS = ['NTC', 'NC', 'NCHW'] as const;
/** The axes of an encoder's output. */
export type EmbeddingLayout = (typeof EMBEDDING_LAYOUTS)[number];
/** What terrachip applies to the output: nothing for probabilities. */
export const ACTIVATIONS = ['softmax', 'sigmoid', 'none'] as const;
/** What turns the output of a graph into probabilities. */
export type Activation = (typeof ACTIVATIONS)[number];

/** Colours of classes without one, by position. */
export const CLASS_COLOURS = [
  '#e8e2d0',
  '#1f78b4',
  '#33a02c',
  '#e31a1c',
  '#ff7f00',
  '#6a3d9a',
  '#b15928',
  '#a6cee3',
];

const ModelInputSchema = v.object({
  /** The name of the scene's input. */
  name: Name,
  /** The name of the ONNX input (default: `name`). */
  tensor: v.optional(GraphName),
  /** Band names in the model's order. */
  bands: v.pipe(v.array(Name), v.minLength(1, 'must name at least one band')),
  units: v.picklist(UNITS),
  /** `temporal` (default): one image per phase. `static`: one image for all phases. */
  kind: v.optional(v.picklist(['temporal', 'static'])),
  /** Default: NCHW, or NCTHW for several phases. */
  layout: v.optional(v.picklist(INPUT_LAYOUTS)),
  /** Mean and standard deviation of each band, in `units`, for normalisation. */
  mean: v.array(Finite),
  std: v.array(Positive),
  /** Replaces NaN and infinities before normalisation; in `units`, for all bands or each (default: the means). */
  nodataReplacement: v.optional(v.union([Finite, v.array(Finite)])),
});

const COMMON = {
  schemaVersion: v.literal(MODEL_SCHEMA_VERSION),
  name: Name,
  version: v.optional(v.string(), '1'),
  description: v.optional(v.string(), ''),
  inputs: v.pipe(v.array(ModelInputSchema), v.minLength(1, 'must list at least one input')),
  /** Names of the time steps, in the model's order. */
  phases: v.optional(v.pipe(v.array(Name), v.minLength(1, 'must name at least one phase')), ['scene']),
  /** The inputs that must have data for a pixel to be valid. */
  validity: v.optional(
    v.union([
      v.literal('all'),
      v.pipe(
        v.array(v.object({ input: Name, phase: v.optional(Name) })),
        v.minLength(1, 'must not be empty'),
      ),
    ]),
    'all',
  ),
  chip: v.object({
    size: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(4096)),
    stride: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  /** The pixel size that the model was trained on, in metres. */
  pixelSize: v.optional(Positive),
  provenance: v.optional(AnyRecord, {}),
  licence: v.optional(v.string(), 'unknown'),
  /** Uses that the model is not suited for. */
  limitations: v.optional(v.string(), 'not stated'),
};

const OUTPUT = { name: GraphName, layout: v.optional(v.picklist(OUTPUT_LAYOUTS)) };

/** The model file of a segmentation. */
export const SegmentationSpecSchema = v.object({
  ...COMMON,
  output: v.object({
    /**
     * The ONNX output: (chip, class, y, x), or one channel for two classes, of which it gives the second. A side may be a
     * whole fraction of the chip's. Whole numbers are the values of classes.
     */
    ...OUTPUT,
    /** `change` compares phases. In `multilabel`, each class has a probability of its own. */
    task: v.optional(v.picklist(['segmentation', 'change', 'multilabel'])),
    activation: v.optional(v.picklist(ACTIVATIONS)),
    /** The probability above which a pixel belongs to a class, for two classes and `multilabel` (default 0.5). */
    threshold: v.optional(Share),
    classes: v.pipe(
      v.array(v.object({ name: Label, colour: v.optional(Colour) })),
      v.minLength(1, 'must name at least one class'),
      v.maxLength(255),
    ),
  }),
  /**
   * Files of a model in two graphs, for models that merge phases after the encoder. The encoder takes each input of one
   * phase as (chip, band, y, x) and returns `features` (chip, …); the decoder takes them as (chip, phase, …). If absent,
   * the model is one graph, `model.onnx`.
   */
  phaseGraphs: v.optional(v.object({ encoder: GraphFile, decoder: GraphFile })),
});

/** The model file of a regression. */
export const RegressionSpecSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The ONNX output: (chip, value, y, x). */
    ...OUTPUT,
    task: v.literal('regression'),
    /** The quantities that the model estimates, in the order of the channels. */
    values: v.pipe(
      v.array(v.object({ name: Label, units: v.optional(v.string()) })),
      v.minLength(1, 'must name at least one quantity'),
    ),
  }),
});

/** The model file of an encoder. */
export const EmbeddingSpecSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The ONNX output: tokens row by row from the chip's upper left corner. */
    name: GraphName,
    /** `NTC` (default): (chip, token, channel). `NC`: one vector per chip. `NCHW`: a map of features, one token per pixel. */
    layout: v.optional(v.picklist(EMBEDDING_LAYOUTS)),
    /** Tokens before those of the image, such as a class token, which are left out (default 0). */
    classTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    tokens: v.pipe(v.number(), v.integer(), v.minValue(1)),
    channels: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
});

/** An input of a model as written in `model.json`. */
export type ModelInputDocument = v.InferOutput<typeof ModelInputSchema>;
type Completed<Document extends { output: object }> = Omit<Document, 'inputs' | 'output'> & {
  inputs: ModelInput[];
  output: Document['output'] extends { classes: object }
    ? Omit<Document['output'], 'classes'> & { classes: ModelClass[] }
    : Document['output'];
};
/** A class of a model. */
export interface ModelClass {
  name: string;
  /** `#rrggbb`. */
  colour: string;
}
/** An input of a model: its bands, units and statistics. */
export type ModelInput = ModelInputDocument & Required<Omit<ModelInputDocument, 'tensor' | 'layout'>>;
/** The document `model.json` of a model that classifies pixels. */
export type SegmentationSpec = Completed<v.InferOutput<typeof SegmentationSpecSchema>>;
/** The document `model.json` of a model that estimates quantities. */
export type RegressionSpec = Completed<v.InferOutput<typeof RegressionSpecSchema>>;
/** The document `model.json` of an encoder, which returns embeddings. */
export type EmbeddingSpec = Completed<v.InferOutput<typeof EmbeddingSpecSchema>>;
/** The document `model.json` of a model that maps pixels. */
export type MapSpec = SegmentationSpec | RegressionSpec;
/** The document `model.json` of any model. */
export type ModelSpec = MapSpec | EmbeddingSpec;

/** Checks a `model.json` of any kind. @param name the file, for messages */
export function parseModelSpec(document: unknown, name: string): ModelSpec {
  const isKnown = v.is(v.looseObject({ output: v.looseObject({}) }), document);
  const output = isKnown ? document.output : {};
  if ('tokens' in output) return completed(validateStrictly(EmbeddingSpecSchema, document, name), name);
  if ('values' in output) return completed(validateStrictly(RegressionSpecSchema, document, name), name);
  return completed(validateStrictly(SegmentationSpecSchema, document, name), name);
}

/** Checks what spans several members, and fills in defaults. @throws {TerrachipError} INVALID_INPUT with all problems */
function completed<
  Document extends {
    inputs: ModelInputDocument[];
    phases: string[];
    chip: { size: number; stride: number };
    validity: 'all' | { input: string; phase?: string }[];
    output:
      | { classes?: { name: string; colour?: string | undefined }[]; task?: string | undefined }
      | { tokens: number }
      | { values: object[] };
  },
>(document: Document, name: string): Completed<Document> {
  const { inputs, phases, chip, validity, output } = document;
  const named = 'classes' in output ? (output.classes ?? []) : [];
  // A model of one class separates it from everything else.
  if (named.length === 1 && !('task' in output && output.task === 'multilabel')) {
    named.unshift({ name: named[0].name === 'background' ? 'other' : 'background' });
  }
  const problems = [
    ...inputs.flatMap(problemsOfInput),
    ...repeated('input', inputs),
    ...repeated(
      'phase',
      phases.map((phase) => ({ name: phase })),
    ),
    ...repeated('class', named),
  ];
  if (chip.stride > chip.size) problems.push('has a chip stride above the chip size, which leaves gaps');
  for (const { input, phase } of validity === 'all' ? [] : validity) {
    const known = inputs.some((candidate) => candidate.name === input);
    if (!known || (phase !== undefined && !phases.includes(phase))) {
      problems.push(`has a validity rule for ${input} ${phase ?? ''}, which it does not have`);
    }
  }
  if (problems.length > 0) throw invalidInput(name, problems.join(', and '), 'correct it');
  const classes = named.map((each, k) => ({ colour: CLASS_COLOURS[k % CLASS_COLOURS.length], ...each }));
  return {
    ...document,
    inputs: inputs.map(completedInput),
    output: 'classes' in output ? { ...output, classes } : output,
  } as Completed<Document>;
}

function problemsOfInput({ name, bands, mean, std, nodataReplacement }: ModelInputDocument): string[] {
  const problems: string[] = [];
  if (mean.length !== bands.length || std.length !== bands.length) {
    const counts = `${mean.length} means and ${std.length} standard deviations`;
    problems.push(`gives input ${name} ${counts} for ${bands.length} bands`);
  }
  if (Array.isArray(nodataReplacement) && nodataReplacement.length !== bands.length) {
    problems.push(
      `gives input ${name} ${nodataReplacement.length} values for nodata of ${bands.length} bands`,
    );
  }
  return problems;
}

function completedInput(input: ModelInputDocument): ModelInput {
  const { kind = 'temporal', nodataReplacement = input.mean } = input;
  return { ...input, kind, nodataReplacement };
}

function repeated(kind: string, named: readonly { name: string }[]): string[] {
  const names = named.map(({ name }) => name);
  return names.filter((each, k) => names.indexOf(each) < k).map((each) => `names the ${kind} ${each} twice`);
}

/** What NaN and infinities of a band become before normalisation, in the input's units. */
export function replacementOf({ nodataReplacement }: ModelInput, band: number): number {
  return typeof nodataReplacement === 'number' ? nodataReplacement : nodataReplacement[band];
}

/** The number of time steps of an input: the number of phases, or 1 for a static input. */
export function timeSteps(spec: ModelSpec, input: ModelInput): number {
  return input.kind === 'static' ? 1 : spec.phases.length;
}

/** The shape in which chips are cut for an input: (chip, band, y, x), or (chip, band, phase, y, x) for several phases. */
export function inputShape(spec: ModelSpec, input: ModelInput, batch: number): number[] {
  const { size } = spec.chip;
  const time = timeSteps(spec, input) > 1 ? [timeSteps(spec, input)] : [];
  return [batch, input.bands.length, ...time, size, size];
}

/** The shape that the graph takes for an input, by its layout. */
export function tensorShape(spec: ModelSpec, input: ModelInput, batch: number): number[] {
  const { size } = spec.chip;
  const steps = timeSteps(spec, input);
  const layout = inputLayout(spec, input);
  const channels = input.bands.length * (layout.includes('T') ? 1 : steps);
  const lengths: Record<string, number> = { N: batch, C: channels, T: steps, H: size, W: size };
  return [...layout].map((axis) => lengths[axis]);
}

/** The name of an input in the graph. */
export function tensorName({ name, tensor }: ModelInput): string {
  return tensor ?? name;
}

/** Whether a model maps pixels: its output has classes or values. */
export function isMapSpec(spec: ModelSpec): spec is MapSpec {
  return !('tokens' in spec.output);
}

/** The layout of an input: NCHW by default, or NCTHW for several time steps. */
export function inputLayout(spec: ModelSpec, { layout, ...input }: ModelInput): InputLayout {
  return layout ?? (timeSteps(spec, input) > 1 ? 'NCTHW' : 'NCHW');
}

/** The shape of the session's output for one chip: (class or value, y, x), or (token, channel) for embeddings. */
export function answerShape({ output, chip }: ModelSpec): number[] {
  if ('tokens' in output) return [output.tokens, output.channels];
  return [channelsOf(output), chip.size, chip.size];
}

/** The number of classes or values of a map. */
export function channelsOf(output: MapSpec['output']): number {
  return 'values' in output ? output.values.length : output.classes.length;
}

/** Whether a pixel is valid only where an input has data in a phase (undefined for static inputs). */
export function decidesValidity(spec: ModelSpec, input: ModelInput, phase: string | undefined): boolean {
  if (spec.validity === 'all') return true;
  return spec.validity.some(
    (rule) =>
      rule.input === input.name && (rule.phase === undefined || phase === undefined || rule.phase === phase),
  );
}
