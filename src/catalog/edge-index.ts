/** The edges of an outline in an index, which decides for most boxes whether they lie inside it. */
import Flatbush from 'flatbush';
import type { Bounds } from '../geo/index.js';
import { isInside, type PreparedPolygon } from './relate.js';

/** The edges of all polygons of an outline. */
export class EdgeIndex {
  readonly #polygons: readonly PreparedPolygon[];
  readonly #tree: Flatbush | null;

  constructor(polygons: readonly PreparedPolygon[]) {
    this.#polygons = polygons;
    const count = polygons.reduce((sum, { edges }) => sum + edges.length / 4, 0);
    // Flatbush needs at least one box.
    this.#tree = count === 0 ? null : new Flatbush(count);
    for (const { edges } of polygons) {
      for (let k = 0; k < edges.length; k += 4) {
        const [x0, y0, x1, y1] = [edges[k], edges[k + 1], edges[k + 2], edges[k + 3]];
        this.#tree?.add(Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1));
      }
    }
    this.#tree?.finish();
  }

  /** Whether a box lies strictly inside a polygon, or strictly outside all; null near an edge, where it may be neither. */
  sideOf([x0, y0, x1, y1]: Bounds): boolean | null {
    if (this.#tree === null) return false;
    if (this.#tree.search(x0, y0, x1, y1).length > 0) return null;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return this.#polygons.some(({ edges }) => isInside(edges, x, y));
  }
}
