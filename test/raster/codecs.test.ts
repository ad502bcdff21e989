import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TypedArray } from '../../src/geo/index.js';
import { MemorySource } from '../../src/io/index.js';
import {
  type BlockDecoder,
  createPortableDecoder,
  GeoTiffRaster,
  openRaster,
} from '../../src/raster/node/index.js';

interface Truth {
  /** GDAL's name. */
  compression: string;
  dtype: string;
  /** SHA-256 of each band. */
  bands: string[];
  /** Each band in base64, for lossy compressions. */
  pixels?: string[];
}

const folder = 'test/fixtures/codecs';
/** GDAL 3.6.2's pixels of the files, from scripts/truth/codecs.py. */
const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Record<string, Truth>;
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, `${name}.tif`)));
const open = (bytes: Uint8Array, decoder?: BlockDecoder): Promise<GeoTiffRaster> =>
  GeoTiffRaster.open(new MemorySource(bytes, 'bad.tif'), { decoder });

function sha256({ buffer, byteOffset, byteLength }: TypedArray): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

/** The first value or the offset of a tag of the first directory of a little-endian TIFF. */
function tagValue(bytes: Uint8Array, tag: number): { at: number; count: number; value: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const directory = view.getUint32(4, true);
  for (let k = 0; k < view.getUint16(directory, true); k++) {
    const at = directory + 2 + 12 * k;
    if (view.getUint16(at, true) !== tag) continue;
    const short = view.getUint16(at + 2, true) === 3 && view.getUint32(at + 4, true) === 1;
    const value = short ? view.getUint16(at + 8, true) : view.getUint32(at + 8, true);
    return { at, count: view.getUint32(at + 4, true), value };
  }
  throw new Error(`no tag ${tag}`);
}

/** The offset of the first block of a file, and the position of its length (16 or 32 bits). */
function firstBlock(bytes: Uint8Array): { start: number; length: number; setLength(length: number): void } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const tiled = isTiled(bytes);
  const offsets = tagValue(bytes, tiled ? 324 : 273);
  const counts = tagValue(bytes, tiled ? 325 : 279);
  const short = view.getUint16(counts.at + 2, true) === 3;
  const inline = counts.count === 1 || (short && counts.count === 2);
  const at = inline ? counts.at + 8 : view.getUint32(counts.at + 8, true);
  return {
    start: offsets.count === 1 ? offsets.value : view.getUint32(offsets.value, true),
    length: short ? view.getUint16(at, true) : view.getUint32(at, true),
    setLength: (length) => (short ? view.setUint16(at, length, true) : view.setUint32(at, length, true)),
  };
}

function isTiled(bytes: Uint8Array): boolean {
  try {
    return tagValue(bytes, 324).count > 0;
  } catch {
    return false;
  }
}

describe.each(Object.entries(truth))('%s', (name, { compression, dtype, bands, pixels }) => {
  it("gives GDAL's pixels", async () => {
    const raster = await openRaster(join(folder, `${name}.tif`));
    const planes = await raster.readPlanes();
    await raster.close();
    expect(planes).toHaveLength(bands.length);
    expect(raster.bands[0].dtype).toBe(dtype);
    if (pixels === undefined) {
      expect(planes.map(sha256)).toEqual(bands);
      return;
    }
    // Lossy decoders may round differently on other processors.
    planes.forEach((plane, i) => {
      const expected = Buffer.from(pixels[i], 'base64');
      expect(plane).toHaveLength(expected.length);
      const worst = expected.reduce((most, v, k) => Math.max(most, Math.abs(v - plane[k])), 0);
      expect(worst).toBeLessThanOrEqual(2);
    });
    expect(raster instanceof GeoTiffRaster && raster.compression).toBe(
      compression.toLowerCase().replace('ycbcr ', ''),
    );
  });
});

const portable = createPortableDecoder({ lerc: () => import('lerc') });

/** Compressions whose decoders need Node. */
const isPortable = (name: string): boolean => !/^(lzma|webp)/.test(name);

/** The largest difference of repeated and smoothed chroma at a colour edge. */
const CHROMA_LEVELS = 8;

describe('a portable decoder', () => {
  it.each(Object.keys(truth).filter(isPortable))("gives GDAL's pixels for %s", async (name) => {
    const { bands, pixels } = truth[name];
    const raster = await open(bytesOf(name), portable);
    const planes = await raster.readPlanes();
    if (pixels === undefined) return expect(planes.map(sha256)).toEqual(bands);
    const limit = name.includes('ycbcr') ? CHROMA_LEVELS : 2;
    planes.forEach((plane, i) => {
      const expected = Buffer.from(pixels[i], 'base64');
      const worst = expected.reduce((most, v, k) => Math.max(most, Math.abs(v - plane[k])), 0);
      expect(worst).toBeLessThanOrEqual(limit);
    });
  });
});

const littleEndian = Object.keys(truth).filter((name) => !name.includes('big-endian'));

const damagedCases = littleEndian.flatMap((name) => [
  { name, by: 'Node', decoder: undefined },
  ...(isPortable(name) ? [{ name, by: 'codecs that run anywhere', decoder: portable }] : []),
]);

describe.each(damagedCases)('damaged $name, decoded by $by', ({ name, decoder }) => {
  it.each([0.02, 0.5, 0.9])('refuses a block cut to %f of its length', async (share) => {
    const bytes = bytesOf(name);
    const { length, setLength } = firstBlock(bytes);
    setLength(Math.max(1, Math.floor(length * share)));
    await expect((await open(bytes, decoder)).readPlanes()).rejects.toThrow(
      /^bad\.tif is not a readable TIFF/,
    );
  });

  it('either refuses a block with changed bytes or reads other pixels', async () => {
    let random = 1;
    for (let trial = 0; trial < 20; trial++) {
      const bytes = bytesOf(name);
      const { start, length } = firstBlock(bytes);
      for (let k = 0; k < 3; k++) {
        random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
        bytes[start + (random % length)] ^= 1 + ((random >>> 16) % 255);
      }
      const raster = await open(bytes, decoder);
      const outcome = await raster.readPlanes().then(
        (planes) => planes.length,
        (error: Error) => error.message,
      );
      if (typeof outcome === 'string') expect(outcome).toMatch(/^bad\.tif is not a readable TIFF/);
      else expect(outcome).toBe(truth[name].bands.length);
    }
  });
});

describe('hostile blocks', () => {
  it.each(['lerc-float32', 'jpeg-grey', 'webp-lossy', 'lzma-uint16-p2', 'zstd-float32-p3'])(
    '%s: refuses a stream larger than the block in the directory',
    async (name) => {
      const bytes = bytesOf(name);
      const view = new DataView(bytes.buffer);
      // Width and height of the image and of its tiles.
      for (const tag of [256, 257, 322, 323]) view.setUint16(tagValue(bytes, tag).at + 8, 16, true);
      await expect((await open(bytes)).readPlanes()).rejects.toThrow(/a block cannot be decompressed/);
    },
  );
});
