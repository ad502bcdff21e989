import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapSource } from '../../src/io/byte-source.js';
import { MemorySource } from '../../src/io/index.js';
import { NpyArray, NpyWriter, openNpy, openRaster, writeNpy } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { hashValues, storePath, storeTruth } from '../support/stores.js';

const folder = await temporaryFolder();
const files = Object.keys(storeTruth).filter((name) => name.endsWith('.npy'));

describe.each(files)('%s by NumPy', (file) => {
  it('has the recorded values, whole and by window', async () => {
    const truth = storeTruth[file][''];
    const array = await openNpy(storePath(file));
    expect(array.shape).toEqual(truth.shape);
    const { data, shape } = await array.read();
    expect(shape).toEqual(truth.shape);
    expect(hashValues(data)).toBe(truth.sha256);
    if (truth.shape.length === 3 && truth.shape[2] > 2) {
      const [, rows, columns] = truth.shape;
      const ranges = [
        { start: 1, end: 3 },
        { start: 0, end: 4 },
        { start: 2, end: 5 },
      ];
      const window = await array.read(ranges);
      const wanted = Array.from({ length: 2 * 4 * 3 }, (_, k) => {
        const [i, j, l] = [1 + Math.floor(k / 12), Math.floor(k / 3) % 4, 2 + (k % 3)];
        return data[(i * rows + j) * columns + l];
      });
      expect(window.shape).toEqual([2, 4, 3]);
      expect([...window.data]).toEqual(wanted);
    }
    await array.close();
  });
});

describe('.npy', () => {
  it('reads only the bytes of a window', async () => {
    const bytes = await readFile(storePath('float64.npy'));
    const memory = new MemorySource(bytes);
    const reads: [number, number][] = [];
    const counted = wrapSource(memory, (offset, length) => {
      reads.push([offset, length]);
      return memory.read(offset, length);
    });
    const array = await NpyArray.open(counted);
    reads.length = 0;
    await array.read([{ start: 2, end: 3 }]);
    expect(reads).toEqual([[128 + 2 * 30 * 8, 30 * 8]]);
    reads.length = 0;
    await array.read([{ start: 0, end: 2 }, null, { start: 5, end: 6 }]);
    expect(reads).toHaveLength(10);
    expect(reads.every(([, length]) => length === 8)).toBe(true);
  });

  it('opens as a raster without a grid', async () => {
    const raster = await openRaster(storePath('uint16.npy'));
    expect([raster.width, raster.height, raster.bands.length, raster.crs]).toEqual([6, 5, 4, null]);
    const planes = await raster.readPlanes();
    expect(hashValues(planes.flatMap((plane) => [...plane]))).toBe(storeTruth['uint16.npy'][''].sha256);
    await raster.close();
    const complex = await openRaster(storePath('complex.npy'));
    expect([complex.width, complex.height, complex.bands.length]).toEqual([4, 3, 2]);
    await complex.close();
  });

  it('gives text, and refuses arrays that are not numbers', async () => {
    const text = await openNpy(storePath('text.npy'));
    expect(await text.readText()).toEqual(['vv', 'vh', 'größe']);
    await expect(text.read()).rejects.toThrow(/holds str, which/);
    await text.close();
    await expect(openNpy(storePath('records.npy'))).rejects.toThrow(/holds records of several fields/);
    await expect(openNpy(storePath('objects.npy'))).rejects.toThrow(/holds Python objects/);
  });

  it.each([
    ['no magic', 'hello world, hello', /is no \.npy file/],
    ['an unknown version', '\x93NUMPY\x09\x00\x10\x00{}', /version 9\.0/],
    ['a giant header', '\x93NUMPY\x02\x00\xff\xff\xff\xff{}', /declares a header of 4294967295/],
    ['a header beyond the end', '\x93NUMPY\x01\x00\xff\x00{}', /truncated/],
    [
      'a header with a call',
      header("{'descr': eval('1'), 'fortran_order': False, 'shape': (1,)}"),
      /damaged header/,
    ],
    [
      'a header that goes on',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} or 1"),
      /damaged header/,
    ],
    ['a missing key', header("{'descr': '<f4', 'shape': (1,)}"), /fortran_order/],
    [
      'a negative shape',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
      /damaged header/,
    ],
    [
      'a giant shape',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 9999999999)}"),
      /impossible shape/,
    ],
    [
      'fewer values than its shape',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}"),
      /is truncated: .* needs 20 bytes/,
    ],
    [
      'deep nesting',
      header(`{'descr': ${'['.repeat(50)}${']'.repeat(50)}, 'fortran_order': False, 'shape': (1,)}`),
      /nested too deeply/,
    ],
  ])('refuses %s', async (name, text, message) => {
    const path = join(folder, `${name}.npy`);
    await writeFile(path, Buffer.from(text, 'latin1'));
    await expect(openNpy(path)).rejects.toThrow(message);
  });

  it('fails on a damaged header only with a TerrachipError', async () => {
    const good = await readFile(storePath('float32.npy'));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 127 }),
        fc.integer({ min: 0, max: 255 }),
        async (at, byte) => {
          const bytes = Uint8Array.from(good);
          bytes[at] = byte;
          const opened = await NpyArray.open(new MemorySource(bytes)).catch((error: unknown) => error);
          expect(
            opened instanceof NpyArray || (opened instanceof Error && opened.name === 'TerrachipError'),
          ).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function header(text: string): string {
  const padded = `${text}\n`;
  return `\x93NUMPY\x01\x00${String.fromCharCode(padded.length & 0xff, padded.length >> 8)}${padded}`;
}

describe('writeNpy', () => {
  it('streams rows into a file that is read back, with data at a multiple of 64', async () => {
    const path = join(folder, 'rows.npy');
    const rows = Array.from({ length: 5 }, (_, y) => Float32Array.from({ length: 7 }, (_, x) => 10 * y + x));
    await writeNpy(path, { shape: [5, 7], dtype: 'float32' }, rows);
    const file = await open(path);
    const start = (await file.stat()).size - 5 * 7 * 4;
    await file.close();
    expect(start % 64).toBe(0);
    const array = await openNpy(path);
    expect(array.storedType).toBe('float32');
    expect([...(await array.read([{ start: 3, end: 4 }])).data]).toEqual([...rows[3]]);
    await array.close();
  });

  it.each([[[]], [[3]], [[2, 3]], [Array.from({ length: 30 }, () => 1)]])(
    'writes the shape %j',
    async (shape) => {
      const size = shape.reduce((product: number, n: number) => product * n, 1);
      const path = join(folder, `shape-${shape.length}.npy`);
      await writeNpy(
        path,
        { shape, dtype: 'int16' },
        Int16Array.from({ length: size }, (_, i) => -i),
      );
      const array = await openNpy(path);
      expect(array.shape).toEqual(shape);
      await array.close();
    },
  );

  it('leaves nothing behind when the values are too few or too many', async () => {
    const path = join(folder, 'wrong.npy');
    for (const [length, text] of [
      [3, /was given 3 values, where its shape \(2, 2\) has 4/],
      [5, /was given more values/],
    ] as const) {
      await expect(writeNpy(path, { shape: [2, 2], dtype: 'uint8' }, new Uint8Array(length))).rejects.toThrow(
        text,
      );
    }
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });
});

describe('NpyWriter', () => {
  it('writes values at any position in any order, and renames the file at the end', async () => {
    const path = join(folder, 'planes.npy');
    await using writer = await NpyWriter.create(path, { shape: [2, 3], dtype: 'float32' });
    await writer.write(3, Float32Array.of(4, 5, 6));
    await writer.write(0, Float32Array.of(1));
    await writer.write(1, Float32Array.of(2, 3));
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
    await writer.finish();
    await using array = await openNpy(path);
    expect([...(await array.read()).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leaves nothing behind when it is not finished', async () => {
    const place = await temporaryFolder();
    const path = join(place, 'half.npy');
    const half = async (): Promise<void> => {
      await using writer = await NpyWriter.create(path, { shape: [2, 3], dtype: 'float32' });
      await writer.write(0, Float32Array.of(1, 2, 3));
      await writer.finish();
    };
    await expect(half()).rejects.toThrow(/was given 3 values, where its shape \(2, 3\) has 6/);
    expect(await readdir(place)).toEqual([]);
  });
});
