import { describe, expect, it } from 'vitest';
import {
  batches,
  type Chip,
  gridSampler,
  randomSampler,
  redrawInvalid,
  SampleArea,
  Sequence,
} from '../../../src/catalog/samplers/index.js';
import { row, UTM } from './rows.js';

const area = SampleArea.of([row('a', [0, 0, 200, 150])], { crs: UTM, resolution: 1 });
const place = ({ index, window: { x, y } }: Chip): string => `${index}:${x},${y}`;

describe('sequences', () => {
  it('resume anywhere, also within an epoch', () => {
    const chips = gridSampler(area, { size: 10 });
    const epochs = [0, 1, 2].map((epoch) => [...chips.shuffle(7 + epoch)].map(place));
    // Each epoch has all chips, in its own order.
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([...chips].map(place).sort());
    expect(new Set(epochs.map(String)).size).toBe(3);
    expect([...chips.shuffle(8).slice(123)].map(place)).toEqual(epochs[1].slice(123));
    expect([...chips.shuffle(8).slice(5, 9)].map(place)).toEqual(epochs[1].slice(5, 9));
    // Only the requested items of a billion are made.
    const many = randomSampler(area, { size: 16, count: 1e9, seed: 5 });
    expect([...many.slice(999_999_990)].map(place)).toEqual(
      Array.from({ length: 10 }, (_, k) => place(many.at(999_999_990 + k))),
    );
    expect(chips.slice(chips.length).length).toBe(0);
    for (const [start, end] of [[-1, 3], [3, 2], [0, chips.length + 1], [0.5, 2], [Number.NaN, 1]]) // biome-ignore format: pairs
      expect(() => chips.slice(start, end)).toThrow(/slice cannot be/);
  });

  it.each([1, 2, 5])('are complete for %i workers, redrawn chips included', async (workers) => {
    const sampler = randomSampler(area, { size: 8, count: 37, seed: 2 });
    // Only the left half has data.
    const drawn = redrawInvalid(sampler, ({ window }) => (window.x < 90 ? 1 : 0));
    const shares = Array.from({ length: workers }, (_, worker) => drawn.share(worker, workers));
    expect(shares.reduce((sum, { length }) => sum + length, 0)).toBe(37);
    const found = new Map<number, string>();
    for (const [worker, share] of shares.entries()) {
      const load = async (chip: Chip): Promise<{ at: { data: Uint8Array; shape: number[] } }> => ({
        at: { data: Uint8Array.of(chip.index), shape: [1] },
      });
      for await (const { items, arrays } of batches(share, load, { batchSize: 4 })) {
        expect([...arrays.at.data]).toEqual(items.map(({ index }) => index));
        for (const chip of items) {
          expect(chip.index % workers).toBe(worker);
          found.set(chip.index, place(chip));
        }
      }
    }
    const alone = await Promise.all(Array.from({ length: 37 }, (_, k) => drawn.at(k)));
    expect([...found.entries()].sort(([a], [b]) => a - b).map(([, at]) => at)).toEqual(alone.map(place));
    expect(alone.every(({ window }) => window.x < 90)).toBe(true);
    expect((await drawn.slice(30).at(2)).index).toBe(32);
    await expect(drawn.at(37)).rejects.toThrow('index 37 is not in a sequence of 37');
    expect(() => drawn.share(workers, workers)).toThrow(/share cannot be worker/);
  });

  it('without chips are empty', async () => {
    const none = Sequence.of<number>([]);
    expect([...none.share(0, 3), ...none.shuffle(1), ...none.slice(0)]).toEqual([]);
    for await (const _ of batches(none, async () => ({}), { batchSize: 3 }))
      throw new Error('a batch of nothing');
  });
});
