import { describe, expect, it } from 'vitest';
import { requireSize } from '../app/rows.js';
import { cropGrid } from '../app/steps/calculate.js';
import { toCog } from '../app/steps/cog.js';
import { open } from '../app/steps/open.js';
import { reproject, targetGrid } from '../app/steps/reproject.js';
import { Affine, GeoBox } from '../src/geo/index.js';
import { CpuBackend } from '../src/kernels/index.js';

// Pixels of a hundredth of a degree.
const degrees = new GeoBox(4326, new Affine(0.01, 0, 6, 0, -0.01, 50), 100, 80);

const STORED = { names: ['a'], scales: [1], offsets: [0] };

describe('cropGrid', () => {
  it('takes the pixels under bounds', () => {
    const cut = cropGrid(degrees, [6.105, 49.5, 6.2, 49.705]);
    expect([cut.width, cut.height]).toEqual([10, 21]);
    expect(cut.bounds.map((edge) => Number(edge.toFixed(9)))).toEqual([6.1, 49.5, 6.2, 49.71]);
  });

  it('takes all pixels without bounds, and none beyond the grid', () => {
    expect(cropGrid(degrees, null)).toBe(degrees);
    expect(cropGrid(degrees, [0, 40, 10, 60]).equals(degrees)).toBe(true);
    expect(() => cropGrid(degrees, [10, 40, 11, 41])).toThrow(
      'The layer is not in view; move the map to it.',
    );
  });
});

describe('requireSize', () => {
  it('allows 4000 × 4000 pixels of six bands', () => {
    const grid = { ...degrees.toJSON(), width: 4000, height: 4000 };
    requireSize(grid, 6);
    expect(() => requireSize(grid, 7)).toThrow(/^the result would take 427 MiB, more than 400; /);
    expect(() => requireSize({ ...grid, height: 4001 }, 1)).toThrow(
      /^the result would have 4000 × 4001 pixels, more than 4000 × 4000; /,
    );
  });
});

describe('the steps of the app', () => {
  it('write a file that can be opened again, with a mask if the type has no value for gaps', async () => {
    const values = Float32Array.from({ length: 8000 }, (_, i) => (i % 100 < 3 ? Number.NaN : i % 200));
    const storage = { ...STORED, dtype: 'uint8', nodata: null, overviews: 'nearest' } as const;
    await using raster = await open(await toCog([values], degrees, storage), 'result.tif');
    expect(raster.mask).toBe('mask');
    expect(raster.bands.map(({ dtype, description }) => [dtype, description])).toEqual([['uint8', 'a']]);
    using backend = new CpuBackend();
    const rows = { start: 10, end: 30 };
    const [found] = await reproject(backend, raster, degrees, 'nearest', [1], rows);
    expect(found).toEqual(values.subarray(1000, 3000));
  });

  it('reproject to a grid for bounds, or for the whole raster', () => {
    const part = targetGrid(degrees, 'EPSG:4326', 0.02, [6.1, 49.4, 6.2, 49.5]);
    expect([part.width, part.height]).toEqual([5, 5]);
    const whole = targetGrid(degrees, 'EPSG:4326', 0.02, null);
    expect([whole.width, whole.height]).toEqual([50, 40]);
  });
});
