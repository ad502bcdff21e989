import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/io/index.js';
import { GeoTiffRaster, openRaster, openZarr } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { ascii, buildTiff, long, PIXELS_AT, short, type TiffField } from '../support/tiff-builder.js';

const MIB = 2 ** 20;
const folder = await temporaryFolder();

const open = (bytes: Uint8Array): Promise<GeoTiffRaster> =>
  GeoTiffRaster.open(new MemorySource(bytes, 'made.tif'));

/** A BigTIFF of a 16-byte header and the given bytes. */
function bigTiff(body: Uint8Array, first = 16): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(16 + body.length);
  file.set([0x49, 0x49, 43, 0, 8, 0, 0, 0]);
  file.set(body, 16);
  new DataView(file.buffer).setBigUint64(8, BigInt(first), true);
  return file;
}

/** The growth of the process's memory by a task, in MiB. */
async function growth(task: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  await task();
  return (process.memoryUsage().rss - before) / MIB;
}

describe('a TIFF that declares more than its bytes', () => {
  it('has tags that all claim the whole file', async () => {
    const count = 30_000;
    const body = new Uint8Array(8 + 20 * count + 8);
    const view = new DataView(body.buffer);
    view.setBigUint64(0, BigInt(count), true);
    for (let k = 0; k < count; k++) {
      const at = 8 + 20 * k;
      view.setUint16(at, 1000 + k, true);
      view.setUint16(at + 2, 1, true);
      view.setBigUint64(at + 4, BigInt(body.length), true);
      view.setBigUint64(at + 12, 16n, true);
    }
    await expect(open(bigTiff(body))).rejects.toThrow(
      'made.tif is not a readable TIFF (its tags take more than the file has); check the file, or get it again.',
    );
  });

  it('has thousands of directories in the same bytes', async () => {
    // Each starts one entry after the previous one: an entry's value is the next directory's count, and the link to the
    // next is at that one's last entry, whose type is 1 for links from 65536 on.
    const [first, count, links] = [65_536, 60_000, 3000];
    const file = bigTiff(new Uint8Array(first + 20 * (count + links + 1)), first);
    const view = new DataView(file.buffer);
    view.setBigUint64(first, BigInt(count), true);
    for (let k = 0; k < count; k++) {
      const at = first + 8 + 20 * k;
      view.setUint16(at, 1000 + (k % 60_000), true);
      view.setUint16(at + 2, 1, true);
      view.setBigUint64(at + 4, 1n, true);
      view.setBigUint64(at + 12, BigInt(count), true);
    }
    for (let k = 0; k < links; k++) {
      view.setBigUint64(first + 20 * (k + count) + 8, BigInt(first + 20 * (k + 1)), true);
    }
    await expect(open(file)).rejects.toThrow('its tags take more than the file has');
  });

  it('has a tag with too many numbers', async () => {
    const values = new Array<number>(2 ** 22 + 1).fill(8);
    await expect(
      open(buildTiff(2, 2, new Uint8Array(4), { fields: { 258: { type: 'short', values } } })),
    ).rejects.toThrow('tag 258 has 4194305 values');
  });

  it('has a signed 64-bit number far into the file', async () => {
    // Field type 17 at the place of tag 266, whose one value lies behind the first bytes that are read.
    const padding = 70_000;
    const tiff = buildTiff(2, 2, Uint8Array.of(1, 2, 3, 4), {
      fields: { 266: short(1), 50000: ascii('x'.repeat(padding)) },
    });
    const file = new Uint8Array(tiff.length + 8);
    file.set(tiff);
    const view = new DataView(file.buffer);
    const start = view.getUint32(4, true);
    const entries = Array.from({ length: view.getUint16(start, true) }, (_, k) => start + 2 + 12 * k);
    const at = entries.find((entry) => view.getUint16(entry, true) === 266) ?? 0;
    view.setUint16(at + 2, 17, true);
    view.setUint32(at + 8, tiff.length, true);
    view.setBigInt64(tiff.length, 1n, true);
    const raster = await open(file);
    expect((await raster.readPlanes()).map((plane) => [...plane])).toEqual([[1, 2, 3, 4]]);
  });

  it('has metadata with half a million unclosed items', async () => {
    const fields = { 42112: ascii('<Item'.repeat(500_000)) };
    const raster = await open(buildTiff(2, 2, new Uint8Array(4), { fields }));
    expect(raster.metadata).toEqual({});
  });

  it('has many bands and many items of metadata', async () => {
    const items = Array.from({ length: 50_000 }, (_, k) => `<Item name="n${k}" sample="${k}">${k}</Item>`);
    const fields = { 277: short(65_000), 42112: ascii(items.join('')) };
    const raster = await open(buildTiff(1, 1, new Uint8Array(65_000), { fields }));
    expect(raster.bands.length).toBe(65_000);
    expect(raster.bands[49_999].metadata).toEqual({ '': { n49999: '49999' } });
  });

  it('has a sparse tile of 900 MB', async () => {
    const side = 30_000 - (30_000 % 16);
    const fields: Record<number, TiffField | null> = {
      273: null, 278: null, 279: null, 322: long(side), 323: long(side), 324: long(0), 325: long(0),
      42113: ascii('7'),
    }; // biome-ignore format: a table
    const raster = await open(buildTiff(side, side, new Uint8Array(0), { fields }));
    const grown = await growth(async () => {
      const [plane] = await raster.readPlanes({ window: { x: 20_000, y: 20_000, width: 3, height: 2 } });
      expect([...plane]).toEqual([7, 7, 7, 7, 7, 7]);
    });
    expect(grown).toBeLessThan(100);
  });

  it.each([
    ['deflate', 8],
    ['LZW', 5],
    ['PackBits', 32773],
  ])('has a few bytes of %s for a strip of 900 MB', async (_, compression) => {
    const pixels = deflateSync(new Uint8Array(1000));
    const raster = await open(buildTiff(30_000, 30_000, pixels, { fields: { 259: short(compression) } }));
    const grown = await growth(async () => {
      await expect(raster.readPlanes({ window: { x: 0, y: 0, width: 2, height: 2 } })).rejects.toThrow(
        `its ${pixels.length} bytes cannot hold the 900000000 of its pixels`,
      );
    });
    expect(grown).toBeLessThan(100);
  });

  it('has strips that share the same bytes', async () => {
    const offsets = new Array<number>(64).fill(PIXELS_AT);
    const counts = new Array<number>(64).fill(16);
    const fields = { 273: long(...offsets), 278: long(1), 279: long(...counts) };
    const pixels = Uint8Array.from({ length: 16 }, (_, i) => i);
    const raster = await open(buildTiff(16, 64, pixels, { fields }));
    const [plane] = await raster.readPlanes();
    expect([...plane.subarray(63 * 16)]).toEqual([...pixels]);
  });
});

describe('a Zarr store that asks for too much', () => {
  const array = (fields: Record<string, unknown>): string =>
    JSON.stringify({
      zarr_format: 3,
      node_type: 'array',
      shape: [4, 4],
      data_type: 'uint8',
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [4, 4] } },
      chunk_key_encoding: { name: 'default' },
      fill_value: 0,
      codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
      attributes: {},
      ...fields,
    });

  async function store(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
    const path = join(folder, name);
    for (const [key, content] of Object.entries(files)) {
      await mkdir(join(path, key, '..'), { recursive: true });
      await writeFile(join(path, key), content);
    }
    return path;
  }

  it('names several unknown codecs', async () => {
    const codecs = ['bytes', 'first', 'second', 'third'].map((name) => ({ name, configuration: {} }));
    const path = await store('codecs.zarr', {
      'zarr.json': array({ codecs }),
      'c/0/0': new Uint8Array(16),
    });
    const group = await openZarr(path);
    // An unhandled rejection fails the run, too.
    await expect((await group.array(''))?.read()).rejects.toThrow(
      `${path} is encoded with a codec that terrachip does not read ("first")`,
    );
    await group.close();
  });

  it.each(['int64', 'uint64', 'uint8'])('fills %s with NaN', async (type) => {
    const path = await store(`${type}.zarr`, { 'zarr.json': array({ data_type: type, fill_value: 'NaN' }) });
    const group = await openZarr(path);
    await expect(group.array('')).rejects.toThrow(
      `has the fill value "NaN", which is no ${type}; correct it.`,
    );
    await group.close();
  });

  it('has a time beyond all dates, given as a number', async () => {
    const chunk_grid = (...chunk_shape: number[]): Record<string, unknown> => ({
      chunk_grid: { name: 'regular', configuration: { chunk_shape } },
    });
    const path = await store('late.zarr', {
      'zarr.json': JSON.stringify({ zarr_format: 3, node_type: 'group' }),
      'values/zarr.json': array({
        shape: [1, 4, 4],
        ...chunk_grid(1, 4, 4),
        dimension_names: ['time', 'y', 'x'],
      }),
      'time/zarr.json': array({
        shape: [1],
        ...chunk_grid(1),
        data_type: 'float64',
        fill_value: 1e300,
        dimension_names: ['time'],
        attributes: { units: 'days since 1970-01-01' },
      }),
    });
    const raster = await openRaster(path, { variable: 'values' });
    expect(raster.bands[0].description).toBe('time=1e+300');
    await raster.close();
  });

  it('has a fill value of nested arrays, deeper than the stack', async () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    const path = await store('deep.zarr', {
      'zarr.json': array({ fill_value: '@' }).replace('"@"', deep),
    });
    await expect(openZarr(path)).rejects.toThrow('zarr.json is nested deeper than 64 levels; correct it.');
  });

  it('has millions of quotes in a string, and a NaN', async () => {
    const text = `{"a": NaN, "b": "${'\\"'.repeat(2 ** 21)}`;
    const path = await store('quotes.zarr', { 'zarr.json': text });
    await expect(openZarr(path)).rejects.toThrow(/is not JSON/);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('is a damaged zip file, which is closed again', async () => {
    const path = join(folder, 'damaged.zarr.zip');
    await writeFile(path, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]));
    await expect(openRaster(path)).rejects.toThrow(/is no readable zip file/);
    await expect(openZarr(path)).rejects.toThrow(/is no readable zip file/);
    const held = readdirSync('/proc/self/fd').filter((fd) => {
      const link = `/proc/self/fd/${fd}`;
      return existsSync(link) && readlinkSync(link) === path;
    });
    expect(held).toEqual([]);
  });
});
