import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  type Chip,
  GeoCatalog,
  gridSampler,
  loadRaster,
  randomSampler,
  rowSampler,
  SampleArea,
  saveCatalog,
} from '../../src/catalog/node/index.js';
import { Crs, GeoBox, TimeInterval, transformBounds } from '../../src/geo/node/index.js';
import { CpuBackend, InlineExecutor } from '../../src/gpu/index.js';
import { openEmbeddingModel } from '../../src/inference/node/index.js';
import type { OnProgress } from '../../src/progress.js';
import { openNpy, openZarr, type StoredArray, type Units, writeNpy } from '../../src/raster/node/index.js';
import {
  CatalogChips,
  type CatalogChipsOptions,
  type EmbedCatalogsOptions,
  embedCatalogs,
  importModel,
  runModel,
} from '../../src/workflow/index.js';
import { idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, type RowOptions, writeRow } from '../support/raster-rows.js';
import { encoderTensors, smallFloodTensors, writeSafetensors } from '../support/terramind.js';

const SIZE = 32;
const folder = await temporaryFolder();
const encoder = join(folder, 'encoder');
await importModel({
  chip: SIZE,
  statistics: 'impactmesh-flood',
  checkpoint: await writeSafetensors(join(folder, 'encoder.safetensors'), encoderTensors()),
  output: encoder,
});

const smooth = (geobox: GeoBox, seed: number, centre: number, spread: number): Float32Array =>
  Float32Array.from({ length: geobox.pixelCount }, (_, k) => {
    const [x, y] = [k % geobox.width, Math.floor(k / geobox.width)];
    return centre + spread * Math.sin(0.21 * x + seed) * Math.cos(0.17 * y - seed);
  });

/** A radar image in decibels, or in power by `units`. */
function radar(
  id: string,
  geobox: GeoBox,
  seed: number,
  options: RowOptions & { units?: Units | null } = {},
): Promise<CatalogRow> {
  const { units = 'dB', ...rest } = options;
  const bands = [smooth(geobox, seed, -12, 5), smooth(geobox, seed + 1, -18, 5)];
  for (const band of bands) {
    if (units === 'linear_power') for (const k of band.keys()) band[k] = 10 ** (band[k] / 10);
  }
  const asset = units === null ? {} : { units };
  const file = { geobox, bands, names: ['vv', 'vh'], options: { nodata: Number.NaN }, asset };
  return writeRow(folder, id, { radar: file }, { collection: 's1', ...rest });
}

function elevation(id: string, geobox: GeoBox, options: RowOptions = {}): Promise<CatalogRow> {
  const file = {
    geobox,
    bands: [smooth(geobox, 7, 300, 200)],
    names: ['DEM'],
    asset: { units: 'm' as const },
  };
  return writeRow(folder, id, { dem: file }, { collection: 'dem', ...options });
}

/** Two overlapping radar images of one day in neighbouring UTM zones, and one of a later day. */
const westGrid = gridAt(715_000, 5_500_000, 140, 80, 10, 32631);
const shifted = transformBounds(westGrid.bounds, Crs.parse(32631), Crs.parse(32632));
const eastGrid = gridAt(
  Math.round(shifted[0] / 10) * 10 + 600,
  Math.round(shifted[3] / 10) * 10,
  140,
  80,
  10,
  32632,
);
const west = await radar('west', westGrid, 1, { interval: '2021-07-15T05:50:12Z' });
const east = await radar('east', eastGrid, 4, { interval: '2021-07-15T17:30:00Z', units: 'linear_power' });
const later = await radar('later', gridAt(715_100, 5_500_000, 120, 80, 10, 32631), 9, {
  interval: '2021-07-27',
});
const dem = await elevation('dem', gridAt(714_000, 5_502_000, 80, 80, 60, 32631), { interval: '2019-01-01' });
const radars = GeoCatalog.from([west, east, later]);
const all = GeoCatalog.from([west, east, later, dem]);
const quick = { backend: 'cpu', threads: 0, provider: 'cpu' } as const;
const grid = { crs: 32632, resolution: 10 } as const;

async function read(store: string, name: string): Promise<number[]> {
  const group = await openZarr(store);
  try {
    const { data } = await requireArray(await group.array(name)).read();
    return Array.from(data, Number);
  } finally {
    await group.close();
  }
}

async function texts(store: string, name: string): Promise<string[]> {
  const group = await openZarr(store);
  try {
    return await requireArray(await group.array(name)).readText();
  } finally {
    await group.close();
  }
}

function requireArray(array: StoredArray | null): StoredArray {
  if (array === null) throw new Error('no such array');
  return array;
}

/** The mean token of a chip in decibels and metres, by `model run`. */
async function embeddingOf(sar: Float32Array, heights: Float32Array): Promise<number[]> {
  const inputs = new Map([
    ['S1RTC', join(folder, 's1.npy')],
    ['DEM', join(folder, 'dem.npy')],
  ]);
  for (const [k, values] of [sar, heights].entries()) {
    await writeNpy([...inputs.values()][k], { shape: [1, 2 - k, SIZE, SIZE], dtype: 'float32' }, values);
  }
  const output = join(folder, 'tokens.npy');
  await runModel({ model: encoder, inputs, output, provider: 'cpu' });
  const array = await openNpy(output);
  const { data } = await array.read();
  await array.close();
  return Array.from({ length: 64 }, (_, channel) => {
    const own = Array.from(data, Number).filter((_, k) => k % 64 === channel);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}

describe('embedCatalogs', async () => {
  const store = join(folder, 'store.zarr');
  const report = await embedCatalogs({ ...quick, ...grid, catalogs: all, model: encoder, output: store });
  const embeddings = await read(store, 'embeddings');
  const ids = await texts(store, 'id');
  const times = await read(store, 'time');
  const bounds = await read(store, 'bounds');
  const valid = await read(store, 'valid');
  const area = SampleArea.of(radars, grid);
  const places = [...gridSampler(area, { size: SIZE })];
  const day = TimeInterval.parse('2021-07-15');

  it('has a chip for each place and day of the radar images, in a fixed order', async () => {
    const expected = places.flatMap(({ geobox, window }) => {
      const rows = area.rowsCovering(window, 0);
      return ['2021-07-15', '2021-07-27']
        .filter((date) => rows.some((row) => row.interval.intersects(TimeInterval.parse(date))))
        .map((date) => ({ geobox, date }));
    });
    expect(new Set(expected.map(({ date }) => date)).size).toBe(2);
    expect(report.shape).toEqual([expected.length, 64]);
    for (const [k, { geobox, date }] of expected.entries()) {
      const [left, , , top] = geobox.bounds;
      expect(ids[k]).toBe(`${String(k).padStart(5, '0')}_${left}_${top}`);
      expect(bounds.slice(4 * k, 4 * k + 4)).toEqual([...geobox.bounds]);
      expect(TimeInterval.parse(date).contains(times[2 * k])).toBe(true);
    }
    expect(new Set(await texts(store, 'crs'))).toEqual(new Set(['EPSG:32632']));
  });

  it('has the embeddings of the same pixels by hand, for both zones and both units', async () => {
    const chipAt = ({ geobox }: Chip): number =>
      ids.findIndex(
        (id, k) => id.endsWith(`_${geobox.bounds[0]}_${geobox.bounds[3]}`) && day.contains(times[2 * k]),
      );
    const rowsOver = ({ geobox }: Chip): string[] => {
      const place = { geometry: geobox.bounds, crs: 32632, interval: day };
      return idsOf(radars.query(place, { predicate: 'contains' }));
    };
    const both = places.find((place) => rowsOver(place).length === 2);
    const one = places.find((place) => rowsOver(place).join() === 'west');
    for (const place of [both, one]) {
      if (place === undefined) throw new Error('the images lie elsewhere');
      const { geobox } = place;
      const bands = ['vv', 'vh'];
      const power = await loadRaster([east], geobox, { bands });
      const decibel = await loadRaster([west], geobox, { bands });
      const heights = await loadRaster([dem], geobox, { bands: ['DEM'] });
      // The image nearer to the middle of the day is first.
      const sar = Float32Array.from(power.data, (value, k) =>
        Number.isNaN(value) ? Number(decibel.data[k]) : 10 * Math.log10(Number(value)),
      );
      const chip = chipAt(place);
      const wanted = await embeddingOf(sar, Float32Array.from(heights.data, Number));
      expect(embeddings.slice(64 * chip, 64 * chip + 64)).toBeCloseToArray(wanted, 1e-4);
      expect(valid[chip]).toBe(1);
    }
  });

  it('does not depend on earlier runs, or on one file or two', async () => {
    const output = join(folder, 'again.zarr');
    const [s1, heights] = [join(folder, 's1.parquet'), join(folder, 'dem.geojson')];
    await saveCatalog(GeoCatalog.from([later, east, west]), s1);
    await saveCatalog(GeoCatalog.from([dem]), heights);
    const catalogs = { DEM: heights, S1RTC: s1 };
    const again = await embedCatalogs({ ...quick, ...grid, catalogs, model: encoder, output, batchSize: 3 });
    expect(again.shape).toEqual(report.shape);
    expect(await read(output, 'embeddings')).toBeCloseToArray(embeddings, 1e-4);
    expect(await texts(output, 'id')).toEqual(ids);
  });

  it('selects by bounds, time and condition', async () => {
    const output = join(folder, 'selected.zarr');
    const [left, , , top] = westGrid.bounds;
    const bbox = [left + 10, top - 300, left + 300, top - 10] as const;
    const select = { bbox, crs: 'EPSG:32631', datetime: '2021-07-15', where: "id != 'east'" };
    await embedCatalogs({ ...quick, ...grid, catalogs: all, model: encoder, output, select });
    const found = await read(output, 'bounds');
    expect(found.length).toBeGreaterThan(0);
    for (let k = 0; k < found.length; k += 4) {
      const [x0, y0, x1, y1] = transformBounds(bbox, Crs.parse(32631), Crs.parse(32632));
      expect(found[k] < x1 && found[k + 2] > x0 && found[k + 1] < y1 && found[k + 3] > y0).toBe(true);
    }
    const moment = Date.parse('2021-07-15T05:50:12Z');
    expect(new Set(await read(output, 'time'))).toEqual(new Set([moment]));
  });

  it('composes the images of all times, or those near a chip’s time', async () => {
    const together = join(folder, 'together.zarr');
    await embedCatalogs({
      ...quick,
      ...grid,
      catalogs: all,
      model: encoder,
      output: together,
      every: 'all',
      method: 'mean',
    });
    expect((await texts(together, 'id')).length).toBe(places.length);
    const ends = await read(together, 'time');
    expect(Math.max(...ends)).toBe(TimeInterval.parse('2021-07-27').end);
  });

  it('stops when a file changes after it was read', async () => {
    const output = join(folder, 'changing.zarr');
    const { href } = west;
    const { atimeMs, mtimeMs } = statSync(href);
    const onProgress: OnProgress = (event) => {
      if (event.type === 'progress' && event.unit === 'units' && event.done === 1) utimesSync(href, 1, 1);
    };
    const options = { ...quick, ...grid, catalogs: all, model: encoder, output, unitChips: 16, onProgress };
    await expect(embedCatalogs(options)).rejects.toThrow(
      `${href} changed while it was being read; run again.`,
    );
    utimesSync(href, atimeMs / 1000, mtimeMs / 1000);
    const resumed = await embedCatalogs({ ...options, resume: true, onProgress: undefined });
    expect(resumed.unitsKept).toBe(1);
    expect(await read(output, 'embeddings')).toBeCloseToArray(embeddings, 1e-6);
  });

  it('gives NaN for chips without data', async () => {
    const output = join(folder, 'gaps.zarr');
    const geobox = gridAt(500_000, 5_000_000, 96, 32, 10, 32631);
    const gappy = await writeRow(
      folder,
      'gappy',
      {
        radar: {
          geobox,
          bands: [1, 2].map((seed) =>
            smooth(geobox, seed, -12, 4).map((value, k) => (k % 96 < 33 ? Number.NaN : value)),
          ),
          names: ['vv', 'vh'],
          options: { nodata: Number.NaN },
          asset: { units: 'dB' },
        },
      },
      { interval: '2021-07-15' },
    );
    const flat = await elevation('flat', gridAt(500_000, 5_000_000, 16, 6, 60, 32631));
    const found = await embedCatalogs({
      ...quick,
      crs: 32631,
      resolution: 10,
      catalogs: GeoCatalog.from([gappy, flat]),
      resampling: 'nearest',
      model: encoder,
      output,
    });
    expect(found).toMatchObject({ shape: [3, 64], chipsRun: 2, chipsSkipped: 1 });
    const values = await read(output, 'embeddings');
    expect(values.slice(0, 64).every(Number.isNaN)).toBe(true);
    expect(values.slice(64).every(Number.isFinite)).toBe(true);
    expect(await read(output, 'valid')).toEqual([0, 1 - 1 / SIZE, 1]);
  });

  it.each<[string, Partial<EmbedCatalogsOptions>, RegExp]>([
    [
      'a catalog without the model’s band',
      { catalogs: GeoCatalog.from([dem]) },
      /^the catalog of S1RTC has no row with VV, VH, which the model needs for S1RTC \(dem\/dem has dem, DEM\)/,
    ],
    [
      'a catalog for an input that the model lacks',
      { catalogs: { S2L2A: all } },
      /^catalogs lack S1RTC \(VV, VH in dB\); name a catalog for it/,
    ],
    [
      'an input too many',
      { catalogs: { S1RTC: all, DEM: all, S2L2A: all } },
      /^catalogs name S2L2A, which encoder lacks; choose from S1RTC, DEM/,
    ],
    [
      'times that are none',
      { every: 'fortnight' as 'day' },
      /^every cannot be "fortnight"; choose one of all,/,
    ],
    [
      'units that differ',
      { units: { S1RTC: 'linear_power' } },
      /^s1\/west: band "VV" is in dB by its catalog/,
    ],
    ['another number of bands', { bands: { S1RTC: ['vv'] } }, /^bands names 1 for S1RTC; name 2, for VV, VH/],
    ['no rows at all', { select: { datetime: '1999-12-31' } }, /has no row at that place and time/],
    ['two phases', { phases: ['2021-07-15', '2021-07-27'] }, /^phases are 2 times, but encoder has 1 phases/],
  ])('refuses %s', async (_, change, message) => {
    const options = { ...quick, ...grid, catalogs: all, model: encoder, output: join(folder, 'no.zarr') };
    await expect(embedCatalogs({ ...options, ...change })).rejects.toThrow(message);
  });

  it('names rows without the bands', async () => {
    const messages: string[] = [];
    await embedCatalogs({
      ...quick,
      ...grid,
      catalogs: { S1RTC: all, DEM: GeoCatalog.from([dem]) },
      model: encoder,
      output: join(folder, 'lacking.zarr'),
      onProgress: (event) => event.type === 'warning' && messages.push(event.message),
    });
    expect(messages).toEqual(['the catalog of S1RTC: 1 rows lack bands of S1RTC and are left out']);
  });

  it('refuses undeclared units, and pixels that contradict them', async () => {
    const options = { ...quick, ...grid, model: encoder, output: join(folder, 'no.zarr') };
    const silent = await radar('silent', westGrid, 3, { units: null });
    const catalogs = { S1RTC: GeoCatalog.from([silent]), DEM: GeoCatalog.from([dem]) };
    await expect(embedCatalogs({ ...options, catalogs })).rejects.toThrow(
      /^s1\/silent: band "VV" does not say in which units it is, and dB is wanted/,
    );
    await expect(embedCatalogs({ ...options, catalogs, units: { S1RTC: 'linear_power' } })).rejects.toThrow(
      /silent-radar\.tif: S1RTC VV declares its units as linear_power, but holds negative values/,
    );
    const declared = await embedCatalogs({
      ...options,
      catalogs,
      units: { S1RTC: 'dB' },
      output: join(folder, 'declared.zarr'),
    });
    expect(declared.chipsRun).toBeGreaterThan(0);
  });
});

describe('phases of catalogs', async () => {
  const flood = join(folder, 'flood');
  await importModel({
    chip: SIZE,
    statistics: 'impactmesh-flood',
    checkpoint: await writeSafetensors(join(folder, 'flood.safetensors'), smallFloodTensors()),
    output: flood,
    phases: ['before', 'after'],
    stride: SIZE,
    split: true,
  });
  const options = { ...quick, ...grid, catalogs: all, model: flood };

  it('are times, each equal to its single day', async () => {
    const output = join(folder, 'phases.zarr');
    const report = await embedCatalogs({ ...options, output, phases: ['2021-07-27', '2021-07-15'] });
    expect(report.shape.at(-1)).toBe(128);
    const values = await read(output, 'embeddings');
    const chip = (await read(output, 'valid')).indexOf(1);
    expect(chip).toBeGreaterThanOrEqual(0);
    const [west0, , , top] = (await read(output, 'bounds')).slice(4 * chip, 4 * chip + 4);
    for (const [phase, date] of ['2021-07-27', '2021-07-15'].entries()) {
      const single = join(folder, `phase${phase}.zarr`);
      await embedCatalogs({ ...options, model: encoder, output: single, phases: [date] });
      const alone = (await texts(single, 'id')).findIndex((id) => id.endsWith(`_${west0}_${top}`));
      const expected = (await read(single, 'embeddings')).slice(64 * alone, 64 * alone + 64);
      const own = values.slice(128 * chip + 64 * phase, 128 * chip + 64 * (phase + 1));
      expect(own).toBeCloseToArray(expected, 1e-5);
    }
  });

  it('are refused without times', async () => {
    await expect(embedCatalogs({ ...options, output: join(folder, 'no.zarr') })).rejects.toThrow(
      /^phases are missing, and flood needs images of 2 times: before, after; give a time for each/,
    );
  });
});

describe('CatalogChips', async () => {
  const { spec } = await openEmbeddingModel(encoder);
  const backend = new CpuBackend(new InlineExecutor());
  const inputs = { S1RTC: { catalog: radars }, DEM: { catalog: GeoCatalog.from([dem]) } };
  const open = (chips: CatalogChipsOptions['chips'], rest: Partial<CatalogChipsOptions> = {}) =>
    CatalogChips.open({ spec, backend, inputs, chips, ...rest });
  const area = SampleArea.of(radars, grid);

  it('accepts the chips of any sampler, and describes them', async () => {
    const chips = randomSampler(area, { size: SIZE, count: 5, seed: 3 });
    const source = await open(chips);
    expect(source.count).toBe(5);
    for (const seed of [3, 4]) {
      const other = await open(randomSampler(area, { size: SIZE, count: 5, seed }));
      expect(JSON.stringify(other.identity) === JSON.stringify(source.identity)).toBe(seed === 3);
      await other.close();
    }
    const found = [];
    for await (const chip of source.chips(1, 4)) found.push(chip);
    expect(found.map(({ bounds }) => bounds)).toEqual([1, 2, 3].map((k) => chips.at(k).geobox.bounds));
    await source.close();
  });

  it("prefers a chip's own row to others of its time", async () => {
    const near = new GeoBox(32632, eastGrid.transform, SIZE, SIZE);
    const rows = [east, await radar('twin', eastGrid, 8, { interval: '2021-07-15T17:30:00Z' })];
    const sampler = rowSampler(rows, { grid: { like: near } }).map((place) => ({ ...place, geobox: near }));
    const source = await open(sampler, { inputs: { ...inputs, S1RTC: { catalog: GeoCatalog.from(rows) } } });
    const values: number[] = [];
    for await (const chip of source.chips(0, 2)) values.push(chip.inputs.get('S1RTC')?.[5] ?? Number.NaN);
    await source.close();
    expect(values[0]).toBeCloseTo(smooth(eastGrid, 4, -12, 5)[5], 3);
    expect(values[1]).toBeCloseTo(smooth(eastGrid, 8, -12, 5)[5], 3);
  });

  it('composes by nearest time, without clouds', async () => {
    const geobox = new GeoBox(32631, westGrid.transform, SIZE, SIZE);
    const at = async (id: string, value: number, interval: string): Promise<CatalogRow> => {
      const clouds = Uint8Array.from({ length: SIZE ** 2 }, (_, k) => (k === 0 ? 9 : 4));
      const bands = [value, value].map((each) => new Float32Array(SIZE ** 2).fill(each));
      const asset = { units: 'dB' as const };
      const files = {
        radar: { geobox, bands, names: ['vv', 'vh'], asset },
        SCL: { geobox, bands: [clouds], names: ['SCL'] },
      };
      return writeRow(folder, id, files, { interval });
    };
    const rows = [
      await at('before', -10, '2021-07-11'),
      await at('after', -20, '2021-07-16'),
      await at('far', -30, '2021-07-30'),
    ];
    const [input] = spec.inputs;
    const nearby = { catalog: GeoCatalog.from(rows), mask: { band: 'SCL', classes: [9] } };
    const day = TimeInterval.parse('2021-07-14');
    const sampler = gridSampler(SampleArea.of(geobox), { size: SIZE }).map((place) => ({
      ...place,
      slice: { ...place.slice, interval: day },
    }));
    for (const [days, expected] of [
      [0, Number.NaN],
      [2, -20],
      [3, -20],
    ]) {
      const source = await CatalogChips.open({
        spec: { ...spec, inputs: [input], validity: 'all' },
        backend,
        chips: sampler,
        inputs: { S1RTC: { ...nearby, pad: days * 86_400_000 } },
      });
      for await (const { inputs: values, interval } of source.chips(0, 1)) {
        const found = values.get('S1RTC') ?? [];
        expect([found[0], found[1]]).toEqual([Number.NaN, expected]);
        const first = days === 3 ? '2021-07-11' : '2021-07-16';
        const seen = TimeInterval.parse(`${first}/2021-07-16`);
        expect(interval?.toJSON() ?? null).toEqual(days === 0 ? null : seen.toJSON());
      }
      await source.close();
    }
  });

  it('refuses chips of another size', async () => {
    await expect(open(gridSampler(area, { size: 16 }))).rejects.toThrow(
      /^chip 0 at \[.*\] has 16 × 16 pixels, but the model needs 32 × 32/,
    );
  });

  it('closes when an iteration ends early', async () => {
    const source = await open(gridSampler(area, { size: SIZE }));
    for await (const chip of source.chips(0, source.count)) {
      expect(chip.id).toMatch(/^00000_/);
      break;
    }
    const aborted = source.chips(0, source.count, AbortSignal.abort(new Error('stopped')));
    await expect(aborted.next()).rejects.toThrow('stopped');
    await source.close();
  });
});
