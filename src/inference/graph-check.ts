/** What graphs must have in common with a model's specification, whatever runs them. */
import { invalidInput, messageOf, type TerrachipError } from '../errors.js';
import type { ModelGraph } from './model-graph.js';
import type { ModelSpec } from './model-spec.js';

/** @throws {TerrachipError} INVALID_INPUT when a graph's inputs are others, or its output is missing */
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

/** @throws {TerrachipError} INVALID_INPUT for an answer of another shape than the specification says */
export function checkAnswer(
  { name }: ModelSpec,
  expected: readonly number[],
  found: readonly number[],
): void {
  if (found.join() === expected.join()) return;
  const problem = `answers with (${found.join(', ')}), not (${expected.join(', ')})`;
  throw invalidInput(name, problem, 'correct model.json or the model');
}

/** @throws {TerrachipError} INVALID_INPUT for an encoder that does not answer with one set of features an image */
export function checkFeatures({ name }: ModelSpec, found: readonly number[]): void {
  if (found[0] === 1 && found.length >= 2) return;
  const problem = `has an encoder that answers one image with (${found.join(', ')})`;
  throw invalidInput(name, problem, 'check the encoder');
}

/** The problem with a graph's output of another type. */
export function notFloat32(graph: string, output: string, type: string): TerrachipError {
  return invalidInput(graph, `gives ${output} as ${type}, not float32`, 'correct the model');
}

/** What a runtime says of a batch that it could not run, as an error of ours. */
export function batchFailure(graph: string, batch: number, cause: unknown): TerrachipError {
  return invalidInput(
    graph,
    `fails on a batch of ${batch} (${messageOf(cause).split('\n')[0]})`,
    'check that model.json describes it',
    cause,
  );
}
