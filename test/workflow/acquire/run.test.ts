import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { planetaryComputerAccess } from '../../../src/archives/index.js';
import { acquire, evaluateMap, infer, packageManifest } from '../../../src/workflow/index.js';
import {
  type ArchiveFault,
  type ArchiveServer,
  type ChooseFault,
  everyNth,
  firstTimes,
  startArchiveServer,
} from '../../support/archive-server.js';
import { temporaryFolder } from '../../support/files.js';
import { smallArchive, smallEvent, smallFlood } from '../../support/small-event.js';

let server: ArchiveServer;
/** The same for all runs, since some files name their inputs. */
let folder: string;
/** What a run without faults writes: its package, and all of it. */
let expected: { readonly scene: Record<string, string>; readonly all: Record<string, string> };
let manifest: string;
let iou: number | null;

const at = (...names: string[]): string => join(folder, ...names);

const cpu = { backend: 'cpu', threads: 0 } as const;

/** From the event to its package, against the server as it is. */
async function packaged(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(at('flood.geojson'), JSON.stringify(smallFlood()));
  await writeFile(at('event.json'), JSON.stringify(smallEvent(`${server.url}/stac`, 'flood.geojson')));
  // A new access, so that each run asks for its own tokens.
  const { containerOf, url } = server;
  const retry = { delay: 2, maxDelay: 20 };
  const access = planetaryComputerAccess({ endpoint: `${url}/sas/v1`, containerOf, retry });
  await acquire({ event: at('event.json'), output: at('manifest.json'), access, retry });
  await packageManifest({ manifest: at('manifest.json'), output: at('scene'), access, retry, ...cpu });
}

/** From its package to the score of its map. @returns intersection over union of the flood */
async function mapped(): Promise<number | null> {
  await infer({ scene: at('scene'), model: 'water-threshold', output: at('map'), provider: 'cpu', ...cpu });
  const metrics = await evaluateMap({ map: at('map'), label: at('flood.geojson') });
  return metrics.classes[1]?.iou ?? null;
}

/** Digests of all files, without the records of the moment at which a map was made. */
async function digests(): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !['run.json', 'item.json'].includes(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
  const files = names.sort().map(async (name) => {
    const digest = createHash('sha256').update(await readFile(name));
    return [name.slice(folder.length + 1), digest.digest('hex')];
  });
  return Object.fromEntries(await Promise.all(files));
}

beforeAll(async () => {
  folder = join(await temporaryFolder(), 'run');
  server = await startArchiveServer({ ...(await smallArchive()), signed: true });
  await packaged();
  const scene = await digests();
  manifest = await readFile(at('manifest.json'), 'utf8');
  iou = await mapped();
  expected = { scene, all: await digests() };
});

describe('from an event to the score of its map', () => {
  it('chooses scenes by phase, and finds the flood', () => {
    const { pre_event: before, event } = JSON.parse(manifest).selected;
    expect(before.S1RTC.map(({ id }: { id: string }) => id)).toEqual(['S1_before_west', 'S1_before_east']);
    expect(event.S1RTC.id).toBe('S1_event');
    // The nearer scene has clouds over three quarters of the area, whatever its item says.
    expect(before.S2L2A).toMatchObject({
      id: 'S2_before',
      cloud_over_area: 0,
      cloud_source: 'scl',
      units: 'dn_harmonised',
    });
    expect(event.S2L2A).toMatchObject({ id: 'S2_after', units: 'dn_offset_1000' });
    // Six columns and what the box has beside them, of some 52 columns.
    expect(event.S2L2A.cloud_over_area).toBeGreaterThan((100 * 6) / 54);
    expect(event.S2L2A.cloud_over_area).toBeLessThan((100 * 8) / 52);
    expect(Object.keys(expected.all)).toContain('map/classes.tif');
    expect(iou).toBeGreaterThan(0.95);
  });

  it('signs addresses as they are read, and writes no signature', async () => {
    const signed = server.requests.filter(({ path }) => path.includes('sig='));
    expect(signed.length).toBeGreaterThan(5);
    const texts = Object.keys(expected.all).filter((name) => /json|csv/.test(name));
    for (const name of [...texts, 'map/run.json']) {
      expect(await readFile(join(folder, name), 'latin1')).not.toMatch(/[?&]sig=|[?&]se=/);
    }
  });

  const blobs = /^\/blobs\//;
  const all = /^\//;
  it.each<[string, () => ChooseFault]>([
    ['429 with Retry-After', () => both(firstTimes(1, /^\/stac/, limited), firstTimes(2, blobs, limited))],
    ['500', () => everyNth(4, all, { type: 'status', status: 500 })],
    ['503 of tokens', () => firstTimes(2, /^\/sas/, { type: 'status', status: 503 })],
    ['cut connections', () => everyNth(4, all, { type: 'cut' })],
    ['short answers', () => everyNth(4, all, { type: 'short', by: 7 })],
    ['a slow server', () => everyNth(5, all, { type: 'slow', milliseconds: 100 })],
    [
      'tokens that end in the middle',
      () => both(nth(2, blobs, { type: 'expire' }), nth(9, blobs, { type: 'expire' })),
    ],
    ['a redirect to another host', () => everyNth(2, blobs, { type: 'redirect' })],
  ])('writes the same package after %s', async (name, fault) => {
    const choose = fault();
    let faults = 0;
    server.fault = (request) => {
      const chosen = choose(request);
      if (chosen !== null) faults++;
      return chosen;
    };
    server.requests.length = 0;
    await packaged();
    server.fault = null;
    expect(faults).toBeGreaterThan(1);
    expect(await digests()).toEqual(expected.scene);
    // Redirects, and only they, lead to the other host.
    const redirected = server.requests.filter((request) => request.other);
    expect(redirected).toHaveLength(name === 'a redirect to another host' ? faults : 0);
    for (const { path, headers } of redirected) {
      expect(path).not.toMatch(/sig=/);
      expect(headers).not.toHaveProperty('authorization');
    }
  });

  it('writes the same map and scores after all of them at once', async () => {
    const faults: ArchiveFault[] = [
      { type: 'status', status: 500 },
      { type: 'cut' },
      { type: 'redirect' },
      { type: 'short', by: 7 },
      { type: 'slow', milliseconds: 30 },
      limited,
    ];
    let count = 0;
    server.fault = ({ path }) => {
      count++;
      if (count === 12) return { type: 'expire' };
      const fault = count % 3 === 0 ? faults[(count / 3) % faults.length] : null;
      return fault?.type === 'redirect' && !blobs.test(path) ? null : fault;
    };
    await packaged();
    server.fault = null;
    expect(await mapped()).toBe(iou);
    expect(await digests()).toEqual(expected.all);
    expect(count).toBeGreaterThan(24);
  });
});

/** The n-th of the requests whose path matches has this fault. */
function nth(n: number, path: RegExp, fault: ArchiveFault): ChooseFault {
  let count = 0;
  return (request) => (path.test(request.path) && ++count === n ? fault : null);
}

const limited: ArchiveFault = { type: 'status', status: 429, retryAfter: 0 };

function both(...faults: readonly ChooseFault[]): ChooseFault {
  return (request) => faults.map((fault) => fault(request)).find((fault) => fault !== null) ?? null;
}
