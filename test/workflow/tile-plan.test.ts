import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Affine, createChipLayout, GeoBox, type RowRange, type TypedArray } from '../../src/geo/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { DeclaredRaster } from '../../src/raster/declared.js';
import {
  type BlockCounters,
  createBlockCache,
  openRaster,
  type Raster,
  WarpedRaster,
  writeCog,
} from '../../src/raster/node/index.js';
import { mosaicValues, planTiles, sourceReads } from '../../src/workflow/tile-plan.js';
import { temporaryFolder } from '../support/files.js';
import { buildTiff, long, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const backend = new CpuBackend();
afterAll(() => backend.dispose());

/** The rows read for each row of chips of 128 pixels, every 96. */
function stripsOf(width: number, height: number): RowRange[] {
  const { rowStarts, size } = createChipLayout(width, height, 128, 96);
  return Array.from(rowStarts, (start, k) => ({
    start: k === 0 ? start : rowStarts[k - 1] + size,
    end: start + size,
  }));
}

const SOURCE = new Affine(10, 0, 300_000, 0, -10, 5_000_000);
const sourceBox = (width: number, height: number): GeoBox => new GeoBox(32632, SOURCE, width, height);

interface Run {
  readonly plan: ReturnType<typeof planTiles>;
  readonly counters: BlockCounters;
}

type Open = (cache: ReturnType<typeof createBlockCache>) => Promise<Raster>;

/** Plans the blocks of a warp, then warps with a cache of the planned size, or another. */
const run = (open: Open, geobox: GeoBox, cacheBytes?: number): Promise<Run> =>
  runAll([open], geobox, cacheBytes);

/** As `run`, for several sources that are read one after the other for each strip. */
async function runAll(opens: readonly Open[], geobox: GeoBox, cacheBytes?: number): Promise<Run> {
  const cache = createBlockCache();
  const rasters = await Promise.all(opens.map((open) => open(cache)));
  const sources = rasters.map(
    (raster) => new WarpedRaster(backend, raster, { geobox, resampling: 'bilinear' }),
  );
  const strips = stripsOf(geobox.width, geobox.height);
  const plan = planTiles(sourceReads(sources, strips));
  cache.restart(cacheBytes ?? plan.cacheBytes);
  for (const rows of strips) {
    const shape = [rows.end - rows.start, geobox.width];
    for (const warped of sources) {
      const planes = Array.from({ length: warped.bandCount }, () => backend.allocate(shape, 'float32'));
      await warped.readRows(rows, planes, rows.start);
      for (const plane of planes) plane.dispose();
    }
  }
  for (const raster of rasters) await raster.dispose();
  return { plan, counters: cache.counters };
}

/** Bytes of a tile of two bands. */
const TILE = 2 * 128 ** 2;

/** A COG of uncompressed tiles of 128 × 128 pixels. The bands are interleaved: a single band would be read without a cache. */
async function tiled(
  name: string,
  { width, height, bands = 2 }: { width: number; height: number; bands?: number },
): Promise<Open> {
  const path = join(folder, name);
  const planes = Array.from({ length: bands }, (): TypedArray => new Uint8Array(width * height).fill(7));
  await writeCog(path, planes, {
    geobox: sourceBox(width, height),
    bands,
    dtype: 'uint8',
    blockSize: 128,
    compression: 'none',
    interleave: 'pixel',
    overviews: 'none',
  });
  return (cache) => openRaster(path, { cache });
}

/** A grid whose first pixel begins at the source's position (32.25, 32.25), or another. */
const shifted = (width: number, height: number, by = 32.25): GeoBox =>
  new GeoBox(32632, SOURCE.compose(Affine.translation(by, by)), width, height);

describe('blocks of a warp', () => {
  it('are decoded once from tiles, with the planned cache', async () => {
    const { plan, counters } = await run(
      await tiled('tiles.tif', { width: 640, height: 640 }),
      shifted(512, 512),
    );
    // Pixels 32 to 543 and 2 around: five rows and columns of tiles, 25 tiles.
    expect(counters).toEqual({ blocksDecoded: 25, blocksDecodedAgain: 0, bytesRead: 25 * TILE });
    expect(plan.blocks).toBe(25);
    // Strips of rows 0-127, 128-223, 224-319, 320-415 and 416-511 lie on the source's rows 30-161, 158-257, 254-353,
    // 350-449 and 446-545, and on its rows of tiles 0-1, 1-2, 1-2, 2-3 and 3-4: with the next strip three at most.
    expect(plan.cacheBytes).toBe(3 * 5 * TILE);
    expect(plan.largestBytes).toBe(TILE);
    expect(plan.again(plan.cacheBytes)).toBe(0);
    // Rows of tiles shared by a strip and the one above it: 1, 2, 1 and 1 of five tiles.
    expect(plan.again(plan.cacheBytes - 1)).toBe(3 * 5);
    expect(plan.again(0)).toBe(5 * 5);
  });

  it('are only those under the pixels if pixels are copied', async () => {
    const open = await tiled('copied.tif', { width: 640, height: 640 });
    const { plan, counters } = await run(open, shifted(512, 512, 32));
    // Strips lie on the source's rows 32-159, 160-255, 256-351, 352-447 and 448-543, and on its rows of tiles 0-1, 1, 2,
    // 2-3 and 3-4.
    expect(counters).toEqual({ blocksDecoded: 25, blocksDecodedAgain: 0, bytesRead: 25 * TILE });
    expect([plan.blocks, plan.cacheBytes]).toEqual([25, 3 * 5 * TILE]);
    // Of one tile row each: under strips 1, 3 and 4, and under those above.
    expect(plan.again(0)).toBe(3 * 5);
  });

  it('are decoded again with a smaller cache, at most as often as planned', async () => {
    const { plan, counters } = await run(
      await tiled('small-cache.tif', { width: 640, height: 640 }),
      shifted(512, 512),
      4 * TILE,
    );
    expect(counters.blocksDecodedAgain).toBeGreaterThan(0);
    expect(counters.blocksDecodedAgain).toBeLessThanOrEqual(plan.again(4 * TILE));
    expect(counters.blocksDecoded - counters.blocksDecodedAgain).toBe(25);
  });

  it('of several sources are those of one under two strips, and those of the others under one', async () => {
    const open = await tiled('several.tif', { width: 640, height: 640 });
    const { plan, counters } = await runAll([open, open, open], shifted(512, 512));
    expect(counters).toEqual({
      blocksDecoded: 3 * 25,
      blocksDecodedAgain: 0,
      bytesRead: 3 * 25 * TILE,
    });
    // Every strip has two rows of tiles, and with the one above it three at most.
    const most = (3 + 2 + 2) * 5 * TILE;
    expect([plan.blocks, plan.cacheBytes]).toEqual([3 * 25, most]);
    expect(plan.again(most)).toBe(0);
    // The strips with three rows share 1, 1 and 1 of them with the one above, in each source.
    expect(plan.again(most - 1)).toBe(3 * 3 * 5);
    const smaller = await runAll([open, open, open], shifted(512, 512), 5 * 5 * TILE);
    expect(smaller.counters.blocksDecodedAgain).toBeGreaterThan(0);
    expect(smaller.counters.blocksDecodedAgain).toBeLessThanOrEqual(plan.again(5 * 5 * TILE));
  });

  it('of earlier sources are those under two strips if the next strip starts early', () => {
    // Rows of tiles 0-1, 1-2 and 2, of one tile of 100 bytes each.
    const strips = [0, 15, 25].map((y, k) => [{ x: 0, y, width: 10, height: [15, 10, 5][k] }]);
    const source = { grids: [{ width: 10, height: 10, bytes: 100 }], strips, pixelBytes: 1 };
    // Under one strip are 2, 2 and 1 tiles, under two 3 and 2.
    const sources = [source, source, source];
    expect(planTiles(sources).cacheBytes).toBe((2 + 2 + 3) * 100);
    // When the last source reads its first strip, the others may have read two.
    expect(planTiles(sources, true).cacheBytes).toBe((3 + 3 + 2) * 100);
  });

  it('hold all bands that are interleaved by pixel', async () => {
    const { plan, counters } = await run(
      await tiled('bands.tif', { width: 640, height: 640, bands: 12 }),
      shifted(512, 512),
    );
    expect(counters).toEqual({ blocksDecoded: 25, blocksDecodedAgain: 0, bytesRead: 25 * 12 * 128 ** 2 });
    expect([plan.blocks, plan.cacheBytes]).toEqual([25, 3 * 5 * 12 * 128 ** 2]);
  });

  it('grow with the height, and the cache does not', async () => {
    for (const times of [1, 2, 4]) {
      const height = 384 * times;
      const open = await tiled(`height-${times}.tif`, { width: 640, height: height + 64 });
      const { plan, counters } = await run(open, shifted(512, height));
      // Rows 30 to 32 + height + 1.
      const rows = Math.ceil((height + 34) / 128);
      expect([counters.blocksDecoded, counters.blocksDecodedAgain]).toEqual([5 * rows, 0]);
      expect(plan.blocks).toBe(5 * rows);
      expect(plan.cacheBytes).toBe(3 * 5 * TILE);
    }
  });

  it('of a rotated grid are those under the boxes around its strips', async () => {
    const [sin, cos] = [Math.sin(Math.PI / 6), Math.cos(Math.PI / 6)];
    // Its first pixel is at the source's (300, 20); its rows go down to the left.
    const turned = new Affine(cos, -sin, 300, sin, cos, 20);
    const geobox = new GeoBox(32632, SOURCE.compose(turned), 400, 416);
    const { plan, counters } = await run(await tiled('turned.tif', { width: 768, height: 768 }), geobox);
    const under = stripsOf(400, 416).map(({ start, end }) => {
      const corners = [start + 0.5, end - 0.5].flatMap((y) =>
        [0.5, 399.5].map((x) => [300 + cos * x - sin * y, 20 + sin * x + cos * y]),
      );
      const range = (axis: number): number[] => {
        const along = corners.map((corner) => corner[axis]);
        const first = Math.max(0, Math.floor(Math.min(...along)) - 2);
        const last = Math.min(767, Math.floor(Math.max(...along)) + 2);
        return Array.from({ length: (last >> 7) - (first >> 7) + 1 }, (_, k) => (first >> 7) + k);
      };
      return new Set(range(1).flatMap((row) => range(0).map((column) => row * 6 + column)));
    });
    const all = new Set(under.flatMap((blocks) => [...blocks]));
    const pairs = under.map((blocks, k) => new Set([...blocks, ...(under[k - 1] ?? [])]).size);
    expect(counters).toEqual({
      blocksDecoded: all.size,
      blocksDecodedAgain: 0,
      bytesRead: all.size * TILE,
    });
    expect([plan.blocks, plan.cacheBytes]).toEqual([all.size, Math.max(...pairs) * TILE]);
  });

  it('are none of strips without compression', async () => {
    const [width, height] = [4096, 512];
    const path = join(folder, 'strips.tif');
    const pixels = new Uint8Array(width * height).fill(7);
    const fields = {
      273: long(...Array.from({ length: height }, (_, row) => 8 + row * width)),
      278: long(1),
      279: long(...new Array<number>(height).fill(width)),
    };
    await writeFile(path, buildTiff(width, height, pixels, { fields }));
    const geobox = sourceBox(width, height);
    const open = async (cache: ReturnType<typeof createBlockCache>): Promise<Raster> =>
      new DeclaredRaster(await openRaster(path, { cache }), { geobox });
    // Without compression nothing is cached: 416 rows of 4096 pixels are read from the file.
    const { plan, counters } = await run(open, shifted(256, 416, 32));
    expect(counters).toEqual({ blocksDecoded: 0, blocksDecodedAgain: 0, bytesRead: width * 416 });
    expect([plan.blocks, plan.cacheBytes]).toEqual([0, 0]);
  });

  it('are the whole image if it is one compressed strip', async () => {
    const [width, height] = [1024, 700];
    const path = join(folder, 'untiled.tif');
    const stored = deflateSync(new Uint8Array(width * height).fill(7));
    await writeFile(
      path,
      buildTiff(width, height, stored, { fields: { 259: short(8), 279: long(stored.length) } }),
    );
    const open = async (cache: ReturnType<typeof createBlockCache>): Promise<Raster> =>
      new DeclaredRaster(await openRaster(path, { cache }), { geobox: sourceBox(width, height) });
    const { plan, counters } = await run(open, shifted(256, 608));
    expect(counters).toEqual({ blocksDecoded: 1, blocksDecodedAgain: 0, bytesRead: stored.length });
    expect([plan.blocks, plan.cacheBytes]).toEqual([1, width * height]);
  });
});

describe('a mosaic', () => {
  it('has a layer for each file under a strip, if there are several', async () => {
    const geobox = sourceBox(256, 512);
    const warpedOf = async (name: string, height: number): Promise<WarpedRaster> => {
      const open = await tiled(name, { width: 256, height });
      return new WarpedRaster(backend, await open(createBlockCache()), { geobox, resampling: 'nearest' });
    };
    const high = await warpedOf('high.tif', 512);
    const low = await warpedOf('low.tif', 100);
    const strips = stripsOf(256, 512);
    const layersOf = (...warped: WarpedRaster[]): number =>
      mosaicValues([{ bandCount: 2, warped }], sourceReads(warped, strips), strips, 256);
    // The low file has only rows of the first strip, of 128 rows.
    expect(layersOf(high, low)).toBe(2 * 2 * 128 * 256);
    expect(layersOf(high, high, low)).toBe(3 * 2 * 128 * 256);
    expect(layersOf(high)).toBe(0);
    const two = [
      { bandCount: 2, warped: [low] },
      { bandCount: 1, warped: [high, low] },
    ];
    expect(mosaicValues(two, sourceReads([low, high, low], strips), strips, 256)).toBe(2 * 128 * 256);
    await high.raster.dispose();
    await low.raster.dispose();
  });
});
