import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ColumnMetaData } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { outlineOfWkb } from '../../src/catalog/geometry.js';
import { GeoCatalog, openCatalog, writeCatalog } from '../../src/catalog/node/index.js';
import { isTerrachipError, messageOf } from '../../src/errors.js';
import { MemorySource } from '../../src/io/index.js';
import { ParquetFile } from '../../src/parquet/file.js';
import { cleanPages, type Leaf } from '../../src/parquet/pages.js';
import { checkThrift, encodeThrift, type ThriftFields } from '../../src/parquet/thrift.js';
import { encodeWkb } from '../../src/vector/wkb.js';
import { boxOutline, catalogRow } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();
const rows = Array.from({ length: 300 }, (_, k) => ({
  ...catalogRow(`row ${k}`, [k / 2, 10, k / 2 + 1, 11], '2021-07-15'),
  properties: { cloud: k, name: 'x'.repeat(k) },
}));
const good = join(folder, 'good.parquet');
await writeCatalog(GeoCatalog.from(rows), good, { rowGroupSize: 100 });
const goodBytes = await readFile(good);

const VARINT_MAX = [255, 255, 255, 255, 7];

function footerFile(footer: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(footer.length + 12);
  bytes.set([80, 65, 82, 49], 0);
  bytes.set(footer, 4);
  new DataView(bytes.buffer).setUint32(4 + footer.length, footer.length, true);
  bytes.set([80, 65, 82, 49], 8 + footer.length);
  return bytes;
}

async function openBytes(bytes: Uint8Array): Promise<ParquetFile> {
  return ParquetFile.open(new MemorySource(bytes, 'hostile.parquet'));
}

describe('a damaged file', () => {
  it('is refused by name, cut off at any byte', async () => {
    const path = join(folder, 'short.parquet');
    for (const length of [0, 3, 11, 12, 100, goodBytes.length - 9, goodBytes.length - 1]) {
      await writeFile(path, goodBytes.subarray(0, length));
      await expect(openCatalog(path)).rejects.toThrow(/short\.parquet.*(no Parquet file|truncated|empty)/);
    }
  });

  it('is read or refused by a clear error, with any byte changed', async () => {
    const path = join(folder, 'flipped.parquet');
    const random = seeded(11);
    let refused = 0;
    for (let k = 0; k < 250; k++) {
      const bytes = Uint8Array.from(goodBytes);
      // Half of the changes hit the footer, where counts and offsets are.
      const from = k % 2 === 0 ? 0 : bytes.length - 4096;
      for (let flips = 0; flips < 3; flips++) {
        bytes[from + Math.floor(random() * (bytes.length - from))] = Math.floor(random() * 256);
      }
      await writeFile(path, bytes);
      try {
        const file = await openCatalog(path);
        try {
          for (const row of await file.load()) expect(typeof row.id).toBe('string');
          await file.query({ geometry: [10, 0, 20, 20], interval: '2021-07' });
        } finally {
          await file.dispose();
        }
      } catch (error) {
        if (!isTerrachipError(error)) throw new Error(`case ${k}: ${messageOf(error)}`, { cause: error });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });

  it('is refused when its footer nests too deeply', async () => {
    await expect(openBytes(footerFile(new Array(200_000).fill(0x1c)))).rejects.toThrow(/nests too deep/);
    await expect(openBytes(footerFile(new Array(200_000).fill(0x19)))).rejects.toThrow(/nests too deep/);
  });

  it('is refused when it declares lists and texts longer than its footer', async () => {
    const list = [0x29, 0xfc, ...VARINT_MAX, 0];
    await expect(openBytes(footerFile(list))).rejects.toThrow(/a structure is cut off/);
    await expect(openBytes(footerFile([0x28, ...VARINT_MAX, 0]))).rejects.toThrow(/a structure is cut off/);
    await expect(openBytes(footerFile([0x16, ...new Array(40).fill(255), 0]))).rejects.toThrow(
      /a number has too many bytes/,
    );
  });

  it('is refused when its footer is longer than the file', async () => {
    const bytes = Uint8Array.from(goodBytes);
    new DataView(bytes.buffer).setUint32(bytes.length - 8, 0xfffffff0, true);
    await expect(openBytes(bytes)).rejects.toThrow(/its footer is longer than the file/);
  });

  it('is refused when it is a decompression bomb', async () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20));
    const bytes = new Uint8Array(
      parquetWriteBuffer({
        columnData: [{ name: 'id', data: ['a', 'b'], type: 'STRING' }],
        codec: 'GZIP',
        compressors: { GZIP: () => bomb },
      }),
    );
    const file = await openBytes(bytes);
    await expect(file.readColumn(file.groups[0], 'id')).rejects.toThrow(/more than the \d+ bytes/);
  });
});

const column = (type: Leaf['element']['type'], optional = false): Leaf => ({
  path: ['x'],
  element: { name: 'x', type, repetition_type: optional ? 'OPTIONAL' : 'REQUIRED' },
  maxDefinition: optional ? 1 : 0,
  maxRepetition: 0,
});

const meta = (values: number): ColumnMetaData => ({
  type: 'INT64',
  encodings: ['PLAIN'],
  path_in_schema: ['x'],
  codec: 'UNCOMPRESSED',
  num_values: BigInt(values),
  total_uncompressed_size: 100n,
  total_compressed_size: 100n,
  data_page_offset: 4n,
});

const PAGE = { data: 0, dictionary: 2 };
const DATA_FIELD = 5;
const DICTIONARY_FIELD = 7;

function page(
  type: number,
  body: readonly number[],
  field: number,
  fields: ThriftFields,
  size = body.length,
) {
  const header = encodeThrift({ 1: type, 2: size, 3: body.length, [field]: fields });
  return new Uint8Array([...header, ...body]);
}

const dataPage = (count: number, encoding: number, body: readonly number[]): Uint8Array<ArrayBuffer> =>
  page(PAGE.data, body, DATA_FIELD, { 1: count, 2: encoding, 3: 3, 4: 3 });

describe('pages', () => {
  it('are refused when they declare more bytes than a column may have', async () => {
    const fields: ThriftFields = { 1: 1, 2: 0, 3: 3, 4: 3 };
    const huge = page(PAGE.data, [1, 2, 3], DATA_FIELD, fields, 2 ** 30);
    await expect(cleanPages(huge, column('INT64'), meta(1))).rejects.toThrow(/more than 268435456 bytes/);
    const other = page(PAGE.data, [1, 2, 3], DATA_FIELD, fields, 8);
    await expect(cleanPages(other, column('INT64'), meta(1))).rejects.toThrow(/has 3 bytes and declares 8/);
  });

  it('are refused when they declare more values than the column has', async () => {
    const many = dataPage(2 ** 30, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(cleanPages(many, column('INT64'), meta(1))).rejects.toThrow(/more values than its column/);
    const twice = new Uint8Array([...dataPage(1, 0, [0]), ...dataPage(1, 0, [0])]);
    await expect(cleanPages(twice, column('INT64'), meta(1))).rejects.toThrow(/more values than it declares/);
    const dictionary = page(PAGE.dictionary, [1, 0, 0, 0, 65], DICTIONARY_FIELD, { 1: 2 ** 30, 2: 0 });
    await expect(cleanPages(dictionary, column('BYTE_ARRAY'), meta(1))).rejects.toThrow(/too many values/);
  });

  it('are refused when a run is longer than the page', async () => {
    // A run of 2^30 levels, in a page of two values.
    const run = [0x80, 0x80, 0x80, 0x80, 0x08, 1];
    const levels = dataPage(2, 0, [run.length, 0, 0, 0, ...run]);
    await expect(cleanPages(levels, column('INT64', true), meta(2))).rejects.toThrow(/a run of a page/);
    const indices = dataPage(2, 8, [1, ...run]);
    await expect(cleanPages(indices, column('BYTE_ARRAY'), meta(2))).rejects.toThrow(/a run of a page/);
    const empty = dataPage(2, 8, [1, 0, 0]);
    await expect(cleanPages(empty, column('BYTE_ARRAY'), meta(2))).rejects.toThrow(/empty/);
  });

  it('are refused with impossible block sizes or unbounded encodings', async () => {
    const blocks = dataPage(2, 5, [128, 1, ...VARINT_MAX, 2, 0]);
    await expect(cleanPages(blocks, column('INT64'), meta(2))).rejects.toThrow(
      /blocks of a page are damaged/,
    );
    const prefixes = dataPage(2, 7, [128, 1, 4, 2, 0]);
    await expect(cleanPages(prefixes, column('BYTE_ARRAY'), meta(2))).rejects.toThrow(/DELTA_BYTE_ARRAY/);
  });
});

describe('thrift', () => {
  it('is skipped exactly as it is written', () => {
    const bytes = encodeThrift({ 1: 300, 5: { 2: true, 7: false } });
    expect(bytes).toEqual([0x15, 0xd8, 0x04, 0x4c, 0x21, 0x52, 0, 0]);
    expect(checkThrift(new Uint8Array(bytes), 0)).toBe(bytes.length);
  });
});

describe('well-known binary', () => {
  const polygons = [boxOutline([1, 2, 3, 4]), boxOutline([5, 6, 7, 8])];

  it('is read back as written', () => {
    expect(outlineOfWkb(encodeWkb(polygons), 'a')).toEqual(polygons);
    expect(outlineOfWkb(encodeWkb([polygons[0]]), 'a')).toEqual([polygons[0]]);
    expect(outlineOfWkb(encodeWkb([]), 'a')).toEqual([]);
  });

  it('is read with heights, in either byte order, with a CRS', () => {
    // ISO point with a height, big-endian; extended point with a system, little-endian.
    const iso = new DataView(new ArrayBuffer(29));
    iso.setUint32(1, 1001);
    iso.setFloat64(5, 3);
    iso.setFloat64(13, 4);
    const extended = new DataView(new ArrayBuffer(25));
    extended.setUint8(0, 1);
    extended.setUint32(1, 0x20000001, true);
    extended.setUint32(5, 4326, true);
    extended.setFloat64(9, 3, true);
    extended.setFloat64(17, 4, true);
    for (const { buffer } of [iso, extended]) {
      expect(outlineOfWkb(new Uint8Array(buffer as ArrayBuffer), 'a')).toEqual([[new Array(4).fill([3, 4])]]);
    }
  });

  it('is refused when it declares more points than it has', () => {
    const bytes = encodeWkb(polygons);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => outlineOfWkb(bytes.subarray(0, length), 'a')).toThrow(/ends too early/);
    }
    const huge = bytes.slice();
    new DataView(huge.buffer).setUint32(5, 2 ** 31, true);
    expect(() => outlineOfWkb(huge, 'a')).toThrow(/ends too early/);
    const nested = new Uint8Array(9 * 1000);
    for (let k = 0; k < 1000; k++) nested.set([1, 7, 0, 0, 0, 1, 0, 0, 0], 9 * k);
    expect(() => outlineOfWkb(nested, 'a')).toThrow(/too deeply nested/);
  });
});
