import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openNpy, openRaster } from '../../../src/raster/node/index.js';
import { listChips, startsOfWhole } from '../../../src/workflow/chip-index.js';
import {
  bundledModel,
  evaluateMap,
  infer,
  type PackageReport,
  packageManifest,
} from '../../../src/workflow/index.js';
import { type RowMask, ValidPixels } from '../../../src/workflow/package/valid-pixels.js';
import { temporaryFolder } from '../../support/files.js';

/** Made by scripts/truth/npy_package.py with rasterio 1.3.5 (GDAL 3.6.2) and pandas. */
const FIXTURE = 'test/fixtures/package';
const manifest = join(FIXTURE, 'manifest.json');
const model = bundledModel('water-threshold');
const cpu = { backend: 'cpu', threads: 0 } as const;

let folder: string;
let output: string;
let arrays: string;
let report: PackageReport;

beforeAll(async () => {
  folder = await temporaryFolder();
  output = join(folder, 'package');
  arrays = join(output, 'full_scene');
  report = await packageManifest({ manifest, output, format: 'npy', ...cpu });
});

async function npy(path: string) {
  await using array = await openNpy(path);
  const { data } = await array.read();
  return { shape: array.shape, dtype: array.storedType, data };
}

async function json(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** A copy of the package, with another document. */
async function copied(name: string, change: (document: Record<string, unknown>) => void): Promise<string> {
  const copy = join(folder, name);
  await cp(output, copy, { recursive: true });
  const path = join(copy, 'full_scene', 'luxembourg_multimodal_2step_full_scene.json');
  const document = await json(path);
  change(document);
  await writeFile(path, JSON.stringify(document));
  return copy;
}

/** The water probability of a scene. */
async function mapOf(scene: string, name: string): Promise<Float32Array> {
  const map = join(folder, name);
  await infer({ scene, model, output: map, provider: 'cpu', ...cpu });
  await using raster = await openRaster(join(map, 'probability.tif'));
  const [, water] = await raster.readPlanes();
  return Float32Array.from(water);
}

describe('package --format npy', () => {
  it("has the notebooks' files", async () => {
    expect((await readdir(output, { recursive: true })).sort()).toEqual([
      'chip_manifest_multimodal.csv',
      'full_scene',
      'full_scene/DEM_full.npy',
      'full_scene/S1RTC_full.npy',
      'full_scene/S2L2A_full.npy',
      'full_scene/luxembourg_label_max_flood.npy',
      'full_scene/luxembourg_multimodal_2step_full_scene.json',
      'full_scene/valid_mask_full.npy',
      'package-run.json',
    ]);
    const grid = await json(join(FIXTURE, 'grid.json'));
    const document = await json(report.scene);
    expect(document).toEqual({
      crs: grid.crs,
      transform: grid.transform.map((value: number) => expect.closeTo(value, 6)),
      width: grid.width,
      height: grid.height,
      bounds: grid.bounds.map((value: number) => expect.closeTo(value, 4)),
      phase_order: ['pre_event', 'event'],
      s1_bands: ['vv', 'vh'],
      s2_bands: ['B02', 'B11'],
      chip_size: 256,
      chip_stride: 208,
      min_chip_valid_frac: 0.8,
      full_files: {
        S1RTC: 'S1RTC_full.npy',
        S2L2A: 'S2L2A_full.npy',
        DEM: 'DEM_full.npy',
        valid_mask: 'valid_mask_full.npy',
        label: 'luxembourg_label_max_flood.npy',
      },
      event: 'luxembourg_flood_2021_multimodal',
      datetime: '2021-07-15T00:00:00Z',
      bands: { S1RTC: ['vv', 'vh'], S2L2A: ['B02', 'B11'], DEM: ['data'] },
      units: { S1RTC: 'linear_power', S2L2A: 'dn_harmonised', DEM: 'm' },
    });
  });

  // Both compute in float32; the Sentinel-2 values are about 2000.
  it.each([
    ['S1RTC', [2, 2, 21, 25], 1e-5],
    ['S2L2A', [2, 2, 21, 25], 0.01],
    ['DEM', [1, 21, 25], 0.01],
  ])("%s is rasterio's", async (modality, shape, tolerance) => {
    const written = await npy(join(arrays, `${modality}_full.npy`));
    const expected = await npy(join(FIXTURE, `${modality}.npy`));
    expect(written).toMatchObject({ shape, dtype: 'float32' });
    expect(expected.shape).toEqual(shape);
    expect(written.data).toBeCloseToArray(expected.data, tolerance);
  });

  it.each([
    ['valid_mask_full.npy', 'valid.npy'],
    ['luxembourg_label_max_flood.npy', 'label.npy'],
  ])("%s is rasterio's", async (name, truth) => {
    const { shape, dtype, data } = await npy(join(arrays, name));
    expect({ shape, dtype }).toEqual({ shape: [21, 25], dtype: 'uint8' });
    expect(data).toEqual((await npy(join(FIXTURE, truth))).data);
  });

  it('keeps the units of each phase', async () => {
    const document = await json(manifest);
    document.selected.event.S2L2A.units = 'dn_offset_1000';
    const other = join(folder, 'fixture');
    await cp(FIXTURE, other, { recursive: true });
    await writeFile(join(other, 'manifest.json'), JSON.stringify(document));
    const target = join(folder, 'phases');
    const { scene } = await packageManifest({
      manifest: join(other, 'manifest.json'),
      output: target,
      format: 'npy',
      ...cpu,
    });
    expect((await json(scene)).units.S2L2A).toEqual({ pre_event: 'dn_harmonised', event: 'dn_offset_1000' });
  });

  it('refuses a phase that the manifest declares missing, and writes nothing', async () => {
    const document = await json(manifest);
    delete document.selected.event.S2L2A;
    document.selection = { missing: { event: ['S2L2A'] } };
    const path = join(folder, 'fixture', 'missing.json');
    await cp(FIXTURE, join(folder, 'fixture'), { recursive: true });
    await writeFile(path, JSON.stringify(document));
    const target = join(folder, 'missing');
    await expect(packageManifest({ manifest: path, output: target, format: 'npy', ...cpu })).rejects.toThrow(
      /has no S2L2A for the phase event, which its array needs; add it, or package as COGs/,
    );
    await expect(readdir(target)).rejects.toThrow(/ENOENT/);
  });

  it('leaves no incomplete array behind', async () => {
    const other = join(folder, 'broken');
    await cp(FIXTURE, other, { recursive: true });
    await writeFile(join(other, 's2-event-B11.tif'), 'no raster');
    const target = join(folder, 'stopped');
    const packaging = packageManifest({
      manifest: join(other, 'manifest.json'),
      output: target,
      format: 'npy',
      ...cpu,
    });
    await expect(packaging).rejects.toThrow(/s2-event-B11\.tif/);
    await expect(readdir(target)).rejects.toThrow(/ENOENT/);
    const [run] = await readdir(`${target}.run`);
    expect(await readdir(join(`${target}.run`, run, 'package', 'full_scene'))).toEqual(['S1RTC_full.npy']);
  });
});

function maskOf(values: Uint8Array, width: number): RowMask {
  return {
    width,
    height: values.length / width,
    rows: ({ start, end }) => values.subarray(start * width, end * width),
  };
}

describe('the list of chips', () => {
  it("is pandas'", async () => {
    const [height, width] = [700, 900];
    const place = Array.from({ length: height * width }, (_, k) => [Math.floor(k / width), k % width]);
    const valid = Uint8Array.from(place, ([y, x]) => (y + x > 300 && (y * 7 + x * 3) % 11 > 0 ? 1 : 0));
    const label = Uint8Array.from(place, ([, x]) => (x % 97 < 20 ? 1 : 0));
    const { text, windows, kept } = listChips({
      prefix: 'lux',
      valid: maskOf(valid, width),
      label: maskOf(label, width),
      rowStarts: startsOfWhole(height),
      columnStarts: startsOfWhole(width),
      minValid: 0.8,
    });
    expect(text).toBe(await readFile(join(FIXTURE, 'chips.csv'), 'utf8'));
    expect([windows, kept]).toEqual([12, 11]);
  });

  it('has 1120 windows on the grid of Luxembourg, 6033 × 8449 pixels', () => {
    const [rows, columns] = [startsOfWhole(8449), startsOfWhole(6033)];
    expect(rows.length * columns.length).toBe(1120);
    // 39 · 208 + 256 = 8368 rows and 27 · 208 + 256 = 5872 columns are in a window: 81 and 161 are not.
    expect([rows.at(-1), columns.at(-1)]).toEqual([39 * 208, 27 * 208]);
    // The first and last chips printed by the notebook: lux_00000_00832 and lux_07072_02912.
    expect([rows.includes(7072), columns.includes(832), columns.includes(2912)]).toEqual([true, true, true]);
  });

  it('is empty for a grid that is smaller than a chip', async () => {
    expect(report.chips).toEqual({ windows: 0, kept: 0 });
    expect(await readFile(join(output, 'chip_manifest_multimodal.csv'), 'utf8')).toBe(
      'chip_id,row0,row1,col0,col1,chip_valid_fraction,label_fraction\n',
    );
  });
});

describe('the pixels with data in all bands', () => {
  it('are those that are finite in each', () => {
    const [width, height] = [19, 5];
    const bands = [3, 7].map((step) =>
      Float32Array.from({ length: width * height }, (_, k) =>
        k % (step * 5) === 0 ? Number.NaN : k % (step * 4) === 1 ? Infinity : k % 2 === 0 ? 3.4e38 : -1,
      ),
    );
    const valid = new ValidPixels({ width, height });
    for (const values of bands) {
      valid.restrict(values.subarray(0, 2 * width), 0);
      valid.restrict(values.subarray(2 * width), 2);
    }
    const expected = Array.from(bands[0], (value, k) =>
      Number.isFinite(value) && Number.isFinite(bands[1][k]) ? 1 : 0,
    );
    expect([...valid.rows({ start: 0, end: height })]).toEqual(expected);
    expect([...valid.rows({ start: 1, end: 3 })]).toEqual(expected.slice(width, 3 * width));
  });
});

describe('infer on a package of arrays', () => {
  it('gives the map of the package of COGs', async () => {
    const cogs = join(folder, 'cogs');
    await packageManifest({ manifest, output: cogs, ...cpu });
    const expected = await mapOf(cogs, 'map-cogs');
    expect(expected.some((value) => value > 0.5)).toBe(true);
    expect(await mapOf(output, 'map-package')).toEqual(expected);
    expect(await mapOf(arrays, 'map-arrays')).toEqual(expected);
    const label = join(arrays, 'luxembourg_label_max_flood.npy');
    const { classes } = await evaluateMap({ map: join(folder, 'map-package'), label });
    const { classes: byCog } = await evaluateMap({
      map: join(folder, 'map-cogs'),
      label: join(cogs, 'label.tif'),
    });
    expect(classes).toEqual(byCog);
  });

  it("reads the notebook's own document once it has units", async () => {
    const byNotebook = (document: Record<string, unknown>): void => {
      for (const key of ['event', 'datetime', 'bands', 'units']) delete document[key];
      document.full_files = {
        S1RTC: 'data/terramind_flood_lux/package/full_scene/S1RTC_full.npy',
        S2L2A: 'data/terramind_flood_lux/package/full_scene/S2L2A_full.npy',
        DEM: 'data/terramind_flood_lux/package/full_scene/DEM_full.npy',
        valid_mask: 'data/terramind_flood_lux/package/full_scene/valid_mask_full.npy',
      };
    };
    const silent = await copied('silent', byNotebook);
    await expect(mapOf(silent, 'map-silent')).rejects.toThrow(
      /has no units for S1RTC, S2L2A, DEM; add units: \{"S1RTC": …, "S2L2A": …, "DEM": …\} with one of/,
    );
    const declared = await copied('declared', (document) => {
      byNotebook(document);
      document.units = { S1RTC: 'linear_power', S2L2A: 'dn_harmonised', DEM: 'm' };
    });
    expect(await mapOf(declared, 'map-declared')).toEqual(await mapOf(output, 'map-again'));
  });

  it.each([
    [
      'phases in another number',
      { phase_order: ['a', 'b', 'c'] },
      /\(2, 2, 21, 25\), where its document says \(2, 3, 21, 25\)/,
    ],
    ['another size', { width: 26 }, /\(2, 2, 21, 25\), where its document says \(2, 2, 21, 26\)/],
    ['units that are none', { units: { S1RTC: 'watts' } }, /units\.S1RTC: must be one of/],
    [
      'a modality without bands',
      { full_files: { S1GRD: 'S1RTC_full.npy' }, units: { S1GRD: 'dB' } },
      /names no bands for S1GRD/,
    ],
    [
      'a file that is not there',
      { full_files: { DEM: '../elsewhere/DEM.npy' } },
      /full_scene.DEM\.npy does not exist/,
    ],
  ])('refuses a document with %s', async (name, changes, message) => {
    const copy = await copied(name, (document) => void Object.assign(document, changes));
    await expect(mapOf(copy, `map of ${name}`)).rejects.toThrow(message);
  });

  it('refuses a folder with two documents', async () => {
    const copy = await copied('two', () => undefined);
    const place = join(copy, 'full_scene');
    const [document] = (await readdir(place)).filter((name) => name.endsWith('.json'));
    await cp(join(place, document), join(place, 'other_full_scene.json'));
    await expect(mapOf(copy, 'map-two')).rejects.toThrow(/has the documents .*; name the one to read/);
    await rm(join(place, document));
    await rename(join(place, 'other_full_scene.json'), join(place, 'renamed.json'));
    await expect(mapOf(copy, 'map-none')).rejects.toThrow(/scene\.json/);
  });
});
