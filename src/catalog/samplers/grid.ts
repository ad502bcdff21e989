import { invalidOption, TerrachipError } from '../../errors.js';
import { chipStarts, type PixelWindow } from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
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
/** What becomes of the edge of an area that chips do not fill. */
export type GridPolicy = (typeof GRID_POLICIES)[number];

/** Chips on a regular grid: their size, stride and what happens at edges. */
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
  /** Places of the grid that were left out, since no pixel of the area lies in them. */
  readonly emptyPlaces: number;
  /** Pixels of the area in no chip: at the edges by `drop`, and between chips where the stride is larger than the size. */
  readonly droppedPixels: number;
  /** Pixels of chips that lie outside of the area's bounds, or of its block's. */
  readonly addedPixels: number;
}

/** Places of a grid that are looked at: each costs a question to the area. */
const MAX_PLACES = 2 ** 24;

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
 * Cuts an area into chips on a regular grid over its bounds; places without any pixel of the area are left out. An area
 * of blocks, as a fold is, has a grid in each of them, so that chips stay inside: where it is narrower than a chip, they
 * are shifted towards the middle of the block.
 * @throws {TerrachipError} INVALID_OPTION for an impossible size or stride, or a policy that lets chips leave their block;
 *   TOO_LARGE above 16 million places
 */
export function gridSampler(area: SampleArea, options: GridSamplerOptions): GridSampler {
  const { policy = 'cover' } = options;
  if (!GRID_POLICIES.includes(policy))
    throw invalidOption('policy', `cannot be ${policy}`, `give one of ${GRID_POLICIES.join(', ')}`);
  if (area.blocks !== null && (policy === 'pad' || policy === 'centre'))
    throw invalidOption(
      'policy',
      `cannot be ${policy} in blocks, which chips would leave`,
      'use cover, clip or drop',
    );
  const size = pixelSize(options.size, 'size');
  const stride = pixelSize(options.stride ?? options.size, 'stride');
  const { width, height } = area.geobox;
  const bounds = { x: 0, y: 0, width, height };
  // In a block chips lie on what of it the area reaches, and may reach beyond that, but not beyond the block.
  const frames = (area.blocks ?? [null]).flatMap((block) => {
    const frame = block === null ? bounds : intersectWindows(block, bounds);
    return frame === null ? [] : [{ frame, block }];
  });
  const places = (frame: PixelWindow): number =>
    Math.ceil(frame.width / stride[0]) * Math.ceil(frame.height / stride[1]);
  const total = frames.reduce((sum, { frame }) => sum + places(frame), 0);
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
    if (block !== null && policy === 'cover') checkRoom(block, size);
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

function checkRoom({ width, height }: PixelWindow, size: readonly [number, number]): void {
  if (size[0] <= width && size[1] <= height) return;
  throw invalidOption(
    'size',
    `cannot be ${size.join(' × ')} in blocks of ${width} × ${height} pixels, which chips would leave`,
    'give smaller chips, or the policy clip or drop',
  );
}

/** Chips shifted to stay inside of a block; those that it has no room for are left out. */
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

/** Pixels of the area in a frame that lie in none of the chips. */
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

function pixelsBeyond(window: PixelWindow, frame: PixelWindow): number {
  const inside = intersectWindows(window, frame);
  return window.width * window.height - (inside === null ? 0 : inside.width * inside.height);
}
