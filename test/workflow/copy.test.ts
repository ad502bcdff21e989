import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sspLabelPath } from '../../src/archives/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import type { Access } from '../../src/io/access.js';
import { combineAccess, setDefaultAccess } from '../../src/io/access.js';
import { requireApart } from '../../src/io/node/inputs.js';
import { makeOutputFolder, requireWritable } from '../../src/io/node/output.js';
import { s3Access } from '../../src/io/s3/access.js';
import { putObject } from '../../src/io/s3/objects.js';
import { writeCog } from '../../src/raster/node/index.js';
import {
  copyFile,
  describeRaster,
  infer,
  listFiles,
  polygonizeFile,
  writeLandCover,
} from '../../src/workflow/index.js';
import { serveCoverage } from '../support/coverage-server.js';
import { temporaryFolder } from '../support/files.js';
import { S3_KEY, type S3Server, startS3 } from '../support/s3-server.js';
import { writeSarScene } from '../support/sar-scene.js';

const scene = join('test', 'fixtures', 'geotiff', 'scaled-uint16.tif');
let server: S3Server;
let access: Access;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startS3('box');
  access = s3Access({ credentials: S3_KEY, endpoint: server.endpoint });
});
afterEach(() => {
  server.fault = null;
  setDefaultAccess(combineAccess());
});

describe('copyFile', () => {
  it('copies to a store and back, and names the copy after the source in a folder', async () => {
    const up = await copyFile({ source: scene, destination: 's3://box/scenes/', access });
    const bytes = await readFile(scene);
    expect(up).toEqual({
      source: scene,
      destination: 's3://box/scenes/scaled-uint16.tif',
      bytes: bytes.length,
    });
    const down = await copyFile({ source: up.destination, destination: folder, access });
    expect(down.destination).toBe(join(folder, 'scaled-uint16.tif'));
    expect(Buffer.compare(await readFile(down.destination), bytes)).toBe(0);
    const list = await listFiles({ url: 's3://box/', access, recursive: true });
    expect(list.bytes).toBe(bytes.length);
    expect(list.files.map(({ url }) => url)).toEqual([up.destination]);
  });

  it('copies an empty file', async () => {
    const source = join(folder, 'empty.bin');
    await writeFile(source, '');
    await copyFile({ source, destination: 's3://box/empty.bin', access });
    expect((await listFiles({ url: 's3://box/empty', access })).files).toMatchObject([{ size: 0 }]);
  });

  it('leaves no file of a failed copy', async () => {
    await copyFile({ source: scene, destination: 's3://box/a.tif', access });
    const source = { source: 's3://box/a.tif', access };
    const before = await readdir(folder);
    server.fault = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    await expect(copyFile({ ...source, destination: join(folder, 'b.tif') })).rejects.toThrow(/answered 403/);
    expect(await readdir(folder)).toEqual(before);
  });

  it('reports an address that cannot be written or listed', async () => {
    await expect(copyFile({ source: scene, destination: 'https://example.com/a?sig=x' })).rejects.toThrow(
      'https://example.com/a cannot be written; give a path or s3://BUCKET/KEY.',
    );
    await expect(copyFile({ source: scene, destination: scene })).rejects.toThrow(/is also an input/);
    await expect(listFiles({ url: '/data' })).rejects.toThrow(/cannot be listed; give s3/);
  });
});

describe('a result', () => {
  const at = (name: string): string => `s3://box/results/${name}`;
  const geobox = new GeoBox('EPSG:32631', new Affine(10, 0, 500_000, 0, -10, 5_500_000), 600, 500);
  const planes = [Float32Array.from({ length: 300_000 }, (_, k) => k)];

  it('is stored as the same bytes as on the disk, and leaves no temporary file', async () => {
    setDefaultAccess(access);
    const before = await readdir(tmpdir());
    const [local, read] = [join(folder, 'result.tif'), join(folder, 'read.tif')];
    const options = { geobox, bands: 1, dtype: 'float32' } as const;
    await writeCog(local, planes, options);
    await writeCog(at('map.tif'), planes, options);
    await copyFile({ source: at('map.tif'), destination: read });
    expect(await readFile(read)).toEqual(await readFile(local));
    const polygons = join(folder, 'areas.geojson');
    await polygonizeFile({ source: scene, destination: polygons });
    await polygonizeFile({ source: scene, destination: at('areas.geojson') });
    await copyFile({ source: at('areas.geojson'), destination: join(folder, 'areas-read.geojson') });
    expect(await readFile(join(folder, 'areas-read.geojson'))).toEqual(await readFile(polygons));
    const names = (await readdir(tmpdir())).filter((name) => /terrachip-(map|areas)/.test(name));
    expect(names.filter((name) => !before.includes(name))).toEqual([]);
  });

  it('of land cover is stored beside its patch', async () => {
    setDefaultAccess(access);
    // Sealed in the west, water in the east.
    const coverage = await serveCoverage(folder, (x) => (x < 3_651_140 ? 1 : 10), 2000);
    const patch = 's3://box/data/images/FRJ27/2018/250/3649890_2331750_0_937.tif';
    const report = await writeLandCover({
      ...{ patch, output: sspLabelPath(patch), endpoint: coverage.url, allowLocal: true },
    });
    expect(report).toMatchObject({ output: report.place, counts: { 1: 31_250, 10: 31_250 } });
    const { files } = await listFiles({ url: 's3://box/data/labels/FRJ27/2018/250/' });
    const [label] = files;
    // 250 × 250 bytes after NumPy's header of 128.
    expect([label.url, label.size, files.length]).toEqual([
      's3://box/data/labels/FRJ27/2018/250/3649890_2331750_0_937.npy',
      62_628,
      1,
    ]);
  });

  it('that fails leaves no object, and an earlier one unchanged', async () => {
    setDefaultAccess(access);
    const earlier = (await listFiles({ url: at('') })).files;
    server.fault = (request, response) => {
      if (request.method !== 'PUT') return false;
      response.writeHead(403).end();
      return true;
    };
    await expect(writeCog(at('other.tif'), planes, { geobox, bands: 1, dtype: 'float32' })).rejects.toThrow(
      /s3:\/\/box\/results\/other\.tif answered 403/,
    );
    server.fault = null;
    expect((await listFiles({ url: at('') })).files).toEqual(earlier);
  });

  it('never replaces an input, and is an object or a file, not a folder', async () => {
    await expect(requireApart([at('a b.tif')], ['S3://box/results/a%20b.tif'])).rejects.toThrow(
      /is also an input and would be destroyed/,
    );
    await expect(requireWritable('s3://box/')).rejects.toThrow(/names no object; write s3:\/\/BUCKET\/KEY/);
    await expect(makeOutputFolder('s3://box/map')).rejects.toThrow(/where no folder can be written/);
    await expect(requireWritable('https://example.com/a.tif')).rejects.toThrow(
      /an address that cannot be written/,
    );
  });
});

describe('a scene in a store', () => {
  it('is mapped as one on the disk, and may not name files of this machine', async () => {
    setDefaultAccess(access);
    const { scene: local } = await writeSarScene(join(folder, 'scene'), 3, 96);
    for (const name of await readdir(join(folder, 'scene'))) {
      await copyFile({ source: join(folder, 'scene', name), destination: 's3://box/scene/' });
    }
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    const options = { model: 'models/water-threshold', backend: 'cpu', threads: 0 } as const;
    await infer({ ...options, scene: local, output: here });
    const { plan } = await infer({ ...options, scene: 's3://box/scene/scene.json', output: there });
    expect(plan.scene.path).toBe('s3://box/scene/scene.json');
    const map = 'probability.tif';
    expect(await readFile(join(there, map))).toEqual(await readFile(join(here, map)));
    const document = await readFile(local, 'utf8');
    const outside = document.replace('"s1-event.tif"', '"file:///etc/passwd"');
    await putObject('s3://box/scene/bad.json', new TextEncoder().encode(outside));
    await expect(infer({ ...options, scene: 's3://box/scene/bad.json', output: there })).rejects.toThrow(
      /comes from a server but names the file file:\/\/\/etc\/passwd of this machine/,
    );
  });
});

describe('a raster in a store', () => {
  it('is read as one on the disk', async () => {
    await copyFile({ source: scene, destination: 's3://box/a.tif', access });
    setDefaultAccess(access);
    const [there, here] = await Promise.all(
      ['s3://box/a.tif', scene].map((path) => describeRaster(path, { checksum: true })),
    );
    expect({ ...there, path: here.path }).toEqual(here);
  });
});
