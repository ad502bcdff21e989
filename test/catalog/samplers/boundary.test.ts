/** Cases of geopatcher's tests/test_boundary_policy.py by their names: chips that do not fill an area. */
import { describe, expect, it } from 'vitest';
import { fillOutside, loadRaster } from '../../../src/catalog/node/index.js';
import { GRID_POLICIES } from '../../../src/catalog/samplers/grid.js';
import {
  type Chip,
  type GridPolicy,
  gridSampler,
  randomSampler,
  SampleArea,
} from '../../../src/catalog/samplers/index.js';
import { Affine, GeoBox, GeoTensor } from '../../../src/geo/node/index.js';
import { temporaryFolder } from '../../support/files.js';
import { gridAt, writeRow } from '../../support/raster-rows.js';
import { EAST, NORTH } from './rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;

const field = (side: number): SampleArea => SampleArea.of(gridAt(EAST, NORTH, side, side, 1));
const misaligned = field(70);
const corners = (chips: Iterable<Chip>): string[] =>
  [...chips].map(({ window }) => `${window.x},${window.y}`);

describe('geopatcher tests/test_boundary_policy.py TestRectangularBoundary', () => {
  const chips = (policy: GridPolicy): ReturnType<typeof gridSampler> =>
    gridSampler(misaligned, { size: 16, policy });

  it('test_drop_is_default_and_omits_residual: drop is not the default, and reports dropped pixels', () => {
    const sampler = chips('drop');
    expect(new Set([...sampler].map(({ window }) => window.y))).toEqual(new Set([0, 16, 32, 48]));
    expect(sampler).toHaveLength(16);
    expect(sampler.report.droppedPixels).toBe(70 * 70 - 64 * 64);
    // The default drops nothing.
    expect(gridSampler(misaligned, { size: 16 }).report.droppedPixels).toBe(0);
  });

  it('test_pad_emits_edge_anchors_full_size', () => {
    const sampler = chips('pad');
    expect(sampler).toHaveLength(25);
    for (const { geobox } of sampler) expect([geobox.width, geobox.height]).toEqual([16, 16]);
  });

  it('test_shrink_clips_edge_patches', () => {
    const sampler = chips('clip');
    expect(sampler).toHaveLength(25);
    const sizes = new Map(
      [...sampler].map(({ window: { x, y, width, height } }) => [`${x},${y}`, [width, height]]),
    );
    expect(sizes.get('0,0')).toEqual([16, 16]);
    expect(sizes.get('64,64')).toEqual([6, 6]);
    expect(sizes.get('0,64')).toEqual([16, 6]);
  });

  it('test_raise_errors_on_first_overflow: chips of folds stay in their blocks', () => {
    const blocks = misaligned.within([{ x: 0, y: 0, width: 40, height: 40 }]);
    for (const policy of ['pad', 'centre'] as const) {
      expect(() => gridSampler(blocks, { size: 16, policy })).toThrow(
        `policy cannot be ${policy} in blocks, which chips would leave; use cover, clip or drop`,
      );
    }
  });

  it('test_invalid_mode_rejected', () => {
    expect(() => gridSampler(misaligned, { size: 16, policy: 'wrap' as GridPolicy })).toThrow(
      'policy cannot be wrap; give one of cover, centre, pad, clip, drop',
    );
  });
});

describe('geopatcher tests/test_boundary_policy.py TestAlignedDomainIsUnchanged', () => {
  it.each(GRID_POLICIES)('test_aligned_domain_anchor_count: %s', (policy) => {
    const sampler = gridSampler(field(64), { size: 16, policy });
    expect(sampler.report).toEqual({ emptyPlaces: 0, droppedPixels: 0, addedPixels: 0 });
    expect(corners(sampler)).toEqual(
      Array.from({ length: 16 }, (_, k) => `${16 * (k % 4)},${16 * Math.floor(k / 4)}`),
    );
  });
});

describe('geopatcher tests/test_boundary_policy.py TestBoundaryHonoredByAllRasterSamplers', () => {
  it('test_drop_mode_keeps_anchors_in_bounds', () => {
    for (const { window } of randomSampler(misaligned, { size: 16, count: 200, seed: 0 })) {
      expect(window.x >= 0 && window.y >= 0 && window.x + 16 <= 70 && window.y + 16 <= 70).toBe(true);
    }
  });

  it('test_raise_mode_fires_for_each_sampler: random chips leave the area with a coverage below 1', () => {
    const leaving = [...randomSampler(misaligned, { size: 16, count: 200, seed: 0, coverage: 0.3 })].filter(
      ({ window }) => window.x < 0 || window.y < 0 || window.x + 16 > 70 || window.y + 16 > 70,
    );
    expect(leaving.length).toBeGreaterThan(10);
  });
});

/** Numbers in rows on pixels of one unit, and the chip of a grid with a corner at (x, y). */
async function chipOfField(
  side: number,
  [x, y]: readonly [number, number],
): Promise<{ chip: Chip; tensor: GeoTensor; area: GeoBox; raw: Float32Array }> {
  const area = gridAt(EAST, NORTH, side, side, 1);
  const raw = Float32Array.from({ length: side * side }, (_, k) => k);
  const row = await writeRow(folder, `field-${side}`, { data: { geobox: area, bands: [raw] } });
  const chip = [...gridSampler(SampleArea.of(area), { size: 4, policy: 'pad' })].find(
    ({ window }) => window.x === x && window.y === y,
  );
  if (chip === undefined) throw new Error('there is no such chip');
  return { chip, tensor: await loadRaster([row], chip.geobox), area, raw };
}

describe('geopatcher tests/test_boundary_policy.py TestReflectAndPadValue', () => {
  it('test_reflect_edge_equals_numpy_pad_of_clipped_read', async () => {
    const { tensor, area } = await chipOfField(11, [8, 8]);
    // numpy.pad(arange(121).reshape(11, 11)[8:11, 8:11], ((0, 1), (0, 1)), mode='reflect')
    const expected = [96, 97, 98, 97, 107, 108, 109, 108, 118, 119, 120, 119, 107, 108, 109, 108];
    expect([...fillOutside(tensor, area, 'reflect').data]).toEqual(expected);
  });

  it('test_reflect_interior_anchor_is_untouched', async () => {
    const { tensor, area } = await chipOfField(11, [0, 0]);
    expect(fillOutside(tensor, area, 'reflect').data).toEqual(tensor.data);
  });

  it('test_pad_value_fills_overflow_region', async () => {
    const { tensor, area } = await chipOfField(10, [8, 8]);
    const filled = [...fillOutside(tensor, area, -999).data];
    expect(filled).toEqual([88, 89, -999, -999, 98, 99, ...new Array(10).fill(-999)]);
  });

  it('test_edge_chip_keeps_exact_georeferencing', async () => {
    const { chip, tensor, area } = await chipOfField(11, [8, 8]);
    const filled = fillOutside(tensor, area, 'reflect');
    expect(filled.geobox.equals(chip.geobox)).toBe(true);
    expect(filled.geobox.transform.toTuple()).toEqual([1, 0, EAST + 8, 0, -1, NORTH - 8]);
  });

  it('test_reflect_raises_when_overflow_exceeds_extent', async () => {
    const { tensor, area } = await chipOfField(10, [8, 8]);
    expect(() => fillOutside(tensor, area, 'reflect')).toThrow(
      'a chip that reaches 2 columns beyond its area cannot be reflected, since only 2 are inside; ' +
        'fill it with edge or a number, or take smaller chips',
    );
    expect([...fillOutside(tensor, area, 'edge').data.subarray(0, 4)]).toEqual([88, 89, 89, 89]);
  });

  it('test_pad_none_matches_boundless_read: uncovered pixels are nodata', async () => {
    const { tensor } = await chipOfField(10, [8, 8]);
    expect([...tensor.data]).toEqual([88, 89, NAN, NAN, 98, 99, ...new Array(10).fill(NAN)]);
  });
});

describe('fillOutside', () => {
  /** 3 × 4 numbers inside a chip of 7 × 8, in two bands of two dtypes. */
  const area = gridAt(EAST, NORTH, 4, 3);
  const around = area.window(-1, -2, 8, 7);
  const inside = (k: number, band: number): number => {
    const [x, y] = [(k % 8) - 1, Math.floor(k / 8) - 2];
    return x >= 0 && y >= 0 && x < 4 && y < 3 ? 100 * band + 4 * y + x : 255;
  };
  const tensor = new GeoTensor({
    data: Uint8Array.from({ length: 112 }, (_, k) => inside(k % 56, Math.floor(k / 56))),
    shape: [2, 7, 8],
    dimensions: ['band', 'y', 'x'],
    geobox: around,
    nodata: 255,
    bandNames: ['a', 'b'],
  });

  it('is equal to numpy.pad on all sides, per plane', () => {
    // numpy.pad(arange(12).reshape(3, 4), ((2, 2), (1, 3)), mode)
    const rows = {
      reflect: [
        [9, 8, 9, 10, 11, 10, 9, 8],
        [5, 4, 5, 6, 7, 6, 5, 4],
        [1, 0, 1, 2, 3, 2, 1, 0],
        [5, 4, 5, 6, 7, 6, 5, 4],
        [9, 8, 9, 10, 11, 10, 9, 8],
        [5, 4, 5, 6, 7, 6, 5, 4],
        [1, 0, 1, 2, 3, 2, 1, 0],
      ],
      edge: [
        [0, 0, 1, 2, 3, 3, 3, 3],
        [0, 0, 1, 2, 3, 3, 3, 3],
        [0, 0, 1, 2, 3, 3, 3, 3],
        [4, 4, 5, 6, 7, 7, 7, 7],
        [8, 8, 9, 10, 11, 11, 11, 11],
        [8, 8, 9, 10, 11, 11, 11, 11],
        [8, 8, 9, 10, 11, 11, 11, 11],
      ],
    };
    for (const mode of ['reflect', 'edge'] as const) {
      const filled = fillOutside(tensor, area, mode);
      const values = rows[mode].flat();
      expect([...filled.data]).toEqual([...values, ...values.map((value) => value + 100)]);
      expect([filled.dtype, filled.nodata, filled.bandNames]).toEqual(['uint8', 255, ['a', 'b']]);
    }
  });

  it("refuses other resolutions, other areas and values out of the type's range", () => {
    const shifted = new GeoBox(32631, new Affine(10, 0, EAST + 5, 0, -10, NORTH), 4, 3);
    const coarse = gridAt(EAST, NORTH, 4, 3, 20);
    for (const other of [shifted, coarse, gridAt(EAST, NORTH, 4, 3, 10, 32632)]) {
      expect(() => fillOutside(tensor, other, 'edge')).toThrow(
        'a tensor on other pixels than those of its area cannot be filled; give the grid of the area',
      );
    }
    expect(() => fillOutside(tensor, area.window(20, 0, 4, 3), 'edge')).toThrow(
      'a tensor outside its area has no pixels to fill from',
    );
    expect(() => fillOutside(tensor, area, 0.5)).toThrow('fill cannot be 0.5 in uint8');
    expect(() => fillOutside(tensor, area, 'wrap' as 'edge')).toThrow(
      'fill cannot be "wrap"; give reflect, edge',
    );
  });
});
