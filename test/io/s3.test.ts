import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../../src/io/access.js';
import { openUrl } from '../../src/io/open-url.js';
import { type S3Options, s3Access } from '../../src/io/s3/access.js';
import { s3Place, s3Url } from '../../src/io/s3/address.js';
import { listObjects, putObject, uploadObject } from '../../src/io/s3/objects.js';
import { requestBody } from '../../src/io/web-request.js';
import { S3_KEY, type S3Server, startS3 } from '../support/s3-server.js';

const retry = { delay: 1 };
let server: S3Server;
let access: Access;

beforeAll(async () => {
  server = await startS3('box');
  access = s3Access({ credentials: S3_KEY, endpoint: server.endpoint });
});
afterEach(() => {
  server.fault = null;
  server.requests.length = 0;
});

const bytes = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, k) => (k * 31 + (k >> 8)) & 255);

const listed = async (url: string, recursive = false): Promise<[string, number | null][]> => {
  const found: [string, number | null][] = [];
  for await (const { url: each, size } of listObjects(url, { access, recursive })) found.push([each, size]);
  return found;
};

describe('objects of a server of S3', () => {
  it('are written, read by range and listed', async () => {
    const content = bytes(100_000);
    for (const key of ['a/one.bin', 'a/b/two.bin', 'a/c (1)+é&=%.bin'])
      await putObject(`s3://box/${encodeURIComponent(key)}`, content, { access, retry });
    const source = await openUrl('s3://box/a/b/two.bin', { access });
    expect(source.name).toBe('s3://box/a/b/two.bin');
    expect(source.size).toBe(100_000);
    server.requests.length = 0;
    expect(await source.read(50_000, 1000)).toEqual(content.slice(50_000, 51_000));
    expect(server.requests[0].headers.range).toBe('bytes=50000-50999');
    expect(await listed('s3://box/a/')).toEqual([
      ['s3://box/a/b/', null],
      ['s3://box/a/c%20%281%29%2B%C3%A9%26%3D%25.bin', 100_000],
      ['s3://box/a/one.bin', 100_000],
    ]);
    expect((await listed('s3://box/a/', true)).map(([url]) => url)).toContain('s3://box/a/b/two.bin');
    expect(await listed('s3://box/nothing')).toEqual([]);
    const odd = await openUrl('s3://box/a/c (1)%2Bé%26%3D%25.bin', { access });
    expect(await odd.read(99_999, 1)).toEqual(content.slice(99_999));
  });

  it('are refused for another key and for a changed body', async () => {
    const wrong = s3Access({
      credentials: { ...S3_KEY, secretAccessKey: 'not-the-secret' },
      endpoint: server.endpoint,
    });
    const failure = await openUrl('s3://box/a/one.bin', { access: wrong, retry }).catch((e: unknown) => e);
    expect(failure).toMatchObject({ code: 'NETWORK', fields: { url: 's3://box/a/one.bin', status: 403 } });
    expect(String(failure)).toMatch(/SignatureDoesNotMatch/);
    expect(String(failure) + JSON.stringify(failure)).not.toMatch(/not-the-secret|Signature=|AWS4/);
    // The hash of the body is signed.
    const changing: Access = {
      authorize: (request) => access.authorize({ ...request, body: new Uint8Array([1]) }),
    };
    const put = putObject('s3://box/x.bin', new Uint8Array([2]), { access: changing, retry });
    await expect(put).rejects.toThrow(/answered 4\d\d/);
  });

  it('are uploaded in parts, which are sent again when they fail', async () => {
    const content = bytes(11 * 2 ** 20 + 5);
    let failed = 0;
    server.fault = (request, response) => {
      if (!request.url?.includes('partNumber=2') || failed > 0) return false;
      failed++;
      response.writeHead(503).end();
      return true;
    };
    const done: number[] = [];
    const source = {
      size: content.length,
      read: async (offset: number, length: number) => content.slice(offset, offset + length),
    };
    const options = { access, retry, partSize: 5 * 2 ** 20, onBytes: (count: number) => done.push(count) };
    await uploadObject('s3://box/large.bin', source, options);
    expect(failed).toBe(1);
    expect(done.at(-1)).toBe(content.length);
    const { body } = await requestBody('s3://box/large.bin', { access });
    expect(Buffer.compare(body, content)).toBe(0);
  });

  it('do not exist when an upload fails, and its parts are removed', async () => {
    server.fault = (request, response) => {
      if (!request.url?.includes('partNumber=3')) return false;
      response.writeHead(400).end();
      return true;
    };
    const source = { size: 11 * 2 ** 20, read: async (_: number, length: number) => bytes(length) };
    const options = { access, retry, partSize: 5 * 2 ** 20 };
    await expect(uploadObject('s3://box/half.bin', source, options)).rejects.toThrow(/answered 400/);
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE' });
    expect(server.requests.at(-1)?.url).toMatch(/uploadId=/);
    expect(await listed('s3://box/half')).toEqual([]);
  });

  it('are not requested without a key or a bucket', async () => {
    await expect(putObject('s3://box/', bytes(1), { access })).rejects.toThrow(/names no object/);
    await expect(putObject('https://example.com/a', bytes(1))).rejects.toThrow(/no address of S3/);
    await expect(openUrl('s3:///key', { access })).rejects.toThrow(
      /names no bucket.*write s3:\/\/BUCKET\/KEY/,
    );
  });
});

describe('lists without an end', () => {
  it('are refused', async () => {
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/xml' });
      const page = '<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>';
      response.end(`<ListBucketResult>${page}</ListBucketResult>`);
      return true;
    };
    await expect(listed('s3://box/')).rejects.toThrow(/without an end/);
    expect(server.requests).toHaveLength(2);
  });
});

describe('addresses of S3', () => {
  it.each([
    ['s3://box/a/b.tif', {}, 'https://box.s3.eu-west-1.amazonaws.com/a/b.tif'],
    ['s3://box.with.dots/b.tif', {}, 'https://s3.eu-west-1.amazonaws.com/box.with.dots/b.tif'],
    ['s3://Old_Box/b.tif', {}, 'https://s3.eu-west-1.amazonaws.com/Old_Box/b.tif'],
    ['s3://box/b.tif', { pathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/box/b.tif'],
    ['s3://eodata/b.tif', { endpoint: 'https://e.example/' }, 'https://e.example/eodata/b.tif'],
    ['s3://box/b.tif', { endpoint: 'https://e.example', pathStyle: false }, 'https://box.e.example/b.tif'],
    ['s3://box/a%2Fb c+d%25', {}, 'https://box.s3.eu-west-1.amazonaws.com/a/b%20c%2Bd%25'],
  ])('%s with %j is %s', (address, options, url) => {
    expect(s3Url(s3Place(address), { region: 'eu-west-1', ...options })).toBe(url);
  });

  it('have the domain of their region', () => {
    expect(s3Url({ bucket: 'box', key: '' }, { region: 'cn-north-1' })).toBe(
      'https://box.s3.cn-north-1.amazonaws.com.cn/',
    );
    expect(() => s3Url({ bucket: 'b', key: '' }, { region: 'x', endpoint: 'host' })).toThrow(
      /endpoint host is no address/,
    );
  });
});

describe('requests of S3', () => {
  const asked = { method: 'GET', headers: {}, refresh: false };
  const headersOf = async (options: S3Options, request = {}) =>
    (
      await s3Access({ endpoint: server.endpoint, ...options }).authorize({
        ...asked,
        url: 's3://box/k',
        ...request,
      })
    )?.headers;

  it('have a session token and the requester-pays header', async () => {
    const credentials = { ...S3_KEY, sessionToken: 'session' };
    const headers = await headersOf({ credentials, requesterPays: true });
    expect(headers).toMatchObject({ 'x-amz-security-token': 'session', 'x-amz-request-payer': 'requester' });
    expect(headers?.authorization).toMatch(
      /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-request-payer;x-amz-security-token,/,
    );
  });

  it('are not signed without credentials', async () => {
    expect(await headersOf({})).toEqual({});
    expect(await headersOf({ credentials: async () => null })).toEqual({});
    expect(await headersOf({}, { url: 'https://example.com/k' })).toBeUndefined();
  });

  it('go to the region in the server’s response, after it refused another', async () => {
    const regions: (string | undefined)[] = [];
    server.fault = (request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(301, { 'x-amz-bucket-region': 'eu-central-1' }).end();
        return true;
      }
      const [, region] = /Credential=S3RVER\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
      regions.push(region);
      if (region === 'eu-central-1') response.end('found');
      else response.writeHead(400, { 'content-type': 'application/xml' }).end('<Error/>');
      return true;
    };
    const own = s3Access({ credentials: S3_KEY, endpoint: server.endpoint, region: 'us-west-2' });
    for (let k = 0; k < 2; k++) {
      const { body } = await requestBody('s3://box/k', { access: own });
      expect(new TextDecoder().decode(body)).toBe('found');
    }
    expect(regions).toEqual(['us-west-2', 'eu-central-1', 'eu-central-1']);
  });

  it('are signed again with newer credentials after a refusal', async () => {
    let secret = 'expired';
    const credentials = async () => {
      const given = { ...S3_KEY, secretAccessKey: secret };
      secret = S3_KEY.secretAccessKey;
      return given;
    };
    const own = s3Access({ credentials, endpoint: server.endpoint });
    const { body } = await requestBody('s3://box/a/one.bin', { access: own, retry });
    expect(body).toHaveLength(100_000);
  });
});
