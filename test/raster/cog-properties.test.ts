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
import { type CogOptions, CogWriter, openRaster } from '../../src/raster/node/index.js';
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

/** Values: many equal, some nodata, the others anything in the dtype's range. */
function anyBand(dtype: Dtype, length: number, nodata: number | null, seed: number): TypedArray {
  const random = seeded(seed);
  const band: TypedArray = allocateArray(dtype, length);
  new Uint8Array(band.buffer).set(randomBytes(band.byteLength));
  for (let i = 0; i < length; i++) {
    const kind = random();
    if (kind < 0.3) band[i] = Math.floor(4 * random());
    else if (kind < 0.5) band[i] = nodata ?? 0;
    // Reading may turn a signalling NaN into a quiet one.
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

/** The share of each pixel in a cell of the overview, without pixels of share 0. */
function sharesOf(cell: number, size: number, cells: number): Map<number, number> {
  const shares = new Map<number, number>();
  for (let part = cell * size; part < (cell + 1) * size; part++) {
    const pixel = Math.floor(part / cells);
    shares.set(pixel, (shares.get(pixel) ?? 0) + 1);
  }
  return shares;
}

/** An overview of a given size, from a list of the source pixels under each pixel. */
function reduced(
  band: TypedArray,
  [width, height]: readonly number[],
  [columns, rows]: readonly number[],
  { dtype, overviews, nodata = null }: CogOptions,
): TypedArray {
  const held = nodata === null ? null : Number(new Float64Array(allocateArray(dtype, 1).fill(nodata))[0]);
  const result: TypedArray = allocateArray(dtype, columns * rows);
  // The centre of a cell; between two pixels it belongs to the first.
  const centre = (k: number, size: number, cells: number): number =>
    Math.ceil(((k + 0.5) * size) / cells) - 1;
  for (let i = 0; i < columns * rows; i++) {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    if (overviews === 'nearest') {
      result[i] = band[centre(y, height, rows) * width + centre(x, width, columns)];
      continue;
    }
    const found = new Map<number, number>();
    let [sum, total] = [0, 0];
    for (const [row, tall] of sharesOf(y, height, rows)) {
      for (const [column, wide] of sharesOf(x, width, columns)) {
        const value = band[row * width + column];
        if (Number.isNaN(value) || value === held) continue;
        found.set(value, (found.get(value) ?? 0) + tall * wide);
        const weight = (tall / rows) * (wide / columns);
        sum += weight * value;
        total += weight;
      }
    }
    const mean = isFloat(dtype) ? sum / total : Math.floor(sum / total + 0.5);
    if (total === 0) result[i] = nodata ?? (isFloat(dtype) ? Number.NaN : 0);
    else if (overviews === 'mode') result[i] = [...found].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0][0];
    // None of these nodata values is the largest of its type.
    else if (mean === held)
      result[i] = !isFloat(dtype) ? mean + 1 : mean === 0 ? 2 ** -126 : mean * (1 - 2 ** -23);
    else result[i] = mean;
  }
  return result;
}

/** Bytes, so that NaN payloads are compared. */
function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

describe('random files by CogWriter', () => {
  it('are read back bit for bit, with the defined overviews', async () => {
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
          const { width, height } = options.geobox;
          const { blockSize = 512 } = options;
          const planes = await raster.readPlanes();
          for (const [k, plane] of planes.entries()) {
            expect(Buffer.compare(bytesOf(plane), bytesOf(made.bands[k]))).toBe(0);
          }
          const sizes = [[width, height], ...raster.overviews];
          let finer = made.bands;
          for (const [k, size] of raster.overviews.entries()) {
            expect(size).toEqual(sizes[k].map((side) => Math.ceil(side / 2)));
            // Class overviews are made from the full image, the others level by level.
            finer =
              options.overviews === 'nearest'
                ? made.bands.map((band) => reduced(band, sizes[0], size, options))
                : finer.map((band) => reduced(band, sizes[k], size, options));
            expect(await raster.readPlanes({ level: k + 1 })).toEqual(finer);
          }
          const all = options.overviews === 'none' || Math.max(...sizes[sizes.length - 1]) <= blockSize;
          expect(all).toBe(true);
        } finally {
          await raster.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});
