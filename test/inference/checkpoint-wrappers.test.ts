/** Weights in wrappers, averaged weights beside others, and checkpoints in several files. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CheckpointOptions, openCheckpoint } from '../../src/inference/checkpoint/index.js';
import { checkpointFiles, openCheckpointFile } from '../../src/inference/node/checkpoint-file.js';
import { MemorySource } from '../../src/io/index.js';
import { importModel } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { pickle, torchFile } from '../support/pickle.js';
import { smallFloodTensors, type Tensors, writeSafetensors } from '../support/terramind.js';

const { dictionary, storage, tensor, integer } = pickle;
const floats = storage('FloatStorage', 4);
/** Two of the four values of the file's only storage. */
const trained = tensor(floats, 0, [2], [1]);
const averaged = tensor(floats, 2, [2], [1]);
const VALUES = new Uint8Array(Float32Array.from([1, 2, 3, 4]).buffer);

async function read(value: string, options: CheckpointOptions = {}) {
  await using checkpoint = await openCheckpoint(new MemorySource(torchFile(value, VALUES), 'a.pt'), options);
  const names = [...checkpoint.tensors.keys()];
  const values = await Promise.all(names.map((name) => checkpoint.readFloat32(name)));
  return { leavesEma: checkpoint.leavesEma, tensors: names.map((name, k) => [name, ...values[k]]) };
}

describe('weights in wrappers', () => {
  it.each(['state_dict', 'model_state_dict', 'model', 'module'])('are found under %s', async (key) => {
    const file = dictionary({ epoch: integer(3), [key]: dictionary({ 'conv.weight': trained }) });
    expect((await read(file)).tensors).toEqual([['conv.weight', 1, 2]]);
  });

  it('are found in a wrapper of a wrapper, and at the root', async () => {
    const inner = dictionary({ w: trained });
    expect((await read(dictionary({ model: dictionary({ state_dict: inner }) }))).tensors).toEqual([
      ['w', 1, 2],
    ]);
    expect((await read(dictionary({ w: trained, model: integer(1) }))).tensors).toEqual([['w', 1, 2]]);
  });

  it.each(['state_dict_ema', 'model_ema', 'ema_state_dict', 'ema', 'ema_model'])(
    'are the trained ones, or those of %s',
    async (key) => {
      const file = dictionary({
        model: dictionary({ w: trained }),
        [key]: dictionary({ state_dict: dictionary({ w: averaged }) }),
      });
      expect(await read(file)).toEqual({ leavesEma: true, tensors: [['w', 1, 2]] });
      expect(await read(file, { weights: 'ema' })).toEqual({ leavesEma: false, tensors: [['w', 3, 4]] });
    },
  );

  it.each(['ema_model.', 'model_ema.module.', 'module.ema.'])(
    'are told apart by the prefix %s',
    async (prefix) => {
      const file = dictionary({ state_dict: dictionary({ w: trained, [`${prefix}w`]: averaged }) });
      expect(await read(file)).toEqual({ leavesEma: true, tensors: [['w', 1, 2]] });
      expect(await read(file, { weights: 'ema' })).toEqual({ leavesEma: false, tensors: [['w', 3, 4]] });
      const alone = dictionary({ [`${prefix}w`]: averaged });
      expect(await read(alone)).toEqual({ leavesEma: false, tensors: [['w', 3, 4]] });
    },
  );

  it('refuses averaged weights that are not there, and dictionaries that are too deep', async () => {
    await expect(read(dictionary({ w: trained }), { weights: 'ema' })).rejects.toThrow(
      'weights cannot be ema: a.pt holds no averaged weights; leave it out.',
    );
    let deep = dictionary({ w: trained });
    for (let k = 0; k < 5; k++) deep = dictionary({ model: deep });
    await expect(read(deep)).rejects.toThrow('a.pt holds no tensors by name');
  });
});

describe('a checkpoint in several files', async () => {
  const folder = join(await temporaryFolder(), 'sharded');
  await mkdir(folder);
  const tensors = smallFloodTensors();
  const half = Math.floor(Object.keys(tensors).length / 2);
  const shards: Tensors[] = [0, 1].map((part) =>
    Object.fromEntries(Object.entries(tensors).slice(part * half, part === 0 ? half : undefined)),
  );
  const file = (part: number): string => `model-0000${part + 1}-of-00002.safetensors`;
  for (const [part, shard] of shards.entries()) await writeSafetensors(join(folder, file(part)), shard);
  const map = Object.fromEntries(
    shards.flatMap((shard, part) => Object.keys(shard).map((name) => [name, file(part)])),
  );
  const index = join(folder, 'model.safetensors.index.json');
  await writeFile(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }));
  const whole = await writeSafetensors(join(folder, '..', 'whole.safetensors'), tensors);

  it('has the tensors of all', async () => {
    await using joined = await openCheckpointFile(index);
    await using one = await openCheckpointFile(whole);
    expect([...joined.tensors.keys()].sort()).toEqual([...one.tensors.keys()].sort());
    for (const name of ['model.head.head.2.weight', Object.keys(tensors)[0]]) {
      expect(await joined.readFloat32(name)).toEqual(await one.readFloat32(name));
    }
    await expect(joined.readFloat32('other')).rejects.toThrow(/index\.json has no tensor other/);
  });

  it('becomes the same graph as one file, from its folder too', async () => {
    const options = { chip: 32, statistics: 'impactmesh-flood' };
    const outputs = await Promise.all(
      [whole, folder].map(async (checkpoint, k) => {
        const output = join(folder, '..', `model-${k}`);
        return { ...(await importModel({ ...options, checkpoint, output })), output };
      }),
    );
    const [one, joined] = await Promise.all(
      outputs.map(({ output }) => readFile(join(output, 'model.onnx'))),
    );
    expect(Buffer.compare(one, joined)).toBe(0);
    expect(outputs[1].spec.name).toBe('model');
    // The hash is of the index and its files, in the order of their names.
    const hash = createHash('sha256');
    const files = await checkpointFiles(index);
    expect(files).toEqual([index, join(folder, file(0)), join(folder, file(1))]);
    for (const path of files) hash.update(await readFile(path));
    expect(outputs[1].sha256).toBe(hash.digest('hex'));
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a tensor that its file lacks',
      { ...map, more: file(0) },
      /lists more in model-00001.*, which lacks it/,
    ],
    ['a file elsewhere', { w: '../other.safetensors' }, /must be the name of a file in the same folder/],
    ['a file that is missing', { w: 'other.safetensors' }, /other\.safetensors does not exist/],
    ['no tensors', {}, /lists no tensors/],
    ['no map', undefined, /weight_map: is missing/],
  ])('refuses %s', async (_, weights, message) => {
    const path = join(folder, 'odd.safetensors.index.json');
    await writeFile(path, JSON.stringify({ weight_map: weights }));
    await expect(openCheckpointFile(path)).rejects.toThrow(message);
  });

  it('has no averaged weights', async () => {
    await expect(openCheckpointFile(index, { weights: 'ema' })).rejects.toThrow(
      /weights cannot be ema for a checkpoint in several files/,
    );
  });
});
