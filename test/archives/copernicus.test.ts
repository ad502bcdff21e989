import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copernicusAccess, type ProcessOptions, planProcess } from '../../src/archives/index.js';
import { type ProcessFileOptions, processFile } from '../../src/archives/node/index.js';
import { searchStac } from '../../src/catalog/index.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { requestBody } from '../../src/io/web-request.js';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import {
  CLIENT,
  failure,
  type Ground,
  ITEMS,
  type SentinelHub,
  startSentinelHub,
} from '../support/sentinel-hub.js';

const folder = await temporaryFolder();

/** Bands that vary with position; reflectance may be below 0. The scene ends at x = 350 000. */
const ground: Ground = (band, x, y) => {
  if (x >= 350_000) return null;
  const k = Number(/\d+/.exec(band)?.[0] ?? 9);
  if (band === 'SCL') return (Math.floor(x / 10) + Math.floor(y / 10)) % 12;
  return Math.fround(0.3 + 0.32 * Math.sin(x / 700 + k) * Math.cos(y / 90));
};

/** 10 m in EPSG:32632. */
function grid(width: number, height: number): GeoBox {
  return new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), width, height);
}

const truth = (geobox: GeoBox, band: string, k: number): number | null =>
  ground(band, ...geobox.transform.apply((k % geobox.width) + 0.5, Math.floor(k / geobox.width) + 0.5));

const DAY = '2023-07-15';

function jobOf(hub: SentinelHub, name: string, options: Partial<ProcessFileOptions>): ProcessFileOptions {
  const access = copernicusAccess({ ...CLIENT, tokenUrl: hub.tokenUrl, origins: [hub.url] });
  return {
    collection: 'sentinel-2-l2a',
    bands: ['B04'],
    datetime: DAY,
    geobox: grid(20, 10),
    destination: join(folder, name),
    endpoint: hub.endpoint,
    access,
    retry: { delay: 1 },
    ...options,
  };
}

describe('copernicusAccess', () => {
  it('requests a token once for many callers, and again shortly before it expires', async () => {
    const hub = await startSentinelHub(ground);
    const access = copernicusAccess({ ...CLIENT, tokenUrl: hub.tokenUrl, origins: [hub.url] });
    const ask = () => access.authorize({ url: hub.endpoint, method: 'POST', headers: {}, refresh: false });
    const all = await Promise.all(Array.from({ length: 10 }, ask));
    expect(new Set(all.map((each) => each?.headers.authorization))).toEqual(
      new Set(['Bearer token-number-0']),
    );
    expect(hub.tokens).toBe(1);
    hub.tokenSeconds = 59;
    const short = copernicusAccess({ ...CLIENT, tokenUrl: hub.tokenUrl, origins: [hub.url] });
    const request = { url: hub.endpoint, method: 'POST', headers: {}, refresh: false };
    await short.authorize(request);
    await short.authorize(request);
    expect(hub.tokens).toBe(3);
  });

  it('gives no token to other servers', async () => {
    const access = copernicusAccess(CLIENT);
    for (const url of [
      'https://sh.dataspace.copernicus.eu.example.org/a',
      'http://sh.dataspace.copernicus.eu/a',
    ]) {
      expect(await access.authorize({ url, method: 'GET', headers: {}, refresh: false })).toBeNull();
    }
  });

  it('reports missing or refused credentials in one sentence, without showing them', async () => {
    const hub = await startSentinelHub(ground);
    expect(() => copernicusAccess({ clientId: 'a', clientSecret: '' })).toThrow(
      'clientSecret of the Copernicus Data Space is missing; register an OAuth client in its dashboard, and give its id and secret.',
    );
    const wrong = { clientId: 'someone', clientSecret: 'wrong-secret-0815', tokenUrl: hub.tokenUrl };
    const access = copernicusAccess({ ...wrong, origins: [hub.url] });
    const error = await requestBody(hub.endpoint, { access, body: '{}' }).catch((each: unknown) => each);
    expect(error).toMatchObject({
      message: `${hub.tokenUrl} refused the client id and secret of the Copernicus Data Space; check them, and whether the client has ended.`,
      exitStatus: 2,
    });
    expect(JSON.stringify(error)).not.toContain('0815');
  });
});

describe('the Catalog API', () => {
  it('is searched with the token, page by page by its context, also when tokens expire', async () => {
    const hub = await startSentinelHub(ground);
    const access = copernicusAccess({ ...CLIENT, tokenUrl: hub.tokenUrl, origins: [hub.url] });
    const query = { collections: ['sentinel-2-l2a'], datetime: DAY };
    const found: string[] = [];
    for await (const { id } of searchStac(hub.catalog, query, { access, limit: 10 })) {
      if (found.push(id) === 10) hub.expire();
    }
    expect(found).toEqual(ITEMS);
    expect(hub.tokens).toBe(2);
    await expect(searchStac(hub.catalog, query).next()).rejects.toThrow(
      'answered 401: it may not be read without credentials, or they do not suffice (You are not authorized!',
    );
  });
});

describe('planProcess', () => {
  const plan = (options: Partial<ProcessOptions>) =>
    planProcess({ collection: 'sentinel-2-l2a', datetime: DAY, ...options });

  it.each([
    [
      { units: 'reflectance', dtype: 'uint16' },
      'dtype cannot be uint16 for a reflectance, whose values would be rounded to 0 and 1; give float32, or the units dn_harmonised.',
    ],
    [
      { units: 'linear_power' },
      'units cannot be "linear_power"; choose one of dn_harmonised, reflectance, dn_offset_1000.',
    ],
    [
      { collection: 'sentinel-1-grd', dtype: 'uint16' },
      'dtype cannot be uint16 for values in linear_power; give float32.',
    ],
    [{ bands: ['B10'] }, 'bands cannot be "B10"; choose one of B01,'],
    [{ bands: ['B04', 'B04'] }, 'bands names a band twice; name each once.'],
    [{ bands: ['SCL'], resampling: 'bilinear' }, 'resampling cannot be bilinear for classes; leave it out.'],
    [{ datetime: undefined }, 'datetime is missing for sentinel-2-l2a; give a date or an interval.'],
    [{ datetime: '2023-07-01/..' }, 'datetime cannot be 2023-07-01/..; give both ends of the interval.'],
    [
      { datetime: '2021-07-15', units: 'dn_offset_1000' },
      'units cannot be dn_offset_1000 before 2022-01-25,',
    ],
    [{ orbit: 'ascending' }, 'orbit has no meaning for sentinel-2-l2a; leave it out.'],
    [{ collection: 'sentinel-1-grd', maxCloudCover: 10 }, 'maxCloudCover has no meaning for sentinel-1-grd;'],
    [
      { collection: 'sentinel-1-grd', mosaicking: 'leastCC' },
      'mosaicking cannot be leastCC; choose mostRecent',
    ],
    [{ collection: 'dem' }, 'datetime has no meaning for dem; leave it out.'],
    [{ maxCloudCover: 101 }, 'maxCloudCover cannot be 101; give per cent, from 0 to 100.'],
  ] as [Partial<ProcessOptions>, string][])('refuses %j', (options, message) => {
    expect(() => plan(options)).toThrow(message);
  });

  it('states everything that determines the values', () => {
    expect(plan({ units: 'dn_offset_1000', mosaicking: 'leastCC', maxCloudCover: 30 }).data).toEqual({
      type: 'sentinel-2-l2a',
      dataFilter: {
        timeRange: { from: '2023-07-15T00:00:00.000Z', to: '2023-07-15T23:59:59.999Z' },
        mosaickingOrder: 'leastCC',
        maxCloudCoverage: 30,
      },
      processing: { upsampling: 'BILINEAR', downsampling: 'BILINEAR', harmonizeValues: false },
    });
    expect(plan({ collection: 'sentinel-1-grd', orbit: 'descending' }).data).toMatchObject({
      dataFilter: {
        acquisitionMode: 'IW',
        polarization: 'DV',
        resolution: 'HIGH',
        orbitDirection: 'DESCENDING',
      },
      processing: { backCoeff: 'GAMMA0_TERRAIN', orthorectify: true, demInstance: 'COPERNICUS_30' },
    });
    expect(planProcess({ collection: 'dem' }).data).toEqual({
      type: 'dem',
      dataFilter: { demInstance: 'COPERNICUS_30' },
      processing: { upsampling: 'BILINEAR', downsampling: 'BILINEAR', egm: false },
    });
  });
});

describe('processFile', () => {
  it('assembles a grid above 2500 pixels per side on exactly that grid', async () => {
    const hub = await startSentinelHub(ground);
    const geobox = grid(5100, 2);
    const job = jobOf(hub, 'wide.tif', { geobox, bands: ['B04', 'B8A'], units: 'reflectance' });
    const report = await processFile(job);
    expect(hub.requests.map(({ output }) => output.width)).toEqual([1700, 1700, 1700]);
    expect(report).toMatchObject({ requests: 3, reused: 0, processingUnits: 1.5, validPixels: 5000 * 2 });
    await using raster = await openRaster(job.destination);
    expect(raster.geobox?.equals(geobox)).toBe(true);
    expect(raster.bands.map(({ description, nodata }) => [description, nodata])).toEqual([
      ['B04', Number.NaN],
      ['B8A', Number.NaN],
    ]);
    expect(raster.metadata['']?.UNITS).toBe('reflectance');
    expect(JSON.parse(raster.metadata['']?.PROCESS_REQUEST ?? '')).toEqual(report.data);
    const planes = await raster.readPlanes();
    for (const [b, band] of ['B04', 'B8A'].entries()) {
      const wanted = Float32Array.from(planes[b], (_, k) => truth(geobox, band, k) ?? Number.NaN);
      expect(planes[b]).toEqual(wanted);
    }
    expect(existsSync(`${job.destination}.parts`)).toBe(false);
  });

  it.each([
    // By the rules of the service: 10 000 times the reflectance, with 0 for negative values; or with the offset of the scene.
    ['dn_harmonised', (value: number) => Math.round(Math.max(0, 1e4 * value))],
    ['dn_offset_1000', (value: number) => Math.round(1e4 * value + 1000)],
  ] as const)('gives digital numbers in %s with a mask for gaps', async (units, wanted) => {
    const hub = await startSentinelHub(ground);
    const geobox = grid(5010, 1);
    const job = jobOf(hub, `${units}.tif`, { geobox, units });
    await processFile(job);
    await using raster = await openRaster(job.destination);
    const [values] = await raster.readPlanes();
    const mask = await raster.readMask();
    expect(raster.bands[0].dtype).toBe('uint16');
    expect(mask).toEqual(Uint8Array.from(values, (_, k) => (truth(geobox, 'B04', k) === null ? 0 : 255)));
    for (let k = 0; k < values.length; k++) {
      const value = truth(geobox, 'B04', k);
      expect(values[k]).toBe(value === null ? 0 : wanted(value));
    }
  });

  it('returns classes unchanged', async () => {
    const hub = await startSentinelHub(ground);
    const geobox = grid(30, 7);
    const job = jobOf(hub, 'classes.tif', { geobox, bands: ['SCL'], units: 'class' });
    await processFile(job);
    await using raster = await openRaster(job.destination);
    const [values] = await raster.readPlanes();
    expect(values).toEqual(Uint8Array.from(values, (_, k) => truth(geobox, 'SCL', k) ?? 0));
  });

  it('writes the same bytes when it is throttled, in milliseconds, when tokens expire and when the server fails', async () => {
    const hub = await startSentinelHub(ground);
    const geobox = grid(5100, 1);
    const calm = jobOf(hub, 'calm.tif', { geobox });
    await processFile(calm);
    hub.fault = (n) => {
      if (n === 4) hub.expire();
      if (n % 4 === 3) return { status: 503, body: failure(503, 'Unavailable', 'try later') };
      // As seconds, these would be longer than the test may run.
      return n % 3 === 2
        ? {
            status: 429,
            headers: { 'retry-after': '120' },
            body: failure(429, 'Too Many Requests', 'slow down'),
          }
        : null;
    };
    const rough = jobOf(hub, 'rough.tif', { geobox, retry: { delay: 1, attempts: 8, maxDelay: 120_000 } });
    await processFile(rough);
    expect(hub.requests.length).toBeGreaterThan(8);
    expect(hub.tokens).toBe(3);
    expect(await readFile(rough.destination)).toEqual(await readFile(calm.destination));
  });

  it('requests only missing parts after a failure', async () => {
    const hub = await startSentinelHub(ground);
    // The response to the request for the third part, and to the same request with another token.
    hub.fault = (n) => (n >= 2 ? { status: 400, body: failure(400, 'Bad Request', 'no more units') } : null);
    const job = jobOf(hub, 'again.tif', { geobox: grid(5100, 1) });
    await expect(processFile(job)).rejects.toThrow(
      `${hub.endpoint} answered 400 (no more units); check the request.`,
    );
    expect(existsSync(job.destination)).toBe(false);
    hub.fault = null;
    await writeFile(join(`${job.destination}.parts`, 'unknown.tif'), 'not one of them');
    const report = await processFile(job);
    expect(report).toMatchObject({ requests: 3, reused: 2 });
    expect(hub.requests).toHaveLength(5);
    expect(await readdir(`${job.destination}.parts`)).toEqual(['unknown.tif']);
  });

  it('refuses a response that does not match the request', async () => {
    const hub = await startSentinelHub(ground);
    const process = () => processFile(jobOf(hub, 'spoiled.tif', {}));
    hub.spoil = () => new TextEncoder().encode('{"a": 1}');
    await expect(process()).rejects.toThrow(`${hub.endpoint} answered with data that is not a GeoTIFF (`);
    const other = await startSentinelHub(ground);
    let taken: Uint8Array = new Uint8Array();
    other.spoil = (tiff) => {
      taken = tiff;
      return tiff;
    };
    await processFile(jobOf(other, 'smaller.tif', { geobox: grid(19, 10) }));
    hub.spoil = () => taken;
    await expect(process()).rejects.toThrow(
      'answered with 2 bands of uint16 on 19 × 10 pixels instead of 2 of uint16 on 20 × 10',
    );
    const shifted = new GeoBox('EPSG:32632', new Affine(10, 0, 300_010, 0, -10, 5_600_000), 20, 10);
    await processFile(jobOf(other, 'shifted.tif', { geobox: shifted }));
    await expect(process()).rejects.toThrow('answered with a raster at another position');
  });

  it('refuses a grid that the service does not support, before any request', async () => {
    const hub = await startSentinelHub(ground);
    const turned = new GeoBox('EPSG:32632', new Affine(10, 1, 0, 1, -10, 0), 4, 4);
    await expect(processFile(jobOf(hub, 'turned.tif', { geobox: turned }))).rejects.toThrow(
      'is not north-up',
    );
    const nameless = new GeoBox('+proj=laea +lat_0=3 +lon_0=4', new Affine(10, 0, 0, 0, -10, 0), 4, 4);
    await expect(processFile(jobOf(hub, 'nameless.tif', { geobox: nameless }))).rejects.toThrow(
      'the Process API takes no reference system without an EPSG code',
    );
    expect(hub.requests).toHaveLength(0);
  });
});
