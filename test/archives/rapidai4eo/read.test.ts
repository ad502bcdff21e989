import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type RapidAi4EoLocations, readLocations } from '../../../src/archives/index.js';
import { MemorySource } from '../../../src/io/index.js';
import type { ProgressEvent } from '../../../src/progress.js';

const feature = (id: string, x: number, y: number): object => ({
  type: 'Feature',
  properties: { sample_id: id, note: 'a } brace, a ] bracket and a \\" quote' },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [x, y],
        [x + 0.01, y],
        [x + 0.01, y + 0.01],
        [x, y + 0.01],
        [x, y],
      ],
    ],
  },
});

const collection = (...features: object[]): string =>
  JSON.stringify({
    type: 'FeatureCollection',
    crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84', parts: [{}, [1]] } },
    features,
  });

const source = (text: string | Uint8Array, name = 'geometries.geojson.gz'): MemorySource =>
  new MemorySource(Buffer.from(text), name);

const read = (text: string, labels?: string): Promise<RapidAi4EoLocations> =>
  readLocations({
    geometries: source(gzipSync(text)),
    labels: labels === undefined ? null : source(gzipSync(labels), 'labels.csv.gz'),
  });

const TWO = collection(feature('33N_1E-2N_1', 13.1, 52.4), feature('33N_1E-2N_2', 20, 50));

describe('the files of RapidAI4EO', () => {
  it('are read packed or plain, in pieces of any size', async () => {
    const locations = await read(TWO);
    expect(locations.ids).toEqual(['33N_1E-2N_1', '33N_1E-2N_2']);
    expect(locations.query({ geometry: [13, 52, 14, 53] })).toEqual(['33N_1E-2N_1']);
    expect(locations.catalog.row(1).footprint[0][0][2]).toEqual([20.01, 50.01]);
    expect(() => locations.query({ classes: [{ code: 312 }] })).toThrow(/need labels, which were not read/);
    // Pieces of 4 MiB are cut within features.
    const many = collection(
      ...Array.from({ length: 40_000 }, (_, k) => feature(`33N_1E-2N_${k}`, k / 1000, 50)),
    );
    expect(many.length).toBeGreaterThan(2 * 4 * 2 ** 20);
    const plain = await readLocations({ geometries: source(many) });
    expect(plain.length).toBe(40_000);
    expect(plain.ids[39_999]).toBe('33N_1E-2N_39999');
  });

  it('have shares of classes from shares and from percentages, by the names of the corpus', async () => {
    const shares = await read(TWO, 'sample_id,clc_312,clc_311\n33N_1E-2N_2,0.25,0.5\n33N_1E-2N_1,1,\n');
    expect([shares.shareOf(0, 312), shares.shareOf(1, 312), shares.shareOf(1, 31)]).toEqual([1, 0.25, 0.75]);
    const percentages = await read(TWO, '"sample_id","clc_312"\r\n"33N_1E-2N_1",40\r\n"33N_1E-2N_2",100\r\n');
    expect(percentages.shareOf(0, 312)).toBeCloseTo(0.4, 6);
    expect(percentages.query({ classes: [{ code: 312, atLeast: 0.9 }] })).toEqual(['33N_1E-2N_2']);
  });

  it('exclude locations without labels from queries by class, with a warning', async () => {
    const events: ProgressEvent[] = [];
    const labels = source('sample_id,clc_312\n33N_1E-2N_1,0.5\n', 'labels.csv');
    const locations = await readLocations(
      { geometries: source(TWO), labels },
      { onProgress: (event) => events.push(event) },
    );
    expect(locations.query({ classes: [{ code: 312, atLeast: 0 }] })).toEqual(['33N_1E-2N_1']);
    expect(events).toContainEqual({ type: 'warning', message: 'labels.csv has no labels of 1 locations' });
  });

  it('are refused when they are damaged or other files', async () => {
    await expect(read('{"type":"Feature"}')).rejects.toThrow(/is not a GeoJSON FeatureCollection/);
    await expect(read(TWO.slice(0, -40))).rejects.toThrow(/ends within its features/);
    await expect(read(collection({ type: 'Feature', properties: {} }))).rejects.toThrow(
      /feature 0 has no property sample_id/,
    );
    await expect(read(collection(feature('a_b_c', 400_000, 5_800_000)))).rejects.toThrow(
      /is not a polygon of one closed ring in longitude and latitude/,
    );
    await expect(read(collection(feature('a_b_c', 1, 1), feature('a_b_c', 2, 2)))).rejects.toThrow(
      /an id twice/,
    );
    await expect(read(TWO, 'name,clc_312\n')).rejects.toThrow(/has no column sample_id/);
    await expect(read(TWO, 'sample_id,forest\n')).rejects.toThrow(/no column of a class such as clc_311/);
    await expect(read(TWO, 'sample_id,clc_312\n33N_1E-2N_1,much\n')).rejects.toThrow(
      /line 2 has "much" for the class 312/,
    );
    const damaged = gzipSync(TWO);
    damaged.fill(0, 20, 60);
    await expect(readLocations({ geometries: source(damaged) })).rejects.toThrow(/cannot be unpacked/);
    const endless = `{"features":[{"a":"${'x'.repeat(2 ** 20)}"}]}`;
    await expect(read(endless)).rejects.toThrow(/more than 1048576 bytes/);
    const deep = `{"features":[${'['.repeat(2 ** 19)}${']'.repeat(2 ** 19)}]}`;
    await expect(read(deep)).rejects.toThrow(/nested/);
  });
});
