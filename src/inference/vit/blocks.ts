/** Checks of an encoder's tensors that the graph builder does not make. */
import { invalidInput } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import { listed } from './weights.js';

/**
 * The number of blocks. All must have the same tensors: biases are optional, but only for all blocks at once.
 * @param prefix of the names of all blocks, which goes before their numbers
 * @throws {TerrachipError} INVALID_INPUT for a block that lacks a tensor of another block
 */
export function countBlocks(checkpoint: Checkpoint, prefix: string): number {
  const blocks = new Set<string>();
  const parts = new Set<string>();
  for (const name of checkpoint.tensors.keys()) {
    if (!name.startsWith(prefix)) continue;
    const [, block, part] =
      name
        .slice(prefix.length)
        .match(/^(\d{1,4})\.((?:norm[12]|attn\.(?:qkv|proj)|mlp\.fc[123])\.(?:weight|bias))$/) ?? [];
    if (block === undefined) continue;
    blocks.add(block);
    parts.add(part);
  }
  const missing: string[] = [];
  for (let block = 0; block < blocks.size; block++) {
    for (const part of parts) {
      const name = `${prefix}${block}.${part}`;
      if (!checkpoint.tensors.has(name)) missing.push(name);
    }
  }
  if (missing.length === 0) return blocks.size;
  const problem = `holds no ${listed(missing, ' and no ')}, which another block has`;
  throw invalidInput(checkpoint.name, problem, 'give a complete checkpoint of the model');
}

/**
 * Checks that position embeddings form a square grid, which interpolation to other grids needs.
 * @throws {TerrachipError} INVALID_INPUT
 */
export function requireSquare(checkpoint: Checkpoint, name: string): void {
  const shape = checkpoint.tensors.get(name)?.shape ?? [];
  const side = Math.sqrt(shape[1] ?? 0);
  if (shape.length === 3 && Number.isInteger(side) && side >= 1) return;
  const problem = `has ${name} with the shape (${shape.join(', ')}), not (1, a square number, width)`;
  throw invalidInput(checkpoint.name, problem, 'give a complete checkpoint of the model');
}
