import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBlockCache, type Raster, writeCog } from '../../src/raster/index.js';
import { RasterPool } from '../../src/workflow/chips/raster-pool.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const paths = [0, 1, 2].map((k) => join(folder, `${k}.tif`));
for (const [k, path] of paths.entries()) {
  const geobox = gridAt(500_000, 5_000_000, 2, 2);
  await writeCog(path, [new Uint8Array(4).fill(k)], { geobox, bands: 1, dtype: 'uint8', overviews: 'none' });
}

/** Without a cache every read goes to the file. */
const firstOf = async (raster: Raster): Promise<number> => Number((await raster.readPlanes())[0][0]);

it('keeps rasters open while they are used, and some after that', async () => {
  const pool = new RasterPool(createBlockCache(0), 1);
  const [first, second] = [await pool.borrow(paths[0]), await pool.borrow(paths[1])];
  const again = await pool.borrow(paths[0]);
  await first.close();
  await first.close();
  // Used twice, and given back once, however often.
  expect(await firstOf(again)).toBe(0);
  await again.close();
  // Nobody uses it, and the other one is within the limit.
  await expect(firstOf(again)).rejects.toThrow();
  expect(await firstOf(second)).toBe(1);
  await second.close();
  expect(await firstOf(second)).toBe(1);
  const third = await pool.borrow(paths[2]);
  await third.close();
  await expect(firstOf(second)).rejects.toThrow();
  await pool.close();
  await expect(firstOf(third)).rejects.toThrow();
});

it('tries again what could not be opened', async () => {
  const pool = new RasterPool(createBlockCache(0), 1);
  const path = join(folder, 'late.tif');
  await expect(pool.borrow(path)).rejects.toThrow(/late\.tif/);
  const geobox = gridAt(500_000, 5_000_000, 2, 2);
  await writeCog(path, [new Uint8Array(4).fill(7)], { geobox, bands: 1, dtype: 'uint8', overviews: 'none' });
  expect(await firstOf(await pool.borrow(path))).toBe(7);
  await pool.close();
});
