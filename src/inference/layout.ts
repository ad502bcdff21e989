/** The axes and channels of graphs, and those of terrachip: (chip, band, phase, y, x) in, (chip, class, y, x) out. */
import { invalidInput } from '../errors.js';
import {
  channelsOf,
  type EmbeddingSpec,
  type InputLayout,
  inputLayout,
  type MapSpec,
  type ModelInput,
  type ModelSpec,
  type SegmentationSpec,
  timeSteps,
} from './model-spec.js';

/** Whether a graph takes an input as it is cut: bands first, and each band's phases together. */
export function isPlainInput(spec: ModelSpec, input: ModelInput): boolean {
  const layout = inputLayout(spec, input);
  return layout === 'NCTHW' || (layout === 'NCHW' && timeSteps(spec, input) === 1);
}

/** Order of the axes in memory, the slowest first; without T, phases are channels, date by date. */
const ORDER: Readonly<Record<InputLayout, string>> = {
  NCHW: 'TCP',
  NHWC: 'PTC',
  NCTHW: 'CTP',
  NTCHW: 'TCP',
  NTHWC: 'TPC',
};

/** Copies chips, (chip, band, phase, y · x), into the order of a layout. */
export function arrangeChips(
  values: Float32Array,
  spec: ModelSpec,
  input: ModelInput,
): Float32Array<ArrayBuffer> {
  const lengths = { C: input.bands.length, T: timeSteps(spec, input), P: spec.chip.size ** 2 };
  const order = [...ORDER[inputLayout(spec, input)]] as (keyof typeof lengths)[];
  const chip = lengths.C * lengths.T * lengths.P;
  // The distance in the result between neighbours along each axis.
  const strides = { C: 1, T: 1, P: 1 };
  let stride = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = stride;
    stride *= lengths[axis];
  }
  const result = new Float32Array(values.length);
  for (let from = 0, start = 0; start < values.length; start += chip) {
    for (let c = 0; c < lengths.C; c++) {
      for (let t = 0; t < lengths.T; t++) {
        let to = start + c * strides.C + t * strides.T;
        for (let p = 0; p < lengths.P; p++, to += strides.P) result[to] = values[from++];
      }
    }
  }
  return result;
}

/**
 * Brings the output of an encoder into (chip, token, channel).
 * @returns null for a shape that does not fit the specification
 */
export function adaptTokens(
  { output }: EmbeddingSpec,
  values: Float32Array,
  shape: readonly number[],
): Float32Array<ArrayBuffer> | null {
  const { tokens, channels, layout = 'NTC', classTokens = 0 } = output;
  const [batch, first, second, third] = shape;
  const fits = {
    NTC: shape.length === 3 && first === tokens + classTokens && second === channels,
    NC: shape.length === 2 && tokens === 1 && first === channels,
    NCHW: shape.length === 4 && first === channels && second * third === tokens,
  };
  if (!fits[layout]) return null;
  const result = new Float32Array(batch * tokens * channels);
  const chip = values.length / batch;
  const [tokenStep, channelStep] = layout === 'NCHW' ? [1, tokens] : [channels, 1];
  for (let k = 0, to = 0; k < batch; k++) {
    for (let token = 0; token < tokens; token++) {
      const from = k * chip + (token + classTokens) * tokenStep;
      for (let c = 0; c < channels; c++) result[to++] = values[from + c * channelStep];
    }
  }
  return result;
}

/** A graph's output for a batch. */
export interface Answer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Whether the graph gives whole numbers, which are classes. */
  readonly whole: boolean;
}

/** Whether softmax of the session's answers gives the probabilities of the classes. */
export function takesSoftmax({ output }: ModelSpec, whole: boolean): boolean {
  return 'classes' in output && output.task !== 'multilabel' && output.activation !== 'none' && !whole;
}

/** Whether an output is (chip, class, y, x) at the chip's size, with a channel for each class. */
export function isPlainAnswer(
  spec: MapSpec,
  batch: number,
  { shape, whole }: Omit<Answer, 'values'>,
): boolean {
  const { output, chip } = spec;
  const planes = [batch, channelsOf(output), chip.size, chip.size].join();
  const isUsed =
    !whole && !appliesSigmoid(output) && !('activation' in output && output.activation === 'sigmoid');
  return shape.join() === planes && output.layout !== 'NHWC' && isUsed;
}

/** Whether an output has a single channel. */
export function isOneChannel({ output }: MapSpec, shape: readonly number[]): boolean {
  return shape.length === 3 || (output.layout === 'NHWC' ? shape[3] : shape[1]) === 1;
}

/** Whether an output gets a sigmoid for each of its channels, unless it is whole numbers. */
export function appliesSigmoid(output: MapSpec['output']): boolean {
  return 'classes' in output && output.task === 'multilabel' && output.activation !== 'none';
}

/**
 * Brings an output into (chip, class, y, x) at the chip's size. One channel becomes two classes: logits 0 and z, or
 * probabilities 1 − p and p. Whole numbers become probabilities 0 and 1. A smaller output is resampled bilinearly, with
 * pixel centres aligned.
 * @throws {TerrachipError} INVALID_INPUT for a shape or an activation that does not fit the specification
 */
export function adaptAnswer(spec: MapSpec, batch: number, answer: Answer): Float32Array<ArrayBuffer> {
  const { output, chip } = spec;
  const axes = axesOf(spec, batch, answer.shape);
  const planes = enlarged(answer, axes, batch, chip.size);
  if (axes.channels < channelsOf(output)) return spread(spec, planes, answer.whole);
  if ('classes' in output) checkActivation(spec, output, axes.channels);
  if (answer.whole) requireShares(spec, planes);
  else if (appliesSigmoid(output)) for (const [k, z] of planes.entries()) planes[k] = 1 / (1 + Math.exp(-z));
  return planes;
}

/** @throws {TerrachipError} INVALID_INPUT for a sigmoid of classes that exclude each other, or a softmax of others */
function checkActivation(
  { name }: MapSpec,
  { task, activation }: SegmentationSpec['output'],
  channels: number,
): void {
  const excludes = task !== 'multilabel';
  if (activation !== (excludes ? 'sigmoid' : 'softmax')) return;
  const which = excludes ? 'that exclude each other' : 'that do not exclude each other';
  throw invalidInput(
    name,
    `has a ${activation} for ${channels} classes ${which}`,
    excludes
      ? 'set `output.task` to "multilabel", or `output.activation` to "softmax"'
      : 'set `output.activation` to "sigmoid" or "none", or leave `output.task` out',
  );
}

/** @throws {TerrachipError} INVALID_INPUT for whole numbers of each class that are neither 0 nor 1 */
function requireShares({ name, output }: MapSpec, planes: Float32Array): void {
  const other = 'classes' in output ? planes.find((value) => value !== 0 && value !== 1) : undefined;
  if (other === undefined) return;
  const problem = `returns whole numbers for each class, such as ${other}, which are no probabilities`;
  throw invalidInput(name, problem, 'give a model that returns logits or probabilities as float32');
}

/** The lengths of an output's axes. */
interface Axes {
  readonly channels: number;
  /** Rows and columns. */
  readonly side: number;
  /** Whether channels are the last axis. */
  readonly last: boolean;
}

function axesOf({ name, output, chip }: MapSpec, batch: number, shape: readonly number[]): Axes {
  const wanted = channelsOf(output);
  const layout = output.layout ?? (shape.length === 3 ? 'NHW' : 'NCHW');
  const last = layout === 'NHWC';
  const [first, a, b, c] = shape;
  const [channels, side, width] = layout === 'NHW' ? [1, a, b] : last ? [c, a, b] : [a, b, c];
  const ofOne = channels === 1 && 'classes' in output && output.task !== 'multilabel';
  const fits = first === batch && shape.length === layout.length && side === width && chip.size % side === 0;
  if (fits && (channels === wanted || ofOne)) return { channels, side, last };
  const axes = layout === 'NHW' ? 'y, x' : last ? `y, x, ${wanted}` : `${wanted}, y, x`;
  throw invalidInput(
    name,
    `returns the shape (${shape.join(', ')}), not (${batch}, ${axes}) for chips of ${chip.size} pixels`,
    'correct model.json or the model',
  );
}

/** Values as (chip, channel, y, x) at the chip's size. */
function enlarged(
  { values, whole }: Answer,
  { channels, side, last }: Axes,
  batch: number,
  size: number,
): Float32Array<ArrayBuffer> {
  const taps = tapsOf(side, size, whole);
  const planes = new Float32Array(batch * channels * size * size);
  const [pixelStep, rowStep] = last ? [channels, side * channels] : [1, side];
  let to = 0;
  for (let chip = 0; chip < batch; chip++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = chip * channels * side * side + channel * (last ? 1 : side * side);
      for (const row of taps) {
        const above = from + row.first * rowStep;
        const below = from + row.second * rowStep;
        for (const column of taps) {
          const left = column.first * pixelStep;
          const right = column.second * pixelStep;
          const upper = mix(values[above + left], values[above + right], column.share);
          const lower = mix(values[below + left], values[below + right], column.share);
          planes[to++] = mix(upper, lower, row.share);
        }
      }
    }
  }
  return planes;
}

const mix = (a: number, b: number, share: number): number => (share === 0 ? a : a + (b - a) * share);

/** For each pixel of the chip: the two pixels of the output around it, and the share of the second. */
function tapsOf(
  side: number,
  size: number,
  whole: boolean,
): { first: number; second: number; share: number }[] {
  return Array.from({ length: size }, (_, k) => {
    const place = Math.min(side - 1, Math.max(0, ((k + 0.5) * side) / size - 0.5));
    const first = whole ? Math.floor((k * side) / size) : Math.floor(place);
    return { first, second: Math.min(side - 1, first + 1), share: whole ? 0 : place - first };
  });
}

/** Makes the planes of all classes from one: the second of two, or numbers of classes. */
function spread(spec: MapSpec, one: Float32Array, whole: boolean): Float32Array<ArrayBuffer> {
  const { output, chip, name } = spec;
  const classes = channelsOf(output);
  const plane = chip.size ** 2;
  const planes = new Float32Array(one.length * classes);
  const activation = 'activation' in output ? output.activation : undefined;
  if (!whole && (classes > 2 || activation === 'softmax')) {
    const problem = `returns one channel for ${classes} classes, which softmax cannot tell apart`;
    throw invalidInput(name, problem, 'name two classes, or give a model with a channel for each class');
  }
  for (const [k, value] of one.entries()) {
    const to = Math.floor(k / plane) * classes * plane + (k % plane);
    if (!whole) {
      if (activation === 'none') planes[to] = 1 - value;
      planes[to + plane] = value;
    } else if (value >= 0 && value < classes) planes[to + value * plane] = 1;
    else {
      const problem = `returns the class ${value}, but has the classes 0 to ${classes - 1}`;
      throw invalidInput(name, problem, 'name all classes in model.json');
    }
  }
  return planes;
}

/** Rounding of sums of probabilities, also in half precision. */
const TOLERANCE = 2e-3;

/**
 * Whether the values of an output are between 0 and 1, and sum to 1 over its classes.
 * @param planes (chip, class, y, x) of at least one chip
 * @param isOne whether a channel needs no other, so that any sum will do: one channel, as 0 and z, or labels that do not
 * exclude each other
 */
export function areProbabilities({ output, chip }: ModelSpec, planes: Float32Array, isOne: boolean): boolean {
  if (!('classes' in output) || !planes.every((value) => value >= 0 && value <= 1)) return false;
  const classes = output.classes.length;
  const plane = chip.size ** 2;
  for (let start = 0; !isOne && start < planes.length; start += classes * plane) {
    for (let pixel = 0; pixel < plane; pixel++) {
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += planes[start + c * plane + pixel];
      if (Math.abs(sum - 1) > TOLERANCE) return false;
    }
  }
  return true;
}

/**
 * Checks that values are not yet probabilities where softmax or a sigmoid would be applied.
 * @param planes and `isOne`: as for `areProbabilities`
 * @throws {TerrachipError} INVALID_INPUT if they are
 */
export function refuseProbabilities(spec: ModelSpec, planes: Float32Array, isOne: boolean): void {
  if (!areProbabilities(spec, planes, isOne)) return;
  throw invalidInput(
    spec.name,
    `returns values from 0 to 1${isOne ? '' : ' that sum to 1 over the classes'}: they are probabilities already`,
    'set `output.activation` to "none" in model.json',
  );
}
