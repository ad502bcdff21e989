/** `model.json`: a model's inputs, outputs and provenance. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { AnyRecord, validate, validateStrictly } from '../json.js';
import { UNITS } from '../raster/units.js';

/** The supported version of `model.json`. */
export const MODEL_SCHEMA_VERSION = 1;

/** Names of models, inputs, bands, phases and classes. */
export const NAME = /^[\w.-]{1,64}$/;
const Name = v.pipe(v.string(), v.regex(NAME, 'must be a name of letters, digits, dots and dashes'));
const GraphFile = v.pipe(
  v.string(),
  v.regex(/^[\w-][\w.-]{0,60}\.onnx$/, 'must be the name of an ONNX file in the folder'),
);
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Colour = v.pipe(v.string(), v.regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1f78b4'));

const ModelInputSchema = v.object({
  /** The name of the ONNX input, and of the scene's input. */
  name: Name,
  /** Band names in the model's order. */
  bands: v.pipe(v.array(Name), v.minLength(1, 'must name at least one band')),
  units: v.picklist(UNITS),
  /** `temporal`: one image per phase. `static`: one image for all phases. */
  kind: v.picklist(['temporal', 'static']),
  /** Mean and standard deviation of each band, in `units`, for normalisation. */
  mean: v.array(Finite),
  std: v.array(v.pipe(Finite, v.gtValue(0, 'must be positive'))),
  /** Replaces NaN and infinities before normalisation; in `units`. */
  nodataReplacement: Finite,
});

const COMMON = {
  schemaVersion: v.literal(MODEL_SCHEMA_VERSION),
  name: Name,
  version: v.string(),
  description: v.string(),
  inputs: v.pipe(v.array(ModelInputSchema), v.minLength(1, 'must list at least one input')),
  /** Names of the time steps, in the model's order. */
  phases: v.pipe(v.array(Name), v.minLength(1, 'must name at least one phase')),
  /** The inputs that must have data for a pixel to be valid. */
  validity: v.union([
    v.literal('all'),
    v.pipe(v.array(v.object({ input: Name, phase: v.optional(Name) })), v.minLength(1, 'must not be empty')),
  ]),
  chip: v.object({
    size: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(4096)),
    stride: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  provenance: AnyRecord,
  licence: v.string(),
  /** Uses that the model is not suited for. */
  limitations: v.string(),
};

/** The model file of a segmentation. */
export const SegmentationSpecSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The name of the ONNX output: logits (chip, class, y, x) at the chip's size. */
    name: Name,
    classes: v.pipe(v.array(v.object({ name: Name, colour: Colour })), v.minLength(2), v.maxLength(255)),
  }),
  /**
   * Files of a model in two graphs, for models that merge phases after the encoder. The encoder takes each input of one
   * phase as (chip, band, y, x) and returns `features` (chip, …); the decoder takes them as (chip, phase, …). If absent,
   * the model is one graph, `model.onnx`.
   */
  phaseGraphs: v.optional(v.object({ encoder: GraphFile, decoder: GraphFile })),
});

/** The model file of an encoder. */
export const EmbeddingSpecSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The name of the ONNX output: (chip, token, channel), tokens row by row from the chip's upper left corner. */
    name: Name,
    tokens: v.pipe(v.number(), v.integer(), v.minValue(1)),
    channels: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
});

/** An input of a model: its bands, units and statistics. */
export type ModelInput = v.InferOutput<typeof ModelInputSchema>;
/** The document `model.json` of a model that classifies pixels. */
export type SegmentationSpec = v.InferOutput<typeof SegmentationSpecSchema>;
/** The document `model.json` of an encoder, which returns embeddings. */
export type EmbeddingSpec = v.InferOutput<typeof EmbeddingSpecSchema>;
/** The document `model.json` of a model of either kind. */
export type ModelSpec = SegmentationSpec | EmbeddingSpec;

/** Checks a `model.json` of either kind. @param name the file, for messages */
export function parseModelSpec(document: unknown, name: string): ModelSpec {
  const { output } = validate(v.looseObject({ output: v.looseObject({}) }), document, name);
  const spec: ModelSpec =
    'tokens' in output
      ? validateStrictly(EmbeddingSpecSchema, document, name)
      : validateStrictly(SegmentationSpecSchema, document, name);
  requireConsistent(spec, name);
  return spec;
}

/** Checks that span several members, which the schema cannot express. */
function requireConsistent(spec: ModelSpec, name: string): void {
  for (const { name: input, mean, std, bands } of spec.inputs) {
    if (mean.length === bands.length && std.length === bands.length) continue;
    const given = `${mean.length} means and ${std.length} standard deviations`;
    const problem = `gives input ${input} ${given} for ${bands.length} bands`;
    throw invalidInput(name, problem, 'give one of each a band');
  }
  requireDistinct(name, 'input', namesOf(spec.inputs));
  requireDistinct(name, 'phase', spec.phases);
  if ('classes' in spec.output) requireDistinct(name, 'class', namesOf(spec.output.classes));
  if (spec.chip.stride > spec.chip.size) {
    const problem = 'has a chip stride above the chip size, which leaves gaps';
    throw invalidInput(name, problem, 'give a smaller stride');
  }
  if (spec.validity !== 'all') {
    for (const { input, phase } of spec.validity) {
      const known = spec.inputs.some((candidate) => candidate.name === input);
      if (!known || (phase !== undefined && !spec.phases.includes(phase))) {
        const problem = `has a validity rule for ${input} ${phase ?? ''}, which it does not have`;
        throw invalidInput(name, problem, 'correct it');
      }
    }
  }
}

function namesOf(members: readonly { readonly name: string }[]): string[] {
  return members.map(({ name }) => name);
}

function requireDistinct(file: string, kind: string, names: readonly string[]): void {
  const duplicate = names.find((each, k) => names.indexOf(each) < k);
  if (duplicate !== undefined)
    throw invalidInput(file, `names the ${kind} ${duplicate} twice`, 'give each a name of its own');
}

/** The number of time steps of an input: the number of phases, or 1 for a static input. */
export function timeSteps(spec: ModelSpec, input: ModelInput): number {
  return input.kind === 'static' ? 1 : spec.phases.length;
}

/** The shape of an input's tensor: (chip, band, y, x), or (chip, band, phase, y, x) for more than one time step. */
export function inputShape(spec: ModelSpec, input: ModelInput, batch: number): number[] {
  const { size } = spec.chip;
  const time = timeSteps(spec, input) > 1 ? [timeSteps(spec, input)] : [];
  return [batch, input.bands.length, ...time, size, size];
}

/** The shape of the output for one chip: (class, y, x), or (token, channel) for embeddings. */
export function answerShape({ output, chip }: ModelSpec): number[] {
  if ('tokens' in output) return [output.tokens, output.channels];
  return [output.classes.length, chip.size, chip.size];
}

/** Whether a pixel is valid only where an input has data in a phase (undefined for static inputs). */
export function decidesValidity(spec: ModelSpec, input: ModelInput, phase: string | undefined): boolean {
  if (spec.validity === 'all') return true;
  return spec.validity.some(
    (rule) =>
      rule.input === input.name && (rule.phase === undefined || phase === undefined || rule.phase === phase),
  );
}
