import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { planetaryComputerAccess } from '../../src/archives/index.js';
import { combineAccess, setDefaultAccess, setRequestLimits } from '../../src/io/index.js';
import type { ProgressEvent } from '../../src/progress.js';
import { acquire, bundledModel, evaluateMap, infer, packageManifest } from '../../src/workflow/index.js';
import { type ChooseFault, everyNth, firstTimes } from '../support/archive-server.js';
import { contents, temporaryFolder } from '../support/files.js';
import { type FloodArchive, startFloodArchive } from '../support/flood-archive.js';

const cpu = { backend: 'cpu', threads: 0 } as const;
const KEY = 'SUBSCRIPTION-SECRET';

let folder: string;
let archive: FloodArchive;
let reference: Readonly<Record<string, string>>;
/** Everything that runs reported. */
const reported: ProgressEvent[] = [];
const onProgress = (event: ProgressEvent): void => void reported.push(event);

beforeAll(async () => {
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
  // Forgets the pace of a server that said 429.
  setRequestLimits({});
});
afterAll(() => setDefaultAccess(combineAccess()));

/** Acquires and packages the event; returns the files of the package and the manifest. */
async function packaged(name: string): Promise<Record<string, string>> {
  const manifest = join(folder, `${name}.json`);
  await acquire({ event: archive.event, output: manifest, onProgress });
  const output = join(folder, name);
  await packageManifest({ manifest, output, onProgress, ...cpu });
  return { ...(await contents(output)), manifest: await readFile(manifest, 'utf8') };
}

/** Maps and scores a package; returns the files of the map without those that record the run, and the scores. */
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

const BLOB = /^\/blobs\//;
const FAULTS: Readonly<Record<string, () => ChooseFault>> = {
  'a server that is too busy': () => {
    const search = firstTimes(1, /\/search/, { type: 'status', status: 429, retryAfter: 1 });
    const file = firstTimes(2, BLOB, { type: 'status', status: 429, retryAfter: 0 });
    return (request) => search(request) ?? file(request);
  },
  'failures of the server': () => everyNth(3, /blobs|search|token/, { type: 'status', status: 500 }),
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
      'scene.json',
      'valid.tif',
    ]);
    const { classes } = await mapped('reference');
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
    expect(await mapped('all')).toEqual(await mapped('reference'));
  });

  it('send no credential to another host', async () => {
    const { requests } = archive.server;
    const elsewhere = requests.filter(({ other }) => other);
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(JSON.stringify(elsewhere)).not.toMatch(/sig=|SECRET|authorization/i);
    // The key goes to the endpoint of tokens only.
    const withKey = requests.filter(({ headers }) => JSON.stringify(headers).includes(KEY));
    expect(withKey.length).toBeGreaterThan(0);
    expect(withKey.every(({ path }) => path.startsWith('/sas/'))).toBe(true);
  });
});
