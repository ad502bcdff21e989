import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Access } from '../../src/io/access.js';
import { networkError } from '../../src/io/http-errors.js';
import { retrying } from '../../src/io/middleware/retry.js';
import { Pace } from '../../src/io/pace.js';
import { setRequestLimits } from '../../src/io/traffic.js';
import { requestBody } from '../../src/io/web-request.js';

afterEach(() => {
  setRequestLimits({});
  vi.restoreAllMocks();
});

/** A server whose responses wait until they are released; counts concurrent ones. */
async function startGate() {
  const waiting: ServerResponse[] = [];
  const state = { url: '', waiting, most: 0 };
  const server = createServer((_, response) => {
    waiting.push(response);
    state.most = Math.max(state.most, waiting.length);
    setTimeout(() => {
      waiting.splice(waiting.indexOf(response), 1);
      response.end('x');
    }, 10);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return state;
}

const many = (count: number, task: () => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, task));

describe('limits of requests', () => {
  it('hold for one host', async () => {
    const gate = await startGate();
    await many(30, () => requestBody(gate.url));
    expect(gate.most).toBe(8);
  });

  it('hold for all hosts together', async () => {
    setRequestLimits({ total: 3 });
    const gates = await Promise.all([startGate(), startGate()]);
    let [now, most] = [0, 0];
    for (const gate of gates) {
      const { push } = gate.waiting;
      gate.waiting.push = (...items) => {
        now = gates.reduce((sum, { waiting }) => sum + waiting.length, items.length);
        most = Math.max(most, now);
        return push.apply(gate.waiting, items);
      };
    }
    await Promise.all(gates.map((gate) => many(12, () => requestBody(gate.url))));
    expect(most).toBe(3);
    expect(() => setRequestLimits({ total: 0 })).toThrow(/total cannot be 0/);
  });

  it('do not block renewals of access', async () => {
    setRequestLimits({ total: 2, perHost: 2 });
    const gate = await startGate();
    const refusing = createServer((request, response) => {
      response.writeHead(request.headers.authorization === 'new' ? 200 : 401).end();
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      refusing.closeAllConnections();
      refusing.close();
    });
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`;
    const access: Access = {
      authorize: async (request) => {
        if (request.url !== url) return null;
        if (request.refresh) await requestBody(gate.url);
        return { url, headers: { authorization: request.refresh ? 'new' : 'old' } };
      },
    };
    await many(6, () => requestBody(url, { access }));
    expect(gate.most).toBeLessThanOrEqual(2);
  });
});

describe('pace of requests to a host', () => {
  it('is unlimited until the host refuses, then halved, and unlimited again', () => {
    const pace = new Pace();
    for (let k = 0; k < 20; k++) expect(pace.reserve(1000 + 10 * k)).toBe(0);
    pace.refuse(1200, null);
    // Twenty requests in the last second: ten per second from now on.
    expect(pace.rate).toBe(10);
    pace.refuse(1300, null);
    expect(pace.rate).toBe(10);
    expect(pace.reserve(1300)).toBe(0);
    expect(pace.reserve(1300)).toBe(100);
    expect(pace.reserve(1300)).toBe(200);
    pace.answer();
    expect(pace.rate).toBe(10.25);
    pace.refuse(2500, 3000);
    expect(pace.rate).toBe(2);
    expect(pace.reserve(2500)).toBe(3000);
    expect(pace.reserve(5500)).toBe(500);
    pace.reserve(70_000);
    expect(pace.rate).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not changed by a host that requests no wait', () => {
    const pace = new Pace();
    pace.refuse(5, 0);
    expect(pace.rate).toBe(Number.POSITIVE_INFINITY);
    expect(pace.reserve(5)).toBe(0);
  });
});

describe('waits between attempts', () => {
  /** The waits of five attempts that fail, in milliseconds. */
  async function waits(random: number, retryAfter: number, options = {}): Promise<number[]> {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const found: number[] = [];
    vi.spyOn(globalThis, 'setTimeout').mockImplementation((callback, wait) => {
      found.push(wait ?? 0);
      queueMicrotask(callback);
      return 0 as unknown as ReturnType<typeof setTimeout>;
    });
    const fail = async () => {
      throw networkError('https://example.com', 'failed', 429, { retryAfter });
    };
    await expect(retrying(fail, options)).rejects.toThrow(/failed/);
    return found;
  }

  it('are random between 0 and a bound that doubles', async () => {
    expect(await waits(0, 0)).toEqual([0, 0, 0, 0]);
    expect(await waits(0.5, 0)).toEqual([250, 500, 1000, 2000]);
    expect(await waits(1, 0, { maxDelay: 700 })).toEqual([500, 700, 700, 700]);
  });

  it('are never shorter than the server requests; too long a wait is an error', async () => {
    expect(await waits(0, 30_000)).toEqual([30_000, 30_000, 30_000, 30_000]);
    expect(await waits(0, 30_000, { maxRetryAfter: 20_000 })).toEqual([]);
  });

  it('are not multiplied by nested requests', async () => {
    let calls = 0;
    const inner = () =>
      retrying(
        async () => {
          calls++;
          throw networkError('https://example.com', 'failed', 503);
        },
        { attempts: 2, delay: 1 },
      );
    await expect(retrying(inner, { attempts: 3, delay: 1 })).rejects.toThrow(/failed/);
    expect(calls).toBe(2);
  });
});
