/** Zones on a grid: which pixels belong to each, and which parts of the grid must be read. */
import { type GeoBox, noOverlap, type PixelWindow, type RowRange } from '../../geo/index.js';
import { unionWindows } from '../../geo/windows.js';
import { placeOf } from '../../vector/features.js';
import { type AreaFeatures, type OnFraction, Rasterizer } from '../../vector/node/index.js';
import type { ZoneCoverage } from '../choices.js';

/** Parts of a raster that are fewer rows apart than this are read as one. */
const NEAR_ROWS = 256;

/** A part of the grid, and the zones that may have pixels there. */
export interface ZoneBlock {
  readonly window: PixelWindow;
  readonly zones: readonly number[];
}

/** Zones on a grid. Each feature is a zone; zones may overlap. */
export class GridZones {
  readonly count: number;
  /** Parts of the grid from top to bottom that hold all pixels of the zones; each zone lies in one of them. */
  readonly blocks: readonly ZoneBlock[];
  readonly #rasterizer: Rasterizer;
  readonly #windows: readonly (PixelWindow | null)[];
  readonly #coverage: ZoneCoverage;

  /** @throws {TerrachipError} INVALID_INPUT for zones that all lie outside of the grid */
  constructor(areas: AreaFeatures, grid: GeoBox, coverage: ZoneCoverage, gridName: string) {
    this.count = areas.features.length;
    this.#rasterizer = new Rasterizer(areas, grid, { allTouched: coverage === 'touched' });
    this.#coverage = coverage;
    this.#windows = areas.features.map((_, zone) => windowOn(grid, this.#rasterizer, zone));
    this.blocks = blocksOf(this.#windows);
    if (this.blocks.length === 0) throw noOverlap(areas.name, placeOf(areas), gridName, grid);
  }

  /** Reports the pixels of a zone in some rows of the grid, each once, with the share of it that counts. */
  visit(zone: number, rows: RowRange, onFraction: OnFraction): void {
    const window = this.#windows[zone];
    if (window === null || window.y >= rows.end || window.y + window.height <= rows.start) return;
    if (this.#coverage === 'fraction') {
      this.#rasterizer.fractions(zone, rows, onFraction);
      return;
    }
    const spans = new Map<number, [start: number, end: number][]>();
    this.#rasterizer.spans(zone, rows, (row, start, end) => {
      const found = spans.get(row);
      if (found === undefined) spans.set(row, [[start, end]]);
      else found.push([start, end]);
    });
    for (const [row, found] of [...spans].sort(([a], [b]) => a - b)) {
      found.sort(([a], [b]) => a - b);
      let from = 0;
      for (const [start, end] of found) {
        // Spans of the parts of a zone may overlap.
        const first = Math.max(from, start);
        if (first < end) onFraction(row, first, end, 1);
        from = Math.max(from, end);
      }
    }
  }
}

/** The pixels that a zone may have on a grid; null for none. */
function windowOn({ width, height }: GeoBox, rasterizer: Rasterizer, zone: number): PixelWindow | null {
  const bounds = rasterizer.bounds(zone);
  if (bounds === null) return null;
  const x = Math.max(0, Math.floor(bounds[0]));
  const y = Math.max(0, Math.floor(bounds[1]));
  const right = Math.min(width, Math.ceil(bounds[2]));
  const bottom = Math.min(height, Math.ceil(bounds[3]));
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

/** Joins windows whose rows overlap or are near each other. */
function blocksOf(windows: readonly (PixelWindow | null)[]): ZoneBlock[] {
  const placed = windows.flatMap((window, zone) => (window === null ? [] : [{ window, zone }]));
  placed.sort((a, b) => a.window.y - b.window.y);
  const blocks: { window: PixelWindow; zones: number[] }[] = [];
  for (const { window, zone } of placed) {
    const last = blocks.at(-1);
    if (last !== undefined && window.y < last.window.y + last.window.height + NEAR_ROWS) {
      last.window = unionWindows(last.window, window);
      last.zones.push(zone);
    } else blocks.push({ window, zones: [zone] });
  }
  for (const { zones } of blocks) zones.sort((a, b) => a - b);
  return blocks;
}
