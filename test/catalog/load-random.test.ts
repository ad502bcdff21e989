/**
 * Random scenes with several CRSs, resolutions and dtypes, with nodata, masks, scales and coarser quality bands,
 * compared with the definition in float64: mask every source, warp it alone, then combine.
 */
import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  type LoadRasterOptions,
  loadRaster,
  streamRaster,
} from '../../src/catalog/node/index.js';
import { Affine, Crs, createTransform, GeoBox, type TypedArray } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { writeRow } from '../support/raster-rows.js';
import { nearEdge, type ReferenceResult, referenceWarp } from '../support/warp-reference.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const PLACE = [6, 46] as const;
const SYSTEMS = [32631, 32632, 3857, 4326] as const;
const METRES_A_DEGREE = 90_000;

/** One source of the reference. */
interface Scene {
  readonly geobox: GeoBox;
  /** Physical values of the data band and classes, NaN for invalid pixels. */
  readonly data: Float64Array;
  readonly classes: Float64Array;
}

interface Case {
  readonly grid: GeoBox;
  readonly rows: readonly CatalogRow[];
  /** Sorted by time. */
  readonly scenes: readonly Scene[];
  readonly mask: NonNullable<LoadRasterOptions['mask']>;
  /** Between the least and the greatest physical value of a source. */
  readonly range: number;
}

type Random = ReturnType<typeof seeded>;
const below = (random: Random, n: number): number => Math.floor(random() * n);
function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)];
}

/** A grid in metres around the area, in its own CRS. */
function boxAround(random: Random, metres: number, side: number, spread: number): GeoBox {
  const crs = Crs.parse(pick(random, SYSTEMS));
  const size = crs.isGeographic ? metres / METRES_A_DEGREE : metres;
  const [x, y] = createTransform(Crs.wgs84, crs).forward(...PLACE);
  const [dx, dy] = [random() - 0.5, random() - 0.5].map((shift) => shift * spread * size);
  const [width, height] = [side - below(random, 7), side - below(random, 7)];
  const left = x + dx - (width * size) / 2;
  const top = y + dy + (height * size) / 2;
  return new GeoBox(crs, new Affine(size, 0, left, 0, -size, top), width, height);
}

const TYPES = [
  { make: (n: number): TypedArray => new Uint16Array(n), low: 1000, high: 3000, nodata: [0, 65535, null] },
  { make: (n: number): TypedArray => new Int16Array(n), low: -2000, high: 500, nodata: [-9999, 0, null] },
  // Radar in decibels.
  { make: (n: number): TypedArray => new Float32Array(n), low: -30, high: -2, nodata: [NAN, -9999, null] },
] as const;

async function makeScene(
  random: Random,
  type: (typeof TYPES)[number],
  id: string,
  time: number,
): Promise<{ row: CatalogRow; scene: Scene }> {
  const geobox = boxAround(random, 20 + 60 * random(), 44, 30);
  const count = geobox.pixelCount;
  const nodata: number | null = pick<number | null>(random, type.nodata);
  const scale = pick(random, [1, 0.5, 2, 0.25]);
  const offset = pick(random, [0, -100, 7]);
  const stored = type.make(count);
  for (let i = 0; i < count; i++) {
    const value = type.low + (type.high - type.low) * (0.4 * random() + 0.6 * ((i % 40) / 40));
    stored[i] = nodata !== null && random() < 0.15 ? nodata : value;
  }
  const classes = Uint8Array.from({ length: count }, () => 1 + below(random, 5));
  const mask = random() < 0.4 ? Uint8Array.from({ length: count }, () => (random() < 0.1 ? 0 : 255)) : null;

  // Edges of quality pixels never coincide with centres of data pixels.
  const ratio = pick(random, [0.5, 1, 2, 3]);
  const transform = geobox.transform
    .compose(Affine.translation(-0.3 * ratio, -0.3 * ratio))
    .compose(Affine.scale(ratio, ratio));
  const quality = new GeoBox(
    geobox.crs,
    transform,
    Math.ceil(geobox.width / ratio) + 1 - below(random, 3),
    Math.ceil(geobox.height / ratio) + 1,
  );
  const flags = Uint8Array.from({ length: quality.pixelCount }, () => (random() < 0.04 ? 9 : 4));

  const row = await writeRow(
    folder,
    id,
    {
      data: {
        geobox,
        bands: [stored],
        names: ['data'],
        options: { nodata, scales: [scale], offsets: [offset] },
        ...(mask === null ? {} : { mask }),
      },
      land: { geobox, bands: [classes], names: ['landcover'] },
      quality: { geobox: quality, bands: [flags], names: ['SCL'] },
    },
    { interval: new Date(time).toISOString() },
  );
  const kept = (radius: number): Uint8Array => keptBy(geobox, quality, flags, radius);
  const known = kept(DILATE);
  const data = Float64Array.from(stored, (value, i) =>
    value === nodata || known[i] === 0 || mask?.[i] === 0 ? NAN : value * scale + offset,
  );
  return {
    row,
    scene: {
      geobox,
      data,
      classes: Float64Array.from(classes, (value, i) => (known[i] === 0 ? NAN : value)),
    },
  };
}

const DILATE = 1.5;

/** 1 where the quality pixel under a pixel's centre and all within the radius are clear. */
function keptBy(box: GeoBox, quality: GeoBox, flags: Uint8Array, radius: number): Uint8Array {
  const toQuality = quality.transform.inverse().compose(box.transform);
  const isCloud = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < quality.width && y < quality.height && flags[y * quality.width + x] === 9;
  return Uint8Array.from({ length: box.pixelCount }, (_, i) => {
    const [px, py] = toQuality.apply((i % box.width) + 0.5, Math.floor(i / box.width) + 0.5);
    const [x, y] = [Math.floor(px), Math.floor(py)];
    if (!(x >= 0 && y >= 0 && x < quality.width && y < quality.height)) return 0;
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) {
        if (dx * dx + dy * dy <= radius * radius && isCloud(x + dx, y + dy)) return 0;
      }
    }
    return 1;
  });
}

async function makeCase(count: number, seed: number): Promise<Case> {
  const random = seeded(seed);
  const type = TYPES[seed % TYPES.length];
  const made = [];
  for (let k = 0; k < count; k++)
    made.push(await makeScene(random, type, `s${seed}-${k}`, 1e12 + below(random, 1e9)));
  const grid = boxAround(random, 15 + 60 * random(), 40, 10);
  const byTime = [...made].sort((a, b) => a.row.interval.start - b.row.interval.start);
  return {
    grid,
    rows: made.map(({ row }) => row),
    scenes: byTime.map(({ scene }) => scene),
    mask: { band: 'SCL', classes: [9], dilate: DILATE },
    range: 2 * (type.high - type.low),
  };
}

function combine(known: readonly number[], method: MosaicMethod): number {
  if (method === 'count') return known.length;
  if (known.length === 0) return NAN;
  const sorted = [...known].sort((a, b) => a - b);
  const sum = known.reduce((total, value) => total + value, 0);
  const middle = (known.length - 1) / 2;
  const results: Record<Exclude<MosaicMethod, 'count'>, number> = {
    first: known[0],
    last: known[known.length - 1],
    min: sorted[0],
    max: sorted[sorted.length - 1],
    sum,
    mean: sum / known.length,
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
  };
  return results[method];
}

const warps = new WeakMap<Float64Array, Partial<Record<'nearest' | 'bilinear', ReferenceResult>>>();

/** The warp of a scene alone, onto the grid of its case; computed once for all methods and backends. */
function warpOf(scene: Scene, band: 'data' | 'classes', grid: GeoBox, resampling: 'nearest' | 'bilinear') {
  const known = warps.get(scene[band]) ?? {};
  warps.set(scene[band], known);
  known[resampling] ??= referenceWarp(scene[band], scene.geobox, grid, resampling);
  return known[resampling];
}

/** The combined values by the definition, and the pixels whose position is not on an edge of a source pixel. */
function expected(
  { grid, scenes }: Case,
  band: 'data' | 'classes',
  resampling: 'nearest' | 'bilinear',
  method: MosaicMethod,
): { values: Float64Array; sure: Uint8Array } {
  const warped = scenes.map((scene) => warpOf(scene, band, grid, resampling));
  const sure = new Uint8Array(grid.pixelCount).fill(1);
  const values = Float64Array.from({ length: grid.pixelCount }, (_, k) => {
    for (const { positions } of warped) {
      if (nearEdge(positions[2 * k], positions[2 * k + 1], 0.003)) sure[k] = 0;
    }
    return combine(
      warped.map((one) => one.values[k]).filter((value) => !Number.isNaN(value)),
      method,
    );
  });
  return { values, sure };
}

/** Compares the pixels that are not on an edge: nearly all. */
function compare(
  received: ArrayLike<number>,
  { values, sure }: ReturnType<typeof expected>,
  tolerance: number,
): void {
  const where = [...sure.keys()].filter((k) => sure[k] === 1);
  expect(where.length).toBeGreaterThan(0.8 * values.length);
  const at = (list: ArrayLike<number>): number[] => where.map((k) => list[k]);
  expect(at(received)).toBeCloseToArray(at(values), tolerance);
}

/** Positions are right to 0.002 pixels along both axes; float32 has 24 bits. */
function toleranceOf(
  { range, rows }: Case,
  resampling: 'nearest' | 'bilinear',
  method: MosaicMethod,
): number {
  if (method === 'count') return 0;
  const sources = method === 'sum' ? rows.length : 1;
  return sources * range * (resampling === 'nearest' ? 1e-6 : 0.006);
}

const METHODS: MosaicMethod[] = ['first', 'last', 'min', 'max', 'mean', 'median', 'sum', 'count'];
const cases = await Promise.all([1, 3, 4, 6, 9, 13].map(makeCase));

describe('the random cases', () => {
  it('have pixels of several sources, pixels of one, and gaps', () => {
    const counts = cases.map((one) => [...expected(one, 'data', 'nearest', 'count').values]);
    expect(Math.max(...counts.flat())).toBeGreaterThan(3);
    expect(counts.flat().filter((count) => count === 0).length).toBeGreaterThan(100);
  });
});

/** A device with little memory, so that strips are low. */
class SmallBackend extends CpuBackend {
  override readonly limits: CpuBackend['limits'];

  constructor(maxTensorBytes: number) {
    super();
    this.limits = { maxTensorBytes };
  }
}

describe('strips of different heights', () => {
  it.each(METHODS)('give the same bits (stackstac#84): %s', async (method) => {
    for (const { rows, grid } of cases.slice(3)) {
      const load = async (rowsOfStrip: number) => {
        // Five planes of a strip, including the sources' windows.
        const backend = new SmallBackend(5 * rowsOfStrip * grid.width * 4);
        const heights: number[] = [];
        const stream = await streamRaster(rows, grid, {
          backend,
          bands: ['data'],
          method,
          resampling: 'bilinear',
        });
        const strips: number[] = [];
        for await (const strip of stream) {
          heights.push(strip.geobox.height);
          strips.push(...strip.data);
        }
        backend.dispose();
        return { heights, strips };
      };
      const [low, high] = [await load(16), await load(512)];
      expect(low.heights.length).toBeGreaterThan(2);
      expect(high.heights).toHaveLength(1);
      expect(low.strips).toEqual(high.strips);
    }
  });
});

describeBackends('random scenes', (backend) => {
  it.each(METHODS)('by %s are equal to the definition, in both resamplings', async (method) => {
    for (const [k, one] of cases.entries()) {
      // Cases k and k + 3 have the same type: each type in each resampling.
      const resampling = (k + METHODS.indexOf(method)) % 2 === 0 ? 'nearest' : 'bilinear';
      const options = { backend: backend(), bands: ['data'], mask: one.mask, method, resampling } as const;
      const { data } = await loadRaster(one.rows, one.grid, options);
      compare(data, expected(one, 'data', resampling, method), toleranceOf(one, resampling, method));
    }
  });

  it('keep classes beside interpolated data, and refuse arithmetic on classes', async () => {
    for (const method of ['first', 'last', 'min', 'max', 'count'] as const) {
      for (const one of cases.slice(0, 3)) {
        const options = { backend: backend(), bands: ['data', 'landcover'], mask: one.mask, method };
        const tensor = await loadRaster(one.rows, one.grid, options);
        const size = one.grid.pixelCount;
        const tolerance = toleranceOf(one, 'bilinear', method);
        compare(tensor.data.subarray(0, size), expected(one, 'data', 'bilinear', method), tolerance);
        compare(tensor.data.subarray(size), expected(one, 'classes', 'nearest', method), 0);
      }
    }
    for (const method of ['mean', 'median', 'sum'] as const) {
      const bands = ['landcover'];
      await expect(loadRaster(cases[0].rows, cases[0].grid, { bands, method })).rejects.toThrow(
        `method cannot be ${method} for the band "landcover", which holds categories`,
      );
    }
    await expect(
      loadRaster(cases[0].rows, cases[0].grid, { bands: ['landcover'], resampling: 'cubic' }),
    ).rejects.toThrow(/resampling cannot be cubic for the band "landcover"/);
  });

  it('are rounded half up to integers, with a nodata value', async () => {
    for (const one of cases.slice(0, 3)) {
      const options = { backend: backend(), bands: ['data'], mask: one.mask, resampling: 'nearest' } as const;
      const tensor = await loadRaster(one.rows, one.grid, { ...options, dtype: 'int32', nodata: -99_999 });
      expect(tensor.dtype).toBe('int32');
      expect(tensor.nodata).toBe(-99_999);
      const wanted = expected(one, 'data', 'nearest', 'first');
      const values = wanted.values.map((value) =>
        Number.isNaN(value) ? -99_999 : Math.floor(Math.fround(value) + 0.5),
      );
      compare(tensor.data, { ...wanted, values }, 0);
    }
  });
});
