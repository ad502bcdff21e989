import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TypedArray } from '../../src/geo/index.js';
import { MemorySource } from '../../src/io/index.js';
import { Jp2Raster, openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';

interface Truth {
  width: number;
  height: number;
  epsg: number | null;
  transform: number[] | null;
  blockSize: [number, number];
  dtype: string;
  /** SHA-256 of each band. */
  bands: string[];
  /** Width, height and SHA-256 of the first band of each. */
  overviews: [number, number, string][];
}

const fixtures = 'test/fixtures/jpeg2000';
/** GDAL 3.6.2's pixels of the files, from scripts/truth/jpeg2000.py. */
const truth = JSON.parse(readFileSync(join(fixtures, 'truth.json'), 'utf8')) as Record<string, Truth>;
const pathOf = (name: string): string => join(fixtures, name === 'bare' ? 'bare.j2k' : `${name}.jp2`);
const bytesOf = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(pathOf(name)));
const openBytes = (bytes: Uint8Array): Promise<Jp2Raster> =>
  Jp2Raster.open(new MemorySource(bytes, 'bad.jp2'));
const folder = await temporaryFolder();

function sha256({ buffer, byteOffset, byteLength }: TypedArray): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

/** The offset of the first occurrence of a codestream marker. */
function find(bytes: Uint8Array, marker: number, from = 0): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (((bytes[at] << 8) | bytes[at + 1]) === marker) return at;
  }
  throw new Error(`no marker ${marker.toString(16)}`);
}

const SIZ = 0xff51;
const SOT = 0xff90;

describe('JPEG 2000 beside GDAL', () => {
  for (const [name, expected] of Object.entries(truth)) {
    if (name === 'four-bands') continue;
    it(`gives GDAL's pixels for ${name}`, async () => {
      const raster = await openRaster(pathOf(name));
      expect([raster.width, raster.height]).toEqual([expected.width, expected.height]);
      expect(raster.blockSize).toEqual(expected.blockSize);
      expect(raster.bands.map(({ dtype }) => dtype)).toEqual(expected.bands.map(() => expected.dtype));
      expect(raster.crs?.epsg ?? null).toBe(expected.epsg);
      const transform = raster.transform?.toTuple() ?? null;
      if (expected.transform === null) expect(transform).toBeNull();
      else expected.transform.forEach((value, k) => void expect(transform?.[k]).toBeCloseTo(value, 9));
      expect((await raster.readPlanes()).map(sha256)).toEqual(expected.bands);
      for (const [k, [width, height, digest]] of expected.overviews.entries()) {
        expect(raster.overviews[k]).toEqual([width, height]);
        const [plane] = await raster.readPlanes({ level: k + 1, bands: [1] });
        expect(sha256(plane)).toBe(digest);
      }
      await raster.close();
    });
  }

  it('gives the bit depth of samples', async () => {
    const raster = await openRaster(pathOf('s2-10m'));
    expect(raster.bands[0]).toMatchObject({ dtype: 'uint16', storedType: 'uint15', nodata: null });
    expect(raster.compression).toBe('jpeg2000');
    await raster.close();
  });
});

describe('windows of JPEG 2000', () => {
  it('are equal to the whole image, at every level', async () => {
    const raster = await openRaster(pathOf('tiles-36'));
    for (let level = 0; level <= raster.overviews.length; level++) {
      const [whole] = await raster.readPlanes({ level });
      const [width, height] = [[raster.width, raster.height], ...raster.overviews][level];
      const window = { x: width >> 2, y: height >> 3, width: width >> 1, height: height >> 1 };
      const [part] = await raster.readPlanes({ level, window });
      const expected = Array.from({ length: window.height }, (_, row) => {
        const start = (window.y + row) * width + window.x;
        return Array.from(whole.subarray(start, start + window.width));
      });
      expect(Array.from(part)).toEqual(expected.flat());
    }
    await raster.close();
  });

  it('fetch only the tiles under them', async () => {
    const bytes = bytesOf('tiles-64');
    const server = await startRangeServer(bytes);
    const raster = await openRaster(server.url);
    const opened = server.ranges.length;
    const local = await openRaster(pathOf('tiles-64'));
    const window = { x: 70, y: 70, width: 20, height: 20 };
    const [plane] = await raster.readPlanes({ window });
    expect(plane).toEqual((await local.readPlanes({ window }))[0]);
    expect(server.ranges.length - opened).toBeLessThanOrEqual(2);
    await Promise.all([raster.close(), local.close()]);
  });

  it('stop when aborted', async () => {
    const raster = await openRaster(pathOf('tiles-36'));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(raster.readPlanes({ signal })).rejects.toThrow('enough');
    await raster.close();
  });
});

describe('JPEG 2000 that is refused', () => {
  it('has unsupported components', async () => {
    await expect(openRaster(pathOf('four-bands'))).rejects.toThrow(
      /four-bands.jp2 has 4 components of 16 bits, which is not read from JPEG 2000; convert it to GeoTIFF first/,
    );
  });

  it('is truncated', async () => {
    const bytes = bytesOf('tiles-64');
    await expect(openBytes(bytes.subarray(0, bytes.length - 500))).rejects.toThrow(/a box at byte/);
    await expect(openBytes(bytes.subarray(0, 60))).rejects.toThrow(
      'bad.jp2 is not a readable JPEG 2000 file',
    );
    // A bare codestream has no box with its length: the last tile is missing.
    const bare = bytesOf('bare');
    const cut = await openBytes(bare.subarray(0, bare.length - 500));
    await expect(cut.readPlanes()).rejects.toThrow(/tile.* at byte \d+/);
    await expect(cut.readPlanes({ window: { x: 0, y: 0, width: 8, height: 8 } })).resolves.toHaveLength(1);
  });

  it('has a missing tile', async () => {
    const bytes = bytesOf('bare');
    const last = find(bytes, SOT, bytes.length - 1000);
    const without = new Uint8Array(last + 2);
    without.set(bytes.subarray(0, last));
    without.set([0xff, 0xd9], last);
    const raster = await openBytes(without);
    await expect(raster.readPlanes()).rejects.toThrow(/tile \d is missing/);
  });

  it('has damaged code-blocks', async () => {
    const bytes = bytesOf('whole');
    const start = find(bytes, 0xff93) + 2;
    for (let k = start; k < bytes.length - 2; k++) bytes[k] = (k * 89) & 0x7f;
    const raster = await openBytes(bytes);
    const outcome = await raster.readPlanes().then(
      ([plane]) => plane.length,
      (error: unknown) => String(error),
    );
    // Entropy decoding accepts nearly any bytes; OpenJPEG refuses impossible packets.
    if (typeof outcome === 'string') expect(outcome).toMatch(/a tile cannot be decoded: OpenJPEG/);
    else expect(outcome).toBe(90 * 70);
  });

  it('declares absurd sizes', async () => {
    const before = process.memoryUsage().rss;
    const grown = (change: (view: DataView, siz: number) => void): Promise<Jp2Raster> => {
      const bytes = bytesOf('whole');
      change(new DataView(bytes.buffer), find(bytes, SIZ));
      return openBytes(bytes);
    };
    const huge = await grown((view, siz) => {
      for (const at of [6, 10, 22, 26]) view.setUint32(siz + at, 2 ** 29);
    });
    const window = { x: 0, y: 0, width: 8, height: 8 };
    await expect(huge.readPlanes({ window })).rejects.toThrow(/above the limit of 134217728/);
    const hollow = await grown((view, siz) => {
      for (const at of [6, 10, 22, 26]) view.setUint32(siz + at, 11_000);
    });
    const large = hollow.readPlanes({ window });
    await expect(large).rejects.toThrow(/tile 0 has \d+ bytes for 242000000 bytes of samples/);
    await expect(
      grown((view, siz) => {
        for (const at of [6, 10]) view.setUint32(siz + at, 2 ** 29);
      }),
    ).rejects.toThrow(/tiles, which cannot be numbered/);
    await expect(grown((view, siz) => view.setUint32(siz + 22, 0))).rejects.toThrow(/in tiles of 0/);
    await expect(grown((view, siz) => view.setUint16(siz + 38, 16384))).rejects.toThrow(
      /image size is damaged/,
    );
    await expect(grown((view, siz) => view.setUint32(siz + 14, 7))).rejects.toThrow(
      /another place than its grid/,
    );
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200);
  });

  it('has unbounded boxes', async () => {
    const nested = new Uint8Array(8 * 2000);
    const view = new DataView(nested.buffer);
    for (let k = 0; k < 2000; k++) {
      view.setUint32(8 * k, nested.length - 8 * k);
      nested.set([0x61, 0x73, 0x6f, 0x63], 8 * k + 4);
    }
    const head = bytesOf('whole').subarray(0, 12);
    await expect(openBytes(Buffer.concat([head, nested]))).rejects.toThrow(/nested deeper than 8/);
    const many = new Uint8Array(8 * 5000);
    for (let k = 0; k < 5000; k++) many.set([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], 8 * k);
    await expect(openBytes(Buffer.concat([head, many]))).rejects.toThrow(/more than 4096 boxes/);
  });

  it('keeps the reason of an unreadable georeference', async () => {
    const bytes = bytesOf('gml');
    const text = Buffer.from(bytes).toString('latin1').replaceAll('EPSG::32631', 'EPSG::99999');
    const path = join(folder, 'nowhere.jp2');
    await writeFile(path, Buffer.from(text, 'latin1'));
    const raster = await openRaster(path);
    expect(raster.crs).toBeNull();
    expect(raster.placeProblem).toMatch(/names a system that is not known/);
    await raster.close();
    const bomb = Buffer.from(bytes);
    const at = bomb.indexOf('<gml:FeatureCollection');
    bomb.write('<!DOCTYPE a [<!ENTITY b "cc">]><a/>', at);
    expect((await openBytes(bomb)).placeProblem).toMatch(/declares a document type/);
  });
});
