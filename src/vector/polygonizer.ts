/**
 * Areas of equal pixels as polygons along pixel edges, from rows added one by one.
 *
 * In each row, runs of equal pixels are joined to areas (4-connected: areas that touch only at a corner are separate),
 * and the corners of their outlines become nodes of linked lists, which are joined further down. An area is reported
 * after its last row, and its memory is reused. The memory holds one row of runs and the outlines of open areas, 17 bytes
 * per corner and about 50 per area.
 */
import type { PixelAreas, TypedArray } from '../geo/index.js';
import { OUTSIDE, PolygonNodes, Runs } from './polygon-nodes.js';

/** One 4-connected area of equal pixels. */
export interface PixelPolygon {
  /** The value of its pixels. */
  readonly value: number;
  /** The number of its pixels. */
  readonly pixels: number;
  /** Its true area in m², if the polygonizer has the areas of pixels; else null. */
  readonly squareMetres: number | null;
  /**
   * Its exterior, then its holes, as x, y, x, y, … in pixel coordinates (y downwards), closed. With y upwards, as on a
   * north-up map, the exterior runs counter-clockwise and holes clockwise (RFC 7946). Rings are simple, start at their
   * topmost, then leftmost position, and have positions only where they turn.
   */
  readonly rings: readonly Int32Array[];
}

/** A row of classes: whole numbers. */
export type ClassArray = Exclude<TypedArray, Float32Array | Float64Array>;

/** Options of a polygonizer. */
export interface PolygonizerOptions {
  /** Pixels of a row. */
  width: number;
  /** The nodata value: its pixels belong to no area. */
  nodata?: number | null;
  /** The true areas of pixels, to sum. */
  areas?: PixelAreas;
  /** Only areas of these values (default: all). */
  values?: readonly number[];
  /** Receives each area after its last row. The order does not depend on how many rows each call adds. */
  onPolygon(polygon: PixelPolygon): void;
  /** Limit on corners of open outlines (default 2^27, about 2.3 GB); more are an error. */
  maxCorners?: number;
}

/** The value of invalid pixels; no class has it. */
const HIDDEN = Infinity;

/** The edges at a corner of four pixels, clockwise. */
const [NORTH, EAST, SOUTH, WEST] = [0, 1, 2, 3];

/** Converts rows of classes to polygons: `addRows` top to bottom, then `finish`. */
export class Polygonizer {
  readonly #width: number;
  readonly #nodata: number;
  readonly #values: ReadonlySet<number> | null;
  readonly #onPolygon: (polygon: PixelPolygon) => void;
  readonly #nodes: PolygonNodes;
  readonly #areas: PixelAreas | null;
  #above: Runs;
  #here: Runs;
  #row = 0;
  /** For each area: the area it was joined to (or itself), value, pixels, m², last row, and first and last seed. */
  readonly #parent: number[] = [];
  readonly #value: number[] = [];
  readonly #pixels: number[] = [];
  readonly #squareMetres: number[] = [];
  readonly #lastRow: number[] = [];
  readonly #firstSeed: number[] = [];
  readonly #lastSeed: number[] = [];
  readonly #free: number[] = [];
  /** Areas joined to others in this row. */
  readonly #joined: number[] = [];

  constructor(options: PolygonizerOptions) {
    this.#width = options.width;
    this.#nodata = options.nodata ?? Number.NaN;
    this.#values = options.values === undefined ? null : new Set(options.values);
    this.#onPolygon = options.onPolygon;
    this.#areas = options.areas ?? null;
    this.#nodes = new PolygonNodes(options.maxCorners ?? 2 ** 27);
    this.#above = new Runs(options.width);
    this.#above.add(options.width, OUTSIDE);
    this.#here = new Runs(options.width);
  }

  /** The peak number of corners of open outlines. */
  get peakCorners(): number {
    return this.#nodes.peak;
  }

  /**
   * Adds the next rows, `width` values each.
   * @param valid 0 in pixels that belong to no area; null (default) if only nodata pixels do not
   * @throws {TerrachipError} TOO_LARGE when open outlines have more than `maxCorners`
   */
  addRows(rows: ClassArray, valid: Uint8Array | null = null): void {
    for (let start = 0; start < rows.length; start += this.#width) {
      this.#findRuns(rows, valid, start);
      this.#addRow();
    }
  }

  /** Reports the remaining areas. */
  finish(): void {
    this.#here.begin();
    this.#here.add(this.#width, OUTSIDE);
    this.#addRow();
  }

  #findRuns(rows: TypedArray, valid: Uint8Array | null, start: number): void {
    const runs = this.#here;
    runs.begin();
    let before = Number.NaN;
    for (let x = 0; x < this.#width; x++) {
      const value = valid?.[start + x] === 0 ? HIDDEN : rows[start + x];
      if (value === before) continue;
      before = value;
      const counts =
        value !== HIDDEN && value !== this.#nodata && (this.#values === null || this.#values.has(value));
      runs.add(x, counts ? value : OUTSIDE);
    }
    runs.add(this.#width, OUTSIDE);
  }

  #addRow(): void {
    this.#joinAreas();
    this.#traceCorners();
    this.#settleAreas();
    [this.#above, this.#here] = [this.#here, this.#above];
    this.#row++;
  }

  /** Assigns an area to each run of this row: that of an equal run above it, or a new one. */
  #joinAreas(): void {
    const [above, here] = [this.#above, this.#here];
    const rowAreas = here.count > 1 ? this.#areas?.row(this.#row) : undefined;
    let first = 0;
    for (let k = 1; k < here.count; k++) {
      const value = here.values[k];
      const start = here.starts[k];
      const end = k + 1 < here.count ? here.starts[k + 1] : this.#width;
      while (first + 1 < above.count && above.starts[first + 1] <= start) first++;
      if (value === OUTSIDE) continue;
      let area = -1;
      for (let a = first; a < above.count && above.starts[a] < end; a++) {
        if (above.values[a] !== value) continue;
        const other = this.#find(above.areas[a]);
        area = area < 0 ? other : this.#join(area, other);
      }
      if (area < 0) area = this.#newArea(value);
      here.areas[k] = area;
      this.#pixels[area] += end - start;
      this.#lastRow[area] = this.#row;
      if (rowAreas === undefined) continue;
      let sum = 0;
      for (let x = start; x < end; x++) sum += rowAreas[x];
      this.#squareMetres[area] += sum;
    }
  }

  #newArea(value: number): number {
    const area = this.#free.pop() ?? this.#parent.length;
    this.#parent[area] = area;
    this.#value[area] = value;
    this.#pixels[area] = 0;
    this.#squareMetres[area] = 0;
    this.#firstSeed[area] = -1;
    this.#lastSeed[area] = -1;
    return area;
  }

  #find(area: number): number {
    let root = area;
    while (this.#parent[root] !== root) root = this.#parent[root];
    while (this.#parent[area] !== root) {
      const next = this.#parent[area];
      this.#parent[area] = root;
      area = next;
    }
    return root;
  }

  #join(a: number, b: number): number {
    if (a === b) return a;
    this.#parent[b] = a;
    this.#pixels[a] += this.#pixels[b];
    this.#squareMetres[a] += this.#squareMetres[b];
    if (this.#firstSeed[b] >= 0) this.#addSeeds(a, this.#firstSeed[b], this.#lastSeed[b]);
    this.#joined.push(b);
    return a;
  }

  /**
   * Extends the outlines over the corners between the row above and this one. Outlines run with their area on the
   * left. At a corner, each incoming edge continues on the next edge clockwise: two areas that touch there, or one that
   * touches itself, each turn around their own corner.
   */
  #traceCorners(): void {
    const [above, here] = [this.#above, this.#here];
    const nodes = this.#nodes;
    // For each edge towards this corner: the last corner of the outline along it, and the next one.
    const tails = [-1, -1, -1, -1];
    const heads = [-1, -1, -1, -1];
    const present = [false, false, false, false];
    let up = 0;
    let down = 0;
    let westTail = -1;
    let westHead = -1;
    while (up + 1 < above.count || down + 1 < here.count) {
      const x = Math.min(
        up + 1 < above.count ? above.starts[up + 1] : Infinity,
        down + 1 < here.count ? here.starts[down + 1] : Infinity,
      );
      const [a, c] = [above.values[up], here.values[down]];
      if (above.starts[up + 1] === x && up + 1 < above.count) up++;
      if (here.starts[down + 1] === x && down + 1 < here.count) down++;
      const [b, d] = [above.values[up], here.values[down]];
      present[NORTH] = a !== b;
      present[EAST] = b !== d;
      present[SOUTH] = c !== d;
      present[WEST] = a !== c;
      tails[NORTH] = above.tails[up];
      heads[NORTH] = above.heads[up];
      tails[WEST] = westTail;
      heads[WEST] = westHead;
      const pinched = a !== b && b !== d && d !== c && c !== a && (a === d || b === c);
      for (let entry = 0; entry < 4; entry++) {
        // The area to the left of each edge towards the corner.
        const value = entry === NORTH ? b : entry === EAST ? d : entry === SOUTH ? c : a;
        if (!present[entry] || value === OUTSIDE) continue;
        let exit = (entry + 1) % 4;
        while (!present[exit]) exit = (exit + 1) % 4;
        const arrives = entry === NORTH || entry === WEST;
        const leaves = exit === NORTH || exit === WEST;
        if (exit === (entry + 2) % 4) {
          if (arrives) tails[exit] = tails[entry];
          else heads[entry] = heads[exit];
          continue;
        }
        const node = nodes.add(x, this.#row, pinched);
        if (arrives) nodes.next[tails[entry]] = node;
        else heads[entry] = node;
        if (leaves) nodes.next[node] = heads[exit];
        else tails[exit] = node;
        if (!arrives && !leaves) {
          // The area of a run may have been joined to another further along this row.
          this.#addSeeds(this.#find(here.areas[entry === SOUTH ? down - 1 : down]), node, node);
        }
      }
      if (present[SOUTH]) {
        here.tails[down] = tails[SOUTH];
        here.heads[down] = heads[SOUTH];
      }
      westTail = tails[EAST];
      westHead = heads[EAST];
    }
  }

  /** Appends a list of seeds to that of an area. */
  #addSeeds(area: number, first: number, last: number): void {
    if (this.#firstSeed[area] < 0) this.#firstSeed[area] = first;
    else this.#nodes.nextSeed[this.#lastSeed[area]] = first;
    this.#lastSeed[area] = last;
  }

  /** Replaces the areas of this row by those they were joined to, and reports areas that ended above it. */
  #settleAreas(): void {
    const [above, here] = [this.#above, this.#here];
    for (let k = 1; k < here.count; k++) {
      if (here.areas[k] >= 0) here.areas[k] = this.#find(here.areas[k]);
    }
    for (let k = 1; k < above.count; k++) {
      if (above.areas[k] < 0) continue;
      const area = this.#find(above.areas[k]);
      if (this.#lastRow[area] === this.#row || this.#pixels[area] === 0) continue;
      const rings = this.#nodes.takeRings(this.#firstSeed[area]);
      this.#onPolygon({
        value: this.#value[area],
        pixels: this.#pixels[area],
        squareMetres: this.#areas === null ? null : this.#squareMetres[area],
        rings,
      });
      // Other runs of the row above may have the area too: it can be reused from the next row on.
      this.#pixels[area] = 0;
      this.#joined.push(area);
    }
    this.#free.push(...this.#joined);
    this.#joined.length = 0;
  }
}
