/** `model.json`: what a model wants, what it says, and where it comes from. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { AnyRecord, validate, validateStrictly } from '../json.js';
import { UNITS } from '../raster/units.js';

const MODEL_SCHEMA_VERSION = 1;

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
  /** `temporal`: one image a phase. `static`: one image for all. */
  kind: v.picklist(['temporal', 'static']),
  /** Normalisation a band, in `units`. */
  mean: v.array(Finite),
  std: v.array(v.pipe(Finite, v.gtValue(0, 'must be positive'))),
  /** What NaN and infinities become, in `units`, before normalising. */
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
  /** Which inputs must have data for a pixel to be valid: all of them, or a list. */
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
  /** What the model is not for. */
  limitations: v.string(),
};

/** @internal for the schemas of documents */
export const ModelManifestSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The name of the ONNX output: logits (chip, class, y, x) at the chip's size. */
    name: Name,
    classes: v.pipe(v.array(v.object({ name: Name, colour: Colour })), v.minLength(2), v.maxLength(255)),
  }),
  /**
   * Files of a model in two graphs, where phases meet only behind the encoder. The encoder takes each input as (chip,
   * band, y, x) in one phase, and gives `features` (chip, …); the decoder takes them as (chip, phase, …). Absent: one
   * graph, `model.onnx`.
   */
  phaseGraphs: v.optional(v.object({ encoder: GraphFile, decoder: GraphFile })),
});

/** @internal */
export const EmbeddingManifestSchema = v.object({
  ...COMMON,
  output: v.object({
    /** The name of the ONNX output: (chip, token, channel), tokens row by row from the chip's upper left corner. */
    name: Name,
    tokens: v.pipe(v.number(), v.integer(), v.minValue(1)),
    channels: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
});

export type ModelInput = v.InferOutput<typeof ModelInputSchema>;
export type ModelManifest = v.InferOutput<typeof ModelManifestSchema>;
/** Of an encoder alone: a model that says what chips are like instead of what is in them. */
export type EmbeddingManifest = v.InferOutput<typeof EmbeddingManifestSchema>;

/** Checks a `model.json`. @param name the file, for messages */
export function parseModelManifest(document: unknown, name: string): ModelManifest {
  return checked(validateStrictly(ModelManifestSchema, document, name), name);
}

/** Checks the `model.json` of an encoder. @param name the file, for messages */
function parseEmbeddingManifest(document: unknown, name: string): EmbeddingManifest {
  return checked(validateStrictly(EmbeddingManifestSchema, document, name), name);
}

/** Checks a `model.json` of either kind. @param name the file, for messages */
export function parseManifest(document: unknown, name: string): ModelManifest | EmbeddingManifest {
  const { output } = validate(v.looseObject({ output: v.looseObject({}) }), document, name);
  return 'tokens' in output ? parseEmbeddingManifest(document, name) : parseModelManifest(document, name);
}

/** What a schema cannot say. */
function checked<Manifest extends ModelManifest | EmbeddingManifest>(
  manifest: Manifest,
  name: string,
): Manifest {
  for (const input of manifest.inputs) {
    if (input.mean.length !== input.bands.length || input.std.length !== input.bands.length) {
      throw invalidInput(
        name,
        `gives input ${input.name} ${input.mean.length} means and ${input.std.length} standard deviations for ${input.bands.length} bands`,
        'give one of each a band',
      );
    }
  }
  requireDistinct(
    name,
    'input',
    manifest.inputs.map((input) => input.name),
  );
  requireDistinct(name, 'phase', manifest.phases);
  if ('classes' in manifest.output) {
    requireDistinct(
      name,
      'class',
      manifest.output.classes.map((each) => each.name),
    );
  }
  if (manifest.chip.stride > manifest.chip.size) {
    throw invalidInput(
      name,
      'has a chip stride above the chip size, which leaves gaps',
      'give a smaller stride',
    );
  }
  if (manifest.validity !== 'all') {
    for (const { input, phase } of manifest.validity) {
      const known = manifest.inputs.some((candidate) => candidate.name === input);
      if (!known || (phase !== undefined && !manifest.phases.includes(phase))) {
        throw invalidInput(
          name,
          `has a validity rule for ${input} ${phase ?? ''}, which it does not have`,
          'correct it',
        );
      }
    }
  }
  return manifest;
}

/** What is found by its name must have one of its own. */
function requireDistinct(name: string, what: string, names: readonly string[]): void {
  const twice = names.find((each, k) => names.indexOf(each) < k);
  if (twice !== undefined)
    throw invalidInput(name, `names the ${what} ${twice} twice`, 'give each a name of its own');
}

/** Time steps of one input: the model's phases, or one for a static input. */
export function timeSteps(manifest: ModelManifest | EmbeddingManifest, input: ModelInput): number {
  return input.kind === 'static' ? 1 : manifest.phases.length;
}

/** The shape of an input's tensor: (chip, band, y, x), with time before y where a model sees several phases. */
export function inputShape(
  manifest: ModelManifest | EmbeddingManifest,
  input: ModelInput,
  batch: number,
): number[] {
  const { size } = manifest.chip;
  const time = timeSteps(manifest, input) > 1 ? [timeSteps(manifest, input)] : [];
  return [batch, input.bands.length, ...time, size, size];
}

/** Whether an input's data in a phase (undefined for static) decides on the validity of a pixel. */
export function decidesValidity(
  manifest: ModelManifest | EmbeddingManifest,
  input: ModelInput,
  phase: string | undefined,
): boolean {
  if (manifest.validity === 'all') return true;
  return manifest.validity.some(
    (rule) =>
      rule.input === input.name && (rule.phase === undefined || phase === undefined || rule.phase === phase),
  );
}
