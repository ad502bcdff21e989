import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointFile } from '../../src/inference/node/checkpoint-file.js';
import { sharedFolder } from '../support/files.js';

/** Random weights of TerraMind's architecture, saved by PyTorch; not part of this project. */
describe.skipIf(sharedFolder === null)('TerraMind checkpoints as PyTorch reads them', () => {
  it.each([
    ['micro.pt', 120, '45d8a99b5ab3c3f01265be30f83292e66d97c363ad9384825ee4098f4a1ec487'],
    ['micro_gated.pt', 108, '5d7e988c3e5db7c1a01459ca2749ba58405650b4ccad092cca7a9cd9f4187d15'],
  ])('%s', async (name, count, sha256) => {
    const path = join(sharedFolder ?? '', 'fixtures', 'terramind', name);
    const checkpoint = await openCheckpointFile(path);
    expect(checkpoint.tensors.size).toBe(count);
    // Names and float32 values, in the file's order.
    const hash = createHash('sha256');
    for (const { name: tensor, dtype } of checkpoint.tensors.values()) {
      if (dtype === 'int64') continue;
      hash.update(tensor);
      hash.update(new Uint8Array((await checkpoint.readFloat32(tensor)).buffer));
    }
    await checkpoint.close();
    expect(hash.digest('hex')).toBe(sha256);
  });
});
