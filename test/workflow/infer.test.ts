import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { Rasterizer, readAreas } from '../../src/vector/node/index.js';
import { finalizeRun, type InferOptions, infer, missingUnits } from '../../src/workflow/index.js';
import { webgpuProblem } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';
import { phaseModel, writePhaseModel } from '../support/phase-model.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const model = 'models/water-threshold';
let scene = '';
/** The map of the whole scene in one run. */
const map = join(folder, 'map');
let report: Awaited<ReturnType<typeof infer>>;
let reference: Buffer[] = [];
let outputs = 0;
const newOutput = (): string => join(folder, `map-${outputs++}`);
const base = (output: string): InferOptions => ({
  scene,
  model,
  output,
  backend: 'cpu',
  threads: 0,
  rowsPerUnit: 256,
});
const PRODUCTS = ['classes.tif', 'polygons.geojson', 'probability.tif', 'quicklook.png'];

async function productBytes(output: string): Promise<Buffer[]> {
  return Promise.all(PRODUCTS.map((name) => readFile(join(output, name))));
}

beforeAll(async () => {
  // Three units of rows, one column of chips.
  ({ scene } = await writeSarScene(join(folder, 'scene'), 3, 150, 540));
  report = await infer(base(map));
  reference = await productBytes(map);
}, 180_000);

describe('infer', () => {
  it('writes all products, and leaves no run folder', async () => {
    expect((await readdir(map)).sort()).toEqual([
      'classes.tif',
      'classes.tif.aux.xml',
      'item.json',
      'polygons.geojson',
      'probability.tif',
      'quicklook.png',
      'run.json',
      'statistics.json',
    ]);
    await expect(stat(`${map}.run`)).rejects.toThrow();
    const { width, height } = report.plan.grid;
    const pixels = report.products?.pixels ?? {};
    expect(Object.values(pixels).reduce((a, b) => a + b)).toBe(width * height);
    expect(report.unitsRun).toBe(Math.ceil(height / 256));
    // By the counters, each pixel of each band is warped once.
    expect(report.run.counters.warpedPixels).toBe(2 * width * height);
    const run = JSON.parse(await readFile(join(map, 'run.json'), 'utf8'));
    expect(run).toMatchObject({ schemaVersion: 1, provider: 'cpu', backend: { kind: 'cpu' } });
    expect(run.peakMemoryBytes).toBeGreaterThan(1e6);
    // A source of 150 × 540 pixels has three tiles of 256 × 256, with both bands in each.
    expect(run.counters).toMatchObject({ blocksDecoded: 3, blocksDecodedAgain: 0 });
    expect(run.memory).toMatchObject({ blocks: 3, blocksAgain: 0, deviceBytes: 0 });
    // Under a strip and the next, all three.
    expect(run.memory.parts.blocks).toBe(3 * 256 ** 2 * 2 * 4);
    const item = JSON.parse(await readFile(join(map, 'item.json'), 'utf8'));
    expect(item).toMatchObject({
      type: 'Feature',
      stac_version: '1.1.0',
      properties: { 'proj:code': 'EPSG:32632' },
    });
    expect(JSON.stringify(item)).not.toContain(folder);
  });

  it('refuses what does not fit into memory, before it writes anything', async () => {
    const output = newOutput();
    await expect(infer({ ...base(output), memory: 100e6 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
      exitStatus: 2,
      message: expect.stringMatching(/scene\.json needs about \d+ MiB of memory, and may take 96 MiB; /),
    });
    await expect(stat(output)).rejects.toThrow();
    await expect(stat(`${output}.run`)).rejects.toThrow();
  });

  it('classifies by the threshold, with 255 where there is no data', async () => {
    const output = newOutput();
    await infer({ ...base(output), threshold: 0.9 });
    const [classes, probability] = await Promise.all(
      ['classes.tif', 'probability.tif'].map((name) => openRaster(join(output, name))),
    );
    const [labels] = await classes.readPlanes();
    const [land, water] = await probability.readPlanes();
    for (let i = 0; i < labels.length; i++) {
      const expected = Number.isNaN(water[i]) ? 255 : water[i] > 0.9 ? 1 : 0;
      if (labels[i] !== expected) expect(labels[i]).toBe(expected);
      if (!Number.isNaN(water[i]) && Math.abs(land[i] + water[i] - 1) > 1e-5)
        expect(land[i] + water[i]).toBeCloseTo(1, 5);
    }
    expect(classes.bands[0].nodata).toBe(255);
    expect(classes.colourTable?.[1]).toEqual([0x1f, 0x78, 0xb4]);
    await Promise.all([classes.close(), probability.close()]);
  });

  it('writes the outlines of the classes', async () => {
    const raster = await openRaster(join(map, 'classes.tif'));
    const { geobox } = raster;
    if (geobox === null) throw new Error('the map has no place');
    const [classes] = await raster.readPlanes();
    await raster.close();
    const areas = await readAreas(join(map, 'polygons.geojson'));
    const burned = new Uint8Array(classes.length).fill(255);
    const values = areas.features.map(({ properties }) => Number(properties.value));
    new Rasterizer(areas, geobox).burn({ start: 0, end: geobox.height }, burned, values);
    expect(Buffer.compare(burned, classes as Uint8Array)).toBe(0);
    expect(new Set(areas.features.map(({ properties }) => properties.class))).toEqual(
      new Set(['land', 'water']),
    );
    const statistics = JSON.parse(await readFile(join(map, 'statistics.json'), 'utf8'));
    for (const { name, km2 } of statistics.classes) {
      const own = areas.features.filter(({ properties }) => properties.class === name);
      const sum = own.reduce((total, { properties }) => total + Number(properties.km2), 0);
      expect(sum).toBeCloseTo(km2, 3);
    }
  });

  it('in three shards and a finalize gives the same bytes', async () => {
    const output = newOutput();
    let runFolder = '';
    for (const index of [2, 0, 1]) {
      const report = await infer({ ...base(output), shard: { index, count: 3 } });
      expect(report.products).toBeNull();
      runFolder = report.runFolder;
      if (index === 2) expect(report.unitsMissing).toBe(2);
    }
    expect(await missingUnits(runFolder)).toEqual([]);
    await finalizeRun(runFolder, output);
    expect(await productBytes(output)).toEqual(reference);
  });

  it('encodes a scene given for two phases once, to the same bytes', async () => {
    const phases = ['pre_event', 'event', 'post_event'];
    const made = phaseModel(
      [{ name: 'S1RTC', bands: ['VV', 'VH'], units: 'dB', kind: 'temporal' }],
      phases,
      64,
    );
    const twoGraphs = await writePhaseModel(join(folder, 'two-graphs'), made);
    const small = await writeSarScene(join(folder, 'small-scene'), 3, 128);
    const document = JSON.parse(await readFile(small.scene, 'utf8'));
    document.phases = phases;
    document.inputs.S1RTC.phases.post_event = document.inputs.S1RTC.phases.event;
    const file = join(folder, 'small-scene', 'two-phases.json');
    await writeFile(file, JSON.stringify(document));
    const runs = [];
    for (const reusePhases of [true, false]) {
      const options = { ...base(newOutput()), scene: file, model: twoGraphs, reusePhases };
      const { run } = await infer(options);
      runs.push({ counters: run.counters, bytes: await productBytes(options.output) });
    }
    const [once, each] = runs;
    const chips = once.counters.chipsRun;
    expect(chips).toBeGreaterThan(6);
    expect(once.counters).toMatchObject({ phasesEncoded: 2 * chips, phasesReused: chips });
    expect(each.counters).toMatchObject({ phasesEncoded: 3 * chips, phasesReused: 0 });
    expect(once.bytes).toEqual(each.bytes);
  });

  it('geopatcher test_patch_journal_persists_and_split_skips_completed: a resumed run keeps finished units, and gives the same bytes', async () => {
    const output = newOutput();
    const abort = new AbortController();
    const warnings: string[] = [];
    const stopped = infer({
      ...base(output),
      signal: abort.signal,
      onProgress: (event) => {
        if (event.type === 'warning') warnings.push(event.message);
        if (event.type === 'progress' && event.unit === 'units' && event.done === 1)
          abort.abort(new Error('killed'));
      },
    });
    await expect(stopped).rejects.toThrow('killed');
    const [run] = await readdir(`${output}.run`);
    const runFolder = join(`${output}.run`, run);
    expect(warnings).toEqual([
      `1 of 3 units are done (${runFolder}); run it again with \`resume\` to continue`,
    ]);
    expect(await missingUnits(runFolder)).toEqual([1, 2]);
    await expect(finalizeRun(runFolder, output)).rejects.toThrow(/2 of 3 units .* are missing \(1, 2\)/);
    const shard = join(runFolder, 'map.zarr', 'probability', 'c', '0', '0', '0');
    const past = new Date('2020-01-01');
    await utimes(shard, past, past);
    const report = await infer({ ...base(output), resume: true, keepRun: true });
    expect(report.unitsRun).toBe(2);
    expect((await stat(shard)).mtime).toEqual(past);
    expect(await productBytes(output)).toEqual(reference);
    const again = await infer({ ...base(output), resume: true });
    expect(again).toMatchObject({ finishedBefore: true, unitsRun: 0, unitsMissing: 0, products: null });
  });

  it('does not reuse units of another plan', async () => {
    const output = newOutput();
    await infer({ ...base(output), keepRun: true });
    const other = { ...base(output), keepRun: true, batchSize: 3 };
    await expect(infer({ ...other, resume: true })).rejects.toThrow(
      /has units that were made with other values of `batchSize`; give the same to continue with them/,
    );
    await infer(other);
    expect(await readdir(`${output}.run`)).toHaveLength(2);
  });

  it.skipIf(webgpuProblem !== null)(
    'on webgpu: masks equal bit for bit, probabilities within 1e-4',
    async () => {
      const output = newOutput();
      const report = await infer({ ...base(output), backend: 'webgpu' });
      expect(report.run.backend.kind).toBe('webgpu');
      const [a, b] = await Promise.all(
        [output, map].map((path) => openRaster(join(path, 'probability.tif'))),
      );
      const [ours, theirs] = [await a.readPlanes(), await b.readPlanes()];
      for (const band of [0, 1]) expect(ours[band]).toBeCloseToArray(theirs[band], 1e-4);
      await Promise.all([a.close(), b.close()]);
    },
  );
});

describe('refused before any work', async () => {
  const bad = join(folder, 'bad');
  const document = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(scene, 'utf8'));
  const attempt = async (
    change: Record<string, unknown>,
    options: Partial<InferOptions> = {},
  ): Promise<void> => {
    const path = join(folder, 'scene', `bad-${outputs++}.json`);
    await writeFile(path, JSON.stringify({ ...(await document()), ...change }));
    await infer({ ...base(join(bad, String(outputs))), scene: path, ...options });
  };

  it.each([
    ['no units', { inputs: { S1RTC: { phases: {} } } }, /inputs\.S1RTC\.units/],
    [
      'unknown units',
      { inputs: { S1RTC: { units: 'power', phases: {} } } },
      /must be one of .*linear_power, dB/,
    ],
    ['no input', { inputs: {} }, /lacks S1RTC in phase event, which the model needs \(VV, VH in dB\)/],
    ['no grid', { grid: { crs: 'EPSG:32632' } }, /grid: must be \{like\}, \{crs, resolution/],
    ['another version', { schemaVersion: 9 }, /schemaVersion/],
    ['an unknown CRS', { grid: { crs: 'EPSG:99999', resolution: 10 } }, /EPSG:99999 is not a known/],
    [
      'a grid of 10⁹ pixels',
      { grid: { crs: 'EPSG:32632', resolution: 0.07 } },
      /larger than the limit.*coarser resolution/,
    ],
    ['a grid like a raster that is not there', { grid: { like: 'none.tif' } }, /none\.tif does not exist/],
  ])('%s', async (_, change, message) => {
    await expect(attempt(change)).rejects.toThrow(message);
  });

  const withBands = (bands: Record<string, unknown>, units = 'linear_power'): Record<string, unknown> => ({
    phases: ['event'],
    inputs: { S1RTC: { units, phases: { event: bands } } },
  });

  it('units that the data contradict', async () => {
    const VV = { href: 's1-event.tif', band: 1 };
    await expect(attempt(withBands({ VV, VH: { href: 's1-event.tif', band: 2 } }, 'dB'))).rejects.toThrow(
      /s1-event\.tif: S1RTC VV declares its units as dB, but none of its values is below −1 \(they go from /,
    );
    await expect(attempt(withBands({ VV, VH: VV }, 'm'))).rejects.toThrow(/is in m, but dB is wanted/);
  });

  it('missing bands and files', async () => {
    const VV = { href: 's1-event.tif', band: 1 };
    await expect(attempt(withBands({ VV }))).rejects.toThrow(/lacks VH of S1RTC in phase event/);
    await expect(attempt(withBands({ VV, VH: { href: 's1-event.tif', band: 3 } }))).rejects.toThrow(
      /has 2 bands, but .* asks for band 3/,
    );
    await expect(attempt(withBands({ VV, VH: { href: 'gone.tif' } }))).rejects.toThrow(
      /gone\.tif does not exist/,
    );
  });

  it('a raster without a grid', async () => {
    const noPlace = { href: join(process.cwd(), 'test/fixtures/geotiff/no-crs-uint8.tif') };
    await expect(attempt(withBands({ VV: noPlace, VH: noPlace }))).rejects.toThrow(
      /has no coordinate reference system; assign it/,
    );
  });

  it('phases that do not match the model', async () => {
    await expect(attempt({}, { phases: ['never'] })).rejects.toThrow(
      /phases names never, which .* lacks; choose 1 of pre_event, event/,
    );
    const { inputs } = (await document()) as { inputs: { S1RTC: { phases: Record<string, unknown> } } };
    const { pre_event: a, event: b } = inputs.S1RTC.phases;
    const renamed = { phases: [], inputs: { S1RTC: { units: 'linear_power', phases: { a, b } } } };
    await expect(attempt(renamed)).rejects.toThrow(
      /has the phases a, b, but the model needs event; name the scene’s `phases`/,
    );
  });

  it.each([
    [{ batchSize: 0 }, /batchSize cannot be 0/],
    [{ threshold: 1 }, /threshold cannot be 1/],
    [{ minChipValid: 2 }, /minChipValid cannot be 2/],
    [{ rowsPerUnit: 100 }, /rowsPerUnit cannot be 100; give a multiple of 256/],
  ])('%o', async (options, message) => {
    await expect(attempt({}, options)).rejects.toThrow(message);
  });

  it('interpolated categories', async () => {
    const path = await writeModel(join(folder, 'classes-model'), {
      inputs: [{ name: 'LC', bands: ['class'], kind: 'static', weights: [1], units: 'class' }],
    });
    const href = join(process.cwd(), 'test/fixtures/geotiff/palette-uint8.tif');
    const change = {
      phases: [],
      inputs: { LC: { units: 'class', resampling: 'bilinear', static: { class: { href } } } },
    };
    await expect(attempt(change, { model: path })).rejects.toThrow(
      /resamples the categories of LC by bilinear; use nearest or mode/,
    );
  });
});

describe('scenes of odd shapes', () => {
  it('a scene smaller than a chip, on the grid of a raster', async () => {
    const path = join(folder, 'small');
    await mkdir(path, { recursive: true });
    const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 37, 20);
    const values = Float32Array.from({ length: 740 }, (_, i) => (i % 37 < 18 ? -25 : -8));
    const shifted = values.map((v) => v - 6);
    await writeCog(join(path, 's1.tif'), [values, shifted], {
      geobox,
      bands: 2,
      dtype: 'float32',
      nodata: Number.NaN,
    });
    const phases = { any: { VV: { href: 's1.tif' }, VH: { href: 's1.tif', band: 2 } } };
    const file = join(path, 'scene.json');
    await writeFile(
      file,
      JSON.stringify({
        schemaVersion: 1,
        grid: { like: 's1.tif' },
        inputs: { S1RTC: { units: 'dB', phases } },
      }),
    );
    const output = newOutput();
    const report = await infer({ ...base(output), scene: file });
    expect(report.run.counters.chipsRun).toBe(1);
    const map = await openRaster(join(output, 'classes.tif'));
    const [classes] = await map.readPlanes();
    expect([...classes]).toEqual(Array.from(values, (v) => (v === -25 ? 1 : 0)));
    expect(map.geobox?.equals(geobox)).toBe(true);
    await map.close();
  });
});
