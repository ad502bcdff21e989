/** The kernels from arrays to arrays, and with tensors that are on the device already. */
import { Affine, type Bounds, Crs, GeoBox } from '../../geo/index.js';
import { madeUpPlane } from './made-up-raster.js';
import { type KernelUnit, pixelKernels } from './pixel-kernels.js';
import type { BenchCase, BenchContext } from './suite.js';
import { WarpScene } from './warp-scene.js';

/** The scene that is warped from EPSG:32631 to EPSG:32632, in pixels of 10 m. */
const SOURCE = [6000, 8000] as const;
const ORIGIN = [660_000, 5_030_000] as const;
const SIZE = [6033, 8449] as const;
const BOUNDS: Bounds = [187_260, 4_951_190, 247_590, 5_035_680];

export async function* kernelSuite({ backend, quick }: BenchContext): AsyncGenerator<BenchCase, void> {
  yield* warpCases(backend, quick ? 16 : 1);
  for (const kernel of pixelKernels(quick ? 512 : 4096)) {
    const { whole, alone, aloneUnit = kernel.unit, dispose } = kernel.prepare(backend);
    try {
      yield { name: kernel.name, ...amountOf(kernel.unit), run: whole };
      yield { name: `${kernel.name}, kernel alone`, ...amountOf(aloneUnit), run: alone };
    } finally {
      dispose();
    }
  }
}

/** @param coarse how many times as large pixels are */
async function* warpCases(backend: BenchContext['backend'], coarse: number): AsyncGenerator<BenchCase, void> {
  const [width, height] = SOURCE.map((side) => side / coarse);
  const [columns, rows] = SIZE.map((side) => Math.ceil(side / coarse));
  const transform = new Affine(10 * coarse, 0, ORIGIN[0], 0, -10 * coarse, ORIGIN[1]);
  const from = new GeoBox(Crs.parse('EPSG:32631'), transform, width, height);
  const values = madeUpPlane(width, height, 0);
  const grid = { bounds: BOUNDS, size: [columns, rows] } as const;
  for (const resampling of ['nearest', 'bilinear', 'cubic'] as const) {
    using scene = new WarpScene(backend, values, from, grid, resampling);
    const name = `warp, ${resampling}`;
    yield { name, amount: (columns * rows) / 1e6, unit: 'Mpixel', run: () => scene.run() };
    yield { name: `${name}, kernel alone`, ...amountOf(scene.aloneUnit), run: scene.prepareAlone() };
  }
}

function amountOf({ megapixels }: KernelUnit): Pick<BenchCase, 'amount' | 'unit'> {
  return { amount: megapixels, unit: 'Mpixel' };
}
