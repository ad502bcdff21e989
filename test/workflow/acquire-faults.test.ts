import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { planetaryComputerAccess } from '../../src/archives/index.js';
import { combineAccess, setDefaultAccess, setRequestLimits } from '../../src/io/index.js';
import type { ProgressEvent } from '../../src/progress.js';
import { openRaster } from '../../src/raster/node/index.js';
import { acquire, bundledModel, evaluateMap, infer, packageManifest } from '../../src/workflow/index.js';
import { type ArchiveFault, type ChooseFault, everyNth, firstTimes } from '../support/archive-server.js';
import { contents, temporaryFolder } from '../support/files.js';
import { type FloodArchive, OLD_SIGNATURE, startFloodArchive } from '../support/flood-archive.js';
import { buildZip } from '../support/zip.js';

const cpu = { backend: 'cpu', threads: 0 } as const;
const KEY = 'SUBSCRIPTION-SECRET';
/** Texts that must not be shown or stored anywhere. */
const SECRET = /sig=(?!…)|SECRET/;

interface Manifest {
  readonly event: object;
  readonly collections: object;
  readonly selected: { event: { S1RTC: { assets?: object; units?: string } } };
}

/** The final error of a run. */
async function failure(run: Promise<unknown>): Promise<Error> {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('nothing was refused');
  return error;
}

/** An error with its causes and fields, as a program may log it. */
function textOf(error: Error): string {
  return inspect(error, { depth: 10 });
}

let folder: string;
let archive: FloodArchive;
let reference: Readonly<Record<string, string>>;
/** All reports of runs. */
const reported: ProgressEvent[] = [];
const onProgress = (event: ProgressEvent): void => void reported.push(event);

/** Waits between requests are ten times as short; timeouts are unchanged. */
function shortenWaits(): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => 10 * now());
  const wait = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((callback, milliseconds = 0, ...rest: unknown[]) =>
    Reflect.apply(wait, globalThis, [
      callback,
      milliseconds < 5000 ? milliseconds / 10 : milliseconds,
      ...rest,
    ]),
  );
}

beforeAll(async () => {
  shortenWaits();
  folder = await temporaryFolder();
  archive = await startFloodArchive(folder);
  const { server } = archive;
  setDefaultAccess(
    planetaryComputerAccess({
      subscriptionKey: KEY,
      endpoint: `${server.url}/sas/v1`,
      containerOf: (url) => (url.origin === server.url ? server.containerOf(url) : null),
    }),
  );
  reference = await packaged('reference');
});
afterEach(() => {
  archive.server.fault = null;
  // Forgets the pace of a server that responded with 429.
  setRequestLimits({});
});
afterAll(() => {
  setDefaultAccess(combineAccess());
  vi.restoreAllMocks();
});

/** Acquires and packages the event; returns the files of the package and the manifest. */
async function packaged(name: string): Promise<Record<string, string>> {
  const manifest = join(folder, `${name}.json`);
  await acquire({ event: archive.event, output: manifest, onProgress });
  const output = join(folder, name);
  await packageManifest({ manifest, output, onProgress, ...cpu });
  return { ...(await contents(output)), manifest: await readFile(manifest, 'utf8') };
}

/** Maps and scores a package; returns the files of the map, except records of the run, and the scores. */
async function mapped(name: string) {
  const map = join(folder, `${name}-map`);
  await infer({
    scene: join(folder, name),
    model: bundledModel('water-threshold'),
    output: map,
    provider: 'cpu',
    onProgress,
    ...cpu,
  });
  const files = await contents(map);
  const { classes } = await evaluateMap({ map, label: join(folder, name, 'label.tif') });
  return { rasters: Object.entries(files).filter(([path]) => /^[^/]*\.tif$/.test(path)), classes };
}

let referenceMap: ReturnType<typeof mapped> | undefined;
/** The map of the package without faults, made once. */
const mappedReference = () => (referenceMap ??= mapped('reference'));

const BLOB = /^\/blobs\//;
const FAULTS: Readonly<Record<string, () => ChooseFault>> = {
  'a server that is too busy': () => {
    const search = firstTimes(1, /\/search/, { type: 'status', status: 429, retryAfter: 1 });
    const file = firstTimes(2, BLOB, { type: 'status', status: 429, retryAfter: 0 });
    return (request) => search(request) ?? file(request);
  },
  // Rare enough that no request fails at all five attempts.
  'failures of the server': () => everyNth(9, /blobs|search|token/, { type: 'status', status: 500 }),
  'cut connections': () => everyNth(4, /blobs|search/, { type: 'cut' }),
  'answers that are too short': () => everyNth(4, BLOB, { type: 'short', by: 10 }),
  'tokens that expire': () => everyNth(4, BLOB, { type: 'expire' }),
  'a slow server': () => everyNth(3, /./, { type: 'slow', milliseconds: 20 }),
  'a redirect to another host': () => everyNth(2, BLOB, { type: 'redirect' }),
};

describe('acquire, package, infer and evaluate of an archive', () => {
  it('find the flood', async () => {
    expect(Object.keys(reference).sort()).toEqual([
      'DEM.tif',
      'S1RTC-event.tif',
      'S1RTC-pre_event.tif',
      'S2L2A-event.tif',
      'S2L2A-pre_event.tif',
      'chips.csv',
      'label.tif',
      'manifest',
      'package-run.json',
      'scene.json',
      'valid.tif',
    ]);
    const { classes } = await mappedReference();
    const water = classes.find(({ name }) => name === 'water');
    // The water is 24 columns wide; those at its borders are mixed by the resampling.
    expect(water?.iou).toBeGreaterThan(0.85);
  });

  it.each(Object.entries(FAULTS))('end with the same bytes after %s', async (name, fault) => {
    const { server } = archive;
    const before = server.requests.length;
    let faults = 0;
    const choose = fault();
    server.fault = (request) => {
      const chosen = choose(request);
      if (chosen !== null) faults++;
      return chosen;
    };
    expect(await packaged(name)).toEqual(reference);
    expect(faults).toBeGreaterThan(0);
    expect(server.requests.length).toBeGreaterThan(before);
  });

  it('end with the same map after all faults in turn', async () => {
    const all = Object.values(FAULTS).map((fault) => fault());
    archive.server.fault = (request) => all[request.n % all.length](request);
    expect(await packaged('all')).toEqual(reference);
    archive.server.fault = null;
    expect(await mapped('all')).toEqual(await mappedReference());
  });

  it('send no credential to another host', async () => {
    const { requests } = archive.server;
    const elsewhere = requests.filter(({ other }) => other);
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(JSON.stringify(elsewhere)).not.toMatch(/sig=|SECRET|authorization/i);
    // The key is sent only to the token endpoint.
    const withKey = requests.filter(({ headers }) => JSON.stringify(headers).includes(KEY));
    expect(withKey.length).toBeGreaterThan(0);
    expect(withKey.every(({ path }) => path.startsWith('/sas/'))).toBe(true);
  });
});

describe('credentials and signatures', () => {
  /** The map of a scene with signatures in its addresses, and its folder. */
  async function mappedFromAddresses(): Promise<string> {
    const { server } = archive;
    const answer = await fetch(`${server.url}/sas/v1/token/archive/data`);
    const { token } = (await answer.json()) as { token: string };
    const hrefOf = (band: string) => `${server.blob(`s1-event-${band}.tif`)}?${token}`;
    const scene = join(folder, 'signed-scene.json');
    const { grid } = JSON.parse(await readFile(join(folder, 'reference', 'scene.json'), 'utf8'));
    const event = { VV: { href: hrefOf('vv') }, VH: { href: hrefOf('vh') } };
    const inputs = { S1RTC: { units: 'linear_power', phases: { event } } };
    await writeFile(scene, JSON.stringify({ schemaVersion: 1, grid, phases: ['event'], inputs }));
    const output = join(folder, 'signed-map');
    const model = bundledModel('water-threshold');
    await infer({ scene, model, output, provider: 'cpu', onProgress, ...cpu });
    await rm(scene);
    return output;
  }

  it('are in no manifest, package, map, plan, record or message', async () => {
    const map = await mappedFromAddresses();
    const files = await contents(folder);
    expect(Object.keys(files)).toContain(relative(folder, join(map, 'run.json')));
    const found = Object.entries(files).filter(([, bytes]) =>
      SECRET.test(Buffer.from(bytes, 'base64').toString('latin1')),
    );
    expect(found.map(([name]) => name)).toEqual([]);
    expect(reported.length).toBeGreaterThan(0);
    expect(JSON.stringify(reported)).not.toMatch(SECRET);
  });

  it.each<[string, ArchiveFault]>([
    ['refuses', { type: 'status', status: 403, body: { message: 'sig=OLD-SECRET is not valid' } }],
    ['does not find', { type: 'status', status: 404 }],
  ])('are in no error when the server %s a file', async (_, fault) => {
    archive.server.fault = (request) => (BLOB.test(request.path) ? fault : null);
    const error = await failure(packaged('refused'));
    expect(error.message).toMatch(/\/blobs\/archive\/data\/\S+\.tif/);
    expect(textOf(error)).not.toMatch(SECRET);
  });
});

describe('failures are one sentence:', () => {
  const sentence = async (run: Promise<unknown>): Promise<string> => {
    const { message } = await failure(run);
    expect(message).toMatch(/^[^\n]{20,600}$/);
    expect(message).toMatch(/; /);
    return message;
  };

  it.each<[string, object, RegExp]>([
    ['a missing field', { name: undefined }, /event\.json.*name: is missing/],
    ['a reversed bbox', { bbox: [6.3, 49.6, 6.2, 49.5] }, /has the bbox .*, which is reversed or empty/],
    [
      'a date that is none',
      { phase_dates: { event: '2021-07-45' } },
      /has "2021-07-45" as phase_dates\.event, which is no date/,
    ],
    ['an unknown collection', { modalities: { S1RTC: { collection: 'sentinel-9' } } }, /sentinel-9/],
  ])('an event with %s', async (_, changes, message) => {
    const event = join(folder, 'bad-event.json');
    await writeFile(event, JSON.stringify({ ...archive.document, ...changes }));
    const output = join(folder, 'bad.json');
    expect(await sentence(acquire({ event, output }))).toMatch(message);
    await expect(readFile(output)).rejects.toThrow(/ENOENT/);
  });

  it.each<[string, (manifest: Manifest) => unknown, RegExp]>([
    ['without a field', ({ event: _, ...rest }) => rest, /event: is missing/],
    [
      'with an item without assets',
      (manifest) => {
        delete manifest.selected.event.S1RTC.assets;
        return manifest;
      },
      /has no href for vv of the item s1-event; add assets/,
    ],
    [
      'with an unknown collection',
      (manifest) => {
        delete manifest.selected.event.S1RTC.units;
        return { ...manifest, collections: { ...manifest.collections, S1RTC: 'sentinel-9' } };
      },
      /has no units for S1RTC; add units/,
    ],
    [
      'with a reversed bbox',
      (manifest) => ({ ...manifest, event: { ...manifest.event, bbox: [6.3, 49.6, 6.2, 49.5] } }),
      /bad-manifest\.json has the bbox .*, which is reversed or empty/,
    ],
    [
      'with a phase whose name leads out of the folder',
      (manifest) => ({ ...manifest, phase_order: ['../../event'] }),
      /bad-manifest\.json.*phase_order.*must not begin with/,
    ],
    [
      'whose label is a zip file with a path outside',
      (manifest) => ({ ...manifest, label: { href: 'evil.zip' } }),
      /evil\.zip.*\.\.\/flood\.geojson/,
    ],
  ])('a manifest %s', async (_, change, message) => {
    await writeFile(
      join(folder, 'evil.zip'),
      buildZip([{ name: '../flood.geojson', bytes: Buffer.from('{}') }]),
    );
    const manifest = join(folder, 'bad-manifest.json');
    const good = JSON.parse(await readFile(join(folder, 'reference.json'), 'utf8'));
    await writeFile(manifest, JSON.stringify(change(good)));
    const packaging = packageManifest({ manifest, output: join(folder, 'bad'), ...cpu });
    expect(await sentence(packaging)).toMatch(message);
  });

  it('missing credentials, and an expired signature that cannot be renewed', async () => {
    const { server } = archive;
    const access = combineAccess();
    const url = server.blob('dem-data.tif');
    expect(await sentence(openRaster(url, { access }))).toMatch(/dem-data\.tif.*409/);
    const message = await sentence(openRaster(`${url}${OLD_SIGNATURE}`, { access }));
    expect(message).toMatch(/dem-data\.tif.*403/);
    expect(message).not.toMatch(SECRET);
  });
});
