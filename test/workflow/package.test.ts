import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_PARAMETERS, simulateEvent, writeEvent } from '../../demo/event/index.js';
import { GeoBox } from '../../src/geo/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import type { AcquisitionDocument } from '../../src/workflow/acquisition.js';
import {
  bundledModel,
  infer,
  type PackageReport,
  packageManifest,
  warpFile,
} from '../../src/workflow/index.js';
import { readScene } from '../../src/workflow/scene.js';

const folder = mkdtempSync(join(tmpdir(), 'terrachip-package-'));
const event = join(folder, 'event');
const output = join(folder, 'package');
let report: PackageReport;
let document: AcquisitionDocument;

beforeAll(async () => {
  const { manifest } = await writeEvent(
    simulateEvent(4, DEMO_PARAMETERS, { width: 300, height: 270 }),
    event,
  );
  document = JSON.parse(await readFile(manifest, 'utf8'));
  report = await packageManifest({ manifest, output, backend: 'cpu', threads: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function band(path: string, index: number): Promise<Float32Array> {
  const raster = await openRaster(path);
  try {
    const window = { x: 0, y: 0, width: raster.width, height: raster.height };
    return (await raster.readPlanes({ window, bands: [index] }))[0] as Float32Array;
  } finally {
    await raster.close();
  }
}

async function warped(source: string): Promise<Float32Array> {
  const destination = join(folder, 'warped.tif');
  await warpFile({
    source,
    destination,
    grid: { like: join(output, 'DEM.tif') },
    resampling: 'bilinear',
    dtype: 'float32',
    nodata: Number.NaN,
    backend: 'cpu',
    threads: 0,
  });
  return band(destination, 1);
}

/** The manifest with some members changed, in a file beside it. */
async function changed(changes: Partial<AcquisitionDocument>): Promise<string> {
  const path = join(event, 'changed.json');
  await writeFile(path, JSON.stringify({ ...document, ...changes }));
  return path;
}

describe('package', () => {
  it("makes the notebooks' grid", () => {
    const grid = GeoBox.fromBounds(document.event.bbox, 'EPSG:32632', 10, { anchor: 'fit' });
    expect(report.grid).toEqual(grid.toJSON());
  });

  it('is equal to warping each band alone', async () => {
    expect(await band(join(output, 'S1RTC-event.tif'), 2)).toEqual(
      await warped(join(event, 's1-event-vh.tif')),
    );
    expect(await band(join(output, 'S2L2A-pre_event.tif'), 10)).toEqual(
      await warped(join(event, 's2-pre-event-B09.tif')),
    );
  });

  it('averages elevation tiles where they have data', async () => {
    const mosaic = await band(join(output, 'DEM.tif'), 1);
    const tiles: Float32Array[] = [];
    for (const { id } of document.dem_items) tiles.push(await warped(join(event, `${id}.tif`)));
    expect(tiles).toHaveLength(4);
    let several = 0;
    const expected = mosaic.map((_, k) => {
      const values = tiles.map((tile) => tile[k]).filter((value) => !Number.isNaN(value));
      if (values.length > 1) several++;
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    expect(mosaic).toEqual(expected);
    expect(several).toBe(0);
    expect(mosaic.some(Number.isNaN)).toBe(false);
  });

  it('marks the pixels where every band of every phase has data', async () => {
    const { width, height } = report.grid;
    const expected = new Uint8Array(width * height).fill(1);
    for (const modality of ['S1RTC', 'S2L2A']) {
      for (const phase of document.phase_order) {
        const count = document.assets[modality].length;
        for (let index = 1; index <= count; index++) {
          const values = await band(join(output, `${modality}-${phase}.tif`), index);
          values.forEach((value, k) => {
            if (Number.isNaN(value)) expected[k] = 0;
          });
        }
      }
    }
    expect(Array.from(await band(join(output, 'valid.tif'), 1))).toEqual(Array.from(expected));
    expect(report.validShare).toBeCloseTo(
      expected.reduce((sum, value) => sum + value, 0) / expected.length,
      12,
    );
  });

  it('lists chips that cover every pixel', async () => {
    const [header, ...lines] = (await readFile(join(output, 'chips.csv'), 'utf8')).trim().split('\n');
    expect(header).toBe('chip_id,row0,row1,col0,col1,chip_valid_fraction,label_fraction');
    const { width, height } = report.grid;
    const covered = new Uint8Array(width * height);
    const label = await band(report.label as string, 1);
    for (const line of lines) {
      const [, row0, row1, col0, col1, , share] = line.split(',').map(Number);
      let wet = 0;
      for (let row = row0; row < row1; row++) {
        covered.fill(1, row * width + col0, row * width + col1);
        for (let column = col0; column < col1; column++) wet += label[row * width + column];
      }
      expect(share).toBeCloseTo(wet / ((row1 - row0) * (col1 - col0)), 12);
    }
    expect(covered.every((value) => value === 1)).toBe(true);
  });

  it('is a scene that infer reads without resampling', async () => {
    const scene = await readScene(output);
    expect(scene.document.inputs.S1RTC.units).toBe('linear_power');
    expect(scene.document.inputs.S2L2A.units).toBe('dn_harmonised');
    const result = await infer({
      scene: output,
      model: bundledModel('water-threshold'),
      output: join(folder, 'map'),
      backend: 'cpu',
      threads: 0,
    });
    expect(result.plan.grid).toEqual(report.grid);
    const vv = await band(join(output, 'S1RTC-event.tif'), 1);
    const map = await band(join(folder, 'map', 'probability.tif'), 2);
    const missing = (values: Float32Array): boolean[] => Array.from(values, Number.isNaN);
    expect(missing(map)).toEqual(missing(vv));
  });

  it('refuses an incomplete manifest, naming the missing part', async () => {
    const attempt = async (changes: Partial<AcquisitionDocument>): Promise<unknown> =>
      packageManifest({
        manifest: await changed(changes),
        output: join(folder, 'no'),
        backend: 'cpu',
        threads: 0,
      });
    await expect(attempt({ units: {} })).rejects.toThrow(/units for S2L2A; add units/);
    const collections = { ...document.collections, S2L2A: 'constructor' };
    await expect(attempt({ units: {}, collections })).rejects.toThrow(/units for S2L2A; add units/);
    const { event: last, ...others } = document.selected;
    expect(last).toBeDefined();
    await expect(attempt({ selected: others })).rejects.toThrow(/selects nothing for the phase event/);
    const [tile] = document.dem_items;
    await expect(attempt({ dem_items: [{ ...tile, assets: {} }] })).rejects.toThrow(/has no href for data/);
    await expect(attempt({ dem_items: [] })).rejects.toThrow(/has no dem_items/);
  });
});
