import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRasterPool } from '../src/catalog/node/index.js';
import { Affine, GeoBox } from '../src/geo/node/index.js';
import { FileSource, MemorySource } from '../src/io/node/index.js';
import { CpuBackend, createChipLayout, uploadStitchLayout } from '../src/kernels/index.js';
import { createZarrGroup, openRaster, openZarr, writeCog } from '../src/raster/node/index.js';
import { disposable } from '../src/resource.js';
import { temporaryFolder } from './support/files.js';

const path = join(await temporaryFolder(), 'image.tif');
const geobox = new GeoBox(32631, new Affine(10, 0, 500_000, 0, -10, 5_000_000), 4, 3);
await writeCog(path, [new Uint8Array(12).fill(7)], { geobox, bands: 1, dtype: 'uint8' });

it('await using, dispose and close all close a raster and a source', async () => {
  const opened = [];
  {
    await using raster = await openRaster(path);
    await using source = await FileSource.open(path);
    expect([...(await raster.readPlanes())[0]]).toEqual(new Array(12).fill(7));
    opened.push(raster, source);
  }
  await expect(opened[1].read(0, 4)).rejects.toThrow();
  for (const name of ['dispose', 'close'] as const) {
    const source = await FileSource.open(path);
    await source[name]();
    await expect(source.read(0, 4)).rejects.toThrow();
  }
  await using memory = new MemorySource(Uint8Array.of(1, 2));
  expect(memory.size).toBe(2);
});

it('using frees device memory', () => {
  const backend = new CpuBackend();
  {
    using own = backend;
    using tensor = own.allocate([3], 'float32');
    using layout = uploadStitchLayout(own, createChipLayout(64, 64, 32, 16));
    expect(own.counters.allocatedBytes).toBe(12 + layout.placement.byteLength + layout.weights.byteLength);
    expect(tensor.isDisposed).toBe(false);
  }
  expect(backend.counters.allocatedBytes).toBe(0);
  expect(() => backend.allocate([1], 'float32')).toThrow(/after its disposal/);
});

it('await using disposes a store and a pool', async () => {
  const zarr = join(await temporaryFolder(), 'store.zarr');
  await createZarrGroup(zarr, {});
  {
    await using group = await openZarr(zarr);
    expect(await group.list()).toEqual([]);
    await using pool = createRasterPool();
    await using raster = await pool.open(path);
    expect(raster.width).toBe(4);
  }
  const source = disposable({ disposed: 0 }, async () => {
    source.disposed++;
  });
  await source.dispose();
  await source.close();
  await source[Symbol.asyncDispose]();
  expect(source.disposed).toBe(3);
});
