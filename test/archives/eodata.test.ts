import { beforeAll, describe, expect, it } from 'vitest';
import { eodataAccess } from '../../src/archives/index.js';
import { accessOf } from '../../src/cli/access.js';
import { openUrl } from '../../src/io/open-url.js';
import { listObjects, putObject } from '../../src/io/s3/objects.js';
import { S3_KEY, type S3Server, startS3 } from '../support/s3-server.js';

const TILE = 's3://eodata/Sentinel-2/MSI/L2A/2021/07/18/T31UFR_B04.jp2';

describe('eodataAccess', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3('eodata');
  });

  it('reads and lists the bucket with its keys, in the region of the Data Space', async () => {
    const access = eodataAccess({ credentials: S3_KEY, endpoint: server.endpoint });
    await putObject(TILE, Uint8Array.of(1, 2, 3, 4), { access });
    const source = await openUrl(TILE, { access });
    expect([...(await source.read(1, 2))]).toEqual([2, 3]);
    const urls: string[] = [];
    for await (const { url } of listObjects('s3://eodata/Sentinel-2/', { access, recursive: true }))
      urls.push(url);
    expect(urls).toEqual([TILE]);
    for (const { url, headers } of server.requests) {
      expect(url).toMatch(/^\/eodata\b/);
      expect(headers.authorization).toMatch(/Credential=S3RVER\/\d{8}\/default\/s3\/aws4_request/);
    }
  });

  it('leaves other buckets and servers to others', async () => {
    const access = eodataAccess({ credentials: S3_KEY });
    const request = { method: 'GET', headers: {}, refresh: false };
    for (const url of [
      's3://eodata-copy/a.tif',
      's3://box/eodata/a.tif',
      'https://eodata.dataspace.copernicus.eu/a',
    ]) {
      expect(await access.authorize({ ...request, url })).toBeNull();
    }
    expect((await access.authorize({ ...request, url: TILE }))?.url).toBe(
      'https://eodata.dataspace.copernicus.eu/eodata/Sentinel-2/MSI/L2A/2021/07/18/T31UFR_B04.jp2',
    );
  });

  it('is used by the command line for the bucket if its keys are set', async () => {
    const env = {
      CDSE_S3_ACCESS_KEY: 'key-of-cdse',
      CDSE_S3_SECRET_KEY: 'secret-of-cdse',
      AWS_REGION: 'eu-west-1',
    };
    const request = { method: 'GET', headers: {}, refresh: false };
    const ours = await accessOf(env, '.').authorize({ ...request, url: TILE });
    expect(ours?.headers.authorization).toContain('Credential=key-of-cdse/');
    const theirs = await accessOf(env, '.').authorize({ ...request, url: 's3://box/a.tif' });
    expect(theirs?.url).toContain('eu-west-1');
    expect(JSON.stringify(theirs?.headers ?? {})).not.toContain('key-of-cdse');
  });
});
