/** The examples L, M, N and O: chips for learning. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { embed, mostSimilar } from '../../examples/embedding-store.js';
import { type LoaderOptions, randomChips } from '../../examples/random-chips.js';
import { crossValidate } from '../../examples/spatial-cross-validation.js';
import { temporalPairs } from '../../examples/temporal-pairs.js';
import type { GeoBox } from '../../src/geo/node/index.js';
import { GraphBuilder } from '../../src/inference/onnx/index.js';
import { temporaryFolder } from '../support/files.js';
import { encodeGraph } from '../support/models.js';
import { DAY, grid, pixels, writeTile } from './data.js';

const root = await temporaryFolder();

async function newFolder(name: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  return folder;
}

/** The column and row of a grid's corner in another grid. */
function cornerIn(outer: GeoBox, { transform }: GeoBox): [number, number] {
  const [x, y] = outer.transform.inverse().apply(transform.c, transform.f);
  return [Math.round(x), Math.round(y)];
}

describe('L: random chips for a data loader', () => {
  it('are full batches of pixels of the files, reproducible by seed', async () => {
    const folder = await newFolder('chips');
    const box = grid(0, 0, 200, 100);
    // No data in the right half.
    const value = (x: number, y: number): number => (x < 100 ? 1 + x + 200 * y : 0);
    await writeTile(join(folder, 'image.tif'), box, [
      pixels(box, value),
      pixels(box, (x, y) => 2 * value(x, y)),
    ]);
    const options: LoaderOptions = {
      crs: 32631,
      resolution: 10,
      size: 16,
      count: 20,
      batchSize: 8,
      seed: 5,
      minimum: 0.9,
    };
    const sizes: number[] = [];
    const places: string[] = [];
    for await (const { items, arrays } of randomChips(join(folder, '*.tif'), options)) {
      sizes.push(items.length);
      expect(arrays.image.shape).toEqual([items.length, 2, 16, 16]);
      for (const [k, { geobox }] of items.entries()) {
        const [left, top] = cornerIn(box, geobox);
        places.push(`${left},${top}`);
        expect(left).toBeLessThanOrEqual(100 - 14);
        for (let i = 0; i < 512; i++) {
          const expected = value(left + (i % 16), top + (Math.floor(i / 16) % 16)) * (i < 256 ? 1 : 2);
          expect(arrays.image.data[512 * k + i]).toBe(expected === 0 ? Number.NaN : expected);
        }
      }
    }
    expect(sizes).toEqual([8, 8, 4]);
    const again: string[] = [];
    for await (const { items } of randomChips(join(folder, '*.tif'), { ...options, batchSize: 20 }))
      again.push(...items.map(({ geobox }) => cornerIn(box, geobox).join()));
    expect(again).toEqual(places);
  });
});

describe('M: pairs in time', () => {
  it('are two dates of one area', async () => {
    const folder = await newFolder('pairs');
    const box = grid(0, 0, 64, 64);
    const days = [1, 6, 11, 31];
    for (const day of days) {
      const path = join(folder, `S2_202107${String(day).padStart(2, '0')}.tif`);
      await writeTile(path, box, [pixels(box, (x, y) => 1000 * day + x + y)]);
    }
    let count = 0;
    const gaps = new Set<number>();
    const grids = { crs: 32631, resolution: 10, size: 8, count: 24 };
    for await (const { items, arrays } of temporalPairs(join(folder, '*.tif'), grids, [3, 12])) {
      for (const [k, { before, after }] of items.entries()) {
        count++;
        const [first, second] = [before, after].map(({ slice }) =>
          new Date(slice.interval.start).getUTCDate(),
        );
        gaps.add(second - first);
        // A day lasts until its end: between the 1st and the 6th are four days.
        expect(after.slice.interval.start - before.slice.interval.end).toBeGreaterThan(3 * DAY);
        const [left, top] = cornerIn(box, before.geobox);
        for (let i = 0; i < 64; i++) {
          const rest = left + (i % 8) + top + Math.floor(i / 8);
          expect(arrays.before.data[64 * k + i]).toBe(1000 * first + rest);
          expect(arrays.after.data[64 * k + i]).toBe(1000 * second + rest);
        }
      }
    }
    expect(count).toBe(24);
    expect([...gaps].sort((a, b) => a - b)).toEqual([5, 10]);
  });
});

describe('N: cross-validation by blocks', () => {
  it('tests on blocks outside the training blocks', async () => {
    const folder = await newFolder('validation');
    const box = grid(0, 0, 120, 120);
    const noise = (x: number, y: number): number => ((x * 7 + y * 13) % 5) - 2;
    await writeTile(join(folder, 'image.tif'), box, [pixels(box, (x, y) => 1 + x + y)]);
    // Pixels without a target are not used for training or testing.
    const target = pixels(box, (x, y) => ((x + 2 * y) % 11 === 0 ? 0 : 50 + 3 * (x + y) + noise(x, y)));
    await writeTile(join(folder, 'target.tif'), box, [target]);
    const scores = await crossValidate(
      join(folder, 'image.tif'),
      join(folder, 'target.tif'),
      { crs: 32631, resolution: 10 },
      { folds: 3, block: 30, size: 8 },
    );
    // 16 blocks of 18 pixels without the buffer's half of 6: 3 × 3 chips, the last shifted inwards.
    const chips = scores.map(({ trainChips, testChips }) => [trainChips, testChips]);
    expect(chips.map(([train, test]) => train + test)).toEqual([144, 144, 144]);
    expect(chips.map(([, test]) => test).sort((a, b) => a - b)).toEqual([45, 45, 54]);
    // The noise is −2 to 2, uniform: its standard deviation is √2.
    for (const { error } of scores) expect(error).toBeCloseTo(Math.SQRT2, 1);
  });
});

describe('O: an embedding store', () => {
  it('finds similar chips', async () => {
    const folder = await newFolder('embeddings');
    const box = grid(0, 0, 64, 48);
    // Chips of 16 pixels: three land covers with different band ratios. One chip changes.
    const before = 'forest water forest sand sand forest water sand water sand water forest'.split(' ');
    const after = ['sand', ...before.slice(1)];
    const ratios: Readonly<Record<string, readonly number[]>> = {
      forest: [100, 900],
      water: [800, 100],
      sand: [700, 700],
    };
    const dates = ['2021-07-01', '2021-08-01'];
    for (const [k, kinds] of [before, after].entries()) {
      const kindAt = (x: number, y: number): string => kinds[4 * Math.floor(y / 16) + Math.floor(x / 16)];
      const band = (number: 0 | 1): Uint16Array =>
        pixels(box, (x, y) => ratios[kindAt(x, y)][number] + ((x * 3 + y) % 40));
      const name = `scene_${dates[k].replaceAll('-', '')}.tif`;
      await writeTile(join(folder, name), box, [band(0), band(1)]);
    }
    const encoder = await writeMeanEncoder(join(folder, 'encoder'));
    const store = join(folder, 'embeddings.zarr');
    const report = await embed(join(folder, '*.tif'), encoder, store, { crs: 32631, resolution: 10 });
    expect(report.shape).toEqual([24, 2]);
    // Ordered by position, then by day.
    const seen = before.flatMap((kind, k) => [kind, after[k]]);
    for (const [place, date] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [3, 1],
    ]) {
      const centre = box.transform.apply(16 * (place % 4) + 8, 16 * Math.floor(place / 4) + 8);
      const kind = seen[2 * place + date];
      const alike = seen.flatMap((other, k) => (other === kind ? [k] : []));
      const found = await mostSimilar(store, centre, dates[date], alike.length);
      expect(found[0]).toMatchObject({ day: dates[date], cosine: expect.closeTo(1, 6) });
      expect(found.map(({ id }) => Number(id.split('_')[0])).sort((a, b) => a - b)).toEqual(alike);
    }
    await expect(mostSimilar(store, [0, 0], dates[0], 1)).rejects.toThrow(
      /has no chip at 0, 0 on 2021-07-01/,
    );
  });
});

/** Writes an encoder whose embeddings are the means of two bands. */
async function writeMeanEncoder(folder: string): Promise<string> {
  const graph = new GraphBuilder('mean');
  const image = graph.input('S2L2A', ['chip', 2, 16, 16]);
  const weight = { shape: [2, 2, 16, 16], load: async () => meanWeights() };
  const bias = { shape: [2], load: async () => new Float32Array(2) };
  const means = graph.convolution(image, graph.weight('weight', weight), graph.weight('bias', bias), {});
  graph.output('embedding', graph.reshape(means, ['chip', 1, 2]));
  const manifest = {
    schemaVersion: 1,
    name: 'means',
    version: '1',
    description: 'the mean of each band',
    inputs: [
      {
        name: 'S2L2A',
        bands: ['B04', 'B08'],
        units: 'dn_harmonised',
        kind: 'temporal',
        mean: [0, 0],
        std: [1, 1],
        nodataReplacement: 0,
      },
    ],
    phases: ['only'],
    validity: 'all',
    chip: { size: 16, stride: 16 },
    output: { name: 'embedding', tokens: 1, channels: 2 },
    provenance: {},
    licence: 'none',
    limitations: 'a test',
  };
  await mkdir(folder);
  await writeFile(join(folder, 'model.onnx'), await encodeGraph(graph));
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest));
  return folder;
}

/** Each feature is the mean of one band. */
function meanWeights(): Float32Array {
  return Float32Array.from({ length: 2 * 2 * 256 }, (_, i) => {
    const [feature, channel] = [Math.floor(i / 512), Math.floor(i / 256) % 2];
    return feature === channel ? 1 / 256 : 0;
  });
}
