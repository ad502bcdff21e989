import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { planetaryComputerAccess } from '../../../src/archives/index.js';
import { openRaster } from '../../../src/raster/node/index.js';
import { type AcquireOptions, acquire, packageManifest } from '../../../src/workflow/index.js';
import { type ArchiveServer, startArchiveServer } from '../../support/archive-server.js';
import { temporaryFolder } from '../../support/files.js';
import { smallArchive, smallEvent, smallFlood } from '../../support/small-event.js';

let server: ArchiveServer;
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startArchiveServer({ ...(await smallArchive()), signed: true });
  await writeFile(at('flood.geojson'), JSON.stringify(smallFlood()));
});

/** Options of the requests: each call requests its own tokens. */
function request(isSigning = true) {
  const { containerOf, url } = server;
  const retry = { attempts: 2, delay: 2 };
  const access = planetaryComputerAccess({ endpoint: `${url}/sas/v1`, containerOf, retry });
  return isSigning ? { access, retry } : { retry };
}

async function acquired(options: Partial<AcquireOptions> = request(), changes: object = {}) {
  const event = { ...smallEvent(`${server.url}/stac`, 'flood.geojson'), ...changes };
  await writeFile(at('event.json'), JSON.stringify(event));
  const report = await acquire({ event: at('event.json'), output: at('manifest.json'), ...options });
  return { report, manifest: JSON.parse(await readFile(at('manifest.json'), 'utf8')) };
}

describe('scenes of an archive', () => {
  it('are chosen by clouds over the area, from the scene classification', async () => {
    const { manifest } = await acquired();
    const { pre_event: before, event } = manifest.selected;
    // The nearer scene has clouds over three quarters of the area, unlike in its item.
    expect(before.S2L2A).toMatchObject({ id: 'S2_before', cloud_over_area: 0, cloud_source: 'scl' });
    expect(event.S2L2A).toMatchObject({ id: 'S2_after', units: 'dn_offset_1000', cloud_source: 'scl' });
    // Six columns and the margin of the box, of some 52 columns.
    expect(event.S2L2A.cloud_over_area).toBeGreaterThan((100 * 6) / 54);
    expect(event.S2L2A.cloud_over_area).toBeLessThan((100 * 8) / 52);
  });

  it('are chosen by the clouds of their tiles on request, or if no classification can be read', async () => {
    const tile = { id: 'S2_cloudy', cloud_source: 'tile', 'eo:cloud_cover': 20 };
    const asked = await acquired({ ...request(), clouds: 'tile' });
    expect(asked.manifest.selected.pre_event.S2L2A).toMatchObject(tile);
    expect(asked.report.warnings).toEqual([]);
    const unsigned = await acquired(request(false));
    expect(unsigned.manifest.selected.pre_event.S2L2A).toMatchObject(tile);
    expect(unsigned.report.warnings).toEqual([
      expect.stringMatching(/^cloud cover is that of whole scenes, .*SCL\.tif answered 409/),
    ]);
  });

  it('are found on all pages, for any kind of links', async () => {
    const { manifest } = await acquired();
    server.api.pageSize = 1;
    server.api.post = false;
    server.api.paging = 'href';
    expect((await acquired()).manifest).toEqual(manifest);
    Object.assign(server.api, { pageSize: 10, post: true, paging: 'merge' });
  });

  it('of one pass are packaged as a mosaic', async () => {
    const { manifest } = await acquired();
    const { S1RTC } = manifest.selected.pre_event;
    expect(S1RTC.map(({ id }: { id: string }) => id)).toEqual(['S1_before_west', 'S1_before_east']);
    const options = { ...request(), backend: 'cpu', threads: 0, anchor: 'snap' } as const;
    const report = await packageManifest({ manifest: at('manifest.json'), output: at('scene'), ...options });
    expect(report.validShare).toBe(1);
    const image = await openRaster(at('scene', 'S1RTC-pre_event.tif'));
    const [vv] = await image.readPlanes({ window: { x: 0, y: 30, width: image.width, height: 1 } });
    await image.close();
    // Values of the archive on its own grid; they depend on the position, not on the scene.
    const [left, , , top] = image.geobox?.bounds ?? [0, 0, 0, 0];
    const [x0, y0] = [(left - 300_000) / 10, (5_500_600 - top) / 10 + 30];
    const expected = Array.from(vv, (_, k) => Math.fround(0.1 * (1 + (((x0 + k) * 7 + y0 * 13) % 10) / 50)));
    expect(Array.from(vv)).toEqual(expected);
  });

  it('of a collection that the archive lacks are missing', async () => {
    const modalities = { S1RTC: { collection: 'sentinel-9' } };
    await expect(acquired(request(), { modalities })).rejects.toThrow(
      /finds no S1RTC \(sentinel-9\) for the phase pre_event from 2021-07-06 to 2021-07-14; none is near; widen/,
    );
  });
});
