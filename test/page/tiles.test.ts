import { resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CpuBackend } from '../../src/gpu/index.js';
import { parseExpression } from '../../src/kernels/index.js';
import { colourPixels } from '../../src/page/tiles/paint.js';
import { shownPlanes, stretchesOf } from '../../src/page/tiles/recipe.js';
import { explanationOf, ServerTiles } from '../../src/page/tiles/server-tiles.js';
import { CachedTiles, type TileSource } from '../../src/page/tiles/source.js';
import { type MapTile, MapTiles } from '../../src/raster/map-tiles.js';
import { openRaster } from '../../src/raster/node/index.js';
import { serveView } from '../../src/workflow/view/view.js';

const backend = new CpuBackend();
const fixture = resolve('test/fixtures/map-tiles/source.tif');
const raster = await openRaster(fixture);
const view = await serveView([fixture], { backend: 'cpu', threads: 0 }, new Map());
afterAll(async () => {
  await view.dispose();
  await raster.dispose();
  backend.dispose();
});

const nan = Number.NaN;
const recipe = { bands: [1], expression: null, decibels: false, resampling: 'nearest' } as const;

describe('values that are drawn', () => {
  it('are those of an expression, with bands in the order of their first use', async () => {
    const expression = parseExpression('(b - a) / (b + a)', ['a', 'b']);
    expect(expression.bands).toEqual(['b', 'a']);
    const planes = [Float32Array.of(3, 8, nan, 0), Float32Array.of(1, 8, 2, 0)];
    const shown = await shownPlanes(backend, { ...recipe, bands: [2, 1], expression }, planes);
    // For 3 and 1, 8 and 8, no data, and 0 / 0.
    expect(shown.map((plane) => Array.from(plane))).toEqual([[0.5, 0, nan, nan]]);
  });

  it('are decibels of power: 10 log10', async () => {
    const planes = [Float32Array.of(1, 0.1, 100, 0, nan)];
    const [shown] = await shownPlanes(backend, { ...recipe, decibels: true }, planes);
    expect(Array.from(shown)).toEqual([0, -10, 20, -Infinity, nan]);
  });

  it('are stretched between percentiles of all tiles in view', () => {
    const tile = (from: number) => Float32Array.from({ length: 500 }, (_, k) => from + k);
    // 1000 values from 0 to 999: numpy.percentile([…], [2, 98], method='nearest') is 20 and 979.
    expect(stretchesOf([[tile(0)], [tile(500)]], [2, 98])).toEqual([[20, 979]]);
    expect(stretchesOf([], [2, 98])).toEqual([]);
    const [[low, high]] = stretchesOf([[Float32Array.from({ length: 2 ** 20 }, (_, k) => k)]], [0, 100]);
    expect([low, high / 2 ** 20]).toEqual([0, expect.closeTo(1, 4)]);
  });
});

describe('colours', () => {
  it('of classes are those of their values; other values and no data are transparent', () => {
    const classes = [
      { value: 1, name: 'water', colour: '#1f78b4' },
      { value: 7, name: '', colour: '#ff0000' },
    ];
    const pixels = colourPixels([Float32Array.of(7, 1, 2, nan)], { classes });
    expect(Array.from(pixels)).toEqual([255, 0, 0, 255, 31, 120, 180, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('of values are between the ends of the stretch', () => {
    const stretches = [[0, 255]] as const;
    const pixels = colourPixels([Float32Array.of(-5, 100, 300, nan)], { stretches, colourMap: 'grey' });
    expect(Array.from(pixels)).toEqual([0, 0, 0, 255, 100, 100, 100, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
  });
});

describe('a cache of tiles', () => {
  it('reads each tile once, and a few at a time', async () => {
    const read: string[] = [];
    let [under, most] = [0, 0];
    const source: TileSource = {
      async read({ z, x, y }: MapTile) {
        read.push([z, x, y].join('/'));
        most = Math.max(most, ++under);
        await new Promise((done) => setTimeout(done, 5));
        under--;
        return x === 3 ? null : [Float32Array.of(x)];
      },
      valueAt: async () => null,
    };
    const tiles = new CachedTiles(source, 2);
    const of = (x: number, bands = [1]) => tiles.read({ z: 4, x, y: 0 }, { bands, resampling: 'nearest' });
    const found = await Promise.all([of(0), of(1), of(2), of(3), of(0)]);
    expect(found.map((planes) => planes?.[0][0])).toEqual([0, 1, 2, undefined, 0]);
    expect(most).toBe(2);
    await of(3);
    expect(read).toEqual(['4/0/0', '4/1/0', '4/2/0', '4/3/0']);
    await of(0, [2]);
    expect(read).toHaveLength(5);
  });

  it('drops a tile that no caller waits for', async () => {
    let asked = 0;
    const source: TileSource = {
      read: async (_, options) => {
        asked++;
        await new Promise((done) => setTimeout(done, 10));
        options?.signal?.throwIfAborted();
        return null;
      },
      valueAt: async () => null,
    };
    const tiles = new CachedTiles(source, 1);
    const gone = new AbortController();
    const first = tiles.read({ z: 1, x: 0, y: 0 });
    const second = tiles.read({ z: 1, x: 1, y: 0 }, { signal: gone.signal });
    gone.abort(new Error('moved on'));
    await expect(second).rejects.toThrow('moved on');
    await first;
    expect(asked).toBe(1);
  });
});

describe('tiles of a server', () => {
  const tiles = new ServerTiles(view.report.url, '0', 2);
  const tile = { z: 14, x: 8444, y: 5885 };

  it('are those of the raster', async () => {
    const own = await new MapTiles(backend, raster).read(tile, { resampling: 'bilinear' });
    const found = await tiles.read(tile, { resampling: 'bilinear' });
    expect(found?.map((plane) => Array.from(plane))).toEqual(own?.map((plane) => Array.from(plane)));
    const [infrared] = (await tiles.read(tile, { bands: [2], resampling: 'bilinear' })) ?? [];
    expect(Array.from(infrared)).toEqual(Array.from(own?.[1] ?? []));
    expect(await tiles.read({ z: 14, x: 0, y: 0 })).toBeNull();
  });

  it('have the values of the raster', async () => {
    const own = await new MapTiles(backend, raster).valueAt(5.55, 45.12);
    expect(own?.values).toHaveLength(2);
    expect(await tiles.valueAt(5.55, 45.12)).toEqual(own);
    expect(await tiles.valueAt(5.55, 45.12, [2])).toEqual({ ...own, values: [own?.values[1]] });
    expect(await tiles.valueAt(0, 0)).toBeNull();
  });

  it('give the reason for missing ones, without their address', async () => {
    const reason = (id: string, bands: number[]) =>
      new ServerTiles(view.report.url, id, 2).read(tile, { bands }).then(String, explanationOf);
    expect(await reason('0', [3])).toMatch(/^\S*source\.tif has no band 3; choose one of 1 to 2\.$/);
    expect(await reason('5', [1])).toBe('there is no layer 5; reload the page.');
  });
});
