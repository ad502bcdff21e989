/** What graphs must have in common with their manifest, whatever runs them. */
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import type { EmbeddingManifest, ModelManifest } from './manifest.js';

/** @throws {TerrachipError} INVALID_INPUT when a graph's inputs are others, or its output is missing */
export function checkNames(
  name: string,
  wanted: { readonly inputs: readonly string[]; readonly output: string },
  has: { readonly inputNames: readonly string[]; readonly outputNames: readonly string[] },
): void {
  const [inputs, found] = [[...wanted.inputs].sort(), [...has.inputNames].sort()];
  if (inputs.join() !== found.join()) {
    throw invalidInput(
      name,
      `has the inputs ${found.join(', ')}, its manifest ${inputs.join(', ')}`,
      'correct model.json',
    );
  }
  if (!has.outputNames.includes(wanted.output)) {
    throw invalidInput(
      name,
      `has no output ${wanted.output}, but ${has.outputNames.join(', ')}`,
      'correct model.json',
    );
  }
}

/**
 * The shape that a model's logits must have.
 * @throws {TerrachipError} INVALID_INPUT for any other answer
 */
export function checkLogits(
  manifest: ModelManifest,
  batch: number,
  answer: { readonly type: string; readonly dims: readonly number[] },
): readonly number[] {
  const { size } = manifest.chip;
  const expected = [batch, manifest.output.classes.length, size, size];
  if (answer.type === 'float32' && answer.dims.join() === expected.join()) return expected;
  throw invalidInput(
    manifest.name,
    `answers with ${answer.type} (${answer.dims.join(', ')}), not float32 (${expected.join(', ')})`,
    'correct model.json or the model',
  );
}

/** @throws {TerrachipError} INVALID_INPUT for an encoder that does not answer with one set of features an image */
export function checkFeatures(
  manifest: ModelManifest | EmbeddingManifest,
  answer: { readonly type: string; readonly dims: readonly number[] },
): void {
  if (answer.type === 'float32' && answer.dims[0] === 1 && answer.dims.length >= 2) return;
  throw invalidInput(
    manifest.name,
    `has an encoder that answers one image with ${answer.type} (${answer.dims.join(', ')})`,
    'check the encoder',
  );
}

/** What a runtime says of a batch that it could not run, as an error of ours. */
export function batchFailure(manifest: ModelManifest, batch: number, cause: unknown): TerrachipError {
  if (cause instanceof TerrachipError) return cause;
  return new TerrachipError(
    'INVALID_INPUT',
    `the model ${manifest.name} failed on a batch of ${batch} chips (${messageOf(cause).split('\n')[0]})`,
    'check that model.json describes model.onnx',
    { source: manifest.name },
    { cause },
  );
}
