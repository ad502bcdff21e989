/** Checks of ONNX graphs and their results against a model's specification. */
import { invalidInput, messageOf, type TerrachipError } from '../errors.js';
import { type DeclaredTensor, declaredIn, type ModelGraph } from './model-graph.js';
import { type ModelInput, type ModelSpec, tensorName, tensorShape } from './model-spec.js';

/** @throws {TerrachipError} INVALID_INPUT when a graph has other inputs, or lacks the output */
export function checkNames(
  graph: Pick<ModelGraph, 'name' | 'inputs' | 'outputs'>,
  wanted: { readonly inputs: readonly string[]; readonly output: string },
): void {
  const namesOf = (list: readonly { name: string }[]): string =>
    list
      .map(({ name }) => name)
      .sort()
      .join(', ');
  const [inputs, found] = [[...wanted.inputs].sort().join(', '), namesOf(graph.inputs)];
  if (inputs !== found) {
    throw invalidInput(graph.name, `has the inputs ${found}, model.json ${inputs}`, 'correct model.json');
  }
  if (graph.outputs.every(({ name }) => name !== wanted.output)) {
    const problem = `has no output ${wanted.output}, but ${namesOf(graph.outputs)}`;
    throw invalidInput(graph.name, problem, 'correct model.json');
  }
}

/** The error for a result with another shape than the specification's. */
export function wrongAnswer(
  { name }: ModelSpec,
  expected: readonly number[],
  found: readonly number[],
): TerrachipError {
  const problem = `returns the shape (${found.join(', ')}), not (${expected.join(', ')})`;
  return invalidInput(name, problem, 'correct model.json or the model');
}

/** @throws {TerrachipError} INVALID_INPUT for an encoder that does not return one set of features for one image */
export function checkFeatures({ name }: ModelSpec, found: readonly number[]): void {
  if (found[0] === 1 && found.length >= 2) return;
  const problem = `has an encoder that returns the shape (${found.join(', ')}) for one image`;
  throw invalidInput(name, problem, 'check the encoder');
}

/** @throws {TerrachipError} INVALID_INPUT for an input of another shape than the specification's */
export function checkInputShape(graph: ModelGraph, spec: ModelSpec, input: ModelInput): void {
  const name = tensorName(input);
  const found = declaredIn(graph.inputs, name)?.shape ?? [];
  if (found.length === 0) return;
  const [, ...expected] = tensorShape(spec, input, 1);
  const [, ...axes] = found;
  const fits =
    axes.length === expected.length &&
    axes.every((axis, k) => typeof axis === 'string' || axis < 1 || axis === expected[k]);
  if (fits) return;
  throw invalidInput(
    graph.name,
    `takes ${name} as (${found.map((axis) => axis || 'any').join(', ')}), but model.json describes (chip, ${expected.join(', ')})`,
    'correct the bands, `layout`, `phases` or `chip.size` of model.json',
  );
}

/** @throws {TerrachipError} INVALID_INPUT when a chip has no finite value at all */
export function requireFinite(graph: string, values: Float32Array, chips: number): void {
  const length = values.length / chips;
  for (let k = 0; k < values.length; k += length) {
    if (values.subarray(k, k + length).some(Number.isFinite)) continue;
    throw invalidInput(
      graph,
      'returns NaN or infinite values for all pixels of a chip',
      'check the units, `mean` and `std` of its inputs, or give the model in float32',
    );
  }
}

/** The error for a tensor that a graph on the device of the kernels takes or returns in another type than theirs. */
export function notFloat32(graph: string, does: string, { name, type }: DeclaredTensor): TerrachipError {
  return invalidInput(
    graph,
    `${does} ${name} as ${type}, but webgpu-resident has float32 only`,
    'choose another `provider`',
  );
}

/** The most characters of a message of the runtime that an error repeats. */
const MESSAGE_LENGTH = 4000;

/** A message of the runtime on one line, without control characters: whole, or its first 4000 characters. */
export function runtimeMessage(cause: unknown): string {
  // Bounded before the replacement too, since names in a graph may be of any length.
  const text = messageOf(cause).slice(0, 2 * MESSAGE_LENGTH);
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH)}…` : line;
}

/** Wraps an error that the runtime threw for a batch. */
export function batchFailure(graph: string, batch: number, cause: unknown): TerrachipError {
  return invalidInput(
    graph,
    `fails on a batch of ${batch}, for which ONNX Runtime says: ${runtimeMessage(cause)}`,
    'check that model.json describes it',
    cause,
  );
}
