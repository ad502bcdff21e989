import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Affine,
  allocateArray,
  type Dtype,
  GeoBox,
  isFloat,
  rangeOf,
  type TypedArray,
} from '../../src/geo/index.js';
import { undoCoding } from '../../src/raster/codecs/wasm-decoders.js';
import { encodeBytes } from '../../src/raster/codecs/wasm-encoders.js';
import { type OverviewMethod, reduceRows } from '../../src/raster/cog/overview.js';
import { requirePredictor } from '../../src/raster/geotiff/predictor.js';
import { type CogOptions, CogWriter, openRaster, writeCog } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();
let files = 0;
const newPath = (): string => join(folder, `${files++}.tif`);

function grid(width: number, height: number): GeoBox {
  return new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), width, height);
}

function randomBand(dtype: Dtype, length: number, seed: number): TypedArray {
  const random = seeded(seed);
  const { min, max } = isFloat(dtype) ? { min: -100, max: 100 } : rangeOf(dtype);
  const band: TypedArray = allocateArray(dtype, length);
  for (let i = 0; i < length; i++) band[i] = min + random() * (max - min);
  return band;
}

describe('CogWriter', () => {
  it.each([
    ['uint8', 1, 'deflate'],
    ['int16', 3, 'deflate'],
    ['uint16', 1, 'none'],
    ['uint32', 2, 'deflate'],
    ['float32', 1, 'deflate'],
    ['float32', 4, 'none'],
    ['float64', 2, 'deflate'],
  ] as const)('writes %s in %i bands by %s, and reads it back', async (dtype, bands, compression) => {
    const geobox = grid(150, 133);
    const data = Array.from({ length: bands }, (_, k) => randomBand(dtype, 150 * 133, k + 1));
    const path = newPath();
    await writeCog(path, data, { geobox, bands, dtype, compression, blockSize: 64 });
    const raster = await openRaster(path);
    expect(raster.geobox?.equals(geobox)).toBe(true);
    expect(raster.compression).toBe(compression);
    expect(raster.overviews).toEqual([
      [75, 67],
      [38, 34],
    ]);
    const planes = await raster.readPlanes();
    for (const [k, plane] of planes.entries()) expect(plane).toEqual(data[k]);
    await raster.close();
  });

  it('gives the same file for any split of rows', async () => {
    const geobox = grid(100, 90);
    const data = randomBand('float32', 9000, 5);
    const options: CogOptions = { geobox, bands: 1, dtype: 'float32', blockSize: 32, nodata: Number.NaN };
    const [whole, pieces] = [newPath(), newPath()];
    await writeCog(whole, [data], options);
    const writer = await CogWriter.create(pieces, options);
    for (let y = 0; y < 90; ) {
      const rows = Math.min(90 - y, 1 + ((y * 7) % 40));
      await writer.writeRows([data.subarray(y * 100, (y + rows) * 100)]);
      y += rows;
    }
    await writer.finish();
    expect(await readFile(pieces)).toEqual(await readFile(whole));
  });

  it('keeps nodata, names, scales, and colours', async () => {
    const path = newPath();
    await writeCog(path, [new Uint8Array(400).fill(2)], {
      geobox: grid(20, 20),
      bands: 1,
      dtype: 'uint8',
      nodata: 255,
      descriptions: ['land & <water>'],
      scales: [0.5],
      offsets: [-3],
      colourTable: [
        [1, 2, 3],
        [4, 5, 6],
        [250, 128, 0],
      ],
    });
    const raster = await openRaster(path);
    expect(raster.bands[0]).toMatchObject({
      index: 1,
      dtype: 'uint8',
      nodata: 255,
      scale: 0.5,
      offset: -3,
      description: 'land & <water>',
    });
    expect(raster.colourTable?.slice(0, 4)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [250, 128, 0],
      [0, 0, 0],
    ]);
    await raster.close();
  });

  it('keeps a rotated grid and a geographic grid', async () => {
    for (const geobox of [
      new GeoBox(32632, new Affine(7, 7, 300000, 7, -7, 5000000), 20, 20),
      new GeoBox(4326, new Affine(0.1, 0, 5, 0, -0.1, 50), 20, 20),
    ]) {
      const path = newPath();
      await writeCog(path, [new Float32Array(400)], { geobox, bands: 1, dtype: 'float32' });
      const raster = await openRaster(path);
      expect(raster.geobox?.equals(geobox)).toBe(true);
      await raster.close();
    }
  });

  it('leaves nothing behind when it is aborted or fails', async () => {
    const before = await readdir(folder);
    const writer = await CogWriter.create(join(folder, 'aborted.tif'), {
      geobox: grid(50, 50),
      bands: 1,
      dtype: 'uint8',
    });
    await writer.writeRows([new Uint8Array(500)]);
    await expect(writer.writeRows([new Uint8Array(333)])).rejects.toThrow(/cannot add/);
    await expect(writer.finish()).rejects.toThrow(/got 10 of 50 rows/);
    await writer.abort();
    await writer.abort();
    expect(await readdir(folder)).toEqual(before);
  });

  it.each([
    [{ blockSize: 100 }, /tiles of 100 pixels/],
    [{ bands: 0 }, /cannot have 0 bands/],
    [{ dtype: 'float32', colourTable: [[0, 0, 0]] }, /cannot have a colour table/],
    [{ level: 10 }, /cannot be compressed by deflate at level 10; give a whole number from 1 to 9/],
    [{ compression: 'zstd', level: 23 }, /from 1 to 22/],
    [{ compression: 'none', level: 1 }, /cannot have level 1 without compression/],
    [{ compression: 'none', predictor: 2 }, /cannot have predictor 2 without compression/],
    [{ predictor: 3 }, /cannot have predictor 3 with uint8/],
    [{ scales: [1, 2] }, /cannot have 2 scales in 1 bands/],
  ] as [Partial<CogOptions>, RegExp][])('refuses %o', async (change, message) => {
    const options: CogOptions = { geobox: grid(10, 10), bands: 1, dtype: 'uint8', ...change };
    await expect(CogWriter.create(newPath(), options)).rejects.toThrow(message);
  });

  it('refuses a CRS that GeoTIFF keys cannot represent', async () => {
    const geobox = new GeoBox('+proj=moll +lon_0=0 +datum=WGS84', Affine.scale(1, -1), 10, 10);
    await expect(CogWriter.create(newPath(), { geobox, bands: 1, dtype: 'uint8' })).rejects.toThrow(
      /has no keys for the coordinate reference system \+proj=moll.*; choose one with an EPSG code/,
    );
  });

  it('keeps a CRS without an EPSG code', async () => {
    const geobox = new GeoBox('+proj=laea +lat_0=48 +lon_0=11 +datum=WGS84', Affine.scale(1, -1), 10, 10);
    const path = newPath();
    await writeCog(path, [new Uint8Array(100)], { geobox, bands: 1, dtype: 'uint8' });
    const raster = await openRaster(path);
    expect(raster.geobox?.equals(geobox)).toBe(true);
    await raster.close();
  });

  it('averages only valid pixels of the mask', async () => {
    const path = newPath();
    const values = Float32Array.from({ length: 32 * 32 }, (_, i) => i % 32);
    const mask = Uint8Array.from(values, (x) => (x % 2 === 0 ? 1 : 0));
    const options: CogOptions = {
      geobox: grid(32, 32),
      bands: 1,
      dtype: 'float32',
      blockSize: 16,
      mask: true,
    };
    await writeCog(path, [values], options, mask);
    const raster = await openRaster(path);
    const [half] = await raster.readPlanes({ level: 1 });
    expect([...half.subarray(0, 16)]).toEqual(Array.from({ length: 16 }, (_, x) => 2 * x));
    await raster.close();
    await expect(writeCog(path, [values], options)).rejects.toThrow(/cannot add/);
  });

  it('writes BigTIFF on request, and refuses a classic TIFF that is too large', async () => {
    const path = newPath();
    await writeCog(path, [new Uint8Array(100)], {
      geobox: grid(10, 10),
      bands: 1,
      dtype: 'uint8',
      bigTiff: true,
    });
    expect((await readFile(path)).readUInt16LE(2)).toBe(43);
    const options: CogOptions = {
      geobox: grid(40_000, 30_000),
      bands: 1,
      dtype: 'float32',
      compression: 'none',
      overviews: 'none',
      bigTiff: false,
    };
    await expect(CogWriter.create(newPath(), options)).rejects.toThrow(
      /more than a classic TIFF can address/,
    );
  });

  it('leaves out empty tiles of a sparse file', async () => {
    const paths = [newPath(), newPath()];
    const values = new Int16Array(64 * 64).fill(-1);
    values[0] = 5;
    for (const [k, path] of paths.entries()) {
      const options: CogOptions = {
        geobox: grid(64, 64),
        bands: 1,
        dtype: 'int16',
        nodata: -1,
        blockSize: 16,
      };
      await writeCog(path, [values], { ...options, compression: 'none', sparse: k === 0 });
      const raster = await openRaster(path);
      expect((await raster.readPlanes())[0]).toEqual(values);
      await raster.close();
    }
    const [sparse, full] = await Promise.all(paths.map(async (path) => (await readFile(path)).byteLength));
    // Only the first of 16, 4 and 1 tiles is stored in each image.
    expect(full - sparse).toBe(18 * (16 * 16 * 2 + 8));
  });

  it('writes tiles of known size at their places in one temporary file', async () => {
    const [empty, values] = [join(folder, 'one-file'), randomBand('float32', 100 * 70, 3)];
    await mkdir(empty);
    const options: CogOptions = {
      geobox: grid(100, 70),
      bands: 1,
      dtype: 'float32',
      blockSize: 32,
      compression: 'none',
    };
    const path = join(empty, 'a.tif');
    await using writer = await CogWriter.create(path, options);
    await writer.writeRows([values.subarray(0, 5000)]);
    expect(await readdir(empty)).toHaveLength(1);
    await writer.writeRows([values.subarray(5000)]);
    await writer.finish();
    expect(await readdir(empty)).toEqual(['a.tif']);
    const bytes = await readFile(path);
    // Tiles of 100 × 70, 50 × 35 and 25 × 18 pixels: 4 · 3 + 2 · 2 + 1, each of 32 × 32 floats between its size and its end.
    const frame = 4 + 32 * 32 * 4 + 4;
    const tiles = bytes.subarray(bytes.length - 17 * frame);
    for (let k = 0; k < 17; k++) expect(tiles.readUInt32LE(k * frame)).toBe(32 * 32 * 4);
    // The full image is last: its first tile begins with the first pixels.
    expect(tiles.readFloatLE(5 * frame + 4 + 4)).toBe(values[1]);
    // Of the last tile, 4 columns and 6 rows are in the image; the rest is 0.
    const last = tiles.subarray(16 * frame + 4);
    expect(last.readFloatLE(4 * 3)).toBe(values[64 * 100 + 99]);
    expect(last.readFloatLE(4 * 4)).toBe(0);
    expect(last.readFloatLE(4 * 32 * 5)).toBe(values[69 * 100 + 96]);
    expect(last.readFloatLE(4 * 32 * 6)).toBe(0);
  });

  it('refuses rows of another type', async () => {
    await using writer = await CogWriter.create(newPath(), {
      geobox: grid(10, 10),
      bands: 1,
      dtype: 'float32',
    });
    await expect(writer.writeRows([new Float64Array(100)])).rejects.toThrow(/cannot add/);
  });

  it('refuses a folder that cannot be written', async () => {
    const options: CogOptions = { geobox: grid(10, 10), bands: 1, dtype: 'uint8' };
    await expect(CogWriter.create(join(folder, 'none', 'a.tif'), options)).rejects.toThrow(
      /cannot be written since its folder does not exist .*; make the folder first\.$/,
    );
  });
});

/** A small image of one band at half the resolution. */
function halve(
  values: TypedArray,
  width: number,
  height: number,
  nodata: number | null,
  method: Exclude<OverviewMethod, 'none'>,
): TypedArray {
  const to = [Math.ceil(width / 2), Math.ceil(height / 2)] as const;
  const rows = { values, stride: width, nodata, mask: null };
  return reduceRows(rows, { from: [width, height], to }, 0, to[1], method);
}

describe('overviews', () => {
  it('average valid pixels', () => {
    const four = Float32Array.of(1, 3, 10, NaN, 5, 7, NaN, NaN);
    expect(halve(four, 4, 2, null, 'average')).toBeCloseToArray([4, 10]);
    expect(halve(Int16Array.of(1, 2, -1, -1), 2, 2, -1, 'average')).toBeCloseToArray([2]);
    expect(halve(Int16Array.of(-1, -1, -1, -1), 2, 2, -1, 'average')).toBeCloseToArray([-1]);
  });

  it('average three pixels into two by their shares, as GDAL does', () => {
    // Cells of one and a half pixels. gdaladdo -r average of these 3 × 1 pixels: 4, 10.
    expect(halve(Float32Array.of(3, 6, 12), 3, 1, null, 'average')).toBeCloseToArray([4, 10]);
    // If one of the two pixels is nodata, the other counts alone.
    expect(halve(Float32Array.of(NaN, 6, 12), 3, 1, null, 'average')).toBeCloseToArray([6, 10]);
    expect(halve(Float32Array.of(3, 6, 12), 1, 3, null, 'average')).toBeCloseToArray([4, 10]);
  });

  it('leave single gaps out of cells of several pixels', () => {
    // Nine cells of 1.67 × 1.67 pixels: the others of the first cell are 10.
    const values = new Int16Array(25).fill(10);
    values[0] = -1;
    expect([...halve(values, 5, 5, -1, 'average')]).toEqual(new Array(9).fill(10));
  });

  it('do not turn a mean that equals nodata into a gap', () => {
    expect(halve(Uint8Array.of(254, 0, 0, 254), 2, 2, 127, 'average')).toBeCloseToArray([128]);
    expect(halve(Float32Array.of(-1, 1, 1, -1), 2, 2, 0, 'average')[0]).toBeGreaterThan(0);
    expect(halve(Uint8Array.of(10, 0, 20), 3, 1, 17, 'average')).toBeCloseToArray([7, 13]);
  });

  it('of classes take the most frequent class, the lowest of ties', () => {
    expect(halve(Uint8Array.of(2, 1, 1, 2), 2, 2, 255, 'mode')).toBeCloseToArray([1]);
    expect(halve(Uint8Array.of(3, 0, 3, 1), 2, 2, 255, 'mode')).toBeCloseToArray([3]);
    expect(halve(Uint8Array.of(255, 255, 255, 1), 2, 2, 255, 'mode')).toBeCloseToArray([1]);
    // Half of the middle pixel is in each cell: the outer pixels cover more.
    expect(halve(Uint8Array.of(7, 1, 9), 3, 1, 255, 'mode')).toBeCloseToArray([7, 9]);
    expect(halve(Uint8Array.of(9, 8, 7, 6), 2, 2, null, 'nearest')).toBeCloseToArray([9]);
  });

  it.each([
    // A mean of means is nearly the mean; a mode of different values is the lowest.
    ['average', 0.03],
    ['mode', 0.5],
    ['nearest', 0.25],
  ] as const)('are aligned with the full image at every level: %s', async (method, most) => {
    // Columns and rows as values: a pixel of an overview shows its origin. 1041 = 2 · 521 − 1, …
    const [width, height] = [1041, 333];
    const path = newPath();
    const values = Array.from({ length: width * height }, (_, i) => i);
    const planes = [
      Float32Array.from(values, (i) => (i % width) + 0.5),
      Float32Array.from(values, (i) => Math.floor(i / width) + 0.5),
    ];
    const options: CogOptions = {
      geobox: grid(width, height),
      bands: 2,
      dtype: 'float32',
      blockSize: 32,
      mask: true,
      overviews: method,
    };
    await writeCog(path, planes, options, new Uint8Array(width * height).fill(1));
    const raster = await openRaster(path);
    expect(raster.overviews).toEqual([
      [521, 167],
      [261, 84],
      [131, 42],
      [66, 21],
      [33, 11],
      [17, 6],
    ]);
    for (const [k, [columns, rows]] of raster.overviews.entries()) {
      const [x, y] = await raster.readPlanes({ level: k + 1 });
      const mask = await raster.readMask({ level: k + 1 });
      let worst = 0;
      for (let i = 0; i < columns * rows; i++) {
        const [dx, dy] = [((i % columns) + 0.5) / columns, (Math.floor(i / columns) + 0.5) / rows];
        worst = Math.max(worst, Math.abs(x[i] - dx * width), Math.abs(y[i] - dy * height));
      }
      expect(worst).toBeLessThanOrEqual(most * 2 ** (k + 1));
      expect(mask?.every((value) => value > 0)).toBe(true);
    }
    await raster.close();
  });

  it('do not depend on the split of rows', async () => {
    const [width, height] = [101, 77];
    const data = randomBand('uint8', width * height, 9).map((value) => value % 5);
    const mask = Uint8Array.from(data, (value, i) => (value === 0 || i % 7 === 0 ? 0 : 1));
    for (const overviews of ['average', 'mode', 'nearest'] as const) {
      const options = {
        geobox: grid(width, height),
        bands: 1,
        blockSize: 16,
        mask: true,
        overviews,
      } as const;
      const path = newPath();
      await writeCog(path, [data], { ...options, dtype: 'uint8' }, mask);
      const raster = await openRaster(path);
      const [half] = await raster.readPlanes({ level: 1 });
      const reduction = { from: [width, height], to: [51, 39] } as const;
      const rows = { values: data, stride: width, nodata: null, mask };
      expect(half).toEqual(reduceRows(rows, reduction, 0, 39, overviews));
      await raster.close();
    }
  });
});

describe('predictors', () => {
  it('are undone exactly at every width', async () => {
    const shape = fc.record({
      width: fc.integer({ min: 1, max: 70 }),
      rows: fc.integer({ min: 1, max: 3 }),
      samples: fc.integer({ min: 1, max: 4 }),
      sample: fc.constantFrom([2, 1], [2, 2], [2, 4], [2, 8], [3, 4], [3, 8]),
    });
    await fc.assert(
      fc.asyncProperty(shape, fc.integer(), async ({ width, rows, samples, sample }, seed) => {
        const [predictor, bytesPerSample] = sample;
        const random = seeded(seed);
        const length = rows * width * samples * bytesPerSample;
        const bytes = Uint8Array.from({ length }, () => 256 * random());
        const prediction = { predictor, rows, width, samples, bytesPerSample };
        const stored = await encodeBytes({
          bytes: bytes.slice(),
          compression: 'deflate',
          level: 1,
          prediction,
        });
        const block = { ...prediction, littleEndian: true, bytesPerWord: 1 };
        expect(await undoCoding(new Uint8Array(inflateSync(stored)), rows, block)).toEqual(bytes);
      }),
    );
  });

  it('refuse unknown predictors and unsupported samples', () => {
    const refusal = /^x\.tif uses TIFF predictor \d+ on samples of \d+ bits; rewrite it/;
    expect(() => requirePredictor('x.tif', 34894, 8, false)).toThrow(refusal);
    expect(() => requirePredictor('x.tif', 2, 12, false)).toThrow(refusal);
    expect(() => requirePredictor('x.tif', 3, 32, false)).toThrow(refusal);
    requirePredictor('x.tif', 3, 24, true);
  });
});
