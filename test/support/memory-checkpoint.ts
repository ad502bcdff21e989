import type { Checkpoint, CheckpointTensor } from '../../src/inference/checkpoint/index.js';
import { Resource } from '../../src/resource.js';

/** Tensors in memory. */
export class MemoryCheckpoint extends Resource implements Checkpoint {
  readonly name = 'memory';
  readonly format = 'safetensors';
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly #values: ReadonlyMap<string, Float32Array>;

  constructor(tensors: Record<string, { shape: readonly number[]; values: Float32Array }>) {
    super();
    const entries = Object.entries(tensors);
    this.tensors = new Map(entries.map(([name, { shape }]) => [name, { name, dtype: 'float32', shape }]));
    this.#values = new Map(entries.map(([name, { values }]) => [name, values]));
  }

  async readFloat32(name: string): Promise<Float32Array> {
    const values = this.#values.get(name);
    if (values === undefined) throw new Error(`no tensor ${name}`);
    return values.slice();
  }

  async dispose(): Promise<void> {}
}
