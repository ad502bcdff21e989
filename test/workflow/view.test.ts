import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GeoCatalog, saveCatalog } from '../../src/catalog/node/index.js';
import { gridFootprint } from '../../src/catalog/place.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import type { LayerDocument, ValuesDocument, ViewDocument } from '../../src/workflow/view/documents.js';
import { serveView, type View, type ViewOptions } from '../../src/workflow/view/view.js';
import { catalogRow } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';

const fixture = resolve('test/fixtures/map-tiles');
const folder = await temporaryFolder();
const scene = join(folder, 'scene.tif');
const page = new Map([['', { type: 'text/html', content: '<!doctype html>' }]]);
const views: View[] = [];
afterAll(async () => {
  for (const view of views) await view.dispose();
});

async function serve(paths: readonly string[], options: ViewOptions = {}): Promise<View> {
  const view = await serveView(paths, { backend: 'cpu', threads: 0, ...options }, page);
  views.push(view);
  return view;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request unchanged, with any path and headers. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const path = url.slice(url.indexOf('/', 'http://'.length));
  return new Promise((done, fail) => {
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const { statusCode = 0 } = response;
      buffer(response).then((body) => done({ status: statusCode, headers: response.headers, body }), fail);
    })
      .on('error', fail)
      .end();
  });
}

async function json<T>(url: string): Promise<T> {
  const { status, body } = await ask(url);
  expect(status).toBe(200);
  return JSON.parse(String(body));
}

async function problemOf(url: string): Promise<[status: number, message: string]> {
  const { status, body } = await ask(url);
  return [status, JSON.parse(String(body)).message];
}

let view: View;
let base = '';
beforeAll(async () => {
  await copyFile(join(fixture, 'source.tif'), scene);
  view = await serve([scene]);
  base = view.report.url;
});

describe('requests to the server', () => {
  it('listens on the loopback address, with a token of 144 bits that is new each time', async () => {
    expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/);
    const other = await serve([scene]);
    expect(new URL(other.report.url).pathname).not.toBe(new URL(base).pathname);
    expect((await ask(base)).status).toBe(200);
  });

  it('refuses requests without the token', async () => {
    const { origin, pathname } = new URL(base);
    const token = pathname.slice(1, -1);
    const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const path of [
      '/',
      '/view.json',
      `/${wrong}/`,
      `/${token}`,
      `/${token}x/`,
      `//${token}/`,
      `/x/${token}/`,
    ]) {
      const { status, body } = await ask(`${origin}${path}`);
      expect([path, status]).toEqual([path, 403]);
      expect(String(body)).not.toContain(token);
    }
  });

  it('refuses other host names, which may resolve to this machine', async () => {
    const { port } = new URL(base);
    for (const host of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`]) {
      expect([host, (await ask(base, { host })).status]).toEqual([host, 403]);
    }
    expect((await ask(base, { host: `localhost:${port}` })).status).toBe(200);
  });

  it('answers only GET and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask(`${base}view.json`, {}, method)).status).toBe(405);
    }
    const { status, body, headers } = await ask(`${base}view.json`, {}, 'HEAD');
    expect([status, body.length]).toEqual([200, 0]);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });

  it('shares nothing with other sites', async () => {
    const { headers } = await ask(`${base}view.json`, { origin: 'https://evil.example' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/,
    );
    expect(headers['content-security-policy']).not.toContain('unsafe-inline');
    expect(headers).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  it.each([
    '../../../etc/passwd',
    'file/../../etc/passwd',
    'file/%2e%2e%2fetc%2fpasswd',
    'page/view.js',
    'file/1',
    'layers/__proto__',
  ])('has no %s', async (path) => {
    const [status, message] = await problemOf(`${base}${path}`);
    expect(status).toBe(404);
    expect(message).toMatch(/^there is no /);
  });
});

describe('a raster', () => {
  it('is described', async () => {
    const document = await json<ViewDocument>(`${base}view.json`);
    expect(document).toEqual({
      title: 'scene.tif',
      note: '',
      layers: [{ id: '0', name: 'scene.tif', shown: true }],
      catalog: null,
    });
    const layer = await json<LayerDocument>(`${base}layers/0`);
    expect(layer).toMatchObject({
      crs: 'EPSG:32631',
      width: 200,
      height: 160,
      overviews: 2,
      hasFile: true,
      classes: null,
      style: { bands: [1], stretch: null, decibels: false, resampling: 'bilinear' },
    });
    expect(layer.bands.map(({ name, variable, nodata }) => [name, variable, nodata])).toEqual([
      ['red', 'red', '0'],
      ['infrared', 'infrared', '0'],
    ]);
    // By gdalinfo: 5d31'46.36"E to 5d34'53.90"E, 45d 6'16.25"N to 45d 8' 3.94"N.
    expect(layer.bounds).toBeCloseToArray([5.529544, 45.104514, 5.581639, 45.134428], 2e-5);
  });

  it('has the tiles that gdalwarp makes', async () => {
    await using expected = await openRaster(join(fixture, 'nearest-10.tif'));
    const planes = await expected.readPlanes();
    const { body, status } = await ask(`${base}tiles/0/10/527/367?bands=2,1`);
    expect(status).toBe(200);
    const found = new Float32Array(new Uint8Array(body).buffer);
    const wanted = [planes[1], planes[0]].flatMap((plane) =>
      Array.from(plane, (value) => (value === 0 ? Number.NaN : value)),
    );
    expect(Array.from(found)).toEqual(wanted);
  });

  it('has no content outside it', async () => {
    const { status, body } = await ask(`${base}tiles/0/10/0/0?bands=1`);
    expect([status, body.length]).toEqual([204, 0]);
  });

  it.each([
    ['tiles/0/3/8/0', 400, /^tile cannot be 3\/8\/0/],
    ['tiles/0/3/-1/0', 400, /^tile cannot be/],
    ['tiles/0/10/527/367?bands=3', 422, /has no band 3; choose one of 1 to 2/],
    ['tiles/0/10/527/367?bands=1,x', 400, /^bands cannot be "1,x"/],
    [`tiles/0/10/527/367?bands=${'1,'.repeat(40)}1`, 400, /^bands cannot be/],
    ['tiles/0/10/527/367?resampling=best', 400, /^resampling cannot be "best"/],
    ['tiles/7/10/527/367', 404, /^there is no layer 7/],
    ['values/0?lng=5', 400, /^lat cannot be ""/],
  ])('refuses %s', async (path, expected, pattern) => {
    const [status, message] = await problemOf(`${base}${path}`);
    expect(status).toBe(expected);
    expect(message).toMatch(pattern);
  });

  it('has the values that rasterio samples', async () => {
    const { points } = JSON.parse(await readFile(join(fixture, 'truth.json'), 'utf8'));
    for (const { lng, lat, column, row, values } of points) {
      const found = await json<ValuesDocument>(`${base}values/0?lng=${lng}&lat=${lat}`);
      const stored = values.map((value: number) => (value === 0 ? null : value));
      expect(found).toMatchObject({ column, row, values: stored });
    }
    expect(await json(`${base}values/0?lng=0&lat=0`)).toBeNull();
  });

  it('is sent by ranges', async () => {
    const content = await readFile(scene);
    const get = (range: string) => ask(`${base}file/0`, { range });
    const part = await get('bytes=10-19');
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 10-19/${content.length}`);
    expect(part.body.equals(content.subarray(10, 20))).toBe(true);
    expect((await get('bytes=-5')).body.equals(content.subarray(-5))).toBe(true);
    expect((await get(`bytes=${content.length - 3}-`)).body.equals(content.subarray(-3))).toBe(true);
    expect((await get(`bytes=8000-${10 ** 9}`)).body.equals(content.subarray(8000))).toBe(true);
    const beyond = await get(`bytes=${content.length}-`);
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${content.length}`]);
    const whole = await ask(`${base}file/0`);
    expect([whole.status, whole.body.equals(content)]).toEqual([200, true]);
    expect((await get('bytes=0-1,5-6')).body.equals(content)).toBe(true);
    // The library reads it over HTTP as it reads the file.
    await using local = await openRaster(scene);
    await using remote = await openRaster(`${base}file/0`);
    expect(await remote.readPlanes()).toEqual(await local.readPlanes());
  });

  it('on a server is shown too, but not passed on as a file', async () => {
    const { report } = await serve([`${base}file/0`]);
    const layer = await json<LayerDocument>(`${report.url}layers/0`);
    expect(layer).toMatchObject({ name: '0', width: 200, hasFile: false });
    const here = await ask(`${report.url}tiles/0/10/527/367?bands=1`);
    const there = await ask(`${base}tiles/0/10/527/367?bands=1`);
    expect(here.body.equals(there.body)).toBe(true);
    expect((await problemOf(`${report.url}file/0`))[0]).toBe(404);
  });

  it('continues after a browser disconnects', async () => {
    const { port, pathname } = new URL(base);
    await new Promise<void>((done) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `GET ${pathname}tiles/0/15/16889/11771?bands=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
        );
        setTimeout(() => socket.destroy(), 5);
      });
      socket.on('close', () => done());
    });
    expect((await ask(`${base}tiles/0/15/16889/11771?bands=1`)).status).toBe(200);
  });
});

describe('files that cannot be viewed', () => {
  it('are reported before a server starts', async () => {
    await expect(serve([join(fixture, 'nearest-10.tif')])).rejects.toThrow(
      /has no coordinate reference system/,
    );
    await expect(serve([join(folder, 'missing.tif')])).rejects.toThrow(/missing\.tif does not exist/);
    await expect(serve([])).rejects.toThrow(/^paths are missing/);
    await expect(serve([scene, join(folder, 'a.parquet')])).rejects.toThrow(/view it alone/);
    await expect(serve([scene], { port: 70_000 })).rejects.toThrow(/^port cannot be 70000/);
    const { port } = new URL(base);
    await expect(serve([scene], { port: Number(port) })).rejects.toThrow(
      /^port \d+ is taken by another program; choose another, or 0 for any that is free\.$/,
    );
  });
});

describe('classes', () => {
  it('have the colours of the file, of a known legend, or of their values', async () => {
    const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 16, 16);
    const values = Uint8Array.from({ length: 256 }, (_, k) => (k % 2 === 0 ? 10 : 80));
    const settings = { geobox, bands: 1, dtype: 'uint8', overviews: 'nearest' } as const;
    await writeCog(join(folder, 'esa_worldcover.tif'), [values], settings);
    await writeCog(join(folder, 'few.tif'), [values], settings);
    const { report } = await serve([join(folder, 'esa_worldcover.tif'), join(folder, 'few.tif')]);
    const known = await json<LayerDocument>(`${report.url}layers/0`);
    expect(known.classes).toContainEqual({ value: 80, name: 'Permanent water bodies', colour: '#0064c8' });
    expect(known.style.resampling).toBe('nearest');
    expect(known.assumed).toEqual(['its classes are those of ESA WorldCover, as its name says']);
    const few = await json<LayerDocument>(`${report.url}layers/1`);
    expect(few.classes?.map(({ value }) => value)).toEqual([10, 80]);
  });
});

describe('a catalog', () => {
  it('lists its rows by date, and opens their rasters on request', async () => {
    await using raster = await openRaster(scene);
    const footprint = gridFootprint(raster.geobox!, 'scene');
    const rows = ['2021-07-01', '2021-07-20', '2021-07-10'].map((date, k) =>
      catalogRow(`scene-${k}`, footprint, date, {
        href: k === 2 ? join(folder, 'gone.tif') : scene,
        assets: { data: { href: k === 2 ? join(folder, 'gone.tif') : scene } },
      }),
    );
    const path = join(folder, 'scenes.parquet');
    await saveCatalog(GeoCatalog.from(rows), path);
    const { report } = await serve([path]);
    expect(report).toMatchObject({ layers: 0, rows: 3 });
    const { catalog } = await json<ViewDocument>(`${report.url}view.json`);
    expect(catalog?.rows.map(({ id }) => id)).toEqual(['scene-1', 'scene-2', 'scene-0']);
    const [[newest], [gone]] = catalog?.rows.map(({ layers }) => layers) ?? [];
    expect(newest.name).toBe('scene-1: data');
    expect(await json<LayerDocument>(`${report.url}layers/${newest.id}`)).toMatchObject({
      width: 200,
      hasFile: true,
    });
    expect(await problemOf(`${report.url}layers/${gone.id}`)).toEqual([
      404,
      expect.stringMatching(/gone\.tif does not exist/),
    ]);
  });

  it('is an error if it is not a catalog', async () => {
    const path = join(folder, 'other.json');
    await writeFile(path, '{"a": 1}');
    await expect(serve([path])).rejects.toThrow(/other\.json/);
  });
});
