/** Loaders with faulty rows: missing files and bands, wrong options, early ends. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  createLoadCounters,
  GeoCatalog,
  type LoadRasterOptions,
  loadRaster,
  loadRasterTimeseries,
  type OpenAsset,
} from '../../src/catalog/node/index.js';
import { GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_010, 3, 1);
const nearest = { resampling: 'nearest', order: 'given' } as const;

const scene = (id: string, values: number[], scl = [4, 4, 4]): Promise<CatalogRow> =>
  writeRow(folder, id, {
    red: { geobox: grid, bands: [Float32Array.from(values)], names: ['B04'], asset: { geobox: grid } },
    scl: { geobox: grid, bands: [Uint8Array.from(scl)], names: ['SCL'], asset: { geobox: grid } },
  });
const [first, second] = [await scene('first', [1, 2, NAN]), await scene('second', [3, 4, 5])];

/** A fully described row whose file is missing. */
const gone: CatalogRow = {
  ...first,
  id: 'gone',
  href: join(folder, 'gone.tif'),
  assets: { ...first.assets, red: { ...first.assets.red, href: join(folder, 'gone.tif') } },
};

async function loadSkipping(rows: readonly CatalogRow[], options: LoadRasterOptions = {}) {
  const counters = createLoadCounters();
  const warnings: string[] = [];
  const tensor = await loadRaster(rows, grid, {
    ...nearest,
    onUnreadable: 'skip',
    counters,
    onProgress: (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    },
    ...options,
  });
  return { values: valuesOf(tensor), counters, warnings };
}

describe('rows that cannot be read', () => {
  it.each<MosaicMethod>(['first', 'last', 'mean', 'median'])(
    'are skipped also when the row has the grid of its file, which is opened late: %s',
    async (method) => {
      const bands = ['B04'];
      await expect(loadRaster([second, gone], grid, { ...nearest, method, bands })).rejects.toThrow(
        /gone\.tif/,
      );
      const { values, counters, warnings } = await loadSkipping([gone, second], { method, bands });
      expect(values).toEqual([3, 4, 5]);
      expect(counters).toMatchObject({ rows: 1, skippedRows: 1 });
      expect(warnings).toEqual([expect.stringMatching(/^gone was left out: .*gone\.tif/)]);
    },
  );

  it('do not decide which bands exist', async () => {
    const { values, warnings } = await loadSkipping([gone, second]);
    expect(values).toEqual([3, 4, 5]);
    expect(warnings).toHaveLength(1);
    await expect(loadSkipping([gone])).rejects.toThrow(/bands are not given, and no row declares any/);
  });

  it('are named with the reason, for a damaged header or block', async () => {
    const bytes = await readFile(second.href);
    const header = join(folder, 'header.tif');
    await writeFile(header, bytes.subarray(0, 6));
    const cut = join(folder, 'cut.tif');
    // The file ends with its one tile of 16 × 16 float32, of which two pixels are left.
    await writeFile(cut, bytes.subarray(0, bytes.length - 4 * (16 * 16 - 2)));
    for (const href of [header, cut]) {
      const row = { ...second, id: 'damaged', href, assets: { red: { href } } };
      await expect(loadRaster([row], grid, { bands: [1] })).rejects.toThrow(href);
    }
  });
});

describe('common names shared by several bands', () => {
  const named = (asset: CatalogRow['assets'][string], name: string, commonName: string, rest = {}) => ({
    ...asset,
    bands: [{ name, commonName, index: 1 }],
    ...rest,
  });
  const { red } = first.assets;
  const load = (assets: CatalogRow['assets'], band: string) =>
    loadRaster([{ ...first, assets }], grid, { ...nearest, bands: [band] });

  it('are an error that lists them', async () => {
    const edges = {
      B05: named(red, 'B05', 'rededge'),
      B06: named(red, 'B06', 'rededge'),
      B07: named(red, 'B07', 'rededge'),
    };
    await expect(load(edges, 'rededge')).rejects.toThrow(
      'first has 3 bands with the common name "rededge"; choose one of B05, B06, B07.',
    );
    expect(valuesOf(await load(edges, 'B06'))).toEqual([1, 2, NAN]);
    const { bands: _, ...unlisted } = red;
    const every = { ...unlisted, everyBand: { commonName: 'nir' } };
    await expect(load({ nir1: every, nir2: every }, 'nir')).rejects.toThrow(/choose one of nir1, nir2/);
    await expect(
      loadRaster([{ ...first, assets: edges }], grid, { bands: ['rededge'], onUnreadable: 'skip' }),
    ).resolves.toBeDefined();
  });

  it('select one band when the others are copies or pictures of it', async () => {
    const copies = {
      visual: named(red, 'B04', 'red', { roles: ['visual'] }),
      preview: named(red, 'preview', 'red', { roles: ['overview'] }),
      B04_10m: named(red, '1', 'red'),
      B04_20m: named(red, '1', 'red'),
    };
    expect(valuesOf(await load(copies, 'red'))).toEqual([1, 2, NAN]);
  });
});

describe('rows without a band', () => {
  const { red, scl } = second.assets;
  const withoutMask = { ...second, id: 'withoutMask', assets: { red } };
  const withoutData = { ...second, id: 'withoutData', href: scl.href, assets: { scl } };
  const mask = { band: 'SCL', classes: [9] };

  it('of data or quality are an error that names the row, or are skipped', async () => {
    const bands = ['B04'];
    await expect(loadRaster([first, withoutData], grid, { ...nearest, bands })).rejects.toThrow(
      /^withoutData has no band "B04"; choose one of scl, SCL/,
    );
    await expect(loadRaster([first, withoutMask], grid, { ...nearest, bands, mask })).rejects.toThrow(
      /^withoutMask has no band "SCL"; choose one of red, B04/,
    );
    const data = await loadSkipping([first, withoutData, second], { bands });
    expect(data.values).toEqual([1, 2, 5]);
    expect(data.warnings).toEqual([expect.stringMatching(/^withoutData was left out/)]);
    // A row without its mask may be cloudy: it is skipped, not loaded unmasked.
    const masked = await loadSkipping([first, withoutMask], { bands, mask });
    expect(masked.values).toEqual([1, 2, NAN]);
    expect(masked.warnings).toEqual([expect.stringMatching(/^withoutMask was left out/)]);
  });

  it('are an error in a time series, or have no step', async () => {
    const at = (row: CatalogRow, interval: string) => ({ ...row, interval: TimeInterval.parse(interval) });
    const rows = [at(first, '2021-07-01'), at(withoutData, '2021-07-02'), at(second, '2021-07-03')];
    const options = { ...nearest, bands: ['B04'] };
    await expect(loadRasterTimeseries(rows, grid, options)).rejects.toThrow(/^withoutData has no band/);
    const tensor = await loadRasterTimeseries(rows, grid, { ...options, onUnreadable: 'skip' });
    expect([...tensor.data]).toEqual([1, 2, NAN, 3, 4, 5]);
    expect(tensor.times).toHaveLength(2);
  });
});

describe('rows with grids', () => {
  const values = [Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)];
  const box = gridAt(500_000, 5_000_020, 4, 2);
  const says = (id: string, geobox: GeoBox) =>
    writeRow(folder, id, { data: { geobox: box, bands: values, asset: { geobox } } });

  it('are refused when the grid misses the target but the footprint meets it', async () => {
    const wide = gridAt(500_000, 5_000_200, 80, 20);
    const eastern = gridAt(500_400, 5_000_200, 40, 20);
    const values = Float32Array.from({ length: 1600 }, (_, k) => k % 80);
    const wideRow = async (id: string, geobox: GeoBox) =>
      GeoCatalog.from([
        await writeRow(folder, id, { data: { geobox: wide, bands: [values], asset: { geobox } } }),
      ]);
    // Width and height swapped, pixels ten times too small, another zone; then the right grid.
    const zone = new GeoBox('EPSG:32633', wide.transform, 80, 20);
    for (const wrong of [gridAt(500_000, 5_000_200, 20, 80), gridAt(500_000, 5_000_200, 80, 20, 1), zone]) {
      await expect(loadRaster(await wideRow('wrong', wrong), eastern)).rejects.toThrow(
        /wrong-data\.tif is not where its row says/,
      );
    }
    const right = await wideRow('right', wide);
    expect(valuesOf(await loadRaster(right, eastern, nearest)).slice(0, 3)).toEqual([40, 41, 42]);
    // Rows that only touch the grid are not opened.
    const counters = createLoadCounters();
    const empty = { ...nearest, bands: [1], counters, allowEmpty: true };
    for (const top of [5_000_000, 5_000_000 + 1e-6, 4_999_980])
      await loadRaster(right, gridAt(500_000, top, 80, 20), empty);
    expect(counters).toMatchObject({ rows: 0, filesOpened: 0 });
  });

  it("are refused when the grid is elsewhere than the file's", async () => {
    const wrong = await says('elsewhere', gridAt(500_000, 5_000_320, 4, 2));
    const both = gridAt(500_000, 5_000_320, 4, 32);
    await expect(loadRaster([wrong], both)).rejects.toThrow(
      /elsewhere-data\.tif is not where its row says: 500000, 5000000, 500040, 5000020 in EPSG:32631, not 500000, 5000300/,
    );
    const small = await says('small', gridAt(500_000, 5_000_020, 4, 2, 1));
    await expect(loadRaster([small], box)).rejects.toThrow(/is not where its row says/);
  });

  it('may have longitudes shifted by 360°', async () => {
    const lonLat = (left: number, count: number) => gridAt(left, 10, count, 1, 10, 4326);
    for (const [id, file, declared] of [
      ['globe', lonLat(-180, 36), lonLat(-180, 36)],
      ['turned globe', lonLat(-180, 36), lonLat(0, 36)],
      ['fiji', lonLat(170, 2), lonLat(-190, 2)],
    ] as const) {
      const numbers = Float32Array.from({ length: file.width }, (_, k) => k);
      const row = await writeRow(folder, id, {
        data: { geobox: file, bands: [numbers], asset: { geobox: declared } },
      });
      expect(valuesOf(await loadRaster([row], file, nearest))).toEqual([...numbers]);
    }
  });

  it('may have the grid of another resolution, as items with one grid for all assets do', async () => {
    for (const [id, geobox] of [
      ['finer', gridAt(500_000, 5_000_020, 40, 20, 1)],
      ['coarser', gridAt(500_000, 5_000_020, 2, 1, 20)],
      ['half', gridAt(500_005, 5_000_015, 4, 2)],
    ] as const) {
      const tensor = await loadRaster([await says(id, geobox)], box, nearest);
      expect(valuesOf(tensor)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });
});

describe('impossible masks', () => {
  const load = (mask: object) =>
    expect(loadRaster([first], grid, { bands: ['B04'], mask } as LoadRasterOptions)).rejects;

  it('are refused before reading, naming the option or the file', async () => {
    await load({ band: 'SCL', classes: [256] }).toThrow(
      /mask\.classes cannot hold 256; give whole numbers from 0/,
    );
    await load({ band: 'SCL', classes: [1.5] }).toThrow(/mask\.classes cannot hold 1\.5/);
    await load({ band: 'SCL', bits: [8] }).toThrow(
      /first-scl\.tif has no bit 8 in its quality band 1, which has 8/,
    );
    await load({ band: 'SCL', bits: [{ first: 6, width: 3 }] }).toThrow(/has no bit 8/);
    await load({ band: 'SCL', classes: [3], dilate: NAN }).toThrow(/mask\.dilate cannot be NaN/);
  });

  it('are refused for bands that are not integers of at most 32 bits', async () => {
    const row = await writeRow(folder, 'wide', {
      red: { geobox: grid, bands: [Uint8Array.of(1, 2, 3)], names: ['B04'] },
      qa: { geobox: grid, bands: [Float64Array.of(0, 1, 2)], names: ['QA'] },
    });
    await expect(
      loadRaster([row], grid, { bands: ['B04'], mask: { band: 'QA', bits: [0] } }),
    ).rejects.toThrow(/wide-qa\.tif stores its quality band 1 as float64/);
  });
});

describe('scale and offset', () => {
  it('belong together: a row with only one of them has the default of the other', async () => {
    const file = {
      geobox: grid,
      bands: [Uint16Array.of(10, 20, 30)],
      options: { scales: [0.5], offsets: [100] },
    };
    const only = (describe: object, id: string) => writeRow(folder, id, { data: { ...file, describe } });
    const load = async (row: CatalogRow) => valuesOf(await loadRaster([row], grid, nearest));
    expect(await load(await only({}, 'neither'))).toEqual([105, 110, 115]);
    expect(await load(await only({ scale: 2 }, 'scale'))).toEqual([20, 40, 60]);
    expect(await load(await only({ offset: -5 }, 'offset'))).toEqual([5, 15, 25]);
  });
});

describe('whole numbers beyond 2^24', () => {
  it('are never rounded: types that hold them keep them, and float32 refuses them', async () => {
    const large = await writeRow(folder, 'large', {
      ids: { geobox: grid, bands: [Int32Array.of(16_777_216, 16_777_217, 5)] },
    });
    for (const dtype of ['int32', 'uint32', 'float64'] as const) {
      const tensor = await loadRaster([large], grid, { ...nearest, dtype });
      expect([...tensor.data]).toEqual([16_777_216, 16_777_217, 5]);
    }
    await expect(loadRaster([large], grid, nearest)).rejects.toThrow(
      /large-ids\.tif holds 16777217, a whole number that float32 cannot hold and that this resampling would change, in band 1; load it as a type that holds it \(dtype float64\)/,
    );
    const smooth = await loadRaster([large], grid, { resampling: 'bilinear', dtype: 'int32' });
    expect(valuesOf(smooth)).toEqual([16_777_216, 16_777_217, 5]);
  });

  it('are exact when float32 can hold them, up to the largest', async () => {
    const even = await writeRow(folder, 'even', {
      ids: { geobox: grid, bands: [Int32Array.of(-2_147_483_648, 2_147_483_520, 1 << 30)] },
    });
    const tensor = await loadRaster([even], grid, { ...nearest, dtype: 'int32', nodata: -1 });
    expect(valuesOf(tensor)).toEqual([-2_147_483_648, 2_147_483_520, 1 << 30]);
  });
});

describe('an area without rows', () => {
  const away = gridAt(900_000, 5_000_010, 2, 1);

  it('is an error that gives the bounds of the rows', async () => {
    for (const from of [[first], GeoCatalog.from([first])]) {
      await expect(loadRaster(from, away, { bands: ['B04'] })).rejects.toThrow(
        /a catalog of 1 rows does not overlap the grid: it lies at longitude 3 to 3\.\d+, latitude 45\.\d+ to 45\.\d+, the grid at longitude 8\.\d+/,
      );
    }
    await expect(loadRaster(GeoCatalog.from([first]), away)).rejects.toThrow(/does not overlap the grid/);
    await expect(loadRaster(GeoCatalog.empty, away, { bands: ['B04'] })).rejects.toThrow(
      /0 rows has no rows at/,
    );
  });

  it('has no data when the caller allows it and names the bands', async () => {
    const options = { bands: ['B04'], allowEmpty: true } as const;
    for (const from of [[first], GeoCatalog.from([first]), GeoCatalog.empty]) {
      expect(valuesOf(await loadRaster(from, away, options))).toEqual([NAN, NAN]);
      expect(valuesOf(await loadRaster(from, away, { ...options, method: 'count' }))).toEqual([0, 0]);
    }
    const integers = await loadRaster([first], away, { ...options, dtype: 'uint8' });
    expect(integers.nodata).toBe(255);
    expect(valuesOf(integers)).toEqual([255, 255]);
    await expect(loadRaster(GeoCatalog.from([first]), away, { allowEmpty: true })).rejects.toThrow(
      /bands are not given, and no row declares any; name them/,
    );
  });

  it('has another error than a time without rows', async () => {
    const dated = { ...first, interval: TimeInterval.parse('2021-07-01') };
    const slice = {
      bounds: grid.bounds,
      crs: grid.crs,
      interval: TimeInterval.parse('2022'),
      resolution: 10,
    };
    await expect(loadRaster(GeoCatalog.from([dated]), slice)).rejects.toThrow(
      /has no rows at the time 2022-01-01T00:00:00.000Z to .+: its rows span 2021-07-01/,
    );
  });
});

/** Opens files as loaders do, and counts open ones. */
function countingOpener(onOpen: (opened: number) => void = () => undefined) {
  const counts = { opened: 0, open: 0, most: 0 };
  const open: OpenAsset = async (href, options) => {
    const raster = await openRaster(href, options);
    counts.opened++;
    counts.most = Math.max(counts.most, ++counts.open);
    onOpen(counts.opened);
    const dispose = raster.dispose.bind(raster);
    raster.dispose = async () => {
      counts.open--;
      await dispose();
    };
    return raster;
  };
  return { counts, open };
}

describe('a load that stops early', () => {
  it.each<MosaicMethod>(['first', 'mean', 'median'])(
    'closes open files, and frees memory: %s',
    async (method) => {
      const stop = new AbortController();
      const { counts, open } = countingOpener((opened) => {
        if (opened === 3) stop.abort(new Error('enough'));
      });
      const rows = [first, second, first, second, first, second, first, second];
      const backend = new CpuBackend();
      const options = { ...nearest, bands: ['B04'], method, backend, signal: stop.signal, open };
      await expect(loadRaster(rows, grid, options)).rejects.toThrow('enough');
      expect(counts.opened).toBeLessThan(6);
      expect(counts.open).toBe(0);
      expect(backend.counters.allocatedBytes).toBe(0);
      backend.dispose();
    },
  );
});

describe('hundreds of sources', () => {
  const box = gridAt(500_000, 5_000_640, 64, 64);
  const count = 300;
  let rows: CatalogRow[];
  beforeAll(async () => {
    // Pixel p of source k is (7 k + p) mod 50; 0 is nodata.
    const files = await Promise.all(
      Array.from({ length: 50 }, (_, k) => {
        const values = Uint8Array.from({ length: 4096 }, (_, p) => (7 * k + p) % 50);
        return writeRow(folder, `many${k}`, {
          data: { geobox: box, bands: [values], options: { nodata: 0 } },
        });
      }),
    );
    rows = Array.from({ length: count }, (_, k) => ({ ...files[k % 50], id: `many${k}` }));
  });
  // Each pixel has each of 1 to 49 six times, and six gaps.
  it.each<[MosaicMethod, number]>([
    ['mean', 25],
    ['median', 25],
    ['sum', 6 * 49 * 25],
    ['count', 6 * 49],
    ['min', 1],
    ['max', 49],
  ])('take the memory and files of a few, with the right result: %s', async (method, expected) => {
    const load = async (from: readonly CatalogRow[]) => {
      const { counts, open } = countingOpener();
      const backend = new CpuBackend();
      const tensor = await loadRaster(from, box, { ...nearest, bands: [1], method, backend, open });
      const { peakAllocatedBytes, allocatedBytes } = backend.counters;
      backend.dispose();
      expect(allocatedBytes).toBe(0);
      expect(counts.open).toBe(0);
      return { tensor, peak: peakAllocatedBytes, open: counts.most };
    };
    const all = await load(rows);
    expect(all.tensor.data.every((value) => value === expected)).toBe(true);
    // 64 are kept open, and 8 are opened at a time.
    expect(all.open).toBeLessThanOrEqual(72);
    const few = await load(rows.slice(0, 12));
    // Only a median needs all at once: one plane per source, and as many again to stack them.
    const perPlane = 4 * box.pixelCount;
    expect(all.peak).toBeLessThanOrEqual(
      method === 'median' ? (2 * count + 8) * perPlane : few.peak + perPlane,
    );
  });
});
