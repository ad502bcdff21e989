import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Affine,
  allocateArray,
  DTYPES,
  type Dtype,
  GeoBox,
  isFloat,
  type TypedArray,
} from '../../src/geo/index.js';
import { type CogOptions, CogWriter, openRaster } from '../../src/raster/index.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();
const path = join(folder, 'any.tif');

interface Case {
  options: CogOptions;
  bands: TypedArray[];
  /** Rows that each call writes. */
  strips: number[];
}

/** Values of which many are equal, some are nodata, and the others anything that the type can hold. */
function anyBand(dtype: Dtype, length: number, nodata: number | null, seed: number): TypedArray {
  const random = seeded(seed);
  const band: TypedArray = allocateArray(dtype, length);
  new Uint8Array(band.buffer).set(randomBytes(band.byteLength));
  for (let i = 0; i < length; i++) {
    const kind = random();
    if (kind < 0.3) band[i] = Math.floor(4 * random());
    else if (kind < 0.5) band[i] = nodata ?? 0;
    // Reading may quieten a signalling NaN.
    if (Number.isNaN(band[i])) band[i] = Number.NaN;
  }
  return band;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    width: fc.integer({ min: 1, max: 90 }),
    height: fc.integer({ min: 1, max: 90 }),
    dtype: fc.constantFrom(...DTYPES),
    count: fc.integer({ min: 1, max: 4 }),
    blockSize: fc.constantFrom(16, 32, 48, 128),
    compression: fc.constantFrom('deflate', 'zstd', 'none'),
    predictor: fc.constantFrom(1, 2, 3),
    level: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    interleave: fc.constantFrom('pixel', 'band'),
    overviews: fc.constantFrom('average', 'mode', 'nearest', 'none'),
    nodata: fc.constantFrom(null, 0, 3, Number.NaN),
    sparse: fc.boolean(),
    bigTiff: fc.constantFrom<('auto' | boolean)[]>('auto', true, false),
    seed: fc.integer(),
    strips: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
  })
  .map(({ width, height, dtype, count, seed, strips, level, predictor, ...rest }) => {
    const nodata = Number.isNaN(rest.nodata) && !isFloat(dtype) ? 7 : rest.nodata;
    const options: CogOptions = {
      ...rest,
      geobox: new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), width, height),
      bands: count,
      dtype,
      nodata,
      predictor: rest.compression === 'none' ? 1 : predictor === 3 && !isFloat(dtype) ? 2 : predictor,
      ...(level === undefined || rest.compression === 'none' ? {} : { level }),
    };
    const bands = Array.from({ length: count }, (_, k) => anyBand(dtype, width * height, nodata, seed + k));
    return { options, bands, strips };
  });

async function write({ options, bands, strips }: Case): Promise<void> {
  const { width, height } = options.geobox;
  const writer = await CogWriter.create(path, options);
  for (let y = 0, k = 0; y < height; k++) {
    const end = Math.min(height, y + strips[k % strips.length]);
    await writer.writeRows(bands.map((band) => band.subarray(y * width, end * width)));
    y = end;
  }
  await writer.finish();
}

/** Half the resolution, by lists of the four pixels and nothing clever. */
function reduced(band: TypedArray, width: number, height: number, options: CogOptions): TypedArray {
  const { dtype, overviews, nodata = null } = options;
  const held = nodata === null ? null : Number(new Float64Array(allocateArray(dtype, 1).fill(nodata))[0]);
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const result: TypedArray = allocateArray(dtype, halfWidth * halfHeight);
  for (let y = 0; y < halfHeight; y++) {
    for (let x = 0; x < halfWidth; x++) {
      const all: number[] = [];
      for (const [dy, dx] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]) {
        // biome-ignore format: four neighbours
        if (2 * y + dy < height && 2 * x + dx < width) all.push(band[(2 * y + dy) * width + 2 * x + dx]);
      }
      const valid = all.filter((value) => !Number.isNaN(value) && value !== held);
      const times = (value: number): number => valid.filter((other) => other === value).length;
      const mean = valid.reduce((sum, value) => sum + value, 0) / valid.length;
      let value: number;
      if (overviews === 'nearest') value = all[0];
      else if (valid.length === 0) value = nodata ?? (isFloat(dtype) ? Number.NaN : 0);
      else if (overviews === 'mode') value = valid.sort((a, b) => times(b) - times(a) || a - b)[0];
      else value = isFloat(dtype) ? mean : Math.floor(mean + 0.5);
      result[y * halfWidth + x] = value;
    }
  }
  return result;
}

/** Bytes, so that every NaN counts. */
function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

describe('what CogWriter writes', () => {
  it('is read back bit for bit, and its overviews are what they should be', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (made) => {
        await write(made);
        const { options } = made;
        const raster = await openRaster(path);
        try {
          expect(raster.geobox?.equals(options.geobox)).toBe(true);
          expect(raster.bands.map(({ dtype, nodata }) => [dtype, nodata])).toEqual(
            made.bands.map(() => [options.dtype, options.nodata]),
          );
          let { width, height } = options.geobox;
          const planes = await raster.readPlanes();
          for (const [k, plane] of planes.entries()) {
            expect(Buffer.compare(bytesOf(plane), bytesOf(made.bands[k]))).toBe(0);
          }
          let finer = made.bands;
          for (let level = 1; level <= raster.overviews.length; level++) {
            finer = finer.map((band) => reduced(band, width, height, options));
            [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
            expect(raster.overviews[level - 1]).toEqual([width, height]);
            expect(await raster.readPlanes({ level })).toEqual(finer);
          }
          const all = options.overviews === 'none' || Math.max(width, height) <= (options.blockSize ?? 512);
          expect(all).toBe(true);
        } finally {
          await raster.close();
        }
      }),
      { numRuns: 300 },
    );
  });
});
