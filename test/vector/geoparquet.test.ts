import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { GeoCatalog, loadVector, writeCatalog } from '../../src/catalog/node/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { readFeatures, type VectorFeatures } from '../../src/vector/node/index.js';
import { catalogRow } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';

const folder = await temporaryFolder();

/** A square of 20 m as WKB, optionally truncated by its last position. */
function square(x: number, y: number, isCut = false): Uint8Array {
  const ring = [x, y, x + 20, y, x + 20, y + 20, x, y + 20, x, y];
  const bytes = Buffer.alloc(13 + 8 * ring.length);
  bytes[0] = 1;
  bytes.writeUInt32LE(3, 1);
  bytes.writeUInt32LE(1, 5);
  bytes.writeUInt32LE(5, 9);
  for (const [k, value] of ring.entries()) bytes.writeDoubleLE(value, 13 + 8 * k);
  return isCut ? bytes.subarray(0, -16) : bytes;
}

const utm = { id: { authority: 'EPSG', code: 32632 } };

/** Three fields, the second of which has no geometry. */
async function write(name: string, geometry: object, isCut = false): Promise<string> {
  const geo = {
    version: '1.1.0',
    primary_column: 'shape',
    columns: { shape: { encoding: 'WKB', ...geometry } },
  };
  const data = [square(500_000, 4_999_980), null, square(500_020, 4_999_960, isCut)];
  const columnData = [
    { name: 'shape', data, type: 'BYTE_ARRAY' },
    { name: 'crop', data: ['maize', 'wheat', 'beet'], type: 'STRING' },
    { name: 'id', data: [1n, 2n, 2n ** 53n + 1n], type: 'INT64' },
    { name: 'seen', data: [0, 1, 86_400_000].map((time) => new Date(time)), type: 'TIMESTAMP' },
  ] as const;
  const path = join(folder, name);
  const options = { columnData: columnData.map((column) => ({ ...column, data: [...column.data] })) };
  await writeFile(
    path,
    new Uint8Array(
      parquetWriteBuffer({ ...options, kvMetadata: [{ key: 'geo', value: JSON.stringify(geo) }] }),
    ),
  );
  return path;
}

const propertiesOf = ({ features }: VectorFeatures): unknown[] =>
  features.map(({ properties }) => properties);

describe('GeoParquet', () => {
  it('is read as features, with strings, exact numbers and times', async () => {
    const found = await readFeatures(await write('fields.parquet', { crs: utm }));
    expect(found.crs.epsg).toBe(32632);
    expect(found.features[0].polygons[0][0][0]).toEqual([500_000, 4_999_980]);
    expect(propertiesOf(found)).toEqual([
      { crop: 'maize', id: 1, seen: '1970-01-01T00:00:00.000Z' },
      { crop: 'beet', id: '9007199254740993', seen: '1970-01-02T00:00:00.000Z' },
    ]);
  });

  it('is burnt as labels on a grid', async () => {
    const path = await write('labels.geoparquet', { crs: utm });
    const grid = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_000_000), 4, 4);
    const value = { property: 'crop', classes: { maize: 1, beet: 3 } };
    const { classes } = await loadVector(path, grid, { value });
    expect([...classes.data]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 3, 3, 0, 0, 3, 3]);
  });

  it('is in longitude and latitude without a CRS, or in the CRS option', async () => {
    const bare = await write('bare.parquet', {});
    await expect(readFeatures(bare)).rejects.toThrow(/500000, 4999980, which is no longitude/);
    expect((await readFeatures(bare, { crs: 32632 })).features).toHaveLength(2);
    const unknown = await write('unknown.parquet', { crs: null });
    await expect(readFeatures(unknown)).rejects.toThrow(/does not say its coordinate reference system/);
    const own = await write('own.parquet', { crs: { name: 'my own' } });
    await expect(readFeatures(own)).rejects.toThrow(/cannot be used .*; give one as `crs`/);
    expect((await readFeatures(own, { crs: 32632 })).crs.epsg).toBe(32632);
    const arrow = await write('arrow.parquet', { encoding: 'polygon' });
    await expect(readFeatures(arrow)).rejects.toThrow(
      /stores its geometries as "polygon"; write them as WKB/,
    );
  });

  it('with an encrypted footer is refused by name', async () => {
    const bytes = await readFile(await write('plain.parquet', {}));
    bytes.write('PARE', 0);
    bytes.write('PARE', bytes.length - 4);
    const path = join(folder, 'secret.parquet');
    await writeFile(path, bytes);
    await expect(readFeatures(path)).rejects.toThrow(/secret\.parquet .* it is encrypted/);
  });

  it('skips a damaged geometry, with a warning that names its row', async () => {
    const warnings: string[] = [];
    const found = await readFeatures(await write('cut.parquet', { crs: utm }, true), {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.features).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(/cut\.parquet: row 2 has a geometry that ends too early/),
    ]);
  });

  it('is fetched only where its bboxes touch the bounds', async () => {
    const rows = Array.from({ length: 20_000 }, (_, k) => {
      const [x, y] = [(k % 200) / 2, Math.floor(k / 200) / 2];
      return catalogRow(`row ${k}`, [x, y, x + 0.4, y + 0.4], '2021', {
        properties: { note: 'n'.repeat(90) + k },
      });
    });
    const path = join(folder, 'boxes.parquet');
    await writeCatalog(GeoCatalog.from(rows), path, { rowGroupSize: 1000 });
    const file = await readFile(path);
    const server = await startRangeServer(file);
    const bounds = [10.1, 10.1, 10.3, 10.3] as const;
    const { features } = await readFeatures(server.url.replace('file.tif', 'boxes.parquet'), { bounds });
    expect(features.map(({ properties }) => properties.id)).toEqual(['row 4020']);
    const bytes = server.ranges.reduce((sum, range) => {
      const [from, to] = (range ?? '').replace('bytes=', '').split('-').map(Number);
      return sum + to + 1 - from;
    }, 0);
    expect(bytes).toBeLessThan(file.length / 2);
    const whole = await readFeatures(path);
    expect(whole.features).toHaveLength(20_000);
  });
});
