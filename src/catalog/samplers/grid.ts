import { invalidOption, TerrachipError } from '../../errors.js';
import { chipStarts, type PixelWindow } from '../../geo/index.js';
import { intersectWindows, wholeWindow } from '../../geo/windows.js';
import type { SampleArea } from './area.js';
import { type Chip, chipAt, type PixelSize, pixelSize } from './chip.js';
import { Sequence } from './sequence.js';

/**
 * Policies at the edges of an area that is not a multiple of the stride, along each axis:
 *
 * - `cover`: the last chip is shifted inwards, so that every pixel is in a chip and no chip extends beyond the area;
 * - `centre`: the chips are centred on the area and extend beyond it on both sides;
 * - `pad`: the last chip extends beyond the area;
 * - `clip`: the last chip is clipped, and smaller than the others;
 * - `drop`: an incomplete last chip is left out.
 *
 * An area narrower than a chip has one chip that extends beyond it, or one that is clipped with `clip`.
 */
export const GRID_POLICIES = ['cover', 'centre', 'pad', 'clip', 'drop'] as const;
/** The policy at the edges of an area. */
export type GridPolicy = (typeof GRID_POLICIES)[number];

/** The size, stride and edge policy of chips on a regular grid. */
export interface GridSamplerOptions {
  /** Pixels of a chip. */
  size: PixelSize;
  /** Pixels from one chip to the next (default: the size, without overlap). */
  stride?: PixelSize;
  /** Default `cover`. */
  policy?: GridPolicy;
}

/** Differences between the area and the chips of a grid. */
export interface GridReport {
  /** Chips that were left out, since they contain no pixel of the area. */
  readonly emptyPlaces: number;
  /** Pixels of the area in no chip: at the edges with `drop`, and between chips if the stride exceeds the size. */
  readonly droppedPixels: number;
  /** Pixels of chips outside the bounds of the area, or of its block. */
  readonly addedPixels: number;
}

/** Greatest number of chips that are tested against the area. */
const MAX_PLACES = 2 ** 24;

/** Chips on a regular grid, row by row from the upper left. */
export class GridSampler extends Sequence<Chip> {
  readonly report: GridReport;

  /** @internal Use `gridSampler`. */
  constructor(area: SampleArea, windows: readonly PixelWindow[], report: GridReport) {
    super(windows.length, (index) => chipAt(area, index, windows[index]));
    this.report = report;
  }
}

/**
 * Splits an area into chips on a regular grid over its bounds. Chips without a pixel of the area are left out. An area
 * of blocks, such as a fold, has a grid per block, and its chips stay inside their block; if the area in a block is
 * narrower than a chip, the chip is shifted towards the middle of the block.
 * @throws {TerrachipError} INVALID_OPTION for an invalid size or stride, or a policy with chips beyond their block;
 *   TOO_LARGE above 16 million chips
 */
export function gridSampler(area: SampleArea, options: GridSamplerOptions): GridSampler {
  const { policy = 'cover' } = options;
  if (!GRID_POLICIES.includes(policy))
    throw invalidOption('policy', `cannot be ${policy}`, `give one of ${GRID_POLICIES.join(', ')}`);
  if (area.blocks !== null && (policy === 'pad' || policy === 'centre')) {
    const problem = `cannot be ${policy} in blocks, which chips would leave`;
    throw invalidOption('policy', problem, 'use cover, clip or drop');
  }
  const size = pixelSize(options.size, 'size');
  const stride = pixelSize(options.stride ?? options.size, 'stride');
  const bounds = wholeWindow(area.geobox);
  // In a block, the grid starts at the block's part in the area's bounds; chips may extend beyond that, not beyond the
  // block.
  const frames = (area.blocks ?? [null]).flatMap((block) => {
    const frame = block === null ? bounds : intersectWindows(block, bounds);
    return frame === null ? [] : [{ frame, block }];
  });
  const total = frames.reduce(
    (sum, { frame }) => sum + Math.ceil(frame.width / stride[0]) * Math.ceil(frame.height / stride[1]),
    0,
  );
  if (total > MAX_PLACES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `a grid with a stride of ${stride.join(' × ')} pixels has ${total} places, above the limit of ${MAX_PLACES}`,
      'choose a larger stride, or sample one part of the area after another',
      { size: total, limit: MAX_PLACES },
    );
  }
  const windows: PixelWindow[] = [];
  let [emptyPlaces, dropped, added] = [0, 0, 0];
  for (const { frame, block } of frames) {
    if (block !== null && policy === 'cover') requireFit(block, size);
    let columns = axisChips(frame.width, size[0], stride[0], policy);
    let rows = axisChips(frame.height, size[1], stride[1], policy);
    if (block !== null) {
      columns = keptInside(columns, block.x - frame.x, block.width);
      rows = keptInside(rows, block.y - frame.y, block.height);
    }
    dropped += droppedPixels(area, frame, columns, rows);
    for (const [y, chipHeight] of rows) {
      for (const [x, chipWidth] of columns) {
        const window = { x: frame.x + x, y: frame.y + y, width: chipWidth, height: chipHeight };
        if (area.touches(window)) {
          windows.push(window);
          added += pixelsBeyond(window, frame);
        } else emptyPlaces++;
      }
    }
  }
  return new GridSampler(area, windows, { emptyPlaces, droppedPixels: dropped, addedPixels: added });
}

function requireFit({ width, height }: PixelWindow, size: readonly [number, number]): void {
  if (size[0] <= width && size[1] <= height) return;
  throw invalidOption(
    'size',
    `cannot be ${size.join(' × ')} in blocks of ${width} × ${height} pixels, which chips would leave`,
    'give smaller chips, or the policy clip or drop',
  );
}

/** Shifts chips into a block; leaves out chips larger than it. */
function keptInside(chips: readonly AxisChip[], from: number, length: number): AxisChip[] {
  return chips.flatMap(([start, size]): AxisChip[] =>
    size > length ? [] : [[Math.max(from, Math.min(start, from + length - size)), size]],
  );
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
    // With a stride above the size, the last chip may start beyond the area.
    if (start >= length) chips.pop();
    else chips[count - 1] = [start, Math.min(size, length - start)];
  }
  return chips;
}

function shortAxis(length: number, size: number, policy: GridPolicy): AxisChip {
  if (policy === 'clip') return [0, length];
  return [policy === 'centre' ? -Math.floor((size - length) / 2) : 0, size];
}

/** The number of the area's pixels in a frame that are in no chip. */
function droppedPixels(
  area: SampleArea,
  frame: PixelWindow,
  columns: readonly AxisChip[],
  rows: readonly AxisChip[],
): number {
  const between = gaps(columns, frame.width);
  const strips = [
    ...gaps(rows, frame.height).map(([y, height]) => ({ x: 0, y, width: frame.width, height })),
    ...merged(rows, frame.height).flatMap(([y, height]) =>
      between.map(([x, width]) => ({ x, y, width, height })),
    ),
  ];
  return strips.reduce(
    (sum, strip) => sum + area.count({ ...strip, x: frame.x + strip.x, y: frame.y + strip.y }),
    0,
  );
}

/** Ranges of an axis that chips cover, clipped to the axis. */
function merged(chips: readonly AxisChip[], length: number): AxisChip[] {
  const ranges: [number, number][] = [];
  for (const [start, size] of chips) {
    const [from, to] = [Math.max(0, start), Math.min(length, start + size)];
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (from < to) ranges.push([from, to]);
  }
  return ranges.map(([from, to]) => [from, to - from]);
}

/** Ranges of an axis that no chip covers. */
function gaps(chips: readonly AxisChip[], length: number): AxisChip[] {
  const ranges: AxisChip[] = [];
  let end = 0;
  for (const [start, size] of [...merged(chips, length), [length, 0] as const]) {
    if (start > end) ranges.push([end, start - end]);
    end = start + size;
  }
  return ranges;
}

function pixelsBeyond(window: PixelWindow, frame: PixelWindow): number {
  const inside = intersectWindows(window, frame);
  return window.width * window.height - (inside === null ? 0 : inside.width * inside.height);
}
