import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, allocateArray, type Dtype, GeoBox, type TypedArray } from '../../src/geo/index.js';
import { MemorySource } from '../../src/io/index.js';
import { type CogOptions, encodeCog, GeoTiffRaster, writeCog } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 150, 133);

function band(dtype: Dtype, k: number): TypedArray {
  const values: TypedArray = allocateArray(dtype, geobox.pixelCount);
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7919 + k * 131) % 977) / 4;
  return values;
}

const mask = Uint8Array.from({ length: geobox.pixelCount }, (_, i) => (i % 150 < 20 ? 0 : 1));

describe('encodeCog', () => {
  const cases: readonly (readonly [string, Omit<CogOptions, 'geobox'>])[] = [
    ['deflated floats', { bands: 1, dtype: 'float32', nodata: Number.NaN }],
    ['bands by pixel', { bands: 3, dtype: 'uint16', nodata: 0 }],
    ['bands one after the other', { bands: 3, dtype: 'int16', interleave: 'band', overviews: 'nearest' }],
    ['zstd with a mask', { bands: 2, dtype: 'uint8', compression: 'zstd', mask: true }],
    ['a mask with gaps', { bands: 1, dtype: 'uint8', mask: 'auto' }],
    ['sparse tiles', { bands: 1, dtype: 'float32', nodata: 0, sparse: true }],
    ['no compression', { bands: 2, dtype: 'float64', compression: 'none' }],
    ['BigTIFF', { bands: 1, dtype: 'uint8', bigTiff: true }],
  ];

  it.each(cases)('gives the bytes that writeCog writes: %s', async (name, some) => {
    const options = { geobox, blockSize: 64, ...some };
    const bands = Array.from({ length: options.bands }, (_, k) => band(options.dtype, k));
    if (options.sparse) bands[0].fill(0, 0, 64 * 150);
    const masked = options.mask === undefined ? null : mask;
    const path = join(folder, `${name}.tif`);
    await writeCog(path, bands, options, masked);
    expect(Buffer.from(await encodeCog(bands, options, masked)).equals(await readFile(path))).toBe(true);
  });

  it('can be opened again', async () => {
    const values = band('float32', 1);
    const bytes = await encodeCog([values], { geobox, bands: 1, dtype: 'float32' });
    await using raster = await GeoTiffRaster.open(new MemorySource(bytes));
    expect(raster.geobox?.equals(geobox)).toBe(true);
    expect((await raster.read()).data).toEqual(values);
  });

  it('refuses arrays that do not fit', async () => {
    const options = { geobox, bands: 1, dtype: 'float32' } as const;
    await expect(encodeCog([new Float32Array(5)], options)).rejects.toThrow(
      'the COG cannot hold 5 values of float32; give 1 arrays of 19950 values of float32, and a mask only with the option mask.',
    );
    await expect(encodeCog([band('float64', 1)], options)).rejects.toThrow(
      /^the COG cannot hold 19950 values/,
    );
    await expect(encodeCog([band('float32', 1)], options, mask)).rejects.toThrow(/^the COG cannot hold/);
  });
});
