import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Access, combineAccess } from '../../src/io/access.js';
import { requestBody, requestJson } from '../../src/io/web-request.js';

const retry = { delay: 1 };

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

interface Host {
  readonly url: string;
  readonly seen: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[];
  handle: Handler;
}

const closing: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

async function startHost(): Promise<Host> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      host.seen.push({ method, path, headers, body });
      host.handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const host: Host = { url: `http://127.0.0.1:${port}`, seen: [], handle: () => undefined };
  return host;
}

const json = (response: ServerResponse, status: number, document: object, headers = {}): void => {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(document));
};

let host: Host;
let other: Host;
beforeAll(async () => {
  [host, other] = await Promise.all([startHost(), startHost()]);
});
afterEach(() => {
  host.seen.length = 0;
  other.seen.length = 0;
});

/** An access of the host under test: a token that is renewed on refusal. */
const tokenAccess = (): Access => {
  let issued = 1;
  return {
    authorize: async ({ url, refresh }) => {
      if (!url.startsWith(host.url)) return null;
      if (refresh) issued++;
      return { url, headers: { Authorization: `Bearer token-${issued}` } };
    },
  };
};

describe('requestJson', () => {
  it('posts a body and reads the document', async () => {
    host.handle = (_, response, body) => json(response, 200, { got: JSON.parse(body) });
    const { document, answer } = await requestJson(`${host.url}/search?token=abcdefghijkl`, {
      body: JSON.stringify({ limit: 2 }),
      contentType: 'application/json',
    });
    expect(document).toEqual({ got: { limit: 2 } });
    expect(answer.status).toBe(200);
    expect(answer.url).toBe(`${host.url}/search`);
    expect(host.seen[0]).toMatchObject({ method: 'POST', path: '/search?token=abcdefghijkl' });
    expect(host.seen[0].headers['content-type']).toBe('application/json');
  });

  it('retries transient failures, with the body', async () => {
    host.handle = (_, response) => {
      if (host.seen.length === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      else if (host.seen.length === 2) response.destroy();
      else json(response, 200, {});
    };
    await requestJson(host.url, { body: 'abc', retry });
    expect(host.seen.map(({ body }) => body)).toEqual(['abc', 'abc', 'abc']);
  });

  it.each([
    [{ code: 'InvalidParameterValue', description: 'bbox is reversed' }, 'bbox is reversed'],
    [{ detail: [{ loc: ['body'], msg: 'x', message: 'no such collection' }] }, 'no such collection'],
    [{ error: { status: 400, reason: 'Bad', message: 'too\u001b[31m wide' } }, 'too [31m wide'],
    [{ error: 'invalid_client' }, 'invalid_client'],
  ])("repeats the server's message: %j", async (document, told) => {
    host.handle = (_, response) => json(response, 400, document);
    const failure = await requestJson(host.url, { retry }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'NETWORK',
      exitStatus: 2,
      fields: { status: 400 },
      message: `${host.url}/ answered 400 (${told}); check the request.`,
    });
    expect(host.seen).toHaveLength(1);
  });

  // As returned by moto 5.1.
  it('repeats the message of an object store in HTML', async () => {
    host.handle = (_, response) => {
      const text =
        '<Error><Code>AccessDenied</Code><Message><![CDATA[Access Denied]]></Message><BucketName>b</BucketName></Error>';
      response.writeHead(403, { 'content-type': 'text/html; charset=utf-8' }).end(text);
    };
    await expect(requestBody(host.url)).rejects.toThrow(
      'or they do not suffice (AccessDenied: Access Denied); give the headers',
    );
  });

  it('does not repeat a secret in a response', async () => {
    const echo: Handler = (request, response, body) =>
      json(response, 400, { message: `${request.url} ${request.headers.authorization} ${body}` });
    host.handle = echo;
    const failure = await requestBody(`${host.url}/a?sig=hidden-signature`, {
      headers: { authorization: 'Bearer hidden-token' },
      body: 'client_secret=hidden-secret&grant_type=client_credentials',
      contentType: 'application/x-www-form-urlencoded',
    }).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/answered 400 .*client_credentials/);
    expect(String(failure) + JSON.stringify(failure)).not.toMatch(/hidden/);
  });

  it('limits the size of a response, and the time of a silent server', async () => {
    host.handle = (_, response) => response.end('x'.repeat(1000));
    await expect(requestBody(host.url, { maxBytes: 999 })).rejects.toThrow(/more than 999 bytes/);
    host.handle = () => undefined;
    const slow = requestBody(host.url, { answerTimeout: 20, retry: { attempts: 1 } });
    await expect(slow).rejects.toThrow(/no answer within 0\.02 s/);
    host.handle = (_, response) => response.writeHead(200).write('x');
    const silent = requestBody(host.url, { timeout: 20, answerTimeout: 5000, retry: { attempts: 1 } });
    await expect(silent).rejects.toThrow(/no answer within 0\.02 s/);
  });

  it('reports a web page instead of a document', async () => {
    host.handle = (_, response) => response.end('<!doctype html><p>log in');
    await expect(requestJson(host.url)).rejects.toThrow(/web page \(HTML\)/);
  });
});

describe('access', () => {
  it('is requested again once after a refusal', async () => {
    host.handle = (request, response) => {
      const isNew = request.headers.authorization === 'Bearer token-2';
      json(response, isNew ? 200 : 401, {});
    };
    const access = tokenAccess();
    await requestJson(host.url, { access, retry });
    expect(host.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
    host.handle = (_, response) => json(response, 403, {});
    await expect(requestJson(host.url, { access, retry })).rejects.toThrow(/answered 403/);
    expect(host.seen).toHaveLength(4);
  });

  it('keeps the refusal if there are no newer credentials', async () => {
    host.handle = (_, response) => json(response, 403, {});
    const access: Access = { authorize: async ({ url, refresh }) => (refresh ? null : { url, headers: {} }) };
    await expect(requestJson(host.url, { access, retry })).rejects.toThrow(/answered 403/);
    expect(host.seen).toHaveLength(1);
  });

  it('sends neither credentials nor a body to another host', async () => {
    host.handle = (_, response) => response.writeHead(307, { location: `${other.url}/b` }).end();
    other.handle = (_, response) => json(response, 200, { from: 'other' });
    const request = { access: tokenAccess(), headers: { 'x-key': 'mine' }, retry };
    expect((await requestJson(host.url, request)).document).toEqual({ from: 'other' });
    expect(host.seen[0].headers).toMatchObject({ authorization: 'Bearer token-1', 'x-key': 'mine' });
    expect(other.seen[0].headers.authorization).toBeUndefined();
    expect(other.seen[0].headers['x-key']).toBeUndefined();
    await expect(requestJson(host.url, { ...request, body: 'secret' })).rejects.toThrow(
      /to which the body of the request is not sent/,
    );
    expect(other.seen).toHaveLength(1);
  });

  it('follows a redirect of the same server with its own authorisation and the body', async () => {
    host.handle = (request, response) => {
      if (request.url === '/') response.writeHead(301, { location: '/search' }).end();
      else json(response, 200, {});
    };
    await requestJson(host.url, { access: tokenAccess(), body: 'abc' });
    expect(host.seen[1]).toMatchObject({ method: 'POST', path: '/search', body: 'abc' });
    expect(host.seen[1].headers.authorization).toBe('Bearer token-1');
  });

  it('reads an address from another location', async () => {
    host.handle = (request, response) => json(response, 200, { path: request.url });
    const nobody: Access = { authorize: async () => null };
    const mapped: Access = {
      authorize: async ({ url }) => ({ url: url.replace('made-up://', `${host.url}/`), headers: {} }),
    };
    const { document } = await requestJson('made-up://bucket/key', { access: combineAccess(nobody, mapped) });
    expect(document).toEqual({ path: '/bucket/key' });
  });

  it('reads gs:// and az:// by their public URLs', async () => {
    const { storeAccess } = await import('../../src/io/store-access.js');
    const of = (url: string) =>
      storeAccess.authorize({ url, method: 'GET', headers: {}, refresh: false }).then((found) => found?.url);
    expect(await of('gs://bucket/a/b.tif')).toBe('https://storage.googleapis.com/bucket/a/b.tif');
    expect(await of('az://me.blob.core.windows.net/box/b.tif')).toBe(
      'https://me.blob.core.windows.net/box/b.tif',
    );
    await expect(of('az://box/b.tif')).rejects.toThrow(/which account.*az:\/\/ACCOUNT\.blob/);
    expect(await of('https://example.com/b.tif')).toBeUndefined();
  });
});
