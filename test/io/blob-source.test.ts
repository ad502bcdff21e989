import { describe, expect, it } from 'vitest';
import { BlobSource } from '../../src/io/index.js';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

describe('BlobSource', () => {
  it('reads ranges of a blob', async () => {
    await using source = new BlobSource(new Blob([bytes]), 'scene.tif');
    expect([source.name, source.size]).toEqual(['scene.tif', 1000]);
    expect(await source.read(250, 3)).toEqual(new Uint8Array([250, 0, 1]));
    expect(await source.read(1000, 0)).toHaveLength(0);
  });

  it('has the name of a file', () => {
    expect(new BlobSource(new File([bytes], 'dropped.tif')).name).toBe('dropped.tif');
    expect(new BlobSource(new Blob([bytes])).name).toBe('the file');
  });

  it('refuses ranges beyond the end', async () => {
    const source = new BlobSource(new Blob([bytes]), 'scene.tif');
    await expect(source.read(999, 2)).rejects.toThrow(/^scene\.tif is truncated or damaged/);
  });

  it('names a file that cannot be read any more', async () => {
    class Removed extends Blob {
      override slice(): Blob {
        return Object.assign(new Blob([]), {
          arrayBuffer: () => Promise.reject(new Error('NotReadableError')),
        });
      }
    }
    const source = new BlobSource(new Removed([bytes]), 'scene.tif');
    await expect(source.read(0, 1)).rejects.toThrow(
      'scene.tif cannot be read any more; choose the file again.',
    );
  });
});
