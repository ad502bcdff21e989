/** Checkpoints in several files: a JSON index says which tensor is in which. */
import * as v from 'valibot';
import { invalidInput, TerrachipError } from '../../errors.js';
import { dictionary, parseJson, validate } from '../../json.js';
import { Resource } from '../../resource.js';
import type { Checkpoint, CheckpointTensor } from './checkpoint.js';
import { isAveraged } from './choice.js';

/** `model.safetensors.index.json`, as Hugging Face writes it. */
const IndexSchema = v.object({
  weight_map: dictionary(
    v.string(),
    v.pipe(v.string(), v.regex(/^[\w-][\w. -]{0,200}$/, 'must be the name of a file in the same folder')),
  ),
});

/** Names of the files of an index, by tensor. @param name of the index, for messages @throws INVALID_INPUT */
export function readIndex(text: string, name: string): ReadonlyMap<string, string> {
  const index = new Map(Object.entries(validate(IndexSchema, parseJson(text, name), name).weight_map));
  if (index.size === 0) throw invalidInput(name, 'lists no tensors', 'get the file again');
  return index;
}

/** The trained tensors of several checkpoints. Disposing of it disposes of them. */
export class JoinedCheckpoint extends Resource implements Checkpoint {
  readonly format = 'safetensors';
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly leavesEma: boolean;

  /**
   * @param name of the index
   * @param parts checkpoints by the names of their files
   * @throws {TerrachipError} INVALID_INPUT for a tensor that its file lacks
   */
  constructor(
    readonly name: string,
    private readonly index: ReadonlyMap<string, string>,
    private readonly parts: ReadonlyMap<string, Checkpoint>,
  ) {
    super();
    const tensors = new Map<string, CheckpointTensor>();
    for (const [tensor, file] of index) {
      const found = parts.get(file)?.tensors.get(tensor);
      if (found !== undefined) tensors.set(tensor, found);
      else if (!isAveraged(tensor)) {
        throw invalidInput(name, `lists ${tensor} in ${file}, which lacks it`, 'get the files again');
      }
    }
    this.tensors = tensors;
    this.leavesEma = tensors.size < index.size;
  }

  async readFloat32(tensor: string, signal?: AbortSignal): Promise<Float32Array> {
    const part = this.parts.get(this.index.get(tensor) ?? '');
    if (part !== undefined) return part.readFloat32(tensor, signal);
    throw new TerrachipError('NOT_FOUND', `${this.name} has no tensor ${tensor}`, 'check its names', {
      source: this.name,
    });
  }

  async dispose(): Promise<void> {
    for (const part of this.parts.values()) await part.dispose();
  }
}
