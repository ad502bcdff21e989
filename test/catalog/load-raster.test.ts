import { describe, expect, it } from 'vitest';
import {
  createLoadCounters,
  GeoCatalog,
  type LoadRasterOptions,
  loadRaster,
  loadRasterTimeseries,
  streamRaster,
} from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_020, 3, 2);

/** Three dates over the same pixels; the last pixel has no data in any. */
const dates = [
  [1, -9, 3, NAN, NAN, NAN],
  [4, -7, NAN, 8, NAN, NAN],
  [2, -8, 5, NAN, 6, NAN],
];
const rows = await Promise.all(
  dates.map((values, k) =>
    writeRow(
      folder,
      `date${k}`,
      { data: { geobox: grid, bands: [Float32Array.from(values)], options: { nodata: NAN } } },
      { interval: `2021-07-0${k + 1}` },
    ),
  ),
);

describeBackends('loadRaster', (backend) => {
  const load = (from: Parameters<typeof loadRaster>[0], to = grid, options: LoadRasterOptions = {}) =>
    loadRaster(from, to, { backend: backend(), resampling: 'nearest', ...options });

  it.each<[MosaicMethod, number[]]>([
    ['first', [1, -9, 3, 8, 6, NAN]],
    ['last', [2, -8, 5, 8, 6, NAN]],
    ['min', [1, -9, 3, 8, 6, NAN]],
    ['max', [4, -7, 5, 8, 6, NAN]],
    ['mean', [7 / 3, -8, 4, 8, 6, NAN]],
    ['median', [2, -8, 4, 8, 6, NAN]],
    ['sum', [7, -24, 8, 8, 6, NAN]],
    ['count', [3, 3, 2, 1, 1, 0]],
  ])('combines by %s without gaps; uncovered pixels are nodata', async (method, expected) => {
    const tensor = await load(rows, grid, { method });
    expect(tensor.dimensions).toEqual(['band', 'y', 'x']);
    expect(tensor.shape).toEqual([1, 2, 3]);
    expect(tensor.geobox.equals(grid)).toBe(true);
    expect(tensor.bandNames).toEqual(['B1']);
    expect(tensor.data).toBeCloseToArray(expected, 1e-6);
  });

  it('gives the same mosaic for any order of the catalog', async () => {
    const many = Array.from({ length: 11 }, (_, k) => ({ ...rows[k % 3], id: `many${k}` }));
    const few = [...rows, rows[0], rows[1]].map((row, k) => ({ ...row, id: `few${k}` }));
    const mean = await load(many, grid, { method: 'mean' });
    // date0 and date1 four times, date2 three times.
    expect(mean.data).toBeCloseToArray([(4 + 16 + 6) / 11, (-36 - 28 - 24) / 11, 27 / 7, 8, 6, NAN], 1e-5);
    const counts = await load(many, grid, { method: 'count' });
    expect([...counts.data]).toEqual([11, 11, 7, 4, 3, 0]);
    expect(valuesOf(await load(few, grid, { method: 'median' }))).toEqual([2, -8, 3, 8, 6, NAN]);
    for (const method of ['first', 'last'] as const) {
      const reversed = await load([...rows].reverse(), grid, { method });
      expect([...reversed.data]).toEqual([...(await load(rows, grid, { method })).data]);
    }
  });

  it('takes a slice of a GeoCatalog: bounds and time', async () => {
    const catalog = GeoCatalog.from(rows);
    const slice = {
      bounds: grid.bounds,
      crs: grid.crs,
      resolution: 10,
      interval: TimeInterval.parse('2021-07-02/2021-07-03'),
    };
    const tensor = await loadRaster(catalog, slice, { backend: backend(), resampling: 'nearest' });
    expect(valuesOf(tensor)).toEqual([4, -7, 5, 8, 6, NAN]);
  });

  it('orders by time, not by name', async () => {
    const named = rows.map((row, k) => ({ ...row, id: `z${9 - k}`, collection: `c${9 - k}` }));
    expect(valuesOf(await load(named, grid, { method: 'first' }))).toEqual([1, -9, 3, 8, 6, NAN]);
    expect(valuesOf(await load(named, grid, { method: 'last' }))).toEqual([2, -8, 5, 8, 6, NAN]);
  });

  it('orders by a property, by a function, or by catalog order', async () => {
    const clouds = [30, 5, 80];
    const cloudy = rows.map((row, k) => ({ ...row, properties: { 'eo:cloud_cover': clouds[k] } }));
    const least = await load(cloudy, grid, { order: { property: 'eo:cloud_cover' } });
    expect(valuesOf(least)).toEqual([4, -7, 3, 8, 6, NAN]);
    const most = await load(cloudy, grid, { order: { property: 'eo:cloud_cover', descending: true } });
    expect(valuesOf(most)).toEqual([2, -8, 5, 8, 6, NAN]);
    expect(valuesOf(await load([rows[2], rows[0]], grid, { order: 'given' }))[0]).toBe(2);
    const latest = await load(rows, grid, { order: (a, b) => b.interval.start - a.interval.start });
    expect(valuesOf(latest)[0]).toBe(2);
    await expect(load(rows, grid, { order: { property: 'eo:cloud_cover' } })).rejects.toThrow(
      /date0 has no number or text "eo:cloud_cover"/,
    );
  });

  it('keeps the negative values of radar in a maximum', async () => {
    const left = gridAt(500_000, 5_000_010, 2, 1);
    const right = gridAt(500_010, 5_000_010, 2, 1);
    const union = [
      await writeRow(folder, 'sar-left', { vv: { geobox: left, bands: [Float32Array.of(-12, -20)] } }),
      await writeRow(folder, 'sar-right', { vv: { geobox: right, bands: [Float32Array.of(-15, -9)] } }),
    ];
    const tensor = await load(union, gridAt(499_990, 5_000_010, 5, 1), { method: 'max' });
    expect(valuesOf(tensor)).toEqual([NAN, -12, -15, -9, NAN]);
  });

  it('resamples each band by its own method, given by name, common name or number', async () => {
    const box = gridAt(500_000, 5_000_040, 4, 4);
    const ramp = Float32Array.from({ length: 16 }, (_, i) => i % 4);
    const row = await writeRow(folder, 'bands', {
      ten: { geobox: box, bands: [ramp, ramp.map((v) => 10 * v)], names: ['B04', 'B08'] },
      scl: {
        geobox: gridAt(500_000, 5_000_040, 2, 2, 20),
        bands: [Uint8Array.of(4, 5, 6, 8)],
        names: ['SCL'],
      },
    });
    const named = { ...row, assets: { ...row.assets } };
    named.assets.ten = {
      ...row.assets.ten,
      bands: [
        { name: 'B04', commonName: 'red', index: 1 },
        { name: 'B08', commonName: 'nir', index: 2 },
      ],
    };
    // Half a pixel to the right: bilinear is the mean of two neighbours, nearest takes the one on the right.
    const half = gridAt(500_005, 5_000_030, 2, 2);
    const tensor = await load([named], half, {
      bands: ['red', 'B08', 'scl'],
      resampling: { red: 'bilinear', B08: 'nearest' },
    });
    expect(tensor.bandNames).toEqual(['red', 'B08', 'scl']);
    expect(valuesOf(tensor, 0)).toBeCloseToArray([0.5, 1.5, 0.5, 1.5], 1e-6);
    expect(valuesOf(tensor, 1)).toEqual([10, 20, 10, 20]);
    // Categories are never interpolated, also by default.
    expect(valuesOf(tensor, 2)).toEqual([4, 5, 6, 8]);
    const second = await load([named], half, { bands: [2] });
    expect(valuesOf(second)).toEqual([10, 20, 10, 20]);
    expect(second.bandNames).toEqual(['B08']);
    await expect(load([named], half, { bands: ['B99'] })).rejects.toThrow(
      /bands has no band "B99"; choose one of/,
    );
    await expect(load([named], half, { bands: ['SCL'], resampling: 'bilinear' })).rejects.toThrow(
      /holds categories/,
    );
    await expect(load([named], half, { bands: ['SCL'], method: 'mean' })).rejects.toThrow(
      /cannot be mean for the band "SCL"/,
    );
    await expect(load([named], half, { bands: ['B04'], resampling: { B4: 'nearest' } })).rejects.toThrow(
      /resampling names "B4", which is not loaded/,
    );
  });

  it('takes nodata, scale and offset from the caller, then the row, then the file', async () => {
    const box = gridAt(500_000, 5_000_010, 4, 1);
    const stored = [Uint16Array.of(0, 1000, 2000, 65535)];
    const file = { geobox: box, bands: stored, options: { nodata: 65535, scales: [0.5], offsets: [1] } };
    const plain = await writeRow(folder, 'scaled', { data: file });
    expect(valuesOf(await load([plain], box))).toEqual([1, 501, 1001, NAN]);
    expect(valuesOf(await load([plain], box, { unscale: false }))).toEqual([0, 1000, 2000, NAN]);
    const described = await writeRow(folder, 'described', {
      data: { ...file, describe: { nodata: 0, scale: 0.001, offset: -1 } },
    });
    expect(valuesOf(await load([described], box))).toBeCloseToArray([NAN, 0, 1, 64.535], 1e-5);
    expect(valuesOf(await load([described], box, { sourceNodata: 1000 }))).toBeCloseToArray(
      [-1, NAN, 1, 64.535],
      1e-5,
    );
    const integers = await load([plain], box, { unscale: false, dtype: 'uint16' });
    expect(integers.nodata).toBe(65535);
    expect(valuesOf(integers)).toEqual([0, 1000, 2000, 65535]);
  });

  it("rasterio test_merge_out_of_range_nodata: a nodata value out of the type's range masks nothing", async () => {
    const box = gridAt(500_000, 5_000_010, 3, 1);
    const bytes = [Uint8Array.of(0, 1, 255)];
    for (const nodata of [-9999, 256, 1e40]) {
      const row = await writeRow(folder, `range${nodata}`, {
        data: { geobox: box, bands: bytes, describe: { nodata } },
      });
      expect(valuesOf(await load([row], box))).toEqual([0, 1, 255]);
    }
    const row = await writeRow(folder, 'range', { data: { geobox: box, bands: bytes } });
    await expect(load([row], box, { dtype: 'uint8', nodata: 300 })).rejects.toThrow(
      /nodata cannot be 300 in uint8/,
    );
  });

  it('does not pick a nodata value that occurs in the data, unless told to', async () => {
    const box = gridAt(500_000, 5_000_010, 4, 1);
    const wide = gridAt(500_000, 5_000_010, 5, 1);
    const white = { geobox: box, bands: [Uint8Array.of(0, 7, 254, 255)] };
    const row = await writeRow(folder, 'white', { data: white }, { interval: '2021-07-01' });
    const whole = await load([row], box, { dtype: 'uint8' });
    expect([...whole.data]).toEqual([0, 7, 254, 255]);
    expect(whole.nodata).toBeNull();
    const withGap = await load([row], wide, { dtype: 'uint8' });
    expect([...withGap.data]).toEqual([0, 7, 254, 255, 253]);
    expect(withGap.nodata).toBe(253);
    const asked = await load([row], wide, { dtype: 'uint8', nodata: 255 });
    expect([...asked.data, asked.nodata]).toEqual([0, 7, 254, 255, 255, 255]);
    const stream = await streamRaster([row], wide, {
      backend: backend(),
      dtype: 'uint8',
      resampling: 'nearest',
    });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow(
      /nodata is not given, and valid pixels hold 255/,
    );
    const series = await loadRasterTimeseries([row], wide, {
      backend: backend(),
      dtype: 'uint8',
      resampling: 'nearest',
    });
    expect([...series.data, series.nodata]).toEqual([0, 7, 254, 255, 253, 253]);
  });

  it('applies the mask of a file before it combines', async () => {
    const box = gridAt(500_000, 5_000_010, 3, 1);
    const masked = await writeRow(folder, 'masked', {
      data: { geobox: box, bands: [Uint8Array.of(9, 9, 9)], mask: Uint8Array.of(255, 0, 255) },
    });
    const below = await writeRow(folder, 'nobelow', {
      data: { geobox: box, bands: [Uint8Array.of(1, 2, 3)] },
    });
    expect(valuesOf(await load([masked, below], box, { order: 'given' }))).toEqual([9, 2, 9]);
    expect(valuesOf(await load([masked, below], box, { method: 'min' }))).toEqual([1, 2, 3]);
    expect(valuesOf(await load([masked], box))).toEqual([9, NAN, 9]);
  });

  it('reads each file once for any strips, and counts reads', async () => {
    const counters = createLoadCounters();
    await load(rows, grid, { method: 'mean', counters });
    expect(counters).toEqual({
      rows: 3,
      skippedRows: 0,
      // And once for the band names of the first.
      filesOpened: 4,
      sourcePixelsRead: 18,
      // The grid has the pixels of the files.
      warpedPixels: 0,
      maskedPixels: 0,
    });
    const elsewhere = createLoadCounters();
    const far = gridAt(600_000, 5_000_020, 3, 2);
    const nothing = await load(rows, far, { bands: ['B1'], counters: elsewhere, allowEmpty: true });
    expect(nothing.data.every(Number.isNaN)).toBe(true);
    expect(elsewhere).toMatchObject({ rows: 0, sourcePixelsRead: 0 });
  });

  it('does not read sources behind pixels that already have data', async () => {
    const box = gridAt(500_000, 5_000_010, 2, 1);
    const full = await Promise.all(
      Array.from({ length: 12 }, (_, k) =>
        writeRow(folder, `full${k}`, { data: { geobox: box, bands: [Float32Array.of(k, k)] } }),
      ),
    );
    const counters = createLoadCounters();
    expect(valuesOf(await load(full, box, { order: 'given', counters }))).toEqual([0, 0]);
    expect(counters.sourcePixelsRead).toBe(8);
    expect(valuesOf(await load(full, box, { order: 'given', method: 'last' }))).toEqual([11, 11]);
  });

  it('skips unreadable sources only when told to', async () => {
    const missing = { ...rows[0], id: 'missing', href: 'none.tif', assets: { data: { href: 'none.tif' } } };
    await expect(load([...rows, missing], grid, { bands: [1] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const counters = createLoadCounters();
    const warnings: string[] = [];
    const tensor = await load([...rows, missing], grid, {
      bands: [1],
      onUnreadable: 'skip',
      counters,
      onProgress: (event) => {
        if (event.type === 'warning') warnings.push(event.message);
      },
    });
    expect(valuesOf(tensor)).toEqual([1, -9, 3, 8, 6, NAN]);
    expect(counters).toMatchObject({ rows: 3, skippedRows: 1 });
    expect(warnings).toEqual([expect.stringMatching(/^missing was left out: .*none\.tif/)]);
  });
});

describe('loadRaster on any backend', () => {
  it('geopatcher test_split_rejects_patch_larger_than_byte_budget: checks the size before it allocates', async () => {
    const huge = gridAt(500_000, 5_000_020, 1_000_000, 1_000_000);
    await expect(loadRaster(rows, huge, { bands: [1] })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(loadRaster(rows, grid, { maxBytes: 23 })).rejects.toThrow(
      /24 bytes .* above the limit of 23/,
    );
  });

  it('refuses impossible options', async () => {
    const refuse = (options: object) => expect(loadRaster(rows, grid, options)).rejects;
    await refuse({ method: 'mode' }).toThrow(/method cannot be "mode"/);
    await refuse({ dtype: 'int64' }).toThrow(/dtype cannot be "int64"/);
    await refuse({ bands: [] }).toThrow(/bands names none/);
    await refuse({ bands: [7] }).toThrow(/has no band 7/);
    await expect(loadRaster([], grid)).rejects.toThrow(/no row declares any/);
  });

  it('stops at once at an abort signal', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(loadRaster(rows, grid, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('streams strips of bounded height that add up to the whole', async () => {
    const tall = gridAt(500_000, 5_010_000, 40, 1000);
    const values = Float32Array.from({ length: 40_000 }, (_, i) => i);
    const row = await writeRow(folder, 'tall', { data: { geobox: tall, bands: [values] } });
    const to = gridAt(499_995, 5_010_005, 41, 1001);
    const whole = await loadRaster([row], to, { resampling: 'cubic' });
    const stream = await streamRaster([row], to, { resampling: 'cubic' });
    let at = 0;
    const heights: number[] = [];
    for await (const strip of stream) {
      heights.push(strip.geobox.height);
      expect(strip.geobox.transform.f).toBe(5_010_005 - 10 * (at / 41));
      expect([...strip.data]).toEqual([...whole.data.subarray(at, at + strip.data.length)]);
      at += strip.data.length;
    }
    expect(heights).toEqual([512, 489]);
  });
});
