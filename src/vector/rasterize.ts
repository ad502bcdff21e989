/**
 * Rasterizes polygons by GDAL's two rules. Default: a pixel belongs to a polygon that contains its centre; a centre on an
 * edge belongs to the polygon below or to the left of that edge, so that neighbours never share a pixel (in GDAL, a centre
 * on a horizontal edge also belongs to the polygon above). All touched: also each pixel that the outline passes through.
 */
import type { Bounds, GeoBox, RowRange, TypedArray } from '../geo/index.js';
import { fillFractions, type OnFraction } from './coverage.js';
import type { AreaFeatures } from './features.js';
import { type GridPolygon, projectOntoGrid } from './project.js';

/** The grid that polygons are burned into, and the rule. */
export interface RasterizeOptions {
  /** Whether pixels that only the outline touches belong to a polygon (default false). */
  allTouched?: boolean;
}

/** Receives pixels `start` to `end` (exclusive) of a row. Spans of a feature may overlap. */
export type OnSpan = (row: number, start: number, end: number) => void;

/** Features on a grid, burned strip by strip: the memory is that of their edges and of the crossings of one strip. */
export class Rasterizer {
  readonly geobox: GeoBox;
  readonly #features: readonly (readonly GridPolygon[])[];
  readonly #allTouched: boolean;

  /** @throws {TerrachipError} INVALID_INPUT for a polygon that leaves the domain of the grid's projection */
  constructor(areas: AreaFeatures, geobox: GeoBox, options: RasterizeOptions = {}) {
    this.geobox = geobox;
    this.#features = projectOntoGrid(areas, geobox);
    this.#allTouched = options.allTouched ?? false;
  }

  /** Whether any polygon may overlap the grid. */
  get isNear(): boolean {
    return this.#features.some((polygons) => polygons.length > 0);
  }

  /** The bounds of a feature in pixels of the grid (pixel centres at +0.5), possibly beyond the grid. Null if it is outside. */
  bounds(feature: number): Bounds | null {
    let [x0, x1] = [Infinity, -Infinity];
    let [y0, y1] = [Infinity, -Infinity];
    for (const { edges, top, bottom } of this.#features[feature]) {
      y0 = Math.min(y0, top);
      y1 = Math.max(y1, bottom);
      for (let k = 0; k < edges.length; k += 2) {
        x0 = Math.min(x0, edges[k]);
        x1 = Math.max(x1, edges[k]);
      }
    }
    return x0 <= x1 ? [x0, y0, x1, y1] : null;
  }

  /** Reports the pixels of one feature in some rows of the grid. */
  spans(feature: number, rows: RowRange, onSpan: OnSpan): void {
    for (const polygon of this.#features[feature]) {
      if (polygon.bottom < rows.start || polygon.top > rows.end) continue;
      fillInside(polygon, rows, this.geobox.width, onSpan);
      if (this.#allTouched) fillOutline(polygon, rows, this.geobox.width, onSpan);
    }
  }

  /**
   * Reports the pixels that one feature covers in some rows of the grid, with the share of each pixel's area inside it.
   * Spans do not overlap. `allTouched` is ignored.
   */
  fractions(feature: number, rows: RowRange, onFraction: OnFraction): void {
    fillFractions(this.#features[feature], rows, this.geobox.width, onFraction);
  }

  /**
   * Writes the value of each feature into the pixels it covers; of features that overlap, the last wins.
   * @param target (row, x) in C order, `rows` high
   * @param values one value per feature, within the type of the target
   */
  burn(rows: RowRange, target: TypedArray, values: ArrayLike<number>): void {
    const { width } = this.geobox;
    for (let feature = 0; feature < this.#features.length; feature++) {
      this.spans(feature, rows, (row, start, end) => {
        const first = (row - rows.start) * width;
        target.fill(values[feature], first + start, first + end);
      });
    }
  }
}

/** Even-odd filling of rows of pixel centres. */
function fillInside(polygon: GridPolygon, rows: RowRange, width: number, onSpan: OnSpan): void {
  const { edges } = polygon;
  const crossings: number[][] = Array.from({ length: rows.end - rows.start }, () => []);
  for (let k = 0; k < edges.length; k += 4) {
    const [xa, ya, xb, yb] = [edges[k], edges[k + 1], edges[k + 2], edges[k + 3]];
    const [x0, y0, x1, y1] = ya < yb ? [xa, ya, xb, yb] : [xb, yb, xa, ya];
    // Rows whose centre is in [y0, y1): none for a horizontal edge.
    const first = Math.max(rows.start, Math.ceil(y0 - 0.5));
    const end = Math.min(rows.end, Math.ceil(y1 - 0.5));
    for (let row = first; row < end; row++) {
      crossings[row - rows.start].push(((row + 0.5 - y0) * (x1 - x0)) / (y1 - y0) + x0);
    }
  }
  for (const [k, xs] of crossings.entries()) {
    xs.sort((a, b) => a - b);
    for (let i = 0; i + 1 < xs.length; i += 2) reportSpan(rows.start + k, xs[i], xs[i + 1], width, onSpan);
  }
}

/** Pixels whose centres are in (x0, x1]. */
function reportSpan(row: number, x0: number, x1: number, width: number, onSpan: OnSpan): void {
  const start = Math.max(0, Math.floor(x0 + 0.5));
  const end = Math.min(width, Math.floor(x1 + 0.5));
  if (start < end) onSpan(row, start, end);
}

/** Pixels whose interior an edge crosses, column by column; an edge along the border of two pixels touches neither. */
function fillOutline(polygon: GridPolygon, rows: RowRange, width: number, onSpan: OnSpan): void {
  const { edges } = polygon;
  for (let k = 0; k < edges.length; k += 4) {
    const leftToRight = edges[k] <= edges[k + 2];
    const [x0, y0] = leftToRight ? [edges[k], edges[k + 1]] : [edges[k + 2], edges[k + 3]];
    const [x1, y1] = leftToRight ? [edges[k + 2], edges[k + 3]] : [edges[k], edges[k + 1]];
    if (Math.max(y0, y1) < rows.start || Math.min(y0, y1) > rows.end) continue;
    if ((x0 === x1 && Number.isInteger(x0)) || (y0 === y1 && Number.isInteger(y0))) continue;
    const slope = x1 === x0 ? 0 : (y1 - y0) / (x1 - x0);
    const firstColumn = Math.max(0, Math.floor(x0));
    const lastColumn = Math.min(width - 1, Math.max(Math.floor(x0), Math.ceil(x1) - 1));
    for (let column = firstColumn; column <= lastColumn; column++) {
      const ya = x0 >= column ? y0 : y0 + (column - x0) * slope;
      const yb = x1 <= column + 1 ? y1 : y0 + (column + 1 - x0) * slope;
      const top = Math.floor(Math.min(ya, yb));
      const last = Math.max(top, Math.ceil(Math.max(ya, yb)) - 1);
      for (let row = Math.max(rows.start, top); row <= Math.min(rows.end - 1, last); row++) {
        onSpan(row, column, column + 1);
      }
    }
  }
}
