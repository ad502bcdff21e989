/** The inputs of an ONNX graph, as the card of a model describes them. */
import { type InputLayout, type ModelInput, type ModelSpec, tensorName } from '../../inference/model-spec.js';
import type { OnnxInfo, OnnxTensorInfo } from '../../inference/onnx/index.js';
import type { Units } from '../../raster/units.js';
import { isRecord, type OnnxMetadata, ofInput, type PerInput } from './onnx-metadata.js';
import { statisticsOf } from './onnx-statistics.js';

/** What an ONNX graph does not say about its inputs. Defaults come from `like` or the file's metadata, or are assumed. */
export interface OnnxInputOptions {
  /** Names of the bands in the order of the graph, for one input or by the name of each. */
  bands?: PerInput<readonly string[]>;
  /** The units that the model takes (default `none`: values as they are stored). */
  units?: PerInput<Units>;
  /** The mean of each band, or of all (default 0). The model sees (value · `scale` − mean) / `std`. */
  mean?: PerInput<readonly number[]>;
  /** The standard deviation of each band, or of all (default 1). */
  std?: PerInput<readonly number[]>;
  /** What values are multiplied with before `mean` and `std` (default 1). */
  scale?: number;
  /** The axes of the inputs (default: by their shapes). */
  layout?: PerInput<InputLayout>;
  /** Names of the time steps. */
  phases?: readonly string[];
}

/** What is wrong, and what was assumed, in sentences without a full stop. */
export interface Notes {
  readonly problems: string[];
  readonly assumed: string[];
}

/** The types that chips are converted to. */
const TYPES = /^(float(16|32|64)|u?int(8|16)|int(32|64))$/;

/** An input of a graph, and what its shape says. */
export interface GraphTensor {
  /** In the scene. */
  readonly name: string;
  readonly info: OnnxTensorInfo;
  readonly bands: readonly string[];
  readonly layout: InputLayout;
  /** The input of the model that `like` names. */
  readonly like: ModelInput | undefined;
  /** Lengths of the axes by their letters; undefined for free ones. */
  readonly lengths: Readonly<Partial<Record<string, number>>>;
}

/** The inputs of a card, its phases, and the size of chips that the graph takes; undefined for any. */
export interface DescribedInputs {
  readonly inputs: readonly (Omit<ModelInput, 'nodataReplacement'> & Partial<ModelInput>)[];
  readonly phases: readonly string[];
  readonly size: number | undefined;
}

/** Describes the inputs of a graph. */
export function describeInputs(
  info: OnnxInfo,
  options: OnnxInputOptions,
  { metadata, like }: { metadata: OnnxMetadata; like: ModelSpec | null },
  notes: Notes,
): DescribedInputs {
  const { problems } = notes;
  const names = sceneNames(info.inputs, options, like, notes);
  for (const key of ['bands', 'units', 'mean', 'std', 'layout'] as const) {
    const given = isRecord(options[key]) ? Object.keys(options[key]) : [];
    const known = [...names, ...info.inputs.map(({ name }) => name)];
    for (const name of given.filter((each) => !known.includes(each))) {
      problems.push(`\`${key}\` names ${name}, which is none of the inputs ${names.join(', ')}`);
    }
  }
  const given = options.phases ?? metadata.phases;
  const tensors = info.inputs.flatMap((each, k): GraphTensor[] => {
    const name = names[k];
    const twin = twinOf(like, name, each, k, info.inputs.length);
    const tensor = describeTensor(each, name, twin, options, metadata, notes, given ?? like?.phases);
    return tensor === null ? [] : [tensor];
  });
  const phases = phasesOf(tensors, given, like, notes);
  const inputs = tensors.map((tensor) => describeInput(tensor, phases, options, metadata, notes));
  if (phases.length > 1 && inputs.length > 0 && inputs.every(({ kind }) => kind === 'static')) {
    problems.push(`\`phases\` names ${phases.length}, but the graph takes the bands of one`);
  }
  const sizes = new Set(
    tensors.flatMap(({ lengths: { H, W } }) => [H, W].filter((side) => side !== undefined)),
  );
  if (sizes.size > 1) {
    problems.push(`the graph takes chips of ${[...sizes].join(' × ')} pixels, which are not square`);
  }
  if (options.scale !== undefined && !(options.scale > 0 && Number.isFinite(options.scale))) {
    problems.push(`\`scale\` cannot be ${options.scale}: it must be positive`);
  }
  if (info.inputs.length === 0) problems.push('the graph has no inputs');
  return { inputs, phases, size: [...sizes][0] };
}

/** Names of the scene's inputs for those of a graph. */
function sceneNames(
  inputs: readonly OnnxTensorInfo[],
  { bands }: OnnxInputOptions,
  like: ModelSpec | null,
  { assumed }: Notes,
): string[] {
  const plain = inputs.map(({ name }) => plainName(name));
  const keys = isRecord(bands) ? Object.keys(bands) : (like?.inputs.map(({ name }) => name) ?? []);
  const fits = inputs.every(({ name }, k) => keys.includes(name) || keys.includes(plain[k]));
  if (fits || keys.length !== inputs.length) return plain;
  if (keys.length > 1) {
    const pairs = keys.map((key, k) => `${key} is the graph’s ${inputs[k].name}`);
    assumed.push(`${pairs.join(', ')}, by their order (\`bands\`)`);
  }
  return keys;
}

/** The input of another model that stands for an input: by its name, by the graph's, or by its place. */
function twinOf(
  like: ModelSpec | null,
  name: string,
  { name: tensor }: OnnxTensorInfo,
  place: number,
  count: number,
): ModelInput | undefined {
  const inputs = like?.inputs ?? [];
  return (
    inputs.find((each) => each.name === name || tensorName(each) === tensor) ??
    (inputs.length === count ? inputs[place] : undefined)
  );
}

function describeTensor(
  info: OnnxTensorInfo,
  name: string,
  like: ModelInput | undefined,
  options: OnnxInputOptions,
  metadata: OnnxMetadata,
  { problems, assumed }: Notes,
  phases: readonly string[] = [],
): GraphTensor | null {
  const { shape, type } = info;
  const shown = shownOf(info);
  if (type === null || !TYPES.test(type)) {
    problems.push(`the graph takes ${shown} as ${type ?? 'something other than numbers'}, not as pixels`);
    return null;
  }
  if (shape !== null && shape.length !== 4 && shape.length !== 5) {
    problems.push(`the graph takes ${shown}, which is no image: (N, C, H, W) or one with an axis of dates`);
    return null;
  }
  const bands =
    ofInput(options.bands, name, info.name) ?? like?.bands ?? ofInput(metadata.bands, name, info.name);
  const chosen = ofInput(options.layout, name, info.name);
  const layout = chosen ?? layoutOf(shape, bands?.length, phases.length);
  if (shape !== null && layout.length !== shape.length) {
    problems.push(`\`layout\` cannot be ${layout} for ${shown}`);
    return null;
  }
  if (chosen === undefined) {
    assumed.push(`the axes of ${shown} are ${layout} (\`layout\`)`);
  }
  const lengths = Object.fromEntries(
    [...layout].map((axis, k) => [
      axis,
      typeof shape?.[k] === 'number' && shape[k] > 0 ? shape[k] : undefined,
    ]),
  );
  if (bands === undefined) {
    const count = lengths.C === undefined ? 'its bands' : `its ${lengths.C} bands`;
    problems.push(`\`bands\` is missing: the names of ${count}, in the order of ${shown}`);
    return null;
  }
  return { name, info, bands, layout, like, lengths };
}

/** A tensor's name and shape, for messages. */
export function shownOf({ name, shape }: OnnxTensorInfo): string {
  return `${name} (${shape?.map((axis) => axis || 'any').join(', ') ?? 'of any shape'})`;
}

/** The layout that fits a shape and a number of bands. */
function layoutOf(shape: OnnxTensorInfo['shape'], bands: number | undefined, phases: number): InputLayout {
  if (shape === null) return phases > 1 ? 'NCTHW' : 'NCHW';
  const [, first, second, third, last] = shape;
  if (shape.length === 5) {
    if (first === bands) return 'NCTHW';
    return second === bands ? 'NTCHW' : last === bands ? 'NTHWC' : 'NCTHW';
  }
  const isChannels = (axis: number | string): boolean =>
    bands === undefined ? typeof axis === 'number' : axis === bands || axis === bands * phases;
  const isLast = isChannels(third) && !isChannels(first);
  const looksLast = bands === undefined && third !== second && first === second;
  return isLast || looksLast ? 'NHWC' : 'NCHW';
}

const MAX_PHASES = 255;

function phasesOf(
  tensors: readonly GraphTensor[],
  given: readonly string[] | undefined,
  like: ModelSpec | null,
  { assumed, problems }: Notes,
): readonly string[] {
  const [steps] = tensors.flatMap(({ lengths: { T } }) => T ?? []);
  if (given !== undefined) {
    if (steps !== undefined && steps !== given.length && given.length > 0) {
      problems.push(`\`phases\` names ${given.length}, but the graph takes ${steps}`);
    }
    return given;
  }
  const stacks = tensors.some(({ lengths: { C }, bands, like: twin }) => {
    const times = twin?.kind === 'static' ? 1 : (like?.phases.length ?? 1);
    return times > 1 && C === bands.length * times;
  });
  if (like !== null && (steps === like.phases.length || stacks)) return like.phases;
  if (steps === undefined || steps === 1) {
    if (tensors.some(({ layout }) => layout.includes('T'))) {
      assumed.push('the model takes one date (`phases`)');
    }
    return ['scene'];
  }
  if (steps > MAX_PHASES) {
    problems.push(`the graph takes ${steps} dates, more than ${MAX_PHASES}`);
    return ['scene'];
  }
  const phases = Array.from({ length: steps }, (_, k) => `phase_${k + 1}`);
  assumed.push(`its dates are called ${phases.join(', ')}, first to last (\`phases\`)`);
  return phases;
}

function describeInput(
  tensor: GraphTensor,
  phases: readonly string[],
  options: OnnxInputOptions,
  metadata: OnnxMetadata,
  { problems, assumed }: Notes,
): DescribedInputs['inputs'][number] {
  const { name, info, bands, layout, like, lengths } = tensor;
  const channels = lengths.C ?? bands.length;
  const isStacked = !layout.includes('T') && phases.length > 1 && channels === bands.length * phases.length;
  const isStatic =
    phases.length > 1 && !isStacked && (layout.includes('T') ? lengths.T === 1 : lengths.C !== undefined);
  const kind = like?.kind ?? (isStatic ? 'static' : 'temporal');
  if (isStatic && like === undefined) assumed.push(`${name} is one image for all dates`);
  if (channels !== bands.length && !isStacked) {
    problems.push(
      `\`bands\` names ${bands.length}, but ${info.name} takes ${channels} (for dates in the channels, name \`phases\`)`,
    );
  }
  const fromOptions = ofInput(options.units, name, info.name);
  const units = fromOptions ?? like?.units ?? ofInput(metadata.units, name, info.name) ?? 'none';
  if (units === 'none' && fromOptions === undefined) {
    assumed.push(`${name} takes values as they are stored (\`units\`)`);
  }
  const statistics = statisticsOf(tensor, options, metadata, { problems, assumed });
  return { name, tensor: info.name, bands: [...bands], units, kind, layout, ...statistics };
}

/** The name of a scene's input for that of a graph: `input_1:0` becomes `input_1`. */
export function plainName(name: string): string {
  return (
    name
      .replace(/:\d+$/, '')
      .replace(/[^\w.-]+/g, '-')
      .slice(0, 64) || 'input'
  );
}
