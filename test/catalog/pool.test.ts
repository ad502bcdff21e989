import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  createRasterPool,
  loadRaster,
  loadRasterTimeseries,
  type OpenAsset,
} from '../../src/catalog/node/index.js';
import { createBlockCache, openRaster, type Raster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';
import { serveFolder } from '../support/stores.js';

const folder = await temporaryFolder();
const grid = gridAt(500_000, 5_000_020, 4, 2);
const rows = await Promise.all(
  [1, 2, 3].map((value) =>
    writeRow(
      folder,
      `r${value}`,
      { data: { geobox: grid, bands: [new Uint8Array(8).fill(value)] } },
      {
        interval: `2021-07-0${value}`,
      },
    ),
  ),
);
const options = { bands: [1], resampling: 'nearest', method: 'sum' } as const;

/** Opens files, and counts opens and open files. */
function counting() {
  const counts = { opened: 0, open: 0 };
  const open: OpenAsset = async (href, given) => {
    const raster = await openRaster(href, given);
    counts.opened++;
    counts.open++;
    const dispose = raster.dispose.bind(raster);
    raster.dispose = async () => {
      counts.open--;
      await dispose();
    };
    return raster;
  };
  return { counts, open };
}

describe('createRasterPool', () => {
  it('opens each file once for any number of loads, also concurrent ones', async () => {
    const { counts, open } = counting();
    const pool = createRasterPool({ open });
    const chips = [0, 1, 2, 3].map((x) => gridAt(500_000 + 10 * x, 5_000_020, 1, 2));
    const load = (chip: typeof grid) => loadRaster(rows, chip, { ...options, open: pool.open });
    for (const tensor of await Promise.all(chips.map(load))) expect(valuesOf(tensor)).toEqual([6, 6]);
    for (const chip of chips) expect(valuesOf(await load(chip))).toEqual([6, 6]);
    const series = await loadRasterTimeseries(rows, chips[0], { bands: [1], open: pool.open });
    expect([...series.data]).toEqual([1, 1, 2, 2, 3, 3]);
    expect(counts).toEqual({ opened: 3, open: 3 });
    await pool.close();
    expect(counts.open).toBe(0);
  });

  it('requests headers from a server once', async () => {
    const { url, requests } = await serveFolder(folder);
    const remote = rows.map((row): CatalogRow => {
      const href = `${url}/${row.id}-data.tif`;
      return { ...row, href, assets: { data: { ...row.assets.data, href } } };
    });
    const pool = createRasterPool();
    await loadRaster(remote, grid, { ...options, open: pool.open });
    const first = requests.length;
    expect(first).toBeGreaterThan(0);
    for (let k = 0; k < 5; k++) await loadRaster(remote, grid, { ...options, open: pool.open });
    // Headers and blocks are in the pool's cache.
    expect(requests).toHaveLength(first);
    await pool.close();
  });

  it('keeps only the last used files open', async () => {
    const { counts, open } = counting();
    const pool = createRasterPool({ files: 1, open });
    for (const row of rows) await loadRaster([row], grid, { ...options, open: pool.open });
    expect(counts).toEqual({ opened: 3, open: 1 });
    await loadRaster([rows[2]], grid, { ...options, open: pool.open });
    expect(counts.opened).toBe(3);
    await loadRaster([rows[0]], grid, { ...options, open: pool.open });
    expect(counts).toEqual({ opened: 4, open: 1 });
    await pool.close();
    expect(counts.open).toBe(0);
  });

  it('does not close a file in use, and closes it on release', async () => {
    const { counts, open } = counting();
    const pool = createRasterPool({ open });
    const raster = await pool.open(rows[0].href);
    await pool.close();
    expect((await raster.readPlanes())[0][0]).toBe(1);
    await raster.close();
    await raster.close();
    expect(counts.open).toBe(0);
  });

  it('counts users of a file; closing is idempotent', async () => {
    const pool = createRasterPool({ files: 0, cache: createBlockCache(0) });
    const [first, second] = [await pool.open(rows[0].href), await pool.open(rows[1].href)];
    const again = await pool.open(rows[0].href);
    await first.close();
    await first.close();
    // Without a cache every read accesses the file.
    const firstOf = async (raster: Raster): Promise<number> => Number((await raster.readPlanes())[0][0]);
    expect(await firstOf(again)).toBe(1);
    await again.close();
    await expect(firstOf(again)).rejects.toThrow();
    expect(await firstOf(second)).toBe(2);
    await second.close();
    await expect(firstOf(second)).rejects.toThrow();
  });

  it('retries a file that could not be opened, and follows the signal of each load', async () => {
    let isThere = false;
    const pool = createRasterPool({
      open: (href, given) => openRaster(isThere ? href : `${href}.not`, given),
    });
    const load = (signal?: AbortSignal) =>
      loadRaster([rows[0]], grid, { ...options, open: pool.open, ...(signal && { signal }) });
    await expect(load()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    isThere = true;
    const stop = new AbortController();
    const stopped = load(stop.signal);
    const other = load();
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect(valuesOf(await other)[0]).toBe(1);
    await pool.close();
    expect(() => createRasterPool({ files: -1 })).toThrow(/files cannot be -1/);
  });
});
