import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, type TypedArray } from '../../src/geo/index.js';
import { wrapSource } from '../../src/io/byte-source.js';
import { MemorySource } from '../../src/io/index.js';
import { GeoTiffRaster, openRaster } from '../../src/raster/node/index.js';
import { startRangeServer } from '../support/http-server.js';

interface Truth {
  width: number;
  height: number;
  epsg: number | null;
  geotransform: [number, number, number, number, number, number];
  block: [number, number];
  bands: {
    dtype: string;
    nodata: number | null;
    scale: number;
    offset: number;
    description: string | null;
    sha256: string;
    overviews: string[];
  }[];
}

const folder = 'test/fixtures/geotiff';
/** GDAL 3.6.2's pixels and headers of the files, from scripts/truth/geotiff.py. */
const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Record<string, Truth>;
const path = (name: string): string => join(folder, `${name}.tif`);

function sha256(values: TypedArray): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

describe.each(Object.entries(truth))('%s', (name, expected) => {
  it("has GDAL's pixels and headers", async () => {
    const raster = await openRaster(path(name));
    expect([raster.width, raster.height]).toEqual([expected.width, expected.height]);
    expect(raster.crs?.epsg ?? null).toBe(expected.epsg);
    if (expected.epsg !== null) {
      expect(raster.transform?.toTuple()).toEqual(Affine.fromGeoTransform(expected.geotransform).toTuple());
    }
    expect([...raster.blockSize]).toEqual(expected.block);
    const planes = await raster.readPlanes();
    for (const [i, band] of expected.bands.entries()) {
      const { sha256: _, overviews, ...wanted } = band;
      expect(raster.bands[i]).toMatchObject({
        ...wanted,
        index: i + 1,
        storedType: band.dtype,
        components: 1,
      });
      expect(sha256(planes[i])).toBe(band.sha256);
      for (const [k, overview] of overviews.entries()) {
        const [plane] = await raster.readPlanes({ level: k + 1, bands: [i + 1] });
        expect(sha256(plane)).toBe(overview);
      }
    }
    await raster.close();
  });

  it('gives the same pixels by window, in any band order', async () => {
    const raster = await openRaster(path(name));
    const whole = await raster.readPlanes();
    const bands = raster.bands.map((band) => band.index).reverse();
    const { width, height } = raster;
    for (const window of [
      { x: 0, y: 0, width: 1, height: 1 },
      { x: width - 3, y: height - 2, width: 3, height: 2 },
      { x: 5, y: 3, width: width - 7, height: height - 4 },
    ]) {
      const planes = await raster.readPlanes({ window, bands });
      for (const [i, plane] of planes.entries()) {
        const source = whole[bands[i] - 1];
        const cut = Array.from({ length: window.width * window.height }, (_, k) => {
          const [x, y] = [window.x + (k % window.width), window.y + Math.floor(k / window.width)];
          return source[y * width + x];
        });
        expect([...plane]).toEqual(cut);
      }
    }
    await raster.close();
  });
});

describe('GeoTiffRaster', () => {
  it('reads a georeferenced tensor, and overviews on their own grid', async () => {
    const raster = await openRaster(path('overviews-uint8'));
    const window = { x: 10, y: 20, width: 30, height: 40 };
    const tensor = await raster.read({ window });
    expect(tensor.shape).toEqual([1, 40, 30]);
    expect(tensor.geobox.bounds).toEqual([300100, 4999400, 300400, 4999800]);
    const overview = await raster.read({ overview: 1 });
    expect(overview.shape).toEqual([1, 50, 45]);
    expect(overview.geobox.bounds).toEqual([300000, 4999000, 300900, 5000000]);
    await raster.close();
  });

  it('decodes a block once', async () => {
    const source = new MemorySource(await readFile(path('tiles-deflate-int16-p2')));
    let reads = 0;
    const counted = wrapSource(source, (offset, length) => {
      reads++;
      return source.read(offset, length);
    });
    const raster = await GeoTiffRaster.open(counted);
    await raster.readPlanes();
    const first = reads;
    await raster.readPlanes({ window: { x: 3, y: 3, width: 40, height: 30 } });
    expect(reads).toBe(first);
  });

  it('reads a window over HTTP in few requests', async () => {
    const content = await readFile(path('overviews-uint8'));
    const server = await startRangeServer(content);
    const raster = await openRaster(server.url);
    const [plane] = await raster.readPlanes();
    expect(sha256(plane)).toBe(truth['overviews-uint8'].bands[0].sha256);
    expect(server.ranges).toHaveLength(1);
    await raster.close();
  });

  it('refuses a read that is aborted', async () => {
    const raster = await openRaster(path('strips-none-uint8'));
    await expect(raster.readPlanes({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    await raster.close();
  });

  it('names a missing band, and a missing georeference', async () => {
    const raster = await openRaster(path('no-crs-uint8'));
    await expect(raster.readPlanes({ bands: [2] })).rejects.toThrow(/has no band 2; choose one of 1 to 1/);
    await expect(raster.read()).rejects.toThrow(/no coordinate reference system; assign it/);
    await raster.close();
  });
});

describe('damaged files', () => {
  const good = readFileSync(path('tiles-deflate-int16-p2'));
  const open = (bytes: Uint8Array): Promise<GeoTiffRaster> =>
    GeoTiffRaster.open(new MemorySource(bytes, 'bad.tif'));
  const edited = (edit: (view: DataView) => void): Uint8Array => {
    const copy = new Uint8Array(good);
    edit(new DataView(copy.buffer));
    return copy;
  };
  /** Position of a tag's entry in the first directory. */
  const entryOf = (tag: number): number => {
    const view = new DataView(good.buffer, good.byteOffset);
    const start = view.getUint32(4, true);
    const count = view.getUint16(start, true);
    for (let k = 0; k < count; k++) {
      if (view.getUint16(start + 2 + 12 * k, true) === tag) return start + 2 + 12 * k;
    }
    throw new Error(`no tag ${tag}`);
  };

  it.each([
    ['nothing', new Uint8Array(0)],
    ['two bytes', good.subarray(0, 2)],
    ['no magic', edited((v) => v.setUint16(2, 99, true))],
    ['half a directory', good.subarray(0, 40)],
    ['a directory beyond the end', edited((v) => v.setUint32(4, 1e9, true))],
    [
      'a circle of directories',
      edited((v) => {
        const start = v.getUint32(4, true);
        v.setUint32(start + 2 + 12 * v.getUint16(start, true), start, true);
      }),
    ],
    ['a tag of four billion values', edited((v) => v.setUint32(entryOf(324) + 4, 0xffffffff, true))],
    ['no width', edited((v) => v.setUint32(entryOf(256) + 8, 0, true))],
    ['a tile without width', edited((v) => v.setUint32(entryOf(322) + 8, 0, true))],
    ['too few tiles', edited((v) => v.setUint32(entryOf(256) + 8, 60000, true))],
  ])('%s: one sentence that names the file', async (_, bytes) => {
    await expect(open(bytes)).rejects.toThrow(/^bad\.tif .*; .*\.$/);
  });

  it('a truncated file fails with a message when its pixels are read', async () => {
    const raster = await open(good.subarray(0, good.length - 200));
    await expect(raster.readPlanes()).rejects.toThrow(/bad\.tif is truncated or damaged/);
  });

  it('a damaged block fails, and the others are read', async () => {
    const view = new DataView(good.buffer, good.byteOffset);
    const offset = view.getUint32(view.getUint32(entryOf(324) + 8, true), true);
    const copy = new Uint8Array(good);
    copy.fill(0xee, offset + 4, offset + 40);
    const raster = await open(copy);
    await expect(raster.readPlanes()).rejects.toThrow(/a block (cannot be decompressed|holds)/);
    const [corner] = await raster.readPlanes({ window: { x: 40, y: 30, width: 5, height: 5 } });
    expect(corner).toHaveLength(25);
  });

  it('a block that decompresses to more than its pixels is refused', async () => {
    const { deflateSync } = await import('node:zlib');
    const bomb = deflateSync(new Uint8Array(50 * 2 ** 20));
    const copy = new Uint8Array(good.length + bomb.length);
    copy.set(good);
    copy.set(bomb, good.length);
    const v = new DataView(copy.buffer);
    v.setUint32(v.getUint32(entryOf(324) + 8, true), good.length, true);
    v.setUint32(v.getUint32(entryOf(325) + 8, true), bomb.length, true);
    await expect((await open(copy)).readPlanes()).rejects.toThrow(/a block cannot be decompressed/);
  });

  it('unsupported compressions are refused by name', async () => {
    const raster = await open(edited((v) => v.setUint16(entryOf(259) + 8, 50002, true)));
    await expect(raster.readPlanes()).rejects.toThrow(
      /compressed by jxl, which is not supported; rewrite it/,
    );
  });
});
