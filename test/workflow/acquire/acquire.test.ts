import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../src/progress.js';
import { readAcquisition } from '../../../src/workflow/acquisition.js';
import { type AcquireOptions, acquire } from '../../../src/workflow/index.js';
import { temporaryFolder } from '../../support/files.js';
import { LUXEMBOURG_EVENT, LUXEMBOURG_ITEMS } from '../../support/luxembourg.js';

let folder: string;
const output = (): string => join(folder, 'manifest.json');

beforeAll(async () => {
  folder = await temporaryFolder();
  await saved(LUXEMBOURG_ITEMS);
});

async function saved(features: readonly unknown[], name = 'items.json'): Promise<void> {
  await writeFile(join(folder, name), JSON.stringify({ type: 'FeatureCollection', features }));
}

/** Runs `acquire` on an event file, and returns its report, the manifest and the warnings. */
async function acquired(changes: object = {}, options: Partial<AcquireOptions> = {}) {
  const event = join(folder, 'event.json');
  await writeFile(event, JSON.stringify({ ...LUXEMBOURG_EVENT, catalog: 'items.json', ...changes }));
  const events: ProgressEvent[] = [];
  const onProgress = (progress: ProgressEvent) => events.push(progress);
  const report = await acquire({ event, output: output(), onProgress, ...options });
  const { document } = await readAcquisition(output());
  const warnings = events.flatMap((progress) => (progress.type === 'warning' ? [progress.message] : []));
  return { report, document, warnings };
}

/** The first item of a modality in each phase. */
type Document = Awaited<ReturnType<typeof acquired>>['document'];
const firsts = (document: Document, modality: string) =>
  Object.fromEntries(Object.entries(document.selected).map(([phase, of]) => [phase, of[modality]?.[0]]));

describe('the choice of the published notebook', () => {
  let document: Document;
  let warnings: string[];
  beforeAll(async () => {
    ({ document, warnings } = await acquired({}, { likeSeed: true }));
  });

  // The tables printed by the notebook.
  it('has its scenes of Sentinel-2', () => {
    const chosen = firsts(document, 'S2L2A');
    const row = (phase: string) => {
      const item = chosen[phase];
      return [item.datetime?.slice(0, 10), item.days_from_phase, item.aoi_overlap_frac?.toFixed(6)];
    };
    expect(row('event')).toEqual(['2021-07-21', 6, '0.840362']);
    expect(row('post_event')).toEqual(['2021-07-21', 3, '0.840362']);
    expect(row('pre_event')).toEqual(['2021-07-21', 10, '0.840362']);
    expect(row('pre_month')).toEqual(['2021-06-11', 4, '0.840362']);
    expect(chosen.event['eo:cloud_cover']).toBe(3.280537);
    expect(chosen.pre_month['eo:cloud_cover']).toBe(16.999946);
  });

  it('has its scenes of Sentinel-1', () => {
    const chosen = firsts(document, 'S1RTC');
    const row = (phase: string) => {
      const item = chosen[phase];
      return [item.datetime?.slice(0, 10), item.days_from_phase, item.aoi_overlap_frac, item.orbit_state];
    };
    expect(row('event')).toEqual(['2021-07-15', 0, 1, 'descending']);
    expect(row('post_event')).toEqual(['2021-07-15', 3, 1, 'descending']);
    expect(row('pre_event')).toEqual(['2021-07-10', 1, 1, 'descending']);
    expect(row('pre_month')).toEqual(['2021-06-16', 1, 1, 'descending']);
  });

  it('has its tiles of the elevation model', () => {
    const tiles = document.dem_items.map(({ id, aoi_overlap_frac: share }) => [id, share?.toFixed(6)]);
    expect(tiles).toEqual([
      ['Copernicus_DSM_COG_10_N49_00_E006_00_DEM', '0.500505'],
      ['Copernicus_DSM_COG_10_N49_00_E005_00_DEM', '0.252518'],
      ['Copernicus_DSM_COG_10_N50_00_E006_00_DEM', '0.164177'],
      ['Copernicus_DSM_COG_10_N50_00_E005_00_DEM', '0.082799'],
    ]);
  });

  it('is one scene per phase, and reports phases that share one', () => {
    for (const phase of Object.values(document.selected)) {
      for (const items of Object.values(phase)) expect(items).toHaveLength(1);
    }
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^the phases pre_event and event and post_event have one scene of S2L2A in common: S2A_[^,]*$/,
      ),
    );
    expect(document.selection?.warnings).toEqual(warnings);
    expect(document.selection?.like_seed).toBe(true);
  });
});

describe('the choice of scenes', () => {
  it('refuses a phase that has scenes only on the wrong side, and names the nearest', async () => {
    await expect(acquired()).rejects.toThrow(
      /event\.json finds no S2L2A \(sentinel-2-l2a\) for the phase pre_event from 2021-07-01 to 2021-07-21; the nearest are S2A_MSIL2A_20210711T104031_R008_T31UGR_20210711T200000 of 2021-07-11 \(91 % clouds over its tile, above 25\), .*; widen window_days/,
    );
  });

  it('leaves out such a phase on request', async () => {
    const { document, report, warnings } = await acquired({}, { allowMissing: true });
    expect(report.missing).toEqual([{ phase: 'pre_event', modality: 'S2L2A' }]);
    expect(document.selection?.missing).toEqual({ pre_event: ['S2L2A'] });
    expect(document.selected.pre_event.S2L2A).toBeUndefined();
    expect(document.selected.pre_event.S1RTC).toHaveLength(1);
    expect(warnings.some((message) => message.includes('finds no S2L2A'))).toBe(true);
  });

  it('takes the tiles of one date together', async () => {
    const { document, report } = await acquired({}, { allowMissing: true });
    const names = document.selected.event.S2L2A.map(({ id }) => id.split('_')[4]);
    expect(names).toEqual(['T31UGR', 'T31UGQ', 'T31UFR']);
    expect(document.selected.event.S2L2A.some(({ fills_gaps: fills }) => fills)).toBe(false);
    const phase = report.phases.find((of) => of.phase === 'event' && of.modality === 'S2L2A');
    expect(phase?.covered).toBeGreaterThan(0.99);
  });

  it('takes no scene before the event for a phase after it', async () => {
    const phases = { post_event: { window_days: 4 } };
    const { document, warnings } = await acquired({ phases }, { allowMissing: true });
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^the phases event and post_event have 3 scenes of S2L2A in common: S2A_\w+, S2A_\w+, S2A_\w+$/,
      ),
    );
    for (const name of ['event', 'post_event']) {
      for (const { datetime = '' } of Object.values(document.selected[name]).flat()) {
        expect(datetime >= '2021-07-15').toBe(true);
      }
    }
  });

  it('writes units by collection and processing baseline, and addresses without signatures', async () => {
    const items = LUXEMBOURG_ITEMS.map((item) => {
      const baseline = item.id.includes('20210721') ? '05.00' : '03.01';
      const assets = Object.fromEntries(
        Object.entries(item.assets).map(([key, asset]) => [
          key,
          { ...asset, href: `${asset.href}?st=2021&se=2022&sp=rl&sr=c&sig=SECRET` },
        ]),
      );
      return { ...item, assets, properties: { ...item.properties, 's2:processing_baseline': baseline } };
    });
    await saved(items, 'signed.json');
    const { document } = await acquired({ catalog: 'signed.json' }, { allowMissing: true });
    const units = (phase: string, modality: string) =>
      document.selected[phase][modality].map(({ units: own }) => own);
    expect(units('pre_month', 'S2L2A')).toEqual(['dn_harmonised', 'dn_harmonised']);
    expect(new Set(units('event', 'S2L2A'))).toEqual(new Set(['dn_offset_1000']));
    expect(units('event', 'S1RTC')).toEqual(['linear_power']);
    expect(document.dem_items[0].units).toBe('m');
    const text = await readFile(output(), 'utf8');
    expect(text).not.toContain('SECRET');
    expect(text).toMatch(/S1A_[^"]*\/vv\.tif"/);
  });

  it('is refused for a collection that the catalog lacks', async () => {
    const modalities = { S2L2A: { collection: 'sentinel-2-l1c' } };
    await expect(acquired({ modalities })).rejects.toThrow(
      /items\.json has no items of the collection "sentinel-2-l1c"; it has sentinel-2-l2a/,
    );
  });

  it('is refused for items without the assets', async () => {
    const modalities = { S1RTC: { assets: ['vv', 'hh'] } };
    await expect(acquired({ modalities })).rejects.toThrow(/finds no S1RTC .*\(lacks hh\)/);
    const noTiles = { DEM: { assets: ['elevation'] } };
    await expect(acquired({ modalities: noTiles })).rejects.toThrow(/finds no DEM .* with elevation/);
  });

  it('may be of one orbit', async () => {
    const modalities = { S1RTC: { orbit_state: 'ascending' } };
    const { report } = await acquired({ modalities }, { allowMissing: true });
    expect(report.phases.map(({ phase, scenes }) => [phase, scenes[0].datetime?.slice(0, 10)])).toEqual([
      ['pre_month', '2021-06-19'],
    ]);
  });
});
