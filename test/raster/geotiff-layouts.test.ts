import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { MemorySource } from '../../src/io/index.js';
import { parseNodata } from '../../src/raster/geotiff/bands.js';
import {
  GeoTiffRaster,
  readPixels,
  type Sidecars,
  toStoredIntegers,
  WarpedRaster,
} from '../../src/raster/node/index.js';
import {
  ascii,
  buildTiff,
  double,
  long,
  PIXELS_AT,
  short,
  type TiffField,
  type TiffOptions,
} from '../support/tiff-builder.js';

const ramp = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

function open(
  width: number,
  height: number,
  pixels: Uint8Array,
  options: TiffOptions = {},
  sidecars: Sidecars = {},
): Promise<GeoTiffRaster> {
  const source = new MemorySource(buildTiff(width, height, pixels, options), 'made.tif');
  return GeoTiffRaster.open(source, { sidecars });
}

async function read(...args: Parameters<typeof open>): Promise<number[][]> {
  const raster = await open(...args);
  return (await raster.readPlanes()).map((plane) => [...plane]);
}

/** A grid in UTM zone 32N with pixels of 10 m. */
const place: Record<number, TiffField> = {
  33550: double(10, 10, 0),
  33922: double(0, 0, 0, 500000, 5000000, 0),
  34735: short(1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32632),
};

/** A file of 4 × 3 pixels with an added field, whose tag or type is then overwritten. */
function withField(tag: number, change: (view: DataView, entry: number) => void): Uint8Array<ArrayBuffer> {
  const file = buildTiff(4, 3, ramp(12), { fields: { [tag]: short(999) } });
  const view = new DataView(file.buffer);
  const directory = view.getUint32(4, true);
  const entries = Array.from({ length: view.getUint16(directory, true) }, (_, k) => directory + 2 + 12 * k);
  const entry = entries.find((at) => view.getUint16(at, true) === tag);
  if (entry === undefined) throw new Error(`there is no tag ${tag}`);
  change(view, entry);
  return file;
}

describe('fields as libtiff reads them', () => {
  it('skips a field of an unknown type', async () => {
    const file = withField(270, (view, entry) => view.setUint16(entry + 2, 99, true));
    const raster = await GeoTiffRaster.open(new MemorySource(file));
    expect((await raster.readPlanes()).map((plane) => [...plane])).toEqual([[...ramp(12)]]);
  });

  it('takes the first of two fields with the same tag', async () => {
    const file = withField(40_000, (view, entry) => view.setUint16(entry, 256, true));
    expect((await GeoTiffRaster.open(new MemorySource(file))).width).toBe(4);
  });

  it('refuses directory offsets beyond the end of a BigTIFF, or beyond 2^53', async () => {
    for (const offset of [1000n, 2n ** 60n]) {
      const file = new Uint8Array(64);
      file.set([0x49, 0x49, 43, 0, 8]);
      new DataView(file.buffer).setBigUint64(8, offset, true);
      await expect(GeoTiffRaster.open(new MemorySource(file, 'big.tif'))).rejects.toThrow(
        `big.tif is not a readable TIFF (it points to byte ${Number(offset)} of 64)`,
      );
    }
  });
});

describe('sizes and offsets of various writers', () => {
  const rows = ramp(12);
  const expected = [[...rows]];

  it('reads strips without byte counts', async () => {
    expect(await read(4, 3, rows, { fields: { 279: null } })).toEqual(expected);
    expect(await read(4, 3, rows, { fields: { 278: long(2), 273: long(8, 16), 279: null } })).toEqual(
      expected,
    );
  });

  it('reads compressed strips without byte counts: each ends at the next strip or the end of the file', async () => {
    const [a, b] = [deflateSync(rows.subarray(0, 8)), deflateSync(rows.subarray(8))];
    const pixels = new Uint8Array([...a, ...b]);
    const fields = { 259: short(8), 278: long(2), 273: long(PIXELS_AT, PIXELS_AT + a.length), 279: null };
    expect(await read(4, 3, pixels, { fields })).toEqual(expected);
  });

  it('reads an empty strip, RowsPerStrip beyond the image, and 16-bit offsets', async () => {
    expect(await read(4, 3, rows, { fields: { 279: long(0) } })).toEqual(expected);
    expect(await read(4, 3, rows, { fields: { 278: long(0xffffffff) } })).toEqual(expected);
    expect(await read(4, 3, rows, { fields: { 278: null } })).toEqual(expected);
    const strips = { 278: short(1), 273: short(8, 12, 16), 279: short(4, 4, 4) };
    expect(await read(4, 3, rows, { fields: strips })).toEqual(expected);
    expect(await read(4, 3, rows, { fields: strips, littleEndian: false })).toEqual(expected);
  });

  it('reads strips that share their bytes', async () => {
    const fields = { 278: long(1), 273: long(8, 8, 12), 279: long(4, 4, 4) };
    expect(await read(4, 3, rows, { fields })).toEqual([[0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]]);
  });

  it('reads bits in reverse order', async () => {
    const fields = { 258: short(1), 266: short(2) };
    expect(await read(10, 1, Uint8Array.of(0b00000101, 0b00000010), { fields })).toEqual([
      [1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
    ]);
  });

  it('ignores a predictor that the codec does not support', async () => {
    expect(await read(4, 3, rows, { fields: { 317: short(2) } })).toEqual(expected);
  });

  it('reads a bottom tile that ends with the image', async () => {
    const tile = deflateSync(ramp(16 * 3));
    const fields = {
      259: short(8), 273: null, 278: null, 279: null, 322: short(16), 323: short(16), 324: long(8), 325: long(tile.length),
    }; // biome-ignore format: a table
    expect(await read(2, 3, tile, { fields })).toEqual([[0, 1, 16, 17, 32, 33]]);
  });
});

describe('samples', () => {
  it.each([true, false])('reads 24-bit floats, little-endian %s', async (littleEndian) => {
    const words = [0x3f0000, 0x3f8000, 0xc02000, 0x000001, 0x7f0000];
    const bytes = words.flatMap((w) => {
      const parts = [w & 255, (w >> 8) & 255, w >> 16];
      return littleEndian ? parts : parts.reverse();
    });
    const fields = { 258: short(24), 339: short(3) };
    const [plane] = await read(5, 1, Uint8Array.from(bytes), { fields, littleEndian });
    // By GDAL 3.6.2.
    expect(plane).toEqual([1, 1.5, -2.25, 2 ** -78, Infinity]);
  });

  it.each([
    [2n ** 53n, 2],
    [-(2n ** 53n), 2],
    [2n ** 53n, 1],
  ])('%s as a 64-bit integer of format %s', async (value, format) => {
    const pixels = new Uint8Array(BigInt64Array.of(value).buffer);
    expect(await read(1, 1, pixels, { fields: { 258: short(64), 339: short(format) } })).toEqual([
      [Number(value)],
    ]);
  });

  it.each([
    ['int64', 2, BigInt64Array.of(-(2n ** 63n), 7n), -(2 ** 63)],
    ['int64', 2, BigInt64Array.of(2n ** 63n - 1n, 7n), 2 ** 63],
    ['uint64', 1, BigUint64Array.of(2n ** 64n - 1n, 7n), 2 ** 64],
  ] as const)('the ends of %s as nodata', async (type, format, integers, nodata) => {
    const fields = { 258: short(64), 339: short(format), 42113: ascii(String(integers[0])) };
    const raster = await open(2, 1, new Uint8Array(integers.buffer), { fields });
    const { planes, valid } = await readPixels(raster);
    expect([raster.bands[0].nodata, [...planes[0]], [...valid[0]]]).toEqual([nodata, [nodata, 7], [0, 1]]);
    // The words of the file again.
    expect([...toStoredIntegers(type, planes[0])]).toEqual([...integers]);
  });

  it('64-bit integers that float64 cannot hold are refused', async () => {
    const pixels = new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer);
    await expect(read(1, 1, pixels, { fields: { 258: short(64), 339: short(2) } })).rejects.toThrow(
      /^made\.tif holds the 64-bit integer 9007199254740993, which float64 cannot hold exactly; renumber/,
    );
  });

  it('samples of several or unknown types are refused', async () => {
    const fields = { 258: short(8, 16), 277: short(2) };
    await expect(open(1, 1, ramp(3), { fields })).rejects.toThrow(
      /samples of 8 and 16 bits .*; convert it to one/,
    );
    await expect(open(1, 1, ramp(5), { fields: { 258: short(40) } })).rejects.toThrow(/samples of 40 bits/);
  });

  it('WhiteIsZero: gives stored values, with a palette for a bitmap', async () => {
    expect(await read(3, 1, ramp(3), { fields: { 262: short(0) } })).toEqual([[0, 1, 2]]);
    const raster = await open(8, 1, ramp(1), { fields: { 258: short(1), 262: short(0) } });
    expect(raster.colourTable?.[0]).toEqual([255, 255, 255]);
  });

  it('reads YCbCr with chroma subsampled 2 × 2', async () => {
    const fields = { 258: short(8, 8, 8), 262: short(6), 277: short(3), 530: short(2, 2) };
    // One cell of four lumas, then neutral chroma; the second cell is pure red.
    const pixels = Uint8Array.of(10, 20, 30, 40, 128, 128, 76, 76, 76, 76, 85, 255);
    const [red, green, blue] = await read(4, 2, pixels, { fields });
    expect(red).toEqual([10, 20, 254, 254, 30, 40, 254, 254]);
    expect(green).toEqual([10, 20, 0, 0, 30, 40, 0, 0]);
    expect(blue).toEqual([10, 20, 0, 0, 30, 40, 0, 0]);
  });
});

describe('nodata', () => {
  it.each([
    ['nan', Number.NaN],
    ['-1.#IND', Number.NaN],
    ['1.#QNAN', Number.NaN],
    ['-1.#INF', -Infinity],
    ['inf', Infinity],
    [' -9999 ', -9999],
    ['-3,4e+38', -3.4e38],
    ['.5', 0.5],
    ['255 255 255', 255],
    ['', null],
    ['none', null],
  ])('"%s"', (text, value) => {
    expect(parseNodata(text)).toEqual(value);
  });

  it('has the band’s type', async () => {
    const fields = { 258: short(32), 339: short(3), 42113: ascii('-3.4e+38') };
    const raster = await open(1, 1, ramp(4), { fields });
    expect(raster.bands[0].nodata).toBe(Math.fround(-3.4e38));
  });

  it.each([
    ['-9999', 0],
    ['300', 255],
    ['nan', 0],
    ['7', 7],
  ])('of %s fills what a file of bytes does not store by %s', async (nodata, fill) => {
    const fields = { 273: long(0), 279: long(0), 42113: ascii(nodata) };
    expect(await read(2, 1, ramp(2), { fields })).toEqual([[fill, fill]]);
  });
});

describe('places', () => {
  it('reads a south-up transformation, and prefers a scale', async () => {
    const matrix = double(10, 0, 0, 500000, 0, 10, 0, 5000000, 0, 0, 0, 0, 0, 0, 0, 1);
    const raster = await open(1, 1, ramp(1), { fields: { 34264: matrix } });
    expect(raster.transform?.toTuple()).toEqual([10, 0, 500000, 0, 10, 5000000]);
    const both = await open(1, 1, ramp(1), { fields: { 34264: matrix, ...place } });
    expect(both.transform?.toTuple()).toEqual([10, 0, 500000, 0, -10, 5000000]);
  });

  it('arc-seconds become degrees', async () => {
    const keys = short(1, 1, 0, 3, 1024, 0, 1, 2, 2048, 0, 1, 4326, 2054, 0, 1, 9104);
    const raster = await open(1, 1, ramp(1), {
      fields: { 33550: double(3600, 3600, 0), 33922: double(0, 0, 0, 36000, 180000, 0), 34735: keys },
    });
    expect(raster.crs?.epsg).toBe(4326);
    expect(raster.transform?.toTuple()).toEqual([1, 0, 10, 0, -1, 50]);
  });

  it('an unknown EPSG code does not prevent reading the pixels', async () => {
    const keys = short(1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 20999);
    const raster = await open(2, 1, ramp(2), { fields: { ...place, 34735: keys } });
    expect(raster.crs).toBeNull();
    expect(await raster.readPlanes()).toHaveLength(1);
    await expect(raster.read()).rejects.toThrow(/cannot be used \(EPSG:20999 is not a known .*\); assign it/);
  });
});

describe('warping', () => {
  const to = new GeoBox('EPSG:32632', new Affine(10, 0, 500000, 0, -10, 5000000), 3, 1);

  async function warp(raster: GeoTiffRaster): Promise<number[]> {
    const backend = new CpuBackend();
    const warped = new WarpedRaster(backend, raster, { geobox: to, resampling: 'nearest', bands: [1] });
    const plane = backend.allocate([1, 3], 'float32');
    await warped.readRows({ start: 0, end: 1 }, [plane], 0);
    const values = [...(await backend.download(plane))];
    plane.dispose();
    backend.dispose();
    return values;
  }

  it('gives nodata where the alpha band is 0', async () => {
    const fields = { ...place, 258: short(8, 8), 277: short(2), 338: short(2) };
    const raster = await open(3, 1, Uint8Array.of(5, 255, 6, 0, 7, 1), { fields });
    expect(await warp(raster)).toEqual([5, Number.NaN, 7]);
  });

  it('gives nodata where the sidecar mask is 0', async () => {
    const mask = new MemorySource(buildTiff(3, 1, Uint8Array.of(0b01100000), { fields: { 258: short(1) } }));
    const raster = await open(3, 1, ramp(3), { fields: place }, { mask });
    expect(await warp(raster)).toEqual([Number.NaN, 1, 2]);
  });

  it('refuses complex numbers', async () => {
    const fields = { ...place, 258: short(32), 339: short(5) };
    const raster = await open(3, 1, ramp(12), { fields });
    expect(await raster.readPlanes()).toHaveLength(1);
    await expect(warp(raster)).rejects.toThrow(
      /^made\.tif holds complex numbers \(complex_int16\) in band 1; /,
    );
    await expect(raster.read()).rejects.toThrow(/complex numbers/);
  });
});

describe('hostile headers are refused before allocation', () => {
  const sentence = /^made\.tif .*; .*\.$/;

  it.each<[string, Record<number, TiffField | null>]>([
    ['a strip of 16 TB', { 256: long(2 ** 22), 257: long(2 ** 22), 259: short(8), 278: long(2 ** 22) }],
    ['more strips than offsets', { 257: long(2 ** 31 - 1), 278: long(1) }],
    ['a width beyond 31 bits', { 256: long(2 ** 32 - 1) }],
    ['70 000 bands', { 277: long(70_000) }],
    ['no bands', { 277: short(0) }],
    ['tiles of no height', { 322: short(16), 323: short(0), 324: long(8), 325: long(1) }],
    ['strips of no rows', { 278: long(0) }],
    ['YCbCr cells of 3 × 0', { 258: short(8, 8, 8), 262: short(6), 277: short(3), 530: short(3, 0) }],
  ])('%s', async (_, fields) => {
    await expect(open(4, 3, ramp(12), { fields })).rejects.toThrow(sentence);
  });

  it('an uncompressed strip of 16 TB', async () => {
    const fields = { 256: long(2 ** 22), 257: long(2 ** 22), 278: long(2 ** 22) };
    const raster = await open(4, 3, ramp(12), { fields });
    await expect(raster.readPlanes()).rejects.toThrow(/too large to be read at once/);
    const window = { x: 0, y: 9, width: 1, height: 1 };
    await expect(raster.readPlanes({ window })).rejects.toThrow(/a strip holds 12 bytes of 17592186044416/);
  });

  it('a strip that ends beyond the file', async () => {
    await expect(read(4, 3, ramp(12), { fields: { 279: long(2 ** 31) } })).rejects.toThrow(sentence);
    await expect(read(4, 3, ramp(12), { fields: { 273: long(2 ** 32 - 2) } })).rejects.toThrow(sentence);
  });
});
