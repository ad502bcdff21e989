import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Affine, GeoBox, type TypedArray } from '../../src/geo/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { wrapSource } from '../../src/io/byte-source.js';
import { MemorySource } from '../../src/io/index.js';
import {
  GeoTiffRaster,
  openRaster,
  type Raster,
  WarpedRaster,
  writeCog,
} from '../../src/raster/node/index.js';
import { describeRaster } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { answer, type RangeServer, startRangeServer } from '../support/http-server.js';
import { manyTiles, stripedTiff } from '../support/tiff.js';

const folder = await temporaryFolder();
const [width, height, side] = [1500, 2000, 128];
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), width, height);
/** A window as wide in tiles as one of 1024 pixels is in tiles of 512. */
const window = { x: 600, y: 900, width: 256, height: 256 };

/** A scene whose tiles do not compress (noise), and one whose tiles are small (a ramp). */
const scenes: Record<string, { path: string; server: RangeServer }> = {};
for (const [name, value] of [
  ['noise', (k: number) => (Math.imul(k, 2654435761) >>> 8) & 0xffff],
  ['ramp', (k: number) => Math.floor(k / width) + (k % width)],
] as const) {
  const path = join(folder, `${name}.tif`);
  const band = Uint16Array.from({ length: width * height }, (_, k) => value(k));
  await writeCog(path, [band], { geobox, bands: 1, dtype: 'uint16', blockSize: side });
  scenes[name] = { path, server: await startRangeServer(await readFile(path)) };
}
const { server } = scenes.noise;

afterEach(() => {
  for (const scene of Object.values(scenes)) {
    scene.server.fault = null;
    scene.server.ranges = [];
    scene.server.etag = '"v1"';
  }
});

/** Bytes of the requested ranges. */
function bytesAsked({ ranges }: RangeServer): number {
  return ranges.reduce((sum, range) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    return sum + Number(last) - Number(first) + 1;
  }, 0);
}

/** Delays responses. */
function delayed(
  state: RangeServer,
  milliseconds: number,
  onRequest: () => void = () => undefined,
): RangeServer['fault'] {
  return (request, response) => {
    onRequest();
    setTimeout(() => answer(state, request, response), milliseconds);
    return true;
  };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Expects no further requests, except pending ones. */
async function expectSilence(): Promise<void> {
  await pause(30);
  const asked = server.ranges.length;
  await pause(150);
  expect(server.ranges).toHaveLength(asked);
}

function expectSameBytes(found: TypedArray, wanted: TypedArray): void {
  const bytes = (values: TypedArray): Buffer =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  expect(bytes(found).equals(bytes(wanted))).toBe(true);
}

/** The reason of a rejected promise. */
async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('nothing failed');
  return outcome;
}

describe('a window over HTTP', () => {
  it.each(['noise', 'ramp'])('of %s reads little more than its tiles, in few requests', async (name) => {
    const scene = scenes[name];
    const raster = await openRaster(scene.server.url);
    expect(scene.server.ranges).toHaveLength(1);
    const tensor = await raster.read({ window });
    expect(scene.server.ranges.length).toBeLessThanOrEqual(6);
    // Nine tiles, measured in the file itself.
    const tiles = await tileBytes(scene.path);
    const asked = bytesAsked(scene.server) - 32 * 1024;
    expect(asked).toBeGreaterThanOrEqual(0.9 * tiles);
    expect(asked).toBeLessThanOrEqual(1.3 * tiles + 4096);
    const local = await openRaster(scene.path);
    expectSameBytes(tensor.data, (await local.read({ window })).data);
    await local.close();
    await raster.close();
  });

  it('is equal to the local read at any position', async () => {
    const local = await openRaster(scenes.ramp.path);
    const remote = await openRaster(scenes.ramp.server.url);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: width - 200 }),
        fc.integer({ min: 0, max: height - 200 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(10, 20, 45),
        async (x, y, size, resolution) => {
          const request = { window: { x, y, width: size, height: 201 - size }, resolution };
          const [a, b] = await Promise.all([local.read(request), remote.read(request)]);
          expect(b.geobox.equals(a.geobox)).toBe(true);
          expectSameBytes(b.data, a.data);
        },
      ),
      { numRuns: 25, seed: 11 },
    );
    await local.close();
    await remote.close();
  });

  it('is requested once by concurrent readers', async () => {
    const raster = await openRaster(server.url);
    await raster.read({ window });
    const alone = server.ranges.length;
    server.ranges = [];
    const other = await openRaster(server.url);
    await Promise.all([other.read({ window }), other.read({ window }), other.readPlanes({ window })]);
    expect(server.ranges).toHaveLength(alone);
  });

  it('info takes one request', async () => {
    const report = await describeRaster(server.url);
    expect([report.width, report.height]).toEqual([width, height]);
    expect(server.ranges).toHaveLength(1);
  });
});

/** Bytes of the tiles under the window, by a local read. */
async function tileBytes(path: string): Promise<number> {
  const source = new MemorySource(await readFile(path));
  let bytes = 0;
  const counted = wrapSource(source, (offset, length) => {
    bytes += length;
    return source.read(offset, length);
  });
  const raster = await GeoTiffRaster.open(counted);
  // Header reads are first; without merging, the others are tiles.
  await raster.readPlanes({ window: { x: 0, y: 0, width: 1, height: 1 } });
  bytes = 0;
  await raster.readPlanes({ window });
  return bytes;
}

describe('large tables', () => {
  it('are read only for the window', async () => {
    const many = await startRangeServer(manyTiles(1000));
    const raster = await openRaster(many.url);
    const [plane] = await raster.readPlanes({ window: { x: 8000, y: 9000, width: 40, height: 40 } });
    expect(plane[0]).toBe(7);
    expect(many.content.byteLength).toBeGreaterThan(15e6);
    expect(bytesAsked(many)).toBeLessThan(300_000);
    expect(many.ranges.length).toBeLessThanOrEqual(6);
    await raster.close();
  });

  it('are refused with blocks far larger than their pixels', async () => {
    const raster = await GeoTiffRaster.open(new MemorySource(manyTiles(400, 3e6), 'claims.tif'));
    await expect(raster.readPlanes({ window: { x: 0, y: 0, width: 1, height: 1 } })).rejects.toThrow(
      /claims\.tif is not a readable TIFF \(a block takes 3000000 bytes, too many for it\)/,
    );
  });

  it('of strips are read in one range', async () => {
    const strips = await startRangeServer(stripedTiff(300, 2000));
    const raster = await openRaster(strips.url);
    const [plane] = await raster.readPlanes({ window: { x: 10, y: 1000, width: 20, height: 700 } });
    expect(plane[0]).toBe((1000 * 300 + 10) % 251);
    expect(strips.ranges.length).toBeLessThanOrEqual(4);
    await raster.close();
  });
});

describe('an image in one strip', () => {
  it('is read by rows when it is not compressed', async () => {
    const content = stripedTiff(3000, 4000, 4000);
    const strip = await startRangeServer(content);
    const raster = await openRaster(strip.url);
    const [plane] = await raster.readPlanes({ window: { x: 7, y: 3000, width: 100, height: 100 } });
    expect([...plane.subarray(0, 3)]).toEqual([0, 1, 2].map((k) => (3000 * 3000 + 7 + k) % 251));
    expect(bytesAsked(strip)).toBeLessThan(1.2e6);
    const whole = await GeoTiffRaster.open(new MemorySource(content));
    const [all] = await whole.readPlanes();
    expect(all.every((value, k) => value === k % 251)).toBe(true);
    const cut = content.slice();
    new DataView(cut.buffer).setUint32(10 + 12 * 8 + 8, 100);
    const short = await GeoTiffRaster.open(new MemorySource(cut, 'short.tif'));
    await expect(short.readPlanes()).rejects.toThrow(/short\.tif .*a strip holds 100 bytes of 12000000/);
  });
});

describe('a signal', () => {
  it('stops requests at once, with an AbortError', async () => {
    const raster = await openRaster(server.url);
    server.ranges = [];
    const abort = new AbortController();
    let aborted = 0;
    server.fault = delayed(server, 400, () => {
      aborted = Date.now();
      abort.abort();
    });
    expect((await failureOf(raster.read({ signal: abort.signal }))).name).toBe('AbortError');
    expect(Date.now() - aborted).toBeLessThan(200);
    await expectSilence();
    // Aborted reads are not cached.
    server.fault = null;
    expect((await raster.read({ window })).shape).toEqual([1, 256, 256]);
  });

  it('of one reader does not abort another that waits for the same tiles', async () => {
    const raster = await openRaster(server.url);
    server.fault = delayed(server, 40);
    const abort = new AbortController();
    const first = failureOf(raster.read({ window, signal: abort.signal }));
    await pause(10);
    const second = raster.read({ window });
    abort.abort(new Error('enough'));
    expect((await first).message).toBe('enough');
    expect((await second).shape).toEqual([1, 256, 256]);
  });

  it('ends the wait before a retry', async () => {
    const raster = await openRaster(server.url, { retry: { delay: 5000 } });
    server.fault = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    const started = Date.now();
    const reading = raster.read({ window, signal: AbortSignal.timeout(50) });
    expect((await failureOf(reading)).name).toBe('TimeoutError');
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it('a failed read aborts the concurrent reads', async () => {
    const raster = await openRaster(server.url, { retry: { attempts: 1 } });
    server.ranges = [];
    server.fault = (request, response, n) => {
      if (n === 0) response.writeHead(404).end();
      else setTimeout(() => answer(server, request, response), 60);
      return true;
    };
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    expect((await failureOf(raster.read())).message).toMatch(/does not exist/);
    await expectSilence();
    expect(unhandled).toEqual([]);
    process.off('unhandledRejection', note);
  });
});

describe('faults while a window is read', () => {
  const readAgain = async (fault: RangeServer['fault']): Promise<Raster> => {
    const raster = await openRaster(server.url, { retry: { delay: 1 } });
    server.ranges = [];
    server.fault = fault;
    return raster;
  };
  const expected = async (): Promise<TypedArray> => {
    const local = await openRaster(scenes.noise.path);
    const { data } = await local.read({ window });
    await local.close();
    return data;
  };

  it('that are transient are not visible', async () => {
    const raster = await readAgain((request, response, n) => {
      if (n === 0) response.writeHead(503, { 'retry-after': '0' }).end();
      else if (n === 1) response.destroy();
      else if (n === 2) {
        // The head of a proper answer, and half of its body.
        const [, first, last] = (/(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
        response.writeHead(206, {
          etag: '"v1"',
          'content-range': `bytes ${first}-${last}/${server.content.byteLength}`,
          'content-length': last - first + 1,
        });
        response.write(server.content.subarray(first, (first + last) >> 1));
        setTimeout(() => response.destroy(), 5);
      } else return false;
      return true;
    });
    expectSameBytes((await raster.read({ window })).data, await expected());
  });

  it('a whole file in place of a range is accepted', async () => {
    const raster = await readAgain((_, r) => Boolean(r.writeHead(200, { etag: '"v1"' }).end(server.content)));
    expectSameBytes((await raster.read({ window })).data, await expected());
  });

  it('that are permanent are one sentence', async () => {
    const cases: [RegExp, RangeServer['fault']][] = [
      [/file\.tif does not exist; check the address\./, (_, r) => Boolean(r.writeHead(404).end())],
      [
        /answered 403: it may not be read without credentials, .*; give the headers or the signed address that it wants/,
        (_, r) => Boolean(r.writeHead(403).end()),
      ],
      [/changed while it was being read; run again\./, (_, r) => Boolean(r.writeHead(416).end())],
      [
        /with another range; try again later/,
        (_, r) =>
          Boolean(
            r
              .writeHead(206, { etag: '"v1"', 'content-range': `bytes 0-99/${server.content.byteLength}` })
              .end(server.content.subarray(0, 100)),
          ),
      ],
      [
        /changed while it was being read; run again\./,
        (request, r) => {
          // Without an ETag the size shows the change.
          const [, first, last] = (/(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
          r.writeHead(206, { etag: '"v1"', 'content-range': `bytes ${first}-${last}/999999999` });
          return Boolean(r.end(new Uint8Array(last - first + 1)));
        },
      ],
    ];
    for (const [message, fault] of cases) {
      const raster = await readAgain(fault);
      await expect(raster.read({ window })).rejects.toThrow(message);
      server.fault = null;
    }
    const raster = await readAgain(null);
    server.etag = '"v2"';
    await expect(raster.read({ window })).rejects.toThrow(/changed while it was being read; run again\./);
  });

  it('redirects are followed', async () => {
    const from = await startRangeServer(new Uint8Array(0));
    from.fault = (_, response) => Boolean(response.writeHead(302, { location: server.url }).end());
    const raster = await openRaster(from.url);
    expectSameBytes((await raster.read({ window })).data, await expected());
  });
});

describe('a warp over HTTP', () => {
  it('aborts its reads, and stays within the request limit per host', async () => {
    const backend = new CpuBackend();
    const raster = await openRaster(server.url);
    const target = new GeoBox(32632, new Affine(5, 0, 300000, 0, -5, 5000000), 3000, 2100);
    const warped = new WarpedRaster(backend, raster, { geobox: target, resampling: 'nearest' });
    const plane = backend.allocate([2100, 3000], 'float32');
    let active = 0;
    let most = 0;
    server.ranges = [];
    const abort = new AbortController();
    server.fault = (request, response, n) => {
      most = Math.max(most, ++active);
      setTimeout(() => {
        active--;
        answer(server, request, response);
      }, 30);
      if (n === 4) abort.abort();
      return true;
    };
    const warping = warped.readRows({ start: 0, end: 2100 }, [plane], 0, abort.signal);
    expect((await failureOf(warping)).name).toBe('AbortError');
    await expectSilence();
    expect(most).toBeLessThanOrEqual(8);
    plane.dispose();
    await backend.dispose();
  });

  it('to a coarse grid reads the overview on request', async () => {
    const backend = new CpuBackend();
    const raster = await openRaster(scenes.ramp.server.url);
    const coarse = new GeoBox(32632, new Affine(80, 0, 300000, 0, -80, 5000000), 187, 250);
    const pixels: number[] = [];
    for (const overview of ['none', 'auto'] as const) {
      const warped = new WarpedRaster(backend, raster, { geobox: coarse, resampling: 'bilinear', overview });
      const plane = backend.allocate([250, 187], 'float32');
      await warped.readRows({ start: 0, end: 250 }, [plane], 0);
      const values = await backend.download(plane);
      // The ramp rises by one per pixel of 10 m in x and in y.
      expect(Math.abs(values[100 * 187 + 50] - (8 * 100 + 8 * 50 + 7))).toBeLessThan(2);
      pixels.push(warped.counters.sourcePixelsRead);
      plane.dispose();
    }
    expect(pixels[1]).toBeLessThan(pixels[0] / 30);
    await backend.dispose();
  });
});
