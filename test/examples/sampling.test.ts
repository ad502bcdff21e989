/** The examples L, M, N and O: chips for learning. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { embed, mostSimilar } from '../../examples/embedding-store.js';
import { type LoaderOptions, randomChips } from '../../examples/random-chips.js';
import { crossValidate } from '../../examples/spatial-cross-validation.js';
import { temporalPairs } from '../../examples/temporal-pairs.js';
import type { GeoBox } from '../../src/geo/node/index.js';
import { Crs, createTransform } from '../../src/geo/node/index.js';
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
  it('are pixels of the files, whole batches of them, the same again', async () => {
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
  it('are two dates of one place', async () => {
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
        // A day lasts until its end: from the 1st to the 6th are four days.
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
  it('tests where it was not trained', async () => {
    const folder = await newFolder('validation');
    const box = grid(0, 0, 120, 120);
    const noise = (x: number, y: number): number => ((x * 7 + y * 13) % 5) - 2;
    await writeTile(join(folder, 'image.tif'), box, [pixels(box, (x, y) => 1 + x + y)]);
    // Pixels that the target lacks are neither learned from nor tested on.
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
    // The noise is −2 to 2, equally often: its deviation is √2.
    for (const { error } of scores) expect(error).toBeCloseTo(Math.SQRT2, 1);
  });
});

describe('O: an embedding store', () => {
  it('finds places that look alike', async () => {
    const folder = await newFolder('embeddings');
    const box = grid(0, 0, 64, 48);
    // Chips of 16 pixels: three kinds of ground, told by the ratio of two bands.
    const kinds = [
      'forest',
      'water',
      'forest',
      'sand',
      'sand',
      'forest',
      'water',
      'sand',
      'water',
      'sand',
      'water',
      'forest',
    ];
    const ratios = { forest: [100, 900], water: [800, 100], sand: [700, 700] };
    const kindAt = (x: number, y: number): keyof typeof ratios =>
      kinds[4 * Math.floor(y / 16) + Math.floor(x / 16)] as keyof typeof ratios;
    const band = (k: 0 | 1): Uint16Array =>
      pixels(box, (x, y) => ratios[kindAt(x, y)][k] + ((x * 3 + y) % 40));
    await writeTile(join(folder, 'image.tif'), box, [band(0), band(1)]);
    const encoder = join(folder, 'encoder.onnx');
    const graph = new GraphBuilder('mean');
    const image = graph.input('image', ['chip', 2, 16, 16]);
    const weight = { shape: [2, 2, 16, 16], load: async () => meanWeights() };
    const bias = { shape: [2], load: async () => new Float32Array(2) };
    graph.output(
      'embedding',
      graph.convolution(image, graph.weight('weight', weight), graph.weight('bias', bias), {}),
    );
    await writeFile(encoder, await encodeGraph(graph));

    const store = join(folder, 'embeddings.parquet');
    await embed(join(folder, 'image.tif'), encoder, store, { crs: 32631, resolution: 10, size: 16 });
    const at = (k: number): [number, number] =>
      createTransform(box.crs, Crs.wgs84).forward(
        ...box.transform.apply(16 * (k % 4) + 8, 16 * Math.floor(k / 4) + 8),
      );
    for (const k of [0, 1, 3]) {
      const found = await mostSimilar(store, at(k), 4);
      const alike = kinds.flatMap((kind, j) => (kind === kinds[k] ? [`chip-${j}`] : []));
      expect([...found].sort()).toEqual(alike.sort());
    }
  });
});

/** Each feature is the mean of one band. */
function meanWeights(): Float32Array {
  return Float32Array.from({ length: 2 * 2 * 256 }, (_, i) => {
    const [feature, channel] = [Math.floor(i / 512), Math.floor(i / 256) % 2];
    return feature === channel ? 1 / 256 : 0;
  });
}
