import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createBackend } from '../../src/gpu/node/index.js';
import { type ModelSession, openModel, openSession } from '../../src/inference/node/index.js';
import { openNpy } from '../../src/raster/node/index.js';
import { importModel } from '../../src/workflow/model/import.js';
import { sharedFolder, temporaryFolder } from '../support/files.js';

const SIZE = 64;
const BATCH = 2;
const PHASES = 4;
const BANDS = { S2L2A: 12, S1RTC: 2, DEM: 1 };

const fixture = (name: string): string => join(sharedFolder ?? '', 'fixtures', 'terramind', name);

async function valuesOf(name: string): Promise<Float32Array> {
  const array = await openNpy(fixture(name));
  const { data } = await array.read();
  await array.close();
  return Float32Array.from(data);
}

/** A folder of TerraMind's two graphs from its random checkpoint. */
async function importMicro(): Promise<string> {
  const output = join(await temporaryFolder(), 'model');
  await importModel({ checkpoint: fixture('micro.pt'), output, heads: 1, chip: SIZE, split: true });
  return output;
}

/** Random weights and chips for TerraMind's architecture, and PyTorch's results; not part of this project. */
describe.skipIf(sharedFolder === null)('TerraMind in two graphs', async () => {
  const backend = await createBackend({ backend: 'cpu' });
  afterAll(() => backend.dispose());
  const model = sharedFolder === null ? null : await openModel(await importMicro());

  async function run(reusePhases: boolean, inputs: Record<string, Float32Array>) {
    if (model === null) throw new Error('no data');
    const session: ModelSession = await openSession(model, { provider: 'cpu', reusePhases });
    const tensors = new Map(
      Object.entries(inputs).map(([name, values]) => [
        name,
        backend.upload(values, [BATCH, values.length / BATCH / SIZE ** 2, SIZE, SIZE]),
      ]),
    );
    const result = await session.run(backend, tensors, BATCH);
    const logits = (await backend.download(result)) as Float32Array;
    result.dispose();
    const phases = session.phases;
    await session.dispose();
    for (const tensor of tensors.values()) tensor.dispose();
    return { logits, phases };
  }

  const inputs = async (): Promise<Record<string, Float32Array>> =>
    Object.fromEntries(
      await Promise.all(
        Object.keys(BANDS).map(async (name) => [name, await valuesOf(`micro_64x64_b2_${name}.npy`)]),
      ),
    );

  it('gives PyTorch’s logits', async () => {
    const { logits, phases } = await run(true, await inputs());
    expect(logits).toBeCloseToArray(await valuesOf('micro_64x64_b2_logits.npy'), 1e-4);
    expect(phases).toEqual({ phasesEncoded: BATCH * PHASES, phasesReused: 0 });
  });

  it('encodes a post-event scene equal to the event scene only once, to the same bits', async () => {
    const chips = await inputs();
    for (const name of ['S2L2A', 'S1RTC'] as const) {
      for (let plane = 0; plane < BATCH * BANDS[name]; plane++) {
        const event = (plane * PHASES + 2) * SIZE ** 2;
        chips[name].copyWithin(event + SIZE ** 2, event, event + SIZE ** 2);
      }
    }
    const [once, each] = [await run(true, chips), await run(false, chips)];
    expect(once.phases).toEqual({ phasesEncoded: 6, phasesReused: 2 });
    expect(each.phases).toEqual({ phasesEncoded: 8, phasesReused: 0 });
    expect(new Uint32Array(once.logits.buffer)).toEqual(new Uint32Array(each.logits.buffer));
  });
});
