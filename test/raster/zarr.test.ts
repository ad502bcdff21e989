import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import { describe, expect, it } from 'vitest';
import * as zarr from 'zarrita';
import { Affine, GeoBox } from '../../src/geo/index.js';
import { crc32c } from '../../src/io/crc32c.js';
import { createZarrGroup, geoZarrAttributes, ZarrShardWriter } from '../../src/raster/node/index.js';
import { encodeShard } from '../../src/raster/zarr/shard.js';
import { temporaryFolder } from '../support/files.js';
import { randomValues } from '../support/random.js';

describe('crc32c', () => {
  it('has the check values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });
});

describe('encodeShard', () => {
  it('ends with an index of offsets and lengths', () => {
    const shard = encodeShard([Uint8Array.of(1, 2, 3), null, Uint8Array.of(4)]);
    const view = new DataView(shard.buffer);
    expect([...shard.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
    const entries = Array.from({ length: 6 }, (_, k) => view.getBigUint64(4 + 8 * k, true));
    expect(entries).toEqual([0n, 3n, 2n ** 64n - 1n, 2n ** 64n - 1n, 3n, 1n]);
    expect(view.getUint32(52, true)).toBe(crc32c(shard.subarray(4, 52)));
  });
});

describe('ZarrShardWriter', async () => {
  const folder = await temporaryFolder();

  it('writes shards that zarrita reads, edges and gaps included', async () => {
    const [classes, height, width] = [2, 50, 37];
    const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), width, height);
    await createZarrGroup(folder, geoZarrAttributes(geobox));
    const writer = new ZarrShardWriter(join(folder, 'probability'), {
      shape: [classes, height, width],
      shardShape: [classes, 32, 48],
      chunkShape: [1, 16, 16],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: ['class', 'y', 'x'],
      attributes: { classes: ['land', 'water'] },
    });
    await writer.create();
    const values = randomValues(3, classes * height * width, 0, 1, 0.05);
    // One inner chunk has only the fill value: it is not stored.
    for (let y = 16; y < 32; y++) values.fill(Number.NaN, y * width, y * width + 16);
    for (const [unit, rows] of [
      [0, 32],
      [1, 18],
    ]) {
      const shard = new Float32Array(classes * rows * width);
      for (let c = 0; c < classes; c++) {
        const from = (c * height + 32 * unit) * width;
        shard.set(values.subarray(from, from + rows * width), c * rows * width);
      }
      await writer.writeShard([0, unit, 0], shard);
    }
    const array = await zarr.open.v3(new FileSystemStore(join(folder, 'probability')), { kind: 'array' });
    expect(array.attrs).toEqual({ classes: ['land', 'water'] });
    const { data, shape } = await zarr.get(array as zarr.Array<'float32', FileSystemStore>);
    expect(shape).toEqual([classes, height, width]);
    expect(data).toBeCloseToArray(values);
    const first = await readFile(writer.shardPath([0, 0, 0]));
    expect(first.byteLength).toBe(11 * 16 * 16 * 4 + 12 * 16 + 4);
    const group = JSON.parse(await readFile(join(folder, 'zarr.json'), 'utf8'));
    expect(group.attributes['proj:code']).toBe('EPSG:32632');
    expect(group.attributes['spatial:transform']).toEqual([10, 0, 300000, 0, -10, 5000000]);
  });

  it('refuses a shard of another size', async () => {
    const writer = new ZarrShardWriter(join(folder, 'other'), {
      shape: [4, 4],
      shardShape: [4, 4],
      chunkShape: [2, 2],
      dtype: 'uint8',
      fillValue: 0,
      dimensions: ['y', 'x'],
    });
    await expect(writer.writeShard([0, 0], new Uint8Array(15))).rejects.toThrow(/has 4,4 values, not 15/);
    expect(
      () =>
        new ZarrShardWriter('x', {
          shape: [4, 4],
          shardShape: [4, 4],
          chunkShape: [3, 2],
          dtype: 'uint8',
          fillValue: 0,
          dimensions: ['y', 'x'],
        }),
    ).toThrow(/not made of chunks/);
  });
});
