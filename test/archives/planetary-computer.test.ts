import { describe, expect, it } from 'vitest';
import { planetaryComputerAccess } from '../../src/archives/index.js';
import { openUrl, requestBody } from '../../src/io/index.js';
import { firstTimes, startArchiveServer } from '../support/archive-server.js';

const BYTES = Uint8Array.from({ length: 100_000 }, (_, k) => k % 251);
const server = await startArchiveServer({
  files: { 'a.tif': BYTES, 'b.tif': BYTES.subarray(7) },
  signed: true,
});
const { containerOf } = server;
const retry = { delay: 1 };

/** An access to the server, and the paths requested since, without queries. */
function archive(options = {}) {
  const from = server.requests.length;
  server.fault = null;
  const access = planetaryComputerAccess({
    endpoint: `${server.url}/sas/v1`,
    containerOf,
    retry,
    ...options,
  });
  const asked = () => server.requests.slice(from);
  const tokens = () => asked().filter(({ path }) => path.startsWith('/sas/'));
  const read = async (path: string, container?: string) =>
    (await requestBody(server.blob(path, container), { access, retry })).body;
  return { access, asked, tokens, read };
}

describe('files of the Planetary Computer', () => {
  it('are read with a token of their container, which is requested once', async () => {
    const { tokens, asked, read } = archive();
    const bodies = await Promise.all(Array.from({ length: 20 }, () => read('a.tif')));
    expect(bodies.every((body) => Buffer.compare(body, BYTES) === 0)).toBe(true);
    await read('b.tif');
    expect(tokens().map(({ path }) => path)).toEqual(['/sas/v1/token/archive/data']);
    await read('b.tif', 'other');
    expect(tokens()).toHaveLength(2);
    expect(asked().filter(({ status }) => status >= 400)).toEqual([]);
  });

  it('are read by ranges while tokens expire', async () => {
    const { access, tokens } = archive();
    const source = await openUrl(server.blob('a.tif'), { access, retry });
    const parts = [];
    for (let start = 0; start < BYTES.length; start += 40_000) {
      server.expireTokens();
      parts.push(await source.read(start, Math.min(20_000, BYTES.length - start)));
    }
    expect(
      parts.map((part, k) => Buffer.compare(part, BYTES.subarray(k * 40_000, k * 40_000 + 20_000))),
    ).toEqual([0, 0, 0]);
    // The first 32 KiB are known from the opening.
    expect(tokens()).toHaveLength(3);
    await source.dispose();
  });

  it('are opened concurrently, while the same server issues tokens', async () => {
    // More than the limit of concurrent requests per host: requests for tokens must not wait for those for files.
    const { access, tokens } = archive();
    const open = async () => {
      await using source = await openUrl(server.blob('a.tif'), { access, retry });
      return source.size;
    };
    const sizes = () => Promise.all(Array.from({ length: 40 }, open));
    expect(new Set(await sizes())).toEqual(new Set([BYTES.length]));
    server.expireTokens();
    expect(new Set(await sizes())).toEqual(new Set([BYTES.length]));
    expect(tokens()).toHaveLength(2);
  });

  it('renew a refused token once for all refused readers', async () => {
    const { tokens, read } = archive();
    await read('a.tif');
    server.expireTokens();
    await Promise.all(Array.from({ length: 8 }, () => read('a.tif')));
    expect(tokens()).toHaveLength(2);
  });

  it('request tokens again in their last minute', async () => {
    const short = await startArchiveServer({ files: { 'a.tif': BYTES }, signed: true, tokenSeconds: 59 });
    const access = planetaryComputerAccess({ endpoint: `${short.url}/sas/v1/`, containerOf });
    for (let k = 0; k < 3; k++) await requestBody(short.blob('a.tif'), { access });
    expect(short.requests.filter(({ path }) => path.startsWith('/sas/'))).toHaveLength(3);
  });

  it('keep a valid signature, and drop an expired one', async () => {
    const { access, tokens } = archive();
    const authorize = (query: string) =>
      access.authorize({
        url: `${server.blob('a.tif')}?${query}`,
        method: 'GET',
        headers: {},
        refresh: false,
      });
    const holds = `sv=2021&se=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}&sig=own`;
    expect((await authorize(holds))?.url).toBe(`${server.blob('a.tif')}?${holds}`);
    expect(tokens()).toEqual([]);
    const ended = `snapshot=2020-01-01T00%3A00%3A00Z&sv=2021&se=2021-07-15T00%3A00%3A00Z&sp=r&sig=old%2B`;
    const renewed = (await authorize(ended))?.url ?? '';
    expect(renewed).toMatch(/\?snapshot=2020-01-01T00%3A00%3A00Z&se=[^&]+&sp=rl&sig=archive%2Fdata%23\d+$/);
  });

  it('are signed on Azure only, and not in the account of public files', async () => {
    const asked: string[] = [];
    const access = planetaryComputerAccess({ endpoint: `${server.url}/sas/v1` });
    const authorize = async (url: string) => {
      const authorized = await access.authorize({ url, method: 'GET', headers: {}, refresh: false });
      asked.push(authorized === null ? 'as it is' : new URL(authorized.url).search.replace(/.*sig=/, ''));
    };
    await authorize('https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/10/T/x.tif');
    await authorize('az://naipeuwest.blob.core.windows.net/naip/v002/x.tif');
    await authorize('https://ai4edatasetspublicassets.blob.core.windows.net/assets/x.tif');
    await authorize('https://sentinel-cogs.s3.us-west-2.amazonaws.com/x.tif');
    await authorize('https://blob.core.windows.net.example.com/a/x.tif');
    expect(asked[0]).toMatch(/^sentinel2l2a01%2Fsentinel2-l2%23\d+$/);
    expect(asked[1]).toMatch(/^naipeuwest%2Fnaip%23\d+$/);
    expect(asked.slice(2)).toEqual(['as it is', 'as it is', 'as it is']);
  });

  it('of an unknown container are read without a signature', async () => {
    const { asked, read, tokens } = archive();
    server.fault = firstTimes(5, /^\/sas/, { type: 'status', status: 404 });
    await expect(read('a.tif')).rejects.toMatchObject({ code: 'NETWORK', fields: { status: 409 } });
    await expect(read('a.tif')).rejects.toMatchObject({ fields: { status: 409 } });
    expect(tokens()).toHaveLength(1);
    expect(asked()).toHaveLength(3);
  });

  it('are read after a busy endpoint, with a subscription key that is sent only to the endpoint', async () => {
    const { asked, read } = archive({ subscriptionKey: 'abcdefgh-key' });
    server.fault = firstTimes(2, /^\/sas/, { type: 'status', status: 429, retryAfter: 0 });
    expect(Buffer.compare(await read('a.tif'), BYTES)).toBe(0);
    const keys = asked().map(({ path, headers }) => [
      path.split('/')[1],
      headers['ocp-apim-subscription-key'],
    ]);
    expect(keys).toEqual([
      ['sas', 'abcdefgh-key'],
      ['sas', 'abcdefgh-key'],
      ['sas', 'abcdefgh-key'],
      ['blobs', undefined],
    ]);
  });

  it('are refused in one sentence without signature or token', async () => {
    const { read } = archive();
    server.fault = firstTimes(9, /^\/blobs/, { type: 'status', status: 403 });
    const error = await read('a.tif').then(String, String);
    expect(error).toContain('/blobs/archive/data/a.tif answered 403');
    expect(error).not.toMatch(/sig=|archive%2Fdata/);
    const other = archive();
    const body = { token: 'no query', 'msft:expiry': '2030-01-01T00:00:00Z' };
    server.fault = firstTimes(9, /^\/sas/, { type: 'status', status: 200, body });
    await expect(other.read('a.tif')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('/sas/v1/token/archive/data is not valid: token: must be the query'),
    });
  });

  it('need an endpoint that is a web address', () => {
    expect(() => planetaryComputerAccess({ endpoint: 'sas/v1' })).toThrow(/^endpoint is no web address/);
  });
});
