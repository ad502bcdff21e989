import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import {
  type Batch,
  batches,
  batchTensors,
  type Chip,
  type ChipArrays,
  gridSampler,
  SampleArea,
  Sequence,
} from '../../../src/catalog/samplers/index.js';
import { isTerrachipError } from '../../../src/index.js';
import { row, UTM } from './rows.js';

const ten = Sequence.of(Array.from({ length: 10 }, (_, k) => k));

function filled(value: number): { image: { data: Float32Array; shape: number[] } } {
  return { image: { data: new Float32Array(6).fill(value), shape: [1, 2, 3] } };
}

async function collect<T, A extends ChipArrays>(from: AsyncIterable<Batch<T, A>>): Promise<Batch<T, A>[]> {
  const all: Batch<T, A>[] = [];
  for await (const batch of from) all.push(batch);
  return all;
}

describe('batches', () => {
  it('stacks items in order, for any loading times', async () => {
    const load = async (k: number): Promise<ReturnType<typeof filled>> => {
      await new Promise((resolve) => setTimeout(resolve, (7 * k) % 5));
      return filled(k);
    };
    const all = await collect(batches(ten, load, { batchSize: 4 }));
    expect(all.map(({ items }) => items)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(all.map(({ arrays }) => arrays.image.shape)).toEqual([
      [4, 1, 2, 3],
      [4, 1, 2, 3],
      [2, 1, 2, 3],
    ]);
    expect([...all[1].arrays.image.data].filter((_, k) => k % 6 === 0)).toEqual([4, 5, 6, 7]);
    expect(await collect(batches(ten, load, { batchSize: 4, dropLast: true }))).toHaveLength(2);
  });

  it('loads at most prefetch batches ahead', async () => {
    let started = 0;
    const load = async (k: number): Promise<ReturnType<typeof filled>> => {
      started++;
      return filled(k);
    };
    const started1: number[] = [];
    for await (const { items } of batches(ten, load, { batchSize: 2, prefetch: 3 }))
      started1.push(started - items[1] - 1);
    // After each batch: those ahead, until the end.
    expect(started1).toEqual([5, 5, 4, 2, 0]);
    started = 0;
    for await (const _ of batches(ten, load, { batchSize: 2, prefetch: 0 })) break;
    expect(started).toBe(4);
  });

  it('loads at most concurrency chips at once, and leaves none pending', async () => {
    for (const [batchSize, prefetch] of [
      [3, 0],
      [2, 5],
      [4, 1],
    ]) {
      let [open, most] = [0, 0];
      const load = async (k: number): Promise<ReturnType<typeof filled>> => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1 + ((k * 7) % 3)));
        open--;
        return filled(k);
      };
      const items = (await collect(batches(ten, load, { batchSize, prefetch }))).flatMap((one) => one.items);
      expect(items).toEqual([...ten]);
      expect(most).toBe(batchSize + prefetch);
      expect(open).toBe(0);
    }
  });

  it('leaves no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const controller = new AbortController();
      const failing = async (k: number, signal: AbortSignal): Promise<ReturnType<typeof filled>> => {
        await new Promise((resolve) => setTimeout(resolve, 2 + k));
        signal.throwIfAborted();
        if (k > 3) throw new Error(`no ${k}`);
        return filled(k);
      };
      const errors: unknown[] = [];
      const run = async (signal?: AbortSignal): Promise<void> => {
        const options = { batchSize: 2, prefetch: 6, ...(signal && { signal }) };
        for await (const _ of batches(ten, failing, options))
          if (signal) controller.abort(new Error('enough'));
      };
      await run().catch((reason: unknown) => errors.push(reason));
      await run(controller.signal).catch((reason: unknown) => errors.push(reason));
      for await (const _ of batches(ten, failing, { batchSize: 1, prefetch: 8 })) break;
      await new Promise((resolve) => setTimeout(resolve, 40));
      expect(errors.map((error) => (error as Error).message)).toEqual([
        'item 4 could not be loaded (no 4); see the reason, or leave the chip out.',
        'enough',
      ]);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('names the chip that fails, and stops the others', async () => {
    const area = SampleArea.of([row('a', [0, 0, 40, 10])], { crs: UTM, resolution: 1 });
    const signals: AbortSignal[] = [];
    const load = async (chip: Chip, signal: AbortSignal): Promise<ChipArrays> => {
      signals.push(signal);
      if (chip.index === 2) throw new Error('disk on fire');
      return filled(chip.index);
    };
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { items } of batches(gridSampler(area, { size: 10 }), load, { batchSize: 2 }))
        seen.push(...items.map(({ index }) => index));
    };
    const error = await run().catch((reason: unknown) => reason);
    expect(isTerrachipError(error, 'INVALID_INPUT') && error.message).toBe(
      'chip 2 at [500020, 5000000, 500030, 5000010] in EPSG:32631 could not be loaded (disk on fire); see the reason, or leave the chip out.',
    );
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(seen).toEqual([0, 1]);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('aborts pending loads when the loop is left', async () => {
    const signals: AbortSignal[] = [];
    const load = (k: number, signal: AbortSignal): Promise<ReturnType<typeof filled>> => {
      signals.push(signal);
      if (k < 2) return Promise.resolve(filled(k));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    for await (const _ of batches(ten, load, { batchSize: 2 })) break;
    expect(signals.length).toBeGreaterThan(2);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('follows a signal, even when loading does not', async () => {
    const controller = new AbortController();
    const never = (): Promise<ReturnType<typeof filled>> => new Promise(() => undefined);
    const next = batches(ten, never, { batchSize: 2, signal: controller.signal }).next();
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(next).rejects.toThrow('enough');
    await expect(batches(ten, never, { batchSize: 2, signal: controller.signal }).next()).rejects.toThrow(
      'enough',
    );
  });

  it('refuses chips of another shape', async () => {
    const area = SampleArea.of([row('a', [0, 0, 15, 10])], { crs: UTM, resolution: 1 });
    const load = async ({ geobox: { width, height, pixelCount } }: Chip): Promise<ChipArrays> => ({
      image: { data: new Uint8Array(pixelCount), shape: [height, width] },
    });
    const clipped = gridSampler(area, { size: 10, policy: 'clip' });
    await expect(collect(batches(clipped, load, { batchSize: 2 }))).rejects.toThrow(
      'has uint8 (10, 5) for image where chips before it have uint8 (10, 10); load chips of one shape',
    );
  });

  it('refuses chips of another kind, in later batches too', async () => {
    const four = Sequence.of([0, 1, 2, 3]);
    const run = (load: (k: number) => object): Promise<unknown> =>
      collect(batches(four, async (k) => load(k) as ChipArrays, { batchSize: 2 }));
    const plane = { data: new Uint8Array(4), shape: [2, 2] };
    await expect(run((k) => (k === 1 ? { image: plane, mask: plane } : { image: plane }))).rejects.toThrow(
      'item 1 has uint8 (2, 2) for mask where chips before it have nothing',
    );
    await expect(run((k) => (k === 3 ? {} : { image: plane }))).rejects.toThrow(
      'item 3 has nothing for image where chips before it have uint8 (2, 2)',
    );
    await expect(
      run((k) => ({ image: { data: k < 2 ? new Uint8Array(4) : new Float32Array(4), shape: [2, 2] } })),
    ).rejects.toThrow('item 2 has float32 (2, 2) for image where chips before it have uint8 (2, 2)');
    await expect(run(() => ({ image: { data: new Uint8Array(5), shape: [2, 2] } }))).rejects.toThrow(
      'item 0 has 5 values for image, but a shape of 2 × 2; correct what load returns.',
    );
  });

  it('refuses impossible options', async () => {
    const load = async (k: number): Promise<ChipArrays> => filled(k);
    await expect(batches(ten, load, { batchSize: 0 }).next()).rejects.toThrow('batchSize cannot be 0');
    await expect(batches(ten, load, { batchSize: 1, prefetch: -1 }).next()).rejects.toThrow(
      'prefetch cannot be -1',
    );
  });
});

describe('batchTensors', () => {
  it('makes tensors of the given runtime without a copy', async () => {
    const load = async (
      k: number,
    ): Promise<Record<'image' | 'mask', { data: Float32Array | Uint8Array; shape: number[] }>> => ({
      image: filled(k).image,
      mask: { data: new Uint8Array(6).fill(k), shape: [2, 3] },
    });
    const [batch] = await collect(batches(ten, load, { batchSize: 10 }));
    const { image, mask } = batchTensors({ Tensor }, batch);
    expect([image.type, image.dims]).toEqual(['float32', [10, 1, 2, 3]]);
    expect([mask.type, mask.dims]).toEqual(['uint8', [10, 2, 3]]);
    expect(image.data).toBe(batch.arrays.image.data);
  });
});
