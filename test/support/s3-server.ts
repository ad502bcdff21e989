import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import S3rver from 's3rver';
import { afterAll } from 'vitest';
import type { S3Credentials } from '../../src/io/s3/access.js';
import { temporaryFolder } from './files.js';

/** The only key that the server accepts. */
export const S3_KEY: S3Credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export interface S3Server {
  readonly endpoint: string;
  /** Requests in order. */
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  /** Responds instead of the server if it returns true. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
}

/**
 * A real server of S3 (s3rver) with one bucket. It does not check signatures of version 4 itself: in front of it, the
 * signer of Amazon's own SDK computes the signature of each request again, and others are refused.
 */
export async function startS3(bucket: string): Promise<S3Server> {
  const s3 = new S3rver({
    address: '127.0.0.1',
    port: 0,
    directory: await temporaryFolder(),
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await s3.run();
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    state.requests.push({ method, url, headers });
    if (state.fault?.(request, response) === true) return;
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      // The client has disconnected.
      return;
    }
    const body = Buffer.concat(parts);
    const code = await problemOf(request, body);
    if (code !== null) {
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end(
        `<Error><Code>${code}</Code><Message>${JSON.stringify(headers.authorization)}</Message></Error>`,
      );
      return;
    }
    const { 'transfer-encoding': _, ...rest } = headers;
    const passed = send({
      port,
      host: '127.0.0.1',
      method,
      path: url,
      headers: { ...rest, 'content-length': body.length },
    });
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(async () => {
    server.closeAllConnections();
    await Promise.all([s3.close(), new Promise((resolve) => server.close(resolve))]);
  });
  const state: S3Server = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    fault: null,
  };
  return state;
}

/** The error of S3 for a request's signature; null if it is valid. */
async function problemOf(
  { method = '', url = '', headers }: IncomingMessage,
  body: Buffer,
): Promise<string | null> {
  const given = headers.authorization ?? '';
  const [, key, region, signed] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), /.exec(
      given,
    ) ?? [];
  if (key === undefined) return 'AccessDenied';
  if (key !== S3_KEY.accessKeyId) return 'InvalidAccessKeyId';
  const [, y, mo, d, h, mi, s] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
  const date = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (!(Math.abs(Date.now() - date.getTime()) < 15 * 60_000)) return 'RequestTimeTooSkewed';
  const hash = headers['x-amz-content-sha256'];
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== createHash('sha256').update(body).digest('hex')) {
    return 'XAmzContentSHA256Mismatch';
  }
  const { pathname, searchParams } = new URL(url, 'http://host');
  const names = signed.split(';');
  if (!['host', 'x-amz-date', 'x-amz-content-sha256'].every((name) => names.includes(name)))
    return 'AccessDenied';
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials: S3_KEY,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const request = new HttpRequest({
    method,
    hostname: headers.host,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
  });
  const right = await signer.sign(request, { signingDate: date, signableHeaders: new Set(names) });
  return right.headers.authorization === given ? null : 'SignatureDoesNotMatch';
}
