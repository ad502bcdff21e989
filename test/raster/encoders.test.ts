import { inflateSync } from 'node:zlib';
import Zstd from 'numcodecs/zstd';
import { describe, expect, it } from 'vitest';
import { createEncoder } from '../../src/raster/codecs/wasm-encoders.js';
import { seeded } from '../support/random.js';

describe('encoders', () => {
  const random = seeded(1);
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i % 7 === 0 ? 256 * random() : 3));

  it('deflate is smaller at higher levels', async () => {
    const sizes: number[] = [];
    for (const level of [1, 6, 9]) {
      const encoded = await createEncoder('deflate', level)(bytes.slice(), null);
      expect(new Uint8Array(inflateSync(encoded))).toEqual(bytes);
      sizes.push(encoded.byteLength);
    }
    expect(sizes[2]).toBeLessThan(sizes[0]);
  });

  it('zstd is read back', async () => {
    for (const level of [null, 1, 19]) {
      const encoded = await createEncoder('zstd', level)(bytes.slice(), null);
      expect(encoded.byteLength).toBeLessThan(bytes.byteLength / 2);
      expect(await Zstd.fromConfig({ id: 'zstd' }).decode(encoded)).toEqual(bytes);
    }
  });

  it('none returns its input', async () => {
    expect(await createEncoder('none', null)(bytes, null)).toBe(bytes);
  });
});
