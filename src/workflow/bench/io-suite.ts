/** Rasters written as COGs, read again, and warped from file to file. */
import { join } from 'node:path';
import { Affine, Crs, GeoBox } from '../../geo/index.js';
import { type CogCompression, openRaster, writeCog } from '../../raster/node/index.js';
import { warpFile } from '../warp.js';
import { madeUpPlane } from './made-up-raster.js';
import type { BenchCase, BenchContext } from './suite.js';

const CASES = [
  ['uint16', 'none'],
  ['uint16', 'deflate'],
  ['uint16', 'zstd'],
  ['float32', 'none'],
  ['float32', 'deflate'],
  ['float32', 'zstd'],
] as const satisfies readonly (readonly ['uint16' | 'float32', CogCompression])[];

export async function* ioSuite({
  backend,
  threads,
  quick,
  folder,
  signal,
}: BenchContext): AsyncGenerator<BenchCase, void> {
  const side = quick ? 512 : 5490;
  const geobox = new GeoBox(
    Crs.parse('EPSG:32632'),
    new Affine(10, 0, 300_000, 0, -10, 5_000_000),
    side,
    side,
  );
  const plane = madeUpPlane(side, side, 1);
  const planes = { float32: plane, uint16: Uint16Array.from(plane, (value) => 2000 + 600 * value) };
  const work = { amount: side ** 2 / 1e6, unit: 'Mpixel' };
  for (const [dtype, compression] of CASES) {
    const path = join(folder, `${dtype}-${compression}.tif`);
    const overviews = compression === 'none' ? 'none' : 'average';
    yield {
      name: `write a COG of ${dtype}, ${compression}${overviews === 'none' ? ', without overviews' : ''}`,
      ...work,
      run: () => writeCog(path, [planes[dtype]], { geobox, bands: 1, dtype, compression, overviews }),
    };
    yield {
      name: `read ${dtype}, ${compression}`,
      ...work,
      async run() {
        await using raster = await openRaster(path, { signal });
        await raster.read();
      },
    };
  }
  yield {
    name: 'warp a file of float32, deflate, to one without compression',
    ...work,
    run: () =>
      warpFile({
        source: join(folder, 'float32-deflate.tif'),
        destination: join(folder, 'warped.tif'),
        grid: { crs: 'EPSG:32631', resolution: 10 },
        resampling: 'bilinear',
        compression: 'none',
        overviews: 'none',
        backend: backend.info.kind,
        threads,
        signal,
      }),
  };
}
