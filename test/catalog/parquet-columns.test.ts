import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CatalogRow, GeoCatalog, openCatalog, writeCatalog } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { checkSchema } from '../../src/parquet/footer.js';
import { codedPage, plainPage } from '../../src/parquet/page-values.js';
import { catalogRow } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';

/** Strings of lengths around the writer's thresholds, with one to four bytes per character. */
const TEXTS = [
  '',
  'a',
  'é',
  '東京',
  '🛰',
  'x'.repeat(96),
  'x'.repeat(97),
  'é'.repeat(96),
  `${'x'.repeat(95)}é`,
  'y'.repeat(8191),
  'z'.repeat(100_000),
];
const DAY = 86_400_000;

const rows: CatalogRow[] = Array.from({ length: 3000 }, (_, k) => {
  const x = -179 + (k % 350);
  const row = catalogRow(`${TEXTS[k % TEXTS.length].slice(0, 8)} ${k}`, [x, -5.5, x + 1, 4.5]);
  return {
    ...row,
    // The west has few collections, the east many.
    collection: x < 0 ? `c${k % 3}` : `collection ${k}`,
    href: k < 500 ? TEXTS[k % TEXTS.length] : `${k}.tif`,
    // Before and after 1970 and beyond 32 bits of seconds, some open.
    interval: new TimeInterval(
      k % 7 === 0 ? -Infinity : (k - 1500) * 300 * DAY,
      k % 5 === 0 ? Infinity : k * 400 * DAY,
    ),
    footprint: k % 11 === 0 ? [] : row.footprint,
    properties: { name: TEXTS[k % TEXTS.length], nothing: null, nested: { list: [1, 'null', null] } },
  };
});
const byId = (p: { id: string }, q: { id: string }): number => (p.id < q.id ? -1 : 1);

describe('the columns of a written file', async () => {
  const path = join(await temporaryFolder(), 'columns.parquet');
  let file: ArrayBuffer;
  beforeAll(async () => {
    await writeCatalog(GeoCatalog.from(rows), path, { rowGroupSize: 1300 });
    const bytes = await readFile(path);
    file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  });

  it('are read back by terrachip', async () => {
    const opened = await openCatalog(path);
    const loaded = await opened.load();
    await opened.dispose();
    expect([...loaded].sort(byId)).toEqual([...rows].sort(byId));
  });

  it('are read back by hyparquet', async () => {
    const read = (await parquetReadObjects({ file, geoparquet: false })) as Record<string, unknown>[];
    const wanted = new Map(rows.map((row) => [row.id, row]));
    expect(read).toHaveLength(rows.length);
    for (const { id, href, properties, bbox, start_time: start, end_time: end } of read) {
      const row = wanted.get(id as string);
      if (row === undefined) throw new Error(`there is no row ${id}`);
      const date = (time: number) => (Number.isFinite(time) ? new Date(time) : null);
      expect([href, start, end]).toEqual([row.href, date(row.interval.start), date(row.interval.end)]);
      expect(JSON.parse(properties as string)).toEqual(row.properties);
      const [x] = row.footprint[0]?.[0]?.[0] ?? [];
      expect(bbox ?? null).toEqual(x === undefined ? null : { xmin: x, ymin: -5.5, xmax: x + 1, ymax: 4.5 });
    }
  });

  it('have page indexes with offsets, minima and maxima', () => {
    const { row_groups: groups } = parquetMetadata(file);
    expect(groups.map(({ num_rows }) => Number(num_rows))).toEqual([1300, 1300, 400]);
    let nulls = 0;
    for (const { columns } of groups) {
      for (const { meta_data: meta, offset_index_length: length } of columns) {
        const pages = meta?.encoding_stats?.[0].count ?? 0;
        const name = meta?.path_in_schema.join('.');
        if (pages > 0) expect(length === undefined).toBe(pages === 1);
        if (name === 'href') expect(length).toBeGreaterThan(0);
        if (name !== 'bbox.ymin') continue;
        expect([meta?.statistics?.min_value, meta?.statistics?.max_value]).toEqual([-5.5, -5.5]);
        nulls += Number(meta?.statistics?.null_count);
      }
    }
    expect(nulls).toBe(rows.filter(({ footprint }) => footprint.length === 0).length);
  });

  it('are equal read by rows or whole', async () => {
    const opened = await openCatalog(path);
    const some = rows.filter((row, k) => k % 11 !== 0 && row.footprint[0][0][0][0] % 50 === 0);
    const found = [...(await opened.query({ interval: TimeInterval.always }))].sort(byId);
    expect(found).toEqual([...rows].sort(byId));
    const places = [-150, -100, -50, 0, 50, 100, 150].map(async (x) => [
      ...(await opened.query({ geometry: [x + 0.2, -1, x + 0.8, 1] })),
    ]);
    expect((await Promise.all(places)).flat().sort(byId)).toEqual(some.sort(byId));
    expect(some.length).toBeGreaterThan(40);
    await opened.dispose();
  });

  it('use a dictionary for few collections, and plain values for many', () => {
    const encodings = parquetMetadata(file).row_groups.map(({ columns }) => columns[1].meta_data?.encodings);
    expect(encodings).toContainEqual(['PLAIN', 'RLE_DICTIONARY']);
    expect(encodings).toContainEqual(['PLAIN']);
  });
});

describe('a dictionary page', () => {
  const [leaf] = checkSchema([
    { name: 'root', num_children: 1 },
    { name: 'collection', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  ]);
  const dictionary = { count: 2, values: Uint8Array.of(1, 0, 0, 0, 97, 1, 0, 0, 0, 98) };
  // Eight bits per number: five times `number`.
  const page = (number: number) => ({
    encoding: 'RLE_DICTIONARY',
    count: 5,
    levels: new Uint8Array(),
    values: Uint8Array.of(8, 10, number),
  });

  it('is read by rows', () => {
    expect(codedPage(page(1), dictionary, leaf)?.at(4)).toBe('b');
    expect(codedPage(page(0), dictionary, leaf)?.at(0)).toBe('a');
  });

  it('is refused when an index is beyond its dictionary', () => {
    expect(() => codedPage(page(2), dictionary, leaf)).toThrow(/its dictionary lacks/);
    expect(() => codedPage(page(1), { ...dictionary, count: 3 }, leaf)).toThrow(/cut off/);
  });

  it('is refused when it is plain and ends before its values', () => {
    const plain = (count: number, ...values: number[]) => ({
      encoding: 'PLAIN',
      count,
      levels: new Uint8Array(),
      values: Uint8Array.from(values),
    });
    expect(plainPage(plain(1, 2, 0, 0, 0, 97, 98), leaf)?.at(0)).toBe('ab');
    expect(() => plainPage(plain(1, 3, 0, 0, 0, 97, 98), leaf)).toThrow(/cut off/);
    expect(() => plainPage(plain(1, 255, 255, 255, 255, 97), leaf)).toThrow(/cut off/);
    expect(() => plainPage(plain(2 ** 24, 0, 0, 0, 0), leaf)).toThrow(/cut off/);
  });
});
