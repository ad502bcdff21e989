/** Checks of ONNX graphs and their results against a model's specification. */
import { invalidInput, messageOf, type TerrachipError } from '../errors.js';
import type { ModelGraph } from './model-graph.js';
import type { ModelSpec } from './model-spec.js';

/** @throws {TerrachipError} INVALID_INPUT when a graph has other inputs, or lacks the output */
export function checkNames(
  graph: Pick<ModelGraph, 'name' | 'inputNames' | 'outputNames'>,
  wanted: { readonly inputs: readonly string[]; readonly output: string },
): void {
  const [inputs, found] = [[...wanted.inputs].sort().join(', '), [...graph.inputNames].sort().join(', ')];
  if (inputs !== found) {
    throw invalidInput(graph.name, `has the inputs ${found}, model.json ${inputs}`, 'correct model.json');
  }
  if (!graph.outputNames.includes(wanted.output)) {
    const outputs = graph.outputNames.join(', ');
    throw invalidInput(graph.name, `has no output ${wanted.output}, but ${outputs}`, 'correct model.json');
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

export function notFloat32(graph: string, output: string, type: string): TerrachipError {
  return invalidInput(graph, `returns ${output} as ${type}, not float32`, 'correct the model');
}

/** Wraps an error that the runtime threw for a batch. */
export function batchFailure(graph: string, batch: number, cause: unknown): TerrachipError {
  return invalidInput(
    graph,
    `fails on a batch of ${batch} (${messageOf(cause).split('\n')[0]})`,
    'check that model.json describes it',
    cause,
  );
}
