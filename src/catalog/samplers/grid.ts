import { invalidOption } from '../../errors.js';
import { chipStarts, type PixelWindow } from '../../geo/index.js';
import type { SampleArea } from './area.js';
import { type Chip, type PixelSize, pixelSize, sliceOf } from './chip.js';
import { Sequence } from './sequence.js';

/**
 * What happens where chips do not fill the area, along each axis:
 *
 * - `cover`: the last chip is shifted inwards, so that every pixel is in a chip and no chip reaches beyond;
 * - `centre`: the chips are centred on the area and reach beyond it on both sides;
 * - `pad`: the last chip reaches beyond;
 * - `clip`: the last chip is cut, and smaller than the others;
 * - `drop`: what does not fill a chip is left out.
 *
 * An area narrower than a chip has one chip that reaches beyond it, or one that is cut by `clip`.
 */
export const GRID_POLICIES = ['cover', 'centre', 'pad', 'clip', 'drop'] as const;
export type GridPolicy = (typeof GRID_POLICIES)[number];

export interface GridSamplerOptions {
  /** Pixels of a chip. */
  size: PixelSize;
  /** Pixels from one chip to the next (default: the size, so that chips do not overlap). */
  stride?: PixelSize;
  /** Default `cover`. */
  policy?: GridPolicy;
}

/** What a grid does not take as it is. */
export interface GridReport {
  readonly columns: number;
  readonly rows: number;
  /** Places of the grid that were left out, since no pixel of the area lies in them. */
  readonly emptyPlaces: number;
  /** Pixels of the area in no chip: at the edges by `drop`, and between chips where the stride is larger than the size. */
  readonly droppedPixels: number;
  /** Pixels of chips that lie outside of the area's bounds. */
  readonly addedPixels: number;
}

/** Chips on a regular grid, row by row from the upper left. */
export class GridSampler extends Sequence<Chip> {
  readonly report: GridReport;

  /** @internal Use `gridSampler`. */
  constructor(area: SampleArea, windows: readonly PixelWindow[], report: GridReport) {
    super(windows.length, (index) => {
      const window = windows[index];
      const geobox = area.geobox.window(window.x, window.y, window.width, window.height);
      return { index, geobox, slice: sliceOf(geobox, area.interval), window };
    });
    this.report = report;
  }
}

/**
 * Cuts an area into chips on a regular grid over its bounds; places without any pixel of the area are left out.
 * @throws {TerrachipError} INVALID_OPTION for an impossible size or stride
 */
export function gridSampler(area: SampleArea, options: GridSamplerOptions): GridSampler {
  const { policy = 'cover' } = options;
  if (!GRID_POLICIES.includes(policy))
    throw invalidOption('policy', `cannot be ${policy}`, `give one of ${GRID_POLICIES.join(', ')}`);
  const [width, height] = pixelSize(options.size, 'size');
  const [strideX, strideY] = pixelSize(options.stride ?? options.size, 'stride');
  const { geobox } = area;
  const columns = axisChips(geobox.width, width, strideX, policy);
  const rows = axisChips(geobox.height, height, strideY, policy);
  const windows: PixelWindow[] = [];
  for (const [y, chipHeight] of rows) {
    for (const [x, chipWidth] of columns) {
      const window = { x, y, width: chipWidth, height: chipHeight };
      if (area.touches(window)) windows.push(window);
    }
  }
  return new GridSampler(area, windows, {
    columns: columns.length,
    rows: rows.length,
    emptyPlaces: columns.length * rows.length - windows.length,
    droppedPixels: droppedPixels(area, columns, rows),
    addedPixels: windows.reduce((sum, window) => sum + pixelsBeyond(window, geobox), 0),
  });
}

/** The start and length of a chip along one axis. */
type AxisChip = readonly [start: number, length: number];

/** The chips along an axis of `length` pixels. */
export function axisChips(length: number, size: number, stride: number, policy: GridPolicy): AxisChip[] {
  if (length <= size) return [shortAxis(length, size, policy)];
  if (policy === 'cover') return Array.from(chipStarts(length, size, stride), (start) => [start, size]);
  const steps = (length - size) / stride;
  const count = (policy === 'drop' ? Math.floor(steps) : Math.ceil(steps)) + 1;
  const beyond = (count - 1) * stride + size - length;
  const first = policy === 'centre' ? -Math.floor(beyond / 2) : 0;
  const chips = Array.from({ length: count }, (_, k): AxisChip => [first + k * stride, size]);
  if (policy === 'clip') {
    const [start] = chips[count - 1];
    // With gaps between chips the last may start beyond the area.
    if (start >= length) chips.pop();
    else chips[count - 1] = [start, Math.min(size, length - start)];
  }
  return chips;
}

function shortAxis(length: number, size: number, policy: GridPolicy): AxisChip {
  if (policy === 'clip') return [0, length];
  return [policy === 'centre' ? -Math.floor((size - length) / 2) : 0, size];
}

/** Pixels of the area that lie in none of the chips. */
function droppedPixels(area: SampleArea, columns: readonly AxisChip[], rows: readonly AxisChip[]): number {
  const { width, height } = area.geobox;
  let dropped = 0;
  for (const [y, rowsBetween] of gaps(rows, height))
    dropped += area.count({ x: 0, y, width, height: rowsBetween });
  const between = gaps(columns, width);
  if (between.length === 0) return dropped;
  for (const [y, rowHeight] of merged(rows, height)) {
    for (const [x, gap] of between) dropped += area.count({ x, y, width: gap, height: rowHeight });
  }
  return dropped;
}

/** Stretches of an axis that some chip covers, within the axis. */
function merged(chips: readonly AxisChip[], length: number): AxisChip[] {
  const stretches: [number, number][] = [];
  for (const [start, size] of chips) {
    const [from, to] = [Math.max(0, start), Math.min(length, start + size)];
    const last = stretches.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (from < to) stretches.push([from, to]);
  }
  return stretches.map(([from, to]) => [from, to - from]);
}

/** Stretches of an axis that no chip covers. */
function gaps(chips: readonly AxisChip[], length: number): AxisChip[] {
  const found: AxisChip[] = [];
  let end = 0;
  for (const [start, size] of [...merged(chips, length), [length, 0] as const]) {
    if (start > end) found.push([end, start - end]);
    end = start + size;
  }
  return found;
}

function pixelsBeyond(window: PixelWindow, { width, height }: { width: number; height: number }): number {
  const across = Math.min(width, window.x + window.width) - Math.max(0, window.x);
  const down = Math.min(height, window.y + window.height) - Math.max(0, window.y);
  return window.width * window.height - Math.max(0, across) * Math.max(0, down);
}
