import { expect, it } from 'vitest';
import { CELL_WORDS, type ControlWindow, TABLE_WORDS } from '../../src/geo/index.js';
import { uploadControl, warp } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';

/**
 * A control window of one block with cells of 16 pixels, made by hand: in the first cell the source column is
 * fx + fx·fy / 64 (its cross term is far larger than any projection's) and the source row 2 fy; no other cell has a
 * source.
 */
function bentWindow(): ControlWindow {
  const unit = 2 ** 20;
  const cells = new Int32Array(256 * CELL_WORDS);
  for (let o = 0; o < cells.length; o += CELL_WORDS) cells.set([-(2 ** 30), -(2 ** 30)], o);
  const half = unit / 2;
  cells.set([0, 0, half, half, unit, 0, 0, 2 * unit, (unit * 256) / 64, 0], 0);
  const table = new Int32Array(TABLE_WORDS);
  table.set([0, 4, 20, 0]);
  return {
    cells,
    table,
    blockX: 0,
    blockY: 0,
    blockColumns: 1,
    footprints: false,
    source: { x: 0, y: 0, width: 40, height: 40 },
  };
}

describeBackends('control grid', (backend) => {
  it('applies the cross term of cells, and gives nodata without a source position', async () => {
    const source = backend().upload(Float32Array.from({ length: 1600 }, (_, i) => i));
    const control = uploadControl(backend(), bentWindow());
    // Not from the corner: positions are found from the cell's origin, wherever a tile starts.
    const tile = { x: 3, y: 2, width: 20, height: 13 };
    const destination = backend().allocate([tile.height, tile.width], 'float32');
    const sourceWindow = { x: 0, y: 0, width: 40, height: 40 };
    warp(backend(), { source, sourceWindow, control, tile, resampling: 'nearest', destination });
    const expected = Float32Array.from({ length: tile.width * tile.height }, (_, k) => {
      const fx = tile.x + (k % tile.width);
      const fy = tile.y + Math.floor(k / tile.width);
      if (fx >= 16) return Number.NaN;
      return 2 * fy * 40 + Math.floor(0.5 + fx + (fx * fy) / 64);
    });
    expect(await backend().download(destination)).toBeCloseToArray(expected);
    for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
  });

  it('applies the cross term to footprints as to centres', async () => {
    // Values are their columns: the mean over a box is one of overlaps along x alone.
    const source = backend().upload(Float32Array.from({ length: 1600 }, (_, i) => i % 40));
    const control = uploadControl(backend(), { ...bentWindow(), footprints: true });
    const tile = { x: 1, y: 1, width: 14, height: 14 };
    const destination = backend().allocate([tile.height, tile.width], 'float32');
    const sourceWindow = { x: 0, y: 0, width: 40, height: 40 };
    warp(backend(), { source, sourceWindow, control, tile, resampling: 'average', destination });
    const column = (fx: number, fy: number): number => 0.5 + fx + (fx * fy) / 64;
    const expected = Float32Array.from({ length: tile.width * tile.height }, (_, k) => {
      const fx = tile.x + (k % tile.width);
      const fy = tile.y + Math.floor(k / tile.width);
      const [left, right] = [column(fx - 0.5, fy - 0.5), column(fx + 0.5, fy + 0.5)];
      let sum = 0;
      for (let x = Math.floor(left); x < right; x++) sum += x * (Math.min(right, x + 1) - Math.max(left, x));
      return sum / (right - left);
    });
    expect(await backend().download(destination)).toBeCloseToArray(expected, 1e-4);
    for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
  });
});
