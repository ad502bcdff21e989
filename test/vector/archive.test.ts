import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFeatures } from '../../src/vector/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';
import { buildZip, type ZipPart } from '../support/zip.js';

const FIXTURES = 'test/fixtures/vector';
const folder = await temporaryFolder();
const utf8 = new TextEncoder();

/** Names of Copernicus EMS, from the products of EMSR517 and EMSR332. */
const EVENT = 'EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1';
const AREA = 'EMSR517_AOI15_GRA_PRODUCT_areaOfInterestA_r1_v1';

function square(x: number, crs?: string): string {
  return JSON.stringify({
    type: 'FeatureCollection',
    ...(crs === undefined ? {} : { crs: { type: 'name', properties: { name: crs } } }),
    features: [
      {
        type: 'Feature',
        properties: { x },
        geometry: {
          type: 'Polygon',
          coordinates: [
            [
              [x, 0],
              [x + 1, 0],
              [x, 1],
              [x, 0],
            ],
          ],
        },
      },
    ],
  });
}

const text = (name: string, content: string): ZipPart => ({
  name,
  bytes: utf8.encode(content),
  deflate: true,
});

/** The shapefile of the fixtures under another name. */
async function shapefile(name: string): Promise<ZipPart[]> {
  const parts = ['shp', 'shx', 'dbf', 'prj'].map(async (ending) => ({
    name: `${name}.${ending}`,
    bytes: new Uint8Array(await readFile(join(FIXTURES, `parks.${ending}`))),
    deflate: true,
  }));
  return Promise.all(parts);
}

let count = 0;
async function write(parts: readonly ZipPart[]): Promise<string> {
  const path = join(folder, `archive-${count++}.zip`);
  await writeFile(path, buildZip(parts));
  return path;
}

async function placesOf(path: string, options = {}): Promise<unknown[]> {
  const { features } = await readFeatures(path, options);
  return features.map(({ properties }) => properties.x);
}

const preferred = [/observed_?event_?a/i, /max_?flood/i];

describe('a zip file of vectors', () => {
  it('reads a shapefile in a folder as from the disk, with other files beside it', async () => {
    const path = await write([
      text('read me.txt', 'about'),
      text('about.json', '{}'),
      ...(await shapefile('deep/parks')),
    ]);
    const wanted = await readFeatures(join(FIXTURES, 'parks.shp'));
    const found = await readFeatures(path);
    expect(found.features).toEqual(wanted.features);
    expect(found.crs.equals(wanted.crs)).toBe(true);
    expect(found.name).toBe(`${path}/deep/parks.shp`);
  });

  it.each(['parks.gpkg', 'parks.fgb'])('reads %s as from the disk', async (name) => {
    const bytes = new Uint8Array(await readFile(join(FIXTURES, name)));
    const found = await readFeatures(await write([{ name: `in/${name}`, bytes, deflate: true }]));
    expect(found.features).toEqual((await readFeatures(join(FIXTURES, name))).features);
  });

  it('reads the named layer, else the preferred one with a warning', async () => {
    const path = await write([text(`${AREA}.json`, square(1)), text(`${EVENT}.json`, square(2))]);
    expect(await placesOf(path, { layer: AREA })).toEqual([1]);
    const messages: string[] = [];
    const onProgress = (event: { type: string; message?: string }) => messages.push(event.message ?? '');
    expect(await placesOf(path, { preferred, onProgress })).toEqual([2]);
    expect(messages).toEqual([`${path} holds 2 vector files, of which ${EVENT} is read`]);
    await expect(placesOf(path)).rejects.toThrow(
      `${path} holds 2 vector files; name one of ${AREA}, ${EVENT}.`,
    );
    await expect(placesOf(path, { layer: 'roads' })).rejects.toThrow(
      '2 vector files, none of that name; name',
    );
  });

  it('reads a layer once if it is a shapefile and GeoJSON', async () => {
    const parts = await shapefile(`${EVENT}`);
    const found = await readFeatures(await write([text(`${EVENT}.json`, square(2)), ...parts]), {
      preferred,
    });
    expect(found.features).toEqual((await readFeatures(join(FIXTURES, 'parks.shp'))).features);
  });

  it('reads several areas of an activation together, and refuses several maps of one area', async () => {
    const names = ['EMSR332_01VERONA_DEL_v1_observed_event_a', 'EMSR332_02PADOVA_DEL_v1_observed_event_a'];
    const areas = await write(names.map((name, k) => text(`${name}.geojson`, square(k))));
    expect(await placesOf(areas, { preferred })).toEqual([0, 1]);
    const times = ['PRODUCT', 'MONIT01'].map((time) => `EMSR517_AOI15_GRA_${time}_observedEventA_r1_v1`);
    const path = await write(times.map((name, k) => text(`${name}.json`, square(k))));
    await expect(placesOf(path, { preferred })).rejects.toThrow(`name one of ${times.join(', ')}`);
    const systems = await write(
      names.map((name, k) => text(`${name}.json`, square(k, `urn:ogc:def:crs:EPSG::${32632 + k}`))),
    );
    await expect(placesOf(systems, { preferred })).rejects.toThrow('in different reference systems');
  });

  it('searches the zip files in it', async () => {
    const inner = buildZip([text(`${AREA}.json`, square(1)), text(`${EVENT}.json`, square(2))]);
    const path = await write([{ name: 'EMSR517_AOI15_GRA_PRODUCT_v1.zip', bytes: inner, deflate: true }]);
    expect(await placesOf(path, { preferred })).toEqual([2]);
  });

  it('is read from a server', async () => {
    const server = await startRangeServer(buildZip([text(`${EVENT}.json`, square(3))]));
    expect(await placesOf(server.url.replace('file.tif', 'EMSR517.zip'))).toEqual([3]);
  });

  it.each(['../evil.json', '/etc/evil.json', 'a/../../evil.json', 'C:/evil.json', '..\\evil.json'])(
    'is refused for the name %s',
    async (name) => {
      const path = await write([text('good.json', square(1)), text(name, square(2))]);
      await expect(placesOf(path, { layer: 'good' })).rejects.toThrow(
        `${path} holds ${JSON.stringify(name)}, which leads out of the folder of the archive; do not trust it.`,
      );
    },
  );

  it('is refused for a link, and for a name that leaves a zip file in it', async () => {
    const link = { ...text('good.json', '/etc/passwd'), mode: 0o120777 };
    await expect(placesOf(await write([link]))).rejects.toThrow('holds "good.json", which is a link; do not');
    const inner = buildZip([text('../good.json', square(1))]);
    const path = await write([{ name: 'inner.zip', bytes: inner }]);
    await expect(placesOf(path)).rejects.toThrow(
      `${path}/inner.zip holds "../good.json", which leads out of the folder`,
    );
  });

  it('is refused for entries that declare more than is read, before they are read', async () => {
    const bytes = new Uint8Array(1000);
    const bomb = await write([{ name: 'bomb.fgb', bytes, deflate: true, size: 2 ** 30 }]);
    await expect(placesOf(bomb)).rejects.toThrow(/bomb\.fgb.* 1073741824 .*536870912/);
    const many = await write(
      Array.from({ length: 8 }, (_, k) => ({ name: `${k}.zip`, bytes, deflate: true, size: 2 ** 29 })),
    );
    await expect(placesOf(many)).rejects.toThrow(
      /compressed bytes cannot hold|holds more than 2147483648 bytes/,
    );
  });

  it('is refused without vector files', async () => {
    await expect(placesOf(await write([text('a.txt', '')]))).rejects.toThrow(
      'holds no vector file; check the',
    );
  });
});
