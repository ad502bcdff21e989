import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../../src/io/access.js';
import { combineAccess, setDefaultAccess } from '../../src/io/access.js';
import { requireWritable } from '../../src/io/node/output.js';
import { s3Access } from '../../src/io/s3/access.js';
import { copyFile, describeRaster, listFiles } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { S3_KEY, type S3Server, startS3 } from '../support/s3-server.js';

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

  it('leaves nothing of a copy that fails', async () => {
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

  it('says what cannot be written or listed', async () => {
    await expect(copyFile({ source: scene, destination: 'https://example.com/a?sig=x' })).rejects.toThrow(
      'https://example.com/a cannot be written; give a path or s3://BUCKET/KEY.',
    );
    await expect(copyFile({ source: scene, destination: scene })).rejects.toThrow(/is also an input/);
    await expect(listFiles({ url: '/data' })).rejects.toThrow(/cannot be listed; give s3/);
  });
});

describe('a result', () => {
  it('is written as a file, and copied to a store', async () => {
    await expect(requireWritable('s3://box/b.tif')).rejects.toThrow(
      's3://box/b.tif is an address, where only files can be written; give a path, and copy the file there with terrachip cp.',
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
