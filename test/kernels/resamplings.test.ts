import { describe, expect, it } from 'vitest';
import { Affine, allocateArray, ControlGrid, createPixelMapping, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import {
  AREA_RESAMPLINGS,
  type FilterScale,
  INTERPOLATIONS,
  isInterpolation,
  keepsValues,
  nodataToNaN,
  parseAntialias,
  RESAMPLINGS,
  uploadControl,
  warp,
} from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues, seeded } from '../support/random.js';
import { caseNames, readCase } from '../support/warp-cases.js';
import { warpOn } from '../support/warp-on.js';
import {
  nearEdge,
  referenceCorners,
  referenceFilter,
  referenceWarp,
  spreadAround,
} from '../support/warp-reference.js';

const EPSG = 32632;
const square = (width: number, height: number): GeoBox =>
  new GeoBox(EPSG, new Affine(1, 0, 0, 0, -1, 0), width, height);
/** A grid over a source of `square`: left, top and pixel size in source pixels. */
const over = (left: number, top: number, span: number, width: number, height = 1): GeoBox =>
  new GeoBox(EPSG, new Affine(span, 0, left, 0, -span, -top), width, height);

/** A random grid over a source: rotated, sheared or mirrored, with pixels of 0.6 to 1.9 source pixels. */
function randomGrid(seed: number, from: GeoBox, size: number): GeoBox {
  const random = seeded(seed);
  const angle = random() * 2 * Math.PI;
  const scale = 0.6 + 1.3 * random();
  const shear = random() - 0.5;
  const mirror = random() < 0.5 ? -1 : 1;
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const linear = new Affine(cos, cos * shear - sin * mirror, 0, sin, sin * shear + cos * mirror, 0);
  const [x, y] = [from.width / 2 + random(), -from.height / 2 + random()];
  const [dx, dy] = linear.apply(size / 2, size / 2);
  return new GeoBox(EPSG, new Affine(linear.a, linear.b, x - dx, linear.d, linear.e, y - dy), size, size);
}

/** The globe in degrees, and grids across the antimeridian and over the poles. Both backends share their control grids. */
const globe = new GeoBox(4326, new Affine(0.5, 0, -180, 0, -0.5, 90), 720, 360);
const polarGrids = [
  new GeoBox(32660, new Affine(20000, 0, 500000, 0, -20000, 2000000), 30, 20),
  new GeoBox(3413, new Affine(50000, 0, -800000, 0, -50000, 813000), 32, 32),
  new GeoBox(3031, new Affine(50000, 0, -790000, 0, -50000, 770000), 32, 32),
];

describeBackends('resamplings', (backend) => {
  describe('infinities', () => {
    const size = 9;
    const source = Float32Array.from({ length: size * size }, (_, i) => (i * 7) % 23);
    const [column, row] = [4, 3];
    const place = row * size + column;
    const from = square(size, size);

    it.each(['bilinear', 'cubic', 'lanczos', 'average', 'rms', 'sum'] as const)(
      'affect no pixel outside their weights: %s',
      async (resampling) => {
        for (const infinity of [Infinity, -Infinity]) {
          const spoilt = source.slice();
          spoilt[place] = infinity;
          const same = await warpOn(backend(), spoilt, from, from, resampling);
          expect(same[place]).toBe(resampling === 'rms' ? Infinity : infinity);
          const others = same.map((value, i) => (i === place ? source[i] : value));
          expect(others).toBeCloseToArray([...source], 1e-4);
        }
      },
    );

    it.each(['bilinear', 'cubic', 'lanczos'] as const)(
      'affect no pixel of other columns: %s',
      async (resampling) => {
        const spoilt = source.slice();
        spoilt[place] = Infinity;
        const down = over(0, 0.25, 1, size, size - 1);
        const expected = await warpOn(backend(), source, from, down, resampling);
        const result = await warpOn(backend(), spoilt, from, down, resampling);
        const elsewhere = (values: Float32Array): Float32Array =>
          values.filter((_, i) => i % size !== column);
        expect(elsewhere(result)).toBeCloseToArray([...elsewhere(expected)], 1e-5);
      },
    );
  });

  describe.each(caseNames('resamplings'))('GDAL’s %s', (name) => {
    const { source, floats, from, to, nodata, scale, truth } = readCase('resamplings', name);
    const valid = floats.filter((v) => !Number.isNaN(v));
    const range = Math.max(...valid) - Math.min(...valid);
    const { positions } = referenceWarp(floats, from, to, 'nearest');
    const corners = referenceCorners(from, to);
    const named = RESAMPLINGS.map(
      (resampling) => [resampling, truth(resampling === 'nearest' ? 'near' : resampling)] as const,
    ).filter((pair): pair is [(typeof pair)[0], Float32Array] => pair[1] !== null);

    it.each(named)('%s', async (resampling, expected) => {
      const result = await warpOn(backend(), source, from, to, resampling, { nodata }, [scale, scale]);
      let undecided = 0;
      for (let k = 0; k < result.length; k++) {
        const [x, y] = [positions[2 * k], positions[2 * k + 1]];
        const box = corners.subarray(4 * k, 4 * k + 4);
        const [right, bottom] = [Math.max(box[0], box[2]), Math.max(box[1], box[3])];
        // GDAL 3.6.2 takes the source's first column or row for boxes that end before them.
        if (!isInterpolation(resampling) && resampling !== 'sum' && (right <= 0 || bottom <= 0)) {
          expect(result[k], `pixel ${k}`).toBeNaN();
          continue;
        }
        const edge = isInterpolation(resampling)
          ? nearEdge(x, y)
          : box.some((corner) => Math.abs(corner - Math.round(corner)) < 1e-3);
        const same = Object.is(result[k], expected[k]);
        const gap = Number.isNaN(result[k]) !== Number.isNaN(expected[k]);
        if (keepsValues(resampling) || gap) {
          if (!same) {
            expect(edge, `pixel ${k}`).toBe(true);
            undecided++;
          }
        } else if (!Number.isNaN(result[k])) {
          const radius = Math.max(right - x, bottom - y, x - Math.min(box[0], box[2]), 3 / scale) + 1;
          const spread = spreadAround(floats, from, x, y, radius);
          // Sums grow with the number of pixels.
          const pixels = resampling === 'sum' ? Math.max(1, (right - box[0]) ** 2) : 1;
          const allowed = pixels * (1e-5 * range + 0.002 * spread);
          expect(Math.abs(result[k] - expected[k]), `pixel ${k}`).toBeLessThanOrEqual(allowed);
        }
      }
      expect(undecided / result.length).toBeLessThan(0.005);
    });
  });

  describe('by hand', () => {
    const row = (
      values: number[],
      resampling: (typeof RESAMPLINGS)[number],
      to: GeoBox,
    ): Promise<Float32Array> =>
      warpOn(backend(), Float32Array.from(values), square(values.length, 1), to, resampling);
    const powers = [1, 2, 4, 8, 16, 32];

    // Three source pixels per pixel, aligned; the first and last pixel are outside the source.
    it.each([
      ['average', [7 / 3, 56 / 3]],
      ['min', [1, 8]],
      ['max', [4, 32]],
      ['q1', [1, 8]],
      ['med', [2, 16]],
      ['q3', [4, 32]],
      ['mode', [1, 8]],
      ['sum', [7, 56]],
      ['rms', [Math.sqrt(7), Math.sqrt(448)]],
    ] as const)('%s of whole pixels', async (resampling, [a, b]) => {
      const result = await row(powers, resampling, over(-3, 0, 3, 4));
      expect(result).toBeCloseToArray([NaN, a, b, NaN], 2e-6 * b);
    });

    it('average and sum weight pixels by their share', async () => {
      // Boxes from -1.3 to 1.3, 3.9 and 6.5. The part outside counts as the edge pixel in an average, as in GDAL,
      // and not in a sum.
      const to = new GeoBox(EPSG, new Affine(2.6, 0, -1.3, 0, -1, 0), 3, 1);
      const averages = [
        (2.3 * 1 + 0.3 * 2) / 2.6,
        (0.7 * 2 + 4 + 0.9 * 8) / 2.6,
        (0.1 * 8 + 16 + 1.5 * 32) / 2.6,
      ];
      expect(await row(powers, 'average', to)).toBeCloseToArray(averages, 1e-5);
      expect(await row(powers, 'sum', to)).toBeCloseToArray([1.6, 12.6, 48.8], 1e-4);
    });

    it('a box smaller than the rounding tolerance takes the pixel behind its edge', async () => {
      const tiny = new GeoBox(EPSG, new Affine(1e-4, 0, 3 - 5e-5, 0, -1e-4, -0.5), 1, 1);
      for (const resampling of ['average', 'min', 'mode'] as const) {
        expect(await row(powers, resampling, tiny)).toBeCloseToArray([8]);
      }
    });

    it('mode counts whole pixels, and takes the first value to reach a tied count', async () => {
      expect(await row([5, 3, 3, 5, 7, 9], 'mode', over(0, 0, 6, 1))).toBeCloseToArray([3]);
      expect(await row([9, 7, 5, 3, 1, 0], 'mode', over(0, 0, 6, 1))).toBeCloseToArray([9]);
      expect(await row([1, 2, 2, NaN, 1, 1], 'mode', over(0, 0, 6, 1))).toBeCloseToArray([1]);
      // The box touches 1 and 2 by a tenth each, and 3 as a whole.
      const to = new GeoBox(EPSG, new Affine(1.2, 0, 0.9, 0, -1, 0), 1, 1);
      expect(await row([1, 3, 1, 0], 'mode', to)).toBeCloseToArray([1]);
    });

    it('quantiles are values of the source, at rank ceil(n · q − 1)', async () => {
      const values = [40, 10, 20, 30];
      for (const [n, q1, med, q3] of [
        [1, 40, 40, 40],
        [2, 10, 10, 40],
        [3, 10, 20, 40],
        [4, 10, 20, 30],
      ]) {
        const [few, to] = [values.slice(0, n), over(0, 0, n, 1)];
        expect(await row(few, 'q1', to)).toBeCloseToArray([q1]);
        expect(await row(few, 'med', to)).toBeCloseToArray([med]);
        expect(await row(few, 'q3', to)).toBeCloseToArray([q3]);
      }
    });

    it('negative values, zeros of both signs and infinities keep their order', async () => {
      const values = [-0, 3, -5, 0, -Infinity, NaN, 1e-40, Infinity];
      const to = over(0, 0, 8, 1);
      const results = await Promise.all(
        (['min', 'q1', 'med', 'q3', 'max'] as const).map(async (name) => (await row(values, name, to))[0]),
      );
      expect(results).toEqual([-Infinity, -5, 0, 3, Infinity]);
      expect(await row([-0, -0, -1], 'max', over(0, 0, 3, 1))).toEqual(Float32Array.of(0));
    });

    it('large boxes are resampled', async () => {
      const [width, height] = [150, 70];
      const source = randomValues(3, width * height, -1e4, 1e4, 0.1).map((v, i) => (i % 7 === 0 ? 12.5 : v));
      const sorted = source.filter((v) => !Number.isNaN(v)).sort();
      const at = (q: number): number => sorted[Math.ceil(q * sorted.length - 1)];
      const from = square(width, height);
      // Taller than the source: one box contains all of it.
      const whole = over(0, 0, width, 1);
      const result = async (name: (typeof AREA_RESAMPLINGS)[number]): Promise<number> =>
        (await warpOn(backend(), source, from, whole, name))[0];
      expect(await result('q1')).toBe(at(0.25));
      expect(await result('med')).toBe(at(0.5));
      expect(await result('q3')).toBe(at(0.75));
      expect(await result('min')).toBe(sorted[0]);
      expect(await result('max')).toBe(sorted[sorted.length - 1]);
      const classes = source.map((v) => Math.round(v / 2000));
      expect((await warpOn(backend(), classes, from, whole, 'mode'))[0]).toBe(0);
      const total = sorted.reduce((sum, v) => sum + v, 0);
      expect(Math.abs((await result('sum')) - total)).toBeLessThan(1e-6 * sorted.length * 1e4);
    });

    it('cubic passes through the pixels, and falls back to bilinear at edges and gaps', async () => {
      // At -1/2 from a pixel's centre: (-1 · a + 9 · b + 9 · c - 1 · d) / 16.
      const from = square(6, 6);
      const source = Float32Array.from({ length: 36 }, (_, i) => [0, 10, 20, 80, 50, 60][i % 6]);
      const to = new GeoBox(EPSG, new Affine(1, 0, 0.5, 0, -1, -2), 5, 1);
      const values = [
        5,
        (-0 + 90 + 180 - 80) / 16,
        (-10 + 180 + 720 - 50) / 16,
        (-20 + 720 + 450 - 60) / 16,
        55,
      ];
      expect(await warpOn(backend(), source, from, to, 'cubic')).toBeCloseToArray(values, 1e-5);
      // A gap two rows away: the 4 × 4 pixels of the first two contain it, the others do not.
      const holed = source.slice();
      holed[3 * 6 + 1] = NaN;
      values[1] = 15;
      values[2] = 50;
      expect(await warpOn(backend(), holed, from, to, 'cubic')).toBeCloseToArray(values, 1e-5);
    });

    it('a filter leaves gaps out and renormalises its weights', async () => {
      // The B-spline's weights at a pixel's centre: 1/6, 2/3, 1/6.
      const from = square(5, 1);
      const to = over(0, 0, 1, 5);
      const splined = await warpOn(backend(), Float32Array.of(6, 12, 30, NaN, 60), from, to, 'cubicspline');
      expect(splined).toBeCloseToArray([(4 * 6 + 12) / 5, (6 + 48 + 30) / 6, (12 + 120) / 5, NaN, 60], 1e-5);
      const lanczos = await warpOn(backend(), Float32Array.of(6, 12, 30, NaN, 60), from, to, 'lanczos');
      expect(lanczos).toBeCloseToArray([6, 12, 30, NaN, 60], 1e-5);
    });
  });

  describe('random grids', () => {
    const from = square(60, 50);
    const ramp = Float32Array.from({ length: 3000 }, (_, i) => 3 * (i % 60) - 2 * Math.floor(i / 60) + 7);

    it.each(['bilinear', 'cubic', 'cubicspline'] as const)('%s of a ramp is the ramp', async (resampling) => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const to = randomGrid(seed, from, 30);
        const result = await warpOn(backend(), ramp, from, to, resampling);
        const { positions } = referenceWarp(ramp, from, to, 'nearest');
        let compared = 0;
        for (let k = 0; k < result.length; k++) {
          const [x, y] = [positions[2 * k], positions[2 * k + 1]];
          if (!(x > 2.5 && y > 2.5 && x < 57.5 && y < 47.5)) continue;
          const exact = 3 * (x - 0.5) - 2 * (y - 0.5) + 7;
          expect(Math.abs(result[k] - exact), `seed ${seed}, pixel ${k}`).toBeLessThan(2e-4);
          compared++;
        }
        expect(compared).toBeGreaterThan(300);
      }
    });

    it.each([
      ['bilinear', 0.5],
      ['cubic', 0.37],
      ['cubicspline', 1],
      ['cubicspline', 0.8],
      ['lanczos', 1],
      ['lanczos', 0.45],
    ] as const)('%s at a scale of %f is equal to the float64 reference', async (resampling, scale) => {
      for (const seed of [1, 2, 3]) {
        const source = randomValues(seed, 3000, -50, 50, 0.03 * (seed - 1));
        const to = randomGrid(10 + seed, from, 24);
        const result = await warpOn(backend(), source, from, to, resampling, {}, [scale, scale]);
        const reference = referenceFilter(source, from, to, resampling, scale);
        const { positions } = referenceWarp(source, from, to, 'nearest');
        let compared = 0;
        for (let k = 0; k < result.length; k++) {
          if (nearEdge(positions[2 * k], positions[2 * k + 1], 1e-4)) continue;
          // Where negative weights nearly cancel the rest, the quotient has no precision.
          if (Math.abs(reference[k]) > 100) continue;
          if (Number.isNaN(reference[k])) expect(result[k], `pixel ${k}`).toBeNaN();
          else expect(Math.abs(result[k] - reference[k]), `seed ${seed}, pixel ${k}`).toBeLessThan(0.005);
          compared++;
        }
        expect(compared).toBeGreaterThan(500);
      }
    });

    it('the two axes have separate scales', async () => {
      const source = randomValues(8, 3000, -50, 50);
      const to = over(3.3, 2.6, 1.1, 20, 20);
      const wide: FilterScale = [0.25, 1];
      const result = await warpOn(backend(), source, from, to, 'bilinear', {}, wide);
      const rows = await warpOn(backend(), source, from, to, 'bilinear', {}, [0.25, 0.25]);
      expect(Math.max(...result.map((v, k) => Math.abs(v - rows[k])))).toBeGreaterThan(1);
      // The axis of full scale is unchanged, as sources that are constant along the other axis show.
      const alongY = source.map((_, i) => source[60 * Math.floor(i / 60)]);
      const plainY = await warpOn(backend(), alongY, from, to, 'bilinear');
      expect(await warpOn(backend(), alongY, from, to, 'bilinear', {}, wide)).toBeCloseToArray(plainY, 1e-4);
      const alongX = source.map((_, i) => source[i % 60]);
      const plainX = await warpOn(backend(), alongX, from, to, 'bilinear');
      expect(await warpOn(backend(), alongX, from, to, 'bilinear', {}, [1, 0.25])).toBeCloseToArray(
        plainX,
        1e-4,
      );
    });

    it('sums over a destination equal the source’s, at any rotation', async () => {
      for (const seed of [1, 2, 3, 4]) {
        const source = randomValues(seed, 3000, 0, 100);
        const to = randomGrid(20 + seed, from, 180);
        const result = await warpOn(backend(), source, from, to, 'sum');
        const total = (values: Float32Array): number =>
          values.reduce((s, v) => (Number.isNaN(v) ? s : s + v), 0);
        expect(Math.abs(total(result) / total(source) - 1)).toBeLessThan(1e-5);
      }
    });

    it('every area resampling has data exactly where its box intersects data', async () => {
      const source = randomValues(5, 3000, 0, 1, 0.6);
      const to = randomGrid(31, from, 40);
      const corners = referenceCorners(from, to);
      const results = await Promise.all(
        AREA_RESAMPLINGS.filter((name) => name !== 'sum').map((name) =>
          warpOn(backend(), source, from, to, name),
        ),
      );
      let gaps = 0;
      for (let k = 0; k < to.pixelCount; k++) {
        const box = corners.subarray(4 * k, 4 * k + 4);
        if (box.some((v) => Math.abs(v - Math.round(v)) < 1e-3)) continue;
        let found = false;
        for (let j = Math.floor(Math.min(box[1], box[3])); j < Math.max(box[1], box[3]); j++) {
          for (let i = Math.floor(Math.min(box[0], box[2])); i < Math.max(box[0], box[2]); i++) {
            if (i < 0 || j < 0 || i >= 60 || j >= 50) continue;
            if (!Number.isNaN(source[j * 60 + i])) found = true;
          }
        }
        for (const result of results) expect(Number.isNaN(result[k]), `pixel ${k}`).toBe(!found);
        if (!found) gaps++;
      }
      expect(gaps).toBeGreaterThan(50);
    });
  });

  const TYPES = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32'] as const;
  it.each(TYPES.map((dtype, k) => [dtype, k] as const))(
    'reads stored %s with nodata, scale and offset',
    async (dtype, index) => {
      const from = square(37, 23);
      const random = seeded(4);
      const make = (): number => Math.floor(random() * 100) - (dtype.startsWith('u') ? 0 : 50);
      const source = allocateArray(dtype, 37 * 23).map(make);
      const stored = { nodata: 7, scale: 0.25, offset: -3 };
      const device = backend();
      const raw = device.upload(source);
      const converted = nodataToNaN(device, raw, stored);
      const floats = (await device.download(converted)) as Float32Array;
      expect(floats.some(Number.isNaN)).toBe(true);
      for (const tensor of [raw, converted]) tensor.dispose();
      // On WebGPU each pair of type and resampling is a pipeline to compile, and all read pixels by the same function: there
      // each type meets a third of the resamplings, and each resampling at least two types.
      const met = RESAMPLINGS.filter((_, k) => device.info.kind === 'cpu' || (k + index) % 3 === 0);
      expect(met.length).toBeGreaterThan(RESAMPLINGS.length / 3 - 1);
      const to = randomGrid(40, from, 21);
      for (const resampling of met) {
        const fused = await warpOn(device, source, from, to, resampling, stored);
        expect(fused, resampling).toBeCloseToArray(await warpOn(device, floats, from, to, resampling));
      }
    },
  );

  it('gives the values across the antimeridian and over the poles', async () => {
    // Smooth values, also across the seam.
    const values = Float32Array.from({ length: 720 * 360 }, (_, i) => {
      const longitude = ((i % 720) / 720) * 2 * Math.PI;
      return 10 * Math.cos(longitude) + Math.floor(i / 720) / 360;
    });
    for (const [g, to] of polarGrids.entries()) {
      const { positions } = referenceWarp(values, globe, to, 'nearest');
      for (const resampling of ['nearest', 'bilinear', 'cubic', 'average', 'max', 'med'] as const) {
        const result = await warpOn(backend(), values, globe, to, resampling);
        for (let k = 0; k < result.length; k++) {
          const [x, y] = [positions[2 * k], positions[2 * k + 1]];
          // A pixel with a pole or the seam spans all longitudes or none.
          if (y < 4 || y > 356 || (!isInterpolation(resampling) && (x < 2 || x > 718))) continue;
          const exact = 10 * Math.cos((x / 720) * 2 * Math.PI) + y / 360;
          const across = 4 / Math.max(0.01, Math.sin((Math.PI * y) / 360));
          expect(Math.abs(result[k] - exact), `${resampling}, grid ${g}, pixel ${k}`).toBeLessThan(
            0.1 * across,
          );
        }
        expect(result.filter(Number.isNaN).length, `${resampling}, grid ${g}`).toBe(0);
      }
    }
  });
});

describe.skipIf(webgpuProblem !== null)('resamplings (cpu and webgpu)', () => {
  it.each(RESAMPLINGS)('%s: masks equal, and picked values, bit for bit', async (resampling) => {
    const cpu = new CpuBackend();
    const from = square(60, 50);
    for (let seed = 1; seed <= 5; seed++) {
      const missing = [0, 0.02, 0.3, 0.7, 0.95][seed - 1];
      // Few different values, so that modes are tied.
      const source = randomValues(seed, 3000, -30, 10, missing).map((v) => Math.round(v) / 2);
      const to = randomGrid(50 + seed, from, 64);
      const a = await warpOn(cpu, source, from, to, resampling);
      const b = await warpOn(sharedWebGpu(), source, from, to, resampling);
      if (resampling !== 'lanczos') {
        expect(b).toBeCloseToArray(a, keepsValues(resampling) ? 0 : 1e-4);
        continue;
      }
      // With many gaps negative weights may nearly cancel the rest; otherwise the tolerance is the same.
      const worst = a.map((v, k) =>
        Number.isNaN(v) && Number.isNaN(b[k]) ? 0 : Math.abs(v - b[k]) / Math.max(1, v * v),
      );
      expect(Math.max(...worst)).toBeLessThan(1e-3);
    }
    cpu.dispose();
  });
});

describe('warp', () => {
  it('refuses area resampling with a control grid without corners', () => {
    const cpu = new CpuBackend();
    const box = square(4, 4);
    const tile = { x: 0, y: 0, width: 4, height: 4 };
    const control = uploadControl(cpu, new ControlGrid(createPixelMapping(box, box)).window(tile));
    const source = cpu.upload(new Float32Array(16));
    const tensors = { source, destination: cpu.allocate([4, 4], 'float32') };
    expect(() => warp(cpu, { ...tensors, sourceWindow: tile, control, tile, resampling: 'average' })).toThrow(
      /a control grid for average has no footprints of pixels; create it with the footprints and radius of controlNeeds/,
    );
    cpu.dispose();
  });
});

describe('antialias', () => {
  it('accepts off, gdal or a positive number', () => {
    expect(parseAntialias('off')).toBe('off');
    expect(parseAntialias('gdal')).toBe('gdal');
    expect(parseAntialias('0.5')).toBe(0.5);
    for (const text of ['0', '-1', 'yes', '', 'Infinity']) {
      expect(() => parseAntialias(text)).toThrow(/^antialias cannot be ".*"; give off, gdal, or/);
    }
  });

  it('distinguishes interpolation from area resampling', () => {
    expect(INTERPOLATIONS.every(isInterpolation)).toBe(true);
    expect(AREA_RESAMPLINGS.some(isInterpolation)).toBe(false);
  });
});
