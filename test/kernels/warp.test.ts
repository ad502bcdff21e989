import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';
import { caseNames, readCase } from '../support/warp-cases.js';
import { warpOn } from '../support/warp-on.js';
import { localGradient, nearEdge, referenceWarp } from '../support/warp-reference.js';

const utm31 = new GeoBox(32631, new Affine(10, 0, 697000, 0, -10, 5000400), 300, 280);
const utm32 = new GeoBox(32632, new Affine(10, 0, 223900, 0, -10, 5001800), 330, 310);

describeBackends('warp', (backend) => {
  describe.each(caseNames('warp'))('GDAL’s %s', (name) => {
    const { source, floats, from, to, nodata, truth } = readCase('warp', name);
    const valid = floats.filter((v) => !Number.isNaN(v));
    const range = Math.max(...valid) - Math.min(...valid);

    it('nearest: takes the same pixel, except within 1e-3 px of an edge', async () => {
      const result = await warpOn(backend(), source, from, to, 'nearest', { nodata });
      const expected = truth('near') ?? [];
      const { positions } = referenceWarp(floats, from, to, 'nearest');
      let undecided = 0;
      for (let k = 0; k < result.length; k++) {
        if (Object.is(result[k], expected[k])) continue;
        expect(nearEdge(positions[2 * k], positions[2 * k + 1]), `pixel ${k}`).toBe(true);
        undecided++;
      }
      // Shifted by half a pixel, every pixel is on an edge.
      if (name !== 'half-pixel-shift') expect(undecided / result.length).toBeLessThan(0.01);
    });

    it('bilinear: is within 1e-5 of the range and 0.002 px of the gradient, with equal masks', async () => {
      const result = await warpOn(backend(), source, from, to, 'bilinear', { nodata });
      const expected = truth('bilinear') ?? [];
      const { positions } = referenceWarp(floats, from, to, 'bilinear');
      for (let k = 0; k < result.length; k++) {
        const [x, y] = [positions[2 * k], positions[2 * k + 1]];
        if (Number.isNaN(result[k]) !== Number.isNaN(expected[k])) {
          expect(nearEdge(x, y), `pixel ${k}`).toBe(true);
        } else if (!Number.isNaN(result[k])) {
          const allowed = 1e-5 * range + 0.002 * localGradient(floats, from.width, from.height, x, y);
          expect(Math.abs(result[k] - expected[k]), `pixel ${k}`).toBeLessThanOrEqual(allowed);
        }
      }
    });
  });

  it('is equal to the float64 reference on a large tile with gaps', async () => {
    const source = randomValues(5, utm31.width * utm31.height, -20, 5, 0.05);
    for (const resampling of ['nearest', 'bilinear'] as const) {
      const result = await warpOn(backend(), source, utm31, utm32, resampling);
      const { values, positions } = referenceWarp(source, utm31, utm32, resampling);
      let compared = 0;
      for (let k = 0; k < result.length; k++) {
        const [x, y] = [positions[2 * k], positions[2 * k + 1]];
        // Bilinear weights are continuous: only validity can change at an edge.
        if (nearEdge(x, y, 1e-4) || nearEdge(x - 0.5, y - 0.5, 1e-4)) continue;
        if (!Number.isNaN(values[k])) compared++;
        const allowed =
          resampling === 'nearest' ? 0 : 1e-4 * localGradient(source, utm31.width, utm31.height, x, y) + 1e-5;
        expect(Number.isNaN(result[k]), `pixel ${k}`).toBe(Number.isNaN(values[k]));
        if (!Number.isNaN(values[k]))
          expect(Math.abs(result[k] - Math.fround(values[k]))).toBeLessThanOrEqual(allowed);
      }
      expect(compared).toBeGreaterThan(20000);
    }
  });

  it('by hand: interpolates a 2 × 2 raster ten times finer', async () => {
    // Pixel centres at 0.5 and 1.5: constant before the first centre, in between rising in tenths.
    const from = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 10), 2, 1);
    const to = new GeoBox(32632, new Affine(1, 0, -1, 0, -1, 10), 22, 1);
    const row = await warpOn(backend(), Float32Array.of(1, 2), from, to, 'bilinear');
    const steps = [1.05, 1.15, 1.25, 1.35, 1.45, 1.55, 1.65, 1.75, 1.85, 1.95];
    expect(row).toBeCloseToArray([NaN, 1, 1, 1, 1, 1, ...steps, 2, 2, 2, 2, 2, NaN], 1e-6);
    const nearest = await warpOn(backend(), Float32Array.of(1, 2), from, to, 'nearest');
    expect(nearest).toBeCloseToArray([NaN, ...new Array(10).fill(1), ...new Array(10).fill(2), NaN]);
  });

  it('by hand: a position on the far edge is inside, a position beyond it is outside', async () => {
    const from = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 20), 2, 2);
    // Centres at source positions 0 and 2 (both edges), and at 2.25.
    const onEdges = new GeoBox(32632, new Affine(20, 0, -10, 0, -20, 30), 2, 2);
    expect(await warpOn(backend(), Float32Array.of(1, 2, 3, 4), from, onEdges, 'nearest')).toBeCloseToArray([
      1, 2, 3, 4,
    ]);
    const beyond = new GeoBox(32632, new Affine(20, 0, 12.5, 0, -20, 30), 1, 1);
    expect(await warpOn(backend(), Float32Array.of(1, 2, 3, 4), from, beyond, 'nearest')).toBeCloseToArray([
      NaN,
    ]);
  });

  it('by hand: validity is that of the containing pixel, and weights are renormalised at gaps', async () => {
    const from = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 10), 3, 1);
    const to = new GeoBox(32632, new Affine(5, 0, 0, 0, -10, 10), 6, 1);
    // Source positions 0.25, 0.75, 1.25, 1.75, 2.25, 2.75; the middle pixel has no data.
    const row = await warpOn(backend(), Float32Array.of(4, NaN, 8), from, to, 'bilinear');
    expect(row).toBeCloseToArray([4, 4, NaN, NaN, 8, 8]);
  });

  it('by hand: x and y are not swapped', async () => {
    const from = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 20), 3, 2);
    const to = new GeoBox(32632, new Affine(10, 0, 5, 0, -10, 15), 2, 1);
    // The destination is half a pixel right and down: each pixel is the mean of four.
    const result = await warpOn(backend(), Float32Array.of(0, 1, 2, 10, 11, 12), from, to, 'bilinear');
    expect(result).toBeCloseToArray([5.5, 6.5], 1e-6);
  });

  it('writes only its tile of a larger destination', async () => {
    const { uploadControl, warp } = await import('../../src/kernels/index.js');
    const { ControlGrid, createPixelMapping } = await import('../../src/geo/node/index.js');
    const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 8, 6);
    const device = backend();
    const source = device.upload(
      Float32Array.from({ length: 48 }, (_, i) => i),
      [6, 8],
    );
    const destination = device.upload(new Float32Array(48).fill(-1), [6, 8]);
    const tile = { x: 3, y: 2, width: 4, height: 3 };
    const control = uploadControl(device, new ControlGrid(createPixelMapping(box, box)).window(tile));
    warp(device, {
      source,
      sourceWindow: { x: 0, y: 0, width: 8, height: 6 },
      control,
      tile,
      resampling: 'nearest',
      destination,
      offset: tile.y * 8 + tile.x,
      stride: 8,
    });
    const expected = Float32Array.from({ length: 48 }, (_, i) => {
      const inside = i % 8 >= 3 && i % 8 < 7 && i >= 16 && i < 40;
      return inside ? i : -1;
    });
    expect(await device.download(destination)).toBeCloseToArray(expected);
    for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
  });
});

describe.skipIf(webgpuProblem !== null)('warp (cpu and webgpu)', () => {
  it.each([
    ['nearest', 0],
    ['bilinear', 1e-5],
  ] as const)('%s: masks equal bit for bit, values within %f', async (resampling, tolerance) => {
    const cpu = new CpuBackend();
    for (const seed of [1, 2, 3]) {
      const source = randomValues(seed, utm31.width * utm31.height, -30, 10, 0.1 * (seed - 1));
      const a = await warpOn(cpu, source, utm31, utm32, resampling);
      const b = await warpOn(sharedWebGpu(), source, utm31, utm32, resampling);
      expect(b).toBeCloseToArray(a, tolerance);
    }
    cpu.dispose();
  });
});
