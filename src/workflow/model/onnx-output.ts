/** The output of an ONNX graph, as the card of a model describes it. */
import type {
  Activation,
  ModelClass,
  ModelSpec,
  OutputLayout,
  RegressionSpec,
} from '../../inference/model-spec.js';
import type { OnnxInfo, OnnxTensorInfo } from '../../inference/onnx/index.js';
import type { MapTask } from '../choices.js';
import { type Notes, shownOf } from './onnx-input.js';
import type { OnnxMetadata } from './onnx-metadata.js';

/** What an ONNX graph does not say about its output. */
export interface OnnxOutputOptions {
  /** The output of the graph that is the map, where it has several. */
  outputName?: string;
  /** Default: `regression` if `values` are given, else `segmentation`. */
  task?: MapTask;
  /** What terrachip applies to the output (default: by the graph's last operator and the number of channels). */
  activation?: Activation;
  /** Names of the classes in the order of the channels (default: class_0, class_1, …). */
  classes?: readonly string[];
  /** The quantities of a regression, in the order of the channels. */
  values?: readonly { readonly name: string; readonly units?: string }[];
}

/** The output of a graph as a card describes it. */
export type DescribedOutput = Readonly<Record<string, unknown>>;

/** The output as it is declared. */
interface Declared {
  readonly info: OnnxTensorInfo;
  readonly shown: string;
  readonly lastOperator: string | null;
  readonly isWhole: boolean;
  readonly layout: OutputLayout;
  /** Undefined if the graph does not say it. */
  readonly channels: number | undefined;
}

/** A map of classes has bytes, of which one value is nodata. */
const MAX_CHANNELS = 255;

/**
 * Describes the output of a graph.
 * @param chip the size of chips
 * @param isLast whether the channels of the inputs are their last axis
 */
export function describeOutput(
  info: OnnxInfo,
  options: OnnxOutputOptions,
  { metadata, like }: { metadata: OnnxMetadata; like: ModelSpec | null },
  chip: number,
  isLast: boolean,
  notes: Notes,
): DescribedOutput | null {
  const { problems, assumed } = notes;
  const place = placeOf(info, options.outputName, problems);
  if (place === null) return null;
  const tensor = info.outputs[place];
  const { name, shape, type } = tensor;
  const shown = shownOf(tensor);
  if (type === null || !/^(float|u?int|bool)/.test(type)) {
    problems.push(`the graph gives ${shown} as ${type ?? 'something other than numbers'}`);
    return null;
  }
  const tokens = tokensOf(shape, chip);
  if (tokens !== null && options.task === undefined && options.classes === undefined) {
    const { classTokens = 0 } = tokens;
    const beside = classTokens === 0 ? '' : ', and a class token before them, which is left out';
    assumed.push(
      `${shown} are embeddings: ${tokens.tokens} tokens of ${tokens.channels} numbers${beside} (\`task\`)`,
    );
    return { name, ...tokens };
  }
  if (shape !== null && shape.length !== 3 && shape.length !== 4) {
    problems.push(`the graph gives ${shown}, which is no map: (N, C, H, W), (N, H, W, C) or (N, H, W)`);
    return null;
  }
  const liked = like?.output;
  const values = options.values ?? (liked !== undefined && 'values' in liked ? liked.values : undefined);
  const task = options.task ?? (values === undefined ? taskOf(like) : 'regression');
  const wanted = task === 'regression' ? values?.length : options.classes?.length;
  const layout = layoutOf(shape, wanted, isLast);
  const axes = [...layout];
  const length = (axis: string): number | undefined => {
    const found = shape?.[axes.indexOf(axis)];
    return typeof found === 'number' && found > 0 ? found : undefined;
  };
  for (const side of [length('H'), length('W')]) {
    if (side === undefined || chip % side === 0) continue;
    problems.push(`the graph gives ${shown}, whose ${side} pixels are no whole fraction of a chip’s ${chip}`);
    break;
  }
  const declared: Declared = {
    info: tensor,
    shown,
    lastOperator: info.lastOperators[place],
    isWhole: /^u?int|^bool/.test(type),
    layout,
    channels: layout === 'NHW' ? 1 : length('C'),
  };
  if ((declared.channels ?? 0) > MAX_CHANNELS) {
    problems.push(`the graph gives ${shown}, more than ${MAX_CHANNELS} channels`);
    return null;
  }
  if (task === 'regression') return { name, layout, task, values: valuesOf(declared, values, notes) };
  const classes = classesOf(declared, task, options.classes, { metadata, like }, notes);
  const activation = activationOf(declared, task, options.activation, classes.length, notes);
  return { name, layout, task, activation, classes };
}

function placeOf({ outputs }: OnnxInfo, wanted: string | undefined, problems: string[]): number | null {
  if (wanted === undefined && outputs.length === 1) return 0;
  const place = outputs.findIndex(({ name }) => name === wanted);
  if (place >= 0) return place;
  const what = wanted === undefined ? '`outputName` is missing' : `\`outputName\` cannot be ${wanted}`;
  problems.push(`${what}: the graph gives ${outputs.map(shownOf).join(' and ')}`);
  return null;
}

/** Tokens of an encoder: (N, token, channel) with a square number that divides a chip evenly, or a class token more. */
function tokensOf(
  shape: OnnxTensorInfo['shape'],
  chip: number,
): { tokens: number; channels: number; classTokens?: number } | null {
  if (shape?.length !== 3) return null;
  const [, tokens, channels] = shape;
  if (typeof tokens !== 'number' || typeof channels !== 'number' || tokens === channels) return null;
  const isGrid = (count: number): boolean => count > 0 && chip % Math.sqrt(count) === 0;
  if (isGrid(tokens)) return { tokens, channels };
  return isGrid(tokens - 1) ? { tokens: tokens - 1, channels, classTokens: 1 } : null;
}

function taskOf(like: ModelSpec | null): MapTask {
  return (like !== null && 'task' in like.output ? like.output.task : undefined) ?? 'segmentation';
}

function layoutOf(shape: OnnxTensorInfo['shape'], wanted: number | undefined, isLast: boolean): OutputLayout {
  if (shape === null) return isLast ? 'NHWC' : 'NCHW';
  if (shape.length === 3) return 'NHW';
  const [, first, second, last] = shape;
  if (first !== last && (first === wanted || last === wanted)) return last === wanted ? 'NHWC' : 'NCHW';
  if (typeof first === 'number' && typeof last === 'number' && first !== last) {
    return first === second ? 'NHWC' : 'NCHW';
  }
  if (typeof first !== typeof last) return typeof last === 'number' ? 'NHWC' : 'NCHW';
  return isLast ? 'NHWC' : 'NCHW';
}

function valuesOf(
  { channels, shown }: Declared,
  given: OnnxOutputOptions['values'],
  { problems, assumed }: Notes,
): RegressionSpec['output']['values'] {
  const count = channels ?? given?.length;
  if (count === undefined) problems.push(`\`values\` is missing: ${shown} does not say how many it has`);
  else if (given !== undefined && given.length !== count) {
    problems.push(`\`values\` names ${given.length}, but ${shown} has ${count} channels`);
  }
  if (given !== undefined) return given.map((value) => ({ ...value }));
  const names = count === 1 ? ['value'] : Array.from({ length: count ?? 0 }, (_, k) => `value_${k + 1}`);
  assumed.push(`its values are called ${names.join(', ')} (\`values\`)`);
  return names.map((name) => ({ name }));
}

function classesOf(
  { channels, shown, info, isWhole }: Declared,
  task: MapTask,
  given: readonly string[] | undefined,
  { metadata, like }: { metadata: OnnxMetadata; like: ModelSpec | null },
  { problems, assumed }: Notes,
): (Pick<ModelClass, 'name'> & Partial<ModelClass>)[] {
  const isOne = channels === 1 && task !== 'multilabel';
  // Class numbers in one channel may have any count.
  const count = isOne ? (isWhole && info.type !== 'bool' ? undefined : 2) : channels;
  const fits = (named: readonly unknown[] | undefined): boolean =>
    named !== undefined && (count === undefined ? named.length > 1 : named.length === count);
  if (given !== undefined) {
    if (isOne && given.length === 1) {
      assumed.push(`pixels are background or ${given[0]} (\`classes\`)`);
      return [{ name: 'background' }, { name: given[0] }];
    }
    if (!fits(given)) {
      const named = `\`classes\` names ${given.length}`;
      problems.push(
        count === undefined
          ? `${named}, where two or more are needed`
          : `${named}, but ${shown} tells ${count} apart`,
      );
    }
    return given.map((name) => ({ name }));
  }
  const liked = like !== null && 'classes' in like.output ? like.output.classes : undefined;
  if (liked !== undefined && fits(liked)) return liked.map((each) => ({ ...each }));
  if (metadata.classes !== undefined && fits(metadata.classes)) {
    return metadata.classes.map((name) => ({ name }));
  }
  if (count === undefined) {
    problems.push(`\`classes\` is missing: ${shown} does not say how many it has`);
    return [];
  }
  const names = Array.from({ length: count }, (_, k) => ({ name: `class_${k}` }));
  assumed.push(`its classes are called ${names.map(({ name }) => name).join(', ')} (\`classes\`)`);
  return names;
}

/** Operators after which values are probabilities or numbers of classes, and what they are. */
const FINAL: Readonly<Record<string, string>> = {
  Softmax: 'probabilities',
  Sigmoid: 'probabilities',
  HardSigmoid: 'probabilities',
  ArgMax: 'numbers of classes',
};

function activationOf(
  { channels, shown, info, isWhole, lastOperator }: Declared,
  task: MapTask,
  given: Activation | undefined,
  classes: number,
  { problems, assumed }: Notes,
): Activation {
  const isOne = channels === 1 && task !== 'multilabel';
  const ending = lastOperator ?? '';
  if (ending === 'ArgMax' && !isWhole && classes > 2) {
    problems.push(
      `the graph gives numbers of ${classes} classes as ${info.type}: export it without the last Cast`,
    );
  }
  if (given !== undefined) {
    if (given === 'softmax' && isOne) problems.push(`\`activation\` cannot be softmax for one channel`);
    if (given === 'sigmoid' && !isOne && task !== 'multilabel') {
      problems.push(
        '`activation` cannot be sigmoid for classes that exclude each other: set `task` to multilabel',
      );
    }
    return given;
  }
  const done = isWhole ? 'numbers of classes' : Object.hasOwn(FINAL, ending) ? FINAL[ending] : null;
  if (done !== null) {
    const why = isWhole ? `${shown} is ${info.type}` : `the graph ends in ${ending}`;
    assumed.push(`${info.name} are ${done}, since ${why} (\`activation\` none)`);
    if (ending === 'Sigmoid' && !isOne && task !== 'multilabel') {
      assumed.push('each pixel gets one class; where classes may overlap, set `task` to multilabel');
    }
    return 'none';
  }
  const activation = isOne || task === 'multilabel' ? 'sigmoid' : 'softmax';
  assumed.push(
    `${info.name} are logits${ending === '' ? '' : `, since the graph ends in ${ending}`} (\`activation\` ${activation})`,
  );
  return activation;
}
