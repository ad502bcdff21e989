import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadLayers, stack } from '../../src/catalog/node/index.js';
import { GeoTensor } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_020, 4, 2);
const dem = join(folder, 'dem.tif');
const cover = join(folder, 'cover.tif');
await writeCog(dem, [Float32Array.of(100, 200, -9999, 400), Float32Array.of(1, 2, 3, 4)], {
  geobox: gridAt(500_000, 5_000_020, 2, 2, 20),
  bands: 2,
  dtype: 'float32',
  nodata: -9999,
  overviews: 'none',
});
const colours = Array.from({ length: 256 }, (_, k) => [k, k, k] as const);
await writeCog(cover, [Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80)], {
  geobox: grid,
  bands: 1,
  dtype: 'uint8',
  overviews: 'none',
  colourTable: colours,
});

describeBackends('loadLayers', (backend) => {
  it('collocates by name, band and resampling; a missing band is NaN with a warning', async () => {
    const reported: string[] = [];
    const { tensor, warnings } = await loadLayers(
      {
        elevation: { path: dem, resampling: 'nearest' },
        slope: { path: dem, band: 2, resampling: 'nearest' },
        aspect: { path: dem, band: 3 },
        cover: { path: cover },
      },
      grid,
      {
        backend: backend(),
        onProgress: (event) => {
          if (event.type === 'warning') reported.push(event.message);
        },
      },
    );
    expect(tensor.bandNames).toEqual(['elevation', 'slope', 'aspect', 'cover']);
    expect(tensor.shape).toEqual([4, 2, 4]);
    expect(valuesOf(tensor, 0)).toEqual([100, 100, 200, 200, 100, 100, 200, 200]);
    expect(valuesOf(tensor, 1)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    expect(valuesOf(tensor, 2)).toEqual(new Array(8).fill(NAN));
    // On the target grid: bit for bit as stored.
    expect(valuesOf(tensor, 3)).toEqual([10, 20, 30, 40, 50, 60, 70, 80]);
    expect(warnings).toEqual([
      expect.stringMatching(/^the layer "aspect" is NaN: .*dem\.tif has no band 3, only 1 to 2$/),
    ]);
    expect(reported).toEqual(warnings);
  });

  it('interpolates values between pixels, but never categories', async () => {
    const shifted = gridAt(500_010, 5_000_015, 2, 1, 10);
    const { tensor } = await loadLayers({ dem: { path: dem } }, shifted, { backend: backend() });
    // Positions 0.75 and 1.25 pixels across, in the middle of the row: between 100 and 200.
    expect(valuesOf(tensor)).toBeCloseToArray([125, 175], 1e-4);
    await expect(loadLayers({ cover: { path: cover, resampling: 'bilinear' } }, grid)).rejects.toThrow(
      /resampling cannot be bilinear for the layer "cover"/,
    );
    await expect(
      loadLayers({ dem: { path: dem, units: 'class', resampling: 'cubic' } }, grid),
    ).rejects.toThrow(/holds categories/);
    await expect(loadLayers({}, grid)).rejects.toThrow(/layers name none/);
    await expect(loadLayers({ dem: { path: dem } }, grid, { maxBytes: 31 })).rejects.toThrow(/limit of 31/);
  });

  it('stacks with other tensors of the grid', async () => {
    const { tensor } = await loadLayers({ dem: { path: dem, resampling: 'nearest' } }, grid, {
      backend: backend(),
    });
    const image = new GeoTensor({
      data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7),
      shape: [1, 2, 4],
      dimensions: ['band', 'y', 'x'],
      geobox: grid,
      nodata: 0,
      bandNames: ['red'],
    });
    const both = stack([image, tensor]);
    expect(both.bandNames).toEqual(['red', 'dem']);
    expect(valuesOf(both, 0)).toEqual([NAN, 1, 2, 3, 4, 5, 6, 7]);
    expect(valuesOf(both, 1)).toEqual(valuesOf(tensor));
    const elsewhere = image.with({ geobox: gridAt(0, 0, 4, 2) });
    expect(() => stack([tensor, elsewhere])).toThrow(/different grids/);
    expect(() => stack([])).toThrow(/no tensors/);
    // 2^24 + 1 is the first integer that float32 rounds.
    const classes = (data: number[]) =>
      new GeoTensor({
        data: Int32Array.from({ length: grid.pixelCount }, (_, i) => data[i % data.length]),
        shape: [grid.height, grid.width],
        dimensions: ['y', 'x'],
        geobox: grid,
        nodata: 2_147_483_647,
      });
    expect(() => stack([classes([1, 16_777_217])])).toThrow(/a tensor of the stack holds 16777217, a whole/);
    expect([...stack([classes([16_777_216, 2_147_483_647])]).data.subarray(0, 2)]).toEqual([2 ** 24, NaN]);
  });
});
