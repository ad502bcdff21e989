/**
 * Sentinel Hub on this machine, by the rules of its documentation: tokens that expire, 2500 pixels per side, limits per minute
 * with waits in milliseconds, and values rounded to the type that the script requests. It runs the scripts.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { afterAll } from 'vitest';
import { buildTiff, double, short } from './tiff-builder.js';

export const CLIENT = { clientId: 'sh-client', clientSecret: 's3cret-of-the-client' };

/** The value of a band at a position in the CRS of a request; null without data. */
export type Ground = (band: string, x: number, y: number) => number | null;

export interface SentinelHub {
  readonly url: string;
  readonly endpoint: string;
  readonly catalog: string;
  readonly tokenUrl: string;
  /** Bodies of the process requests with a token. */
  readonly requests: ProcessBody[];
  /** Issued tokens. */
  tokens: number;
  /** Stated validity of a token in seconds. */
  tokenSeconds: number;
  /** Expires all tokens. */
  expire(): void;
  /** The response instead of a proper one, by the number of the process request from 0. */
  fault: ((n: number) => { status: number; headers?: Record<string, string>; body: unknown } | null) | null;
  /** Changes the raster of a response. */
  spoil: ((tiff: Uint8Array) => Uint8Array) | null;
}

export interface ProcessBody {
  input: {
    bounds: { bbox: [number, number, number, number]; properties: { crs: string } };
    data: [{ type: string; dataFilter: Record<string, unknown>; processing: Record<string, unknown> }];
  };
  output: { width: number; height: number };
  evalscript: string;
}

interface Setup {
  input: [{ bands: string[]; units: string[] }];
  output: { bands: number; sampleType: 'FLOAT32' | 'UINT16' | 'UINT8' };
}

/** Digital numbers of scenes since processing baseline 04.00. */
const OFFSET = 1000;

const ARRAYS = { FLOAT32: Float32Array, UINT16: Uint16Array, UINT8: Uint8Array };

/** Starts the service over a surface whose bands are in their first units: reflectance, power, metres. */
export async function startSentinelHub(ground: Ground): Promise<SentinelHub> {
  const valid = new Set<string>();
  const hub = {
    url: '',
    endpoint: '',
    catalog: '',
    tokenUrl: '',
    requests: [] as ProcessBody[],
    tokens: 0,
    tokenSeconds: 600,
    expire: () => valid.clear(),
    fault: null as SentinelHub['fault'],
    spoil: null as SentinelHub['spoil'],
  };
  const server: Server = createServer(async (request, response) => {
    const text = await bodyOf(request);
    const json = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(value));
    };
    if (request.url === '/token') {
      const form = new URLSearchParams(text);
      const isClient =
        form.get('grant_type') === 'client_credentials' &&
        form.get('client_id') === CLIENT.clientId &&
        form.get('client_secret') === CLIENT.clientSecret;
      if (!isClient) {
        json(401, {
          error: 'invalid_client',
          error_description: 'Invalid client or Invalid client credentials',
        });
        return;
      }
      const token = `token-number-${hub.tokens++}`;
      valid.add(token);
      json(200, { access_token: token, expires_in: hub.tokenSeconds, token_type: 'Bearer' });
      return;
    }
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!valid.has(token)) {
      json(401, failure(401, 'Unauthorized', 'You are not authorized! Please provide a valid access token.'));
      return;
    }
    if (request.url === '/api/v1/catalog/1.0.0/search') {
      json(200, pageOf(JSON.parse(text)));
      return;
    }
    const body = JSON.parse(text) as ProcessBody;
    const n = hub.requests.push(body) - 1;
    const fault = hub.fault?.(n);
    if (fault) {
      json(fault.status, fault.body, fault.headers);
      return;
    }
    const { width, height } = body.output;
    for (const [name, side] of Object.entries({ width, height })) {
      if (side >= 1 && side <= 2500) continue;
      json(400, failure(400, 'Bad Request', `output->${name} must be between 1 and 2500, but is ${side}`));
      return;
    }
    const tiff = renderTiff(body, ground);
    response
      .writeHead(200, { 'content-type': 'image/tiff', 'x-processingunits-spent': '0.5' })
      .end(hub.spoil?.(tiff) ?? tiff);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hub.endpoint = `${hub.url}/api/v1/process`;
  hub.catalog = `${hub.url}/api/v1/catalog/1.0.0`;
  hub.tokenUrl = `${hub.url}/token`;
  afterAll(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return hub;
}

/** The form of the service's errors. */
export function failure(status: number, reason: string, message: string): unknown {
  return { error: { status, reason, message, code: 'COMMON_BAD_PAYLOAD' } };
}

/** Items of the Catalog API. */
export const ITEMS = Array.from({ length: 25 }, (_, k) => `S2B_MSIL2A_${k}`);

/** A page as in https://docs.sentinel-hub.com/api/latest/api/catalog/: the context has the start of the next one. */
function pageOf({ limit = 10, next = 0 }: { limit?: number; next?: number }): unknown {
  const ids = ITEMS.slice(next, next + limit);
  return {
    type: 'FeatureCollection',
    features: ids.map((id) => ({ type: 'Feature', id, collection: 'sentinel-2-l2a' })),
    links: [],
    context: {
      limit,
      returned: ids.length,
      ...(next + limit < ITEMS.length ? { next: next + limit } : {}),
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function renderTiff({ input, output, evalscript }: ProcessBody, ground: Ground): Uint8Array {
  const { width, height } = output;
  const [x0, y0, x1, y1] = input.bounds.bbox;
  const [dx, dy] = [(x1 - x0) / width, (y1 - y0) / height];
  const script = runInNewContext(`${evalscript}; ({ setup, evaluatePixel })`) as {
    setup(): Setup;
    evaluatePixel(sample: Record<string, number>): number[];
  };
  const setup = script.setup();
  const [{ bands, units }] = setup.input;
  const { bands: count, sampleType } = setup.output;
  const harmonised = input.data[0].processing.harmonizeValues;
  const values = new ARRAYS[sampleType](width * height * count);
  const most = sampleType === 'UINT8' ? 255 : 65535;
  for (let k = 0; k < width * height; k++) {
    const x = x0 + ((k % width) + 0.5) * dx;
    const y = y1 - (Math.floor(k / width) + 0.5) * dy;
    const hasData = ground(bands[0], x, y) !== null;
    const sample = Object.fromEntries(
      bands.map((band, b) => {
        if (band === 'dataMask') return [band, hasData ? 1 : 0];
        const value = ground(band, x, y);
        if (value === null) return [band, 0];
        if (units[b] !== 'DN' || band === 'SCL') return [band, value];
        return [band, harmonised === true ? Math.max(0, 1e4 * value) : 1e4 * value + OFFSET];
      }),
    );
    const result = script.evaluatePixel(sample);
    for (const [b, value] of result.entries()) {
      values[k * count + b] =
        sampleType === 'FLOAT32' ? value : Math.min(most, Math.max(0, Math.round(value)));
    }
  }
  const bits = 8 * values.BYTES_PER_ELEMENT;
  const code = Number(/EPSG\/0\/(\d+)$/.exec(input.bounds.properties.crs)?.[1]);
  return buildTiff(width, height, new Uint8Array(values.buffer), {
    fields: {
      258: short(...Array.from({ length: count }, () => bits)),
      277: short(count),
      339: short(...Array.from({ length: count }, () => (sampleType === 'FLOAT32' ? 3 : 1))),
      33550: double(dx, dy, 0),
      33922: double(0, 0, 0, x0, y1, 0),
      34735: short(1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, code),
    },
  });
}
