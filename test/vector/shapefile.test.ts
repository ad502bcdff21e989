import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Crs } from '../../src/geo/index.js';
import { type ReadVectorOptions, readFeatures } from '../../src/vector/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';
import { buildZip } from '../support/zip.js';

const FIXTURES = 'test/fixtures/vector';
const folder = await temporaryFolder();

/** A record of a .shp file: a square of 50 m at a given x, with a record number. */
function squareAt(x: number, number: number): Buffer {
  const record = Buffer.alloc(8 + 48 + 80);
  record.writeInt32BE(number);
  record.writeInt32BE((record.length - 8) / 2, 4);
  record.writeInt32LE(5, 8);
  const box = [x, 0, x + 50, 50];
  for (const [k, value] of box.entries()) record.writeDoubleLE(value, 12 + 8 * k);
  record.writeInt32LE(1, 44);
  record.writeInt32LE(5, 48);
  const ring = [x, 0, x, 50, x + 50, 50, x + 50, 0, x, 0];
  for (const [k, value] of ring.entries()) record.writeDoubleLE(value, 56 + 8 * k);
  return record;
}

function header(): Buffer {
  const bytes = Buffer.alloc(100);
  bytes.writeInt32BE(9994);
  bytes.writeInt32LE(1000, 28);
  bytes.writeInt32LE(5, 32);
  return bytes;
}

/** An index of positions and lengths of content, in bytes. */
function indexOf(places: readonly (readonly [number, number])[]): Buffer {
  const entries = places.map(([offset, length]) => {
    const entry = Buffer.alloc(8);
    entry.writeInt32BE(offset / 2);
    entry.writeInt32BE(length / 2, 4);
    return entry;
  });
  return Buffer.concat([header(), ...entries]);
}

/** A table of one text field. */
function tableOf(texts: readonly Uint8Array[], language = 0, width = 20): Buffer {
  const bytes = Buffer.alloc(65 + texts.length * (1 + width), ' ');
  bytes.fill(0, 0, 65);
  bytes[0] = 3;
  bytes.writeUInt32LE(texts.length, 4);
  bytes.writeUInt16LE(65, 8);
  bytes.writeUInt16LE(1 + width, 10);
  bytes[29] = language;
  bytes.write('cls\0', 32, 'latin1');
  bytes.write('C', 43, 'latin1');
  bytes[48] = width;
  bytes[64] = 0x0d;
  for (const [k, text] of texts.entries()) bytes.set(text, 65 + k * (1 + width) + 1);
  return bytes;
}

const ascii = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));

/** Writes the parts of a shapefile, given by extension. */
async function write(parts: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const own = join(folder, `shape-${Math.random()}`);
  await mkdir(own);
  for (const [ending, bytes] of Object.entries(parts)) await writeFile(join(own, `a.${ending}`), bytes);
  return join(own, 'a.shp');
}

/** The features read, as `text at x`, and the warnings. */
async function read(
  path: string,
  options: ReadVectorOptions = {},
): Promise<{ found: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  const { features } = await readFeatures(path, {
    crs: 32632,
    ...options,
    onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
  });
  const found = features.map(({ polygons, properties }) => `${properties.cls} at ${polygons[0][0][0][0]}`);
  return { found, warnings };
}

const [one, two, three] = [squareAt(100, 1), squareAt(200, 2), squareAt(300, 3)];
const size = one.length;
const length = size - 8;
const dbf = tableOf(ascii('one', 'two', 'three'));
const inOrder = ['one at 100', 'two at 200', 'three at 300'];

// As read from such files by GDAL 3.6 and geopandas.
describe('the index of a shapefile', () => {
  it('assigns records in another order than their table', async () => {
    const shp = Buffer.concat([header(), three, one, two]);
    const shx = indexOf([
      [100 + size, length],
      [100 + 2 * size, length],
      [100, length],
    ]);
    expect(await read(await write({ shp, shx, dbf }))).toEqual({ found: inOrder, warnings: [] });
  });

  it('skips gaps, and records rewritten at the end', async () => {
    const gap = Buffer.concat([header(), one, Buffer.alloc(96), two, three]);
    const places = [100, 100 + size + 96, 100 + 2 * size + 96].map((at) => [at, length] as const);
    expect((await read(await write({ shp: gap, shx: indexOf(places), dbf }))).found).toEqual(inOrder);
    const again = Buffer.concat([header(), one, two, three, squareAt(900, 1)]);
    const shx = indexOf([100 + 3 * size, 100 + size, 100 + 2 * size].map((at) => [at, length]));
    const edited = await read(await write({ shp: again, shx, dbf }));
    expect(edited.found).toEqual(['one at 900', 'two at 200', 'three at 300']);
    const zip = join(folder, 'again.shp.zip');
    await writeFile(
      zip,
      buildZip([
        { name: 'a.SHP', bytes: again },
        { name: 'A.SHX', bytes: shx },
        { name: 'a.dbf', bytes: dbf },
      ]),
    );
    expect((await read(zip)).found).toEqual(edited.found);
  });

  it('may mark a record as deleted', async () => {
    const shp = Buffer.concat([header(), one, three]);
    const shx = indexOf([
      [100, length],
      [0, 0],
      [100 + size, length],
    ]);
    expect((await read(await write({ shp, shx, dbf }))).found).toEqual(['one at 100', 'three at 300']);
  });

  it('is not used when stale, and not needed when missing', async () => {
    const shp = Buffer.concat([header(), one, two, three]);
    for (const stale of [
      // An index of two records, one beyond the end, one with other lengths, and a file that is not an index.
      indexOf([100, 100 + size].map((at) => [at, length])),
      indexOf([100, 100 + size, 100 + 9 * size].map((at) => [at, length])),
      indexOf([100, 100 + size, 100 + 2 * size].map((at) => [at, length - 16])),
      Buffer.from('text'),
    ]) {
      const { found, warnings } = await read(await write({ shp, shx: stale, dbf }));
      expect(found).toEqual(inOrder);
      expect(warnings).toEqual([expect.stringMatching(/has an index \(\.shx\) that does not fit it/)]);
    }
    // Without an index, record numbers are used; if these are invalid, the order.
    const moved = Buffer.concat([header(), three, one, two]);
    expect((await read(await write({ shp: moved, dbf }))).found).toEqual(inOrder);
    const unnumbered = Buffer.concat([header(), squareAt(100, 0), squareAt(200, 0), squareAt(300, 0)]);
    expect((await read(await write({ shp: unnumbered, dbf }))).found).toEqual(inOrder);
  });

  it('skips deleted rows and null shapes', async () => {
    const nothing = Buffer.alloc(12);
    nothing.writeInt32BE(2);
    nothing.writeInt32BE(2, 4);
    const shp = Buffer.concat([header(), one, nothing, three]);
    expect((await read(await write({ shp, dbf }))).found).toEqual(['one at 100', 'three at 300']);
    const deleted = Buffer.from(dbf);
    deleted[65] = 0x2a;
    const whole = Buffer.concat([header(), one, two, three]);
    expect((await read(await write({ shp: whole, dbf: deleted }))).found).toEqual(inOrder.slice(1));
  });
});

describe('the parts of a shapefile', () => {
  const shp = Buffer.concat([header(), one, two, three]);
  const prj =
    'PROJCS["x",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]';

  it('are found in upper and lower case', async () => {
    for (const [DBF, PRJ] of [
      ['DBF', 'prj'],
      ['dbf', 'PRJ'],
      ['Dbf', 'PRJ'],
    ]) {
      const path = await write({ shp, [DBF]: dbf, [PRJ]: prj });
      const { crs, features } = await readFeatures(path);
      expect(crs.equals(Crs.fromEpsg(32632))).toBe(true);
      expect(features.map(({ properties }) => properties.cls)).toEqual(['one', 'two', 'three']);
    }
  });

  it('are found in upper case on a server', async () => {
    const server = await startRangeServer(shp);
    const files: Record<string, Uint8Array | string> = { '/a.DBF': dbf, '/a.PRJ': prj };
    server.fault = (request, response) => {
      const path = request.url ?? '';
      if (path === '/a.shp') return false;
      const body = files[path];
      if (body === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-length': body.length }).end(body);
      return true;
    };
    const { crs, features } = await readFeatures(server.url.replace('file.tif', 'a.shp'));
    expect(crs.equals(Crs.fromEpsg(32632))).toBe(true);
    expect(features[2].properties).toEqual({ cls: 'three' });
  });

  it('are reported when the table is missing', async () => {
    const { found, warnings } = await read(await write({ shp }));
    expect(found).toHaveLength(3);
    expect(warnings).toEqual([expect.stringMatching(/a\.shp has no table \(\.dbf\) beside it/)]);
  });
});

describe('the encoding of a shapefile', () => {
  const shp = Buffer.concat([header(), one]);

  // Bytes as Python's codecs encode the texts.
  const TEXTS: readonly [encoding: string, language: number, bytes: string, text: string][] = [
    ['437', 0x01, '576569e1646f726e20996c', 'Weißdorn Öl'],
    ['CP850', 0x02, '576569e1646f726e20996c', 'Weißdorn Öl'],
    ['IBM852', 0x64, '9da56b61', 'Łąka'],
    ['OEM 865', 0x08, '9d7265', 'Øre'],
    ['cp866', 0x65, '8faeaba5', 'Поле'],
    ['932', 0x13, '90859363', '水田'],
    ['CP936', 0x4d, 'cbaeccef', '水田'],
    ['GB2312', 0x7a, 'cbaeccef', '水田'],
    ['949', 0x4e, 'b3ed', '논'],
    ['MS950', 0x4f, 'a4f4a5d0', '水田'],
    ['ANSI 1250', 0xc8, 'a3b96b61', 'Łąka'],
    ['Windows-1251', 0xc9, 'cfeeebe5', 'Поле'],
    ['LDID/87', 0x57, 'd66c', 'Öl'],
    ['win1253', 0xcb, 'd9ecdde3e1', 'Ωμέγα'],
    ['1254', 0xca, 'de65686972', 'Şehir'],
    ['1255', 0x7d, 'f9e3e4', 'שדה'],
    ['1256', 0x7e, 'cddee1', 'حقل'],
    ['1257', 0xcc, 'de656deb', 'Žemė'],
    ['CP874', 0x50, 'b7d8e8a7', 'ทุ่ง'],
    ['737', 0x6a, '97a3e29a98', 'Ωμέγα'],
    ['857', 0x6b, '9e65686972', 'Şehir'],
    ['860', 0x24, '87846f', 'ção'],
    ['861', 0x67, '8d6f7270', 'Þorp'],
    ['863', 0x1c, '666f728874', 'forêt'],
    ['ISO 8859-1', -1, 'd66c', 'Öl'],
    ['88592', -1, 'a3b16b61', 'Łąka'],
    ['8859_5', -1, 'bfdedbd5', 'Поле'],
    ['ISO-8859-15', -1, 'a420d66c', '€ Öl'],
    ['KOI8-R', -1, 'f0cfccc5', 'Поле'],
    ['855', -1, 'ddd6d0a8', 'Поле'],
    ['775', -1, 'cf656dd3', 'Žemė'],
    ['869', -1, 'a8e5e39b', 'Ελιά'],
    ['UTF_8', -1, 'c581c4856b6120e6b0b4e794b0', 'Łąka 水田'],
    ['65001\r\n', -1, 'c581c4856b61', 'Łąka'],
  ];
  it.each(TEXTS)(
    'is read from a .cpg file with %s, from a language byte, or from the option',
    async (name, language, hex, text) => {
      const bytes = Buffer.from(hex, 'hex');
      const texts = async (parts: Record<string, Uint8Array | string>, options: ReadVectorOptions = {}) =>
        (await read(await write({ shp, ...parts }), options)).found;
      expect(await texts({ dbf: tableOf([bytes]), cpg: name })).toEqual([`${text} at 100`]);
      // The option wins over both.
      const wrong = { dbf: tableOf([bytes], 0xcb), cpg: 'KOI8-U' };
      expect(await texts(wrong, { encoding: name })).toEqual([`${text} at 100`]);
      if (language < 0) return;
      expect(await texts({ dbf: tableOf([bytes], language) })).toEqual([`${text} at 100`]);
      for (const cpg of ['', 'System']) {
        expect(await texts({ dbf: tableOf([bytes], language), cpg })).toEqual([`${text} at 100`]);
      }
    },
  );

  it('is UTF-8 when undeclared and all texts are valid, even truncated ones', async () => {
    const cut = Buffer.from('ąąąąąąąąąąą').subarray(0, 21);
    const table = tableOf([Buffer.from('Łąka 水田'), cut.subarray(0, 20)]);
    const both = Buffer.concat([header(), one, two]);
    const { found, warnings } = await read(await write({ shp: both, dbf: table }));
    expect(found).toEqual(['Łąka 水田 at 100', 'ąąąąąąąąąą at 200']);
    expect(warnings).toEqual([]);
    const odd = tableOf([Buffer.from('aąąąąąąąąąąą').subarray(0, 20)]);
    expect((await read(await write({ shp, dbf: odd }))).found[0]).toMatch(/^aąąąąąąąąą/);
    const guess = await read(await write({ shp, dbf: tableOf([Buffer.from('Öl', 'latin1')]) }));
    expect(guess.found).toEqual(['Öl at 100']);
    expect(guess.warnings).toEqual([expect.stringMatching(/read as Windows-1252; give it as `encoding`/)]);
  });

  it('is not needed for ASCII, and required otherwise', async () => {
    for (const cpg of ['KLINGON', '620', 'LDID/105']) {
      const plain = await write({ shp, dbf: tableOf(ascii('water')), cpg });
      expect((await read(plain)).found).toEqual(['water at 100']);
      const other = await write({ shp, dbf: tableOf([Uint8Array.of(0x86)]), cpg });
      await expect(read(other)).rejects.toThrow(/which is not known; give one as `encoding`/);
      await expect(read(other, { encoding: 'KLINGON' })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        fields: { option: 'encoding' },
      });
    }
  });
});

describe('shapefiles', () => {
  it('require a CRS when the .prj is missing', async () => {
    const path = join(folder, 'bare.shp');
    await copyFile(join(FIXTURES, 'parks.shp'), path);
    await expect(readFeatures(path)).rejects.toThrow(/does not say its coordinate reference system/);
    const { crs, features } = await readFeatures(path, { crs: 32632 });
    expect(crs.epsg).toBe(32632);
    expect(features.map(({ properties }) => properties)).toEqual([{}, {}, {}]);
  });

  it('are refused when damaged', async () => {
    const whole = await readFile(join(FIXTURES, 'parks.shp'));
    const table = await readFile(join(FIXTURES, 'parks.dbf'));
    const damaged = async (shp: Uint8Array, dbf: Uint8Array | null = null): Promise<unknown> => {
      const path = join(folder, `damaged-${Math.random()}.shp`);
      await writeFile(path, shp);
      if (dbf !== null) await writeFile(path.replace('.shp', '.dbf'), dbf);
      return readFeatures(path, { crs: 32632 });
    };
    await expect(damaged(whole.subarray(0, 50))).rejects.toThrow(/is no shapefile/);
    await expect(damaged(whole.subarray(0, 300))).rejects.toThrow(/reaches beyond its end/);
    const manyParts = Buffer.from(whole);
    manyParts.writeUInt32LE(0xffff_ffff, 100 + 8 + 36);
    // The other shapes are read; the damaged one is named by its position in the table.
    const warnings: string[] = [];
    const path = await write({ shp: manyParts });
    const { features } = await readFeatures(path, {
      crs: 32632,
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(features).toHaveLength(2);
    expect(warnings[1]).toMatch(
      /a\.shp: feature 0 has a shape that ends too early; the feature was left out/,
    );
    const manyRecords = Buffer.from(table);
    manyRecords.writeUInt32LE(1000, 4);
    await expect(damaged(whole, manyRecords)).rejects.toThrow(/is a damaged table/);
    const fewRecords = Buffer.from(table);
    fewRecords.writeUInt32LE(1, 4);
    await expect(damaged(whole, fewRecords)).rejects.toThrow(/more shapes than the 1 records/);
    const patch = Buffer.concat([header(), one]);
    patch.writeUInt32LE(31, 100 + 8);
    await expect(damaged(patch)).rejects.toThrow(/holds shapes of type 31/);
  });
});
