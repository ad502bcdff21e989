/** Polygons on a pixel grid: their edges in pixel coordinates, curved where the projection curves them. */
import { invalidInput } from '../errors.js';
import { type Bounds, createTransform, type GeoBox, intersectBounds, transformBounds } from '../geo/index.js';
import type { AreaFeature, AreaFeatures, Polygon, Position, Ring } from './features.js';
import { ringBounds } from './ring.js';

/** Edges of one polygon as `x0, y0, x1, y1` in pixels (pixel centres at +0.5), in the order of its rings. */
export interface GridPolygon {
  readonly edges: Float64Array;
  /** Rows between the topmost and the lowest position. */
  readonly top: number;
  readonly bottom: number;
}

/**
 * A straight edge is cut until its image on the grid bends by less than this, in pixels: an edge 1000 pixels long
 * then takes a wrong pixel once in ten.
 */
const BEND_TOLERANCE = 1e-4;

/** An edge is cut at most into 2^12 pieces. */
const MAX_CUTS = 12;

/** Bounds of a grid in another system are widened by this share, since extremes lie between sampled points. */
const MARGIN = 0.01;

/**
 * The polygons of some features that may touch a grid, in its pixel coordinates; those of a feature together.
 * @throws {TerrachipError} INVALID_INPUT for a polygon that reaches the grid but leaves its projection's domain
 */
export function projectOntoGrid(areas: AreaFeatures, geobox: GeoBox): GridPolygon[][] {
  const toGrid = createTransform(areas.crs, geobox.crs);
  const toPixel = geobox.transform.inverse();
  const project = ([x, y]: Position): Position => toPixel.apply(...toGrid.forward(x, y));
  const bounds = widen(transformBounds(geobox.bounds, geobox.crs, areas.crs));
  const near = (polygon: Polygon): boolean => intersectBounds(ringBounds(polygon[0]), bounds) !== null;
  return areas.features.map(({ polygons }: AreaFeature) =>
    polygons.filter(near).map((polygon) => {
      const edges: number[] = [];
      for (const ring of polygon) addRing(edges, ring, project, toGrid.isIdentity, areas.name, geobox);
      return describe(Float64Array.from(edges));
    }),
  );
}

function widen([x0, y0, x1, y1]: Bounds): Bounds {
  const [dx, dy] = [MARGIN * (x1 - x0), MARGIN * (y1 - y0)];
  return [x0 - dx, y0 - dy, x1 + dx, y1 + dy];
}

function addRing(
  edges: number[],
  ring: Ring,
  project: (position: Position) => Position,
  straight: boolean,
  name: string,
  geobox: GeoBox,
): void {
  const checked = (position: Position): Position => {
    const pixel = project(position);
    if (Number.isNaN(pixel[0]) || Number.isNaN(pixel[1])) {
      throw invalidInput(
        name,
        `has a polygon that leaves the domain of ${geobox.crs} at ${position.join(', ')}`,
        'clip it to the map',
      );
    }
    return pixel;
  };
  const addEdge = (from: Position, to: Position, start: Position, end: Position, cuts: number): void => {
    if (!straight && cuts < MAX_CUTS) {
      const middle: Position = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      const pixel = checked(middle);
      const bend = Math.hypot(pixel[0] - (start[0] + end[0]) / 2, pixel[1] - (start[1] + end[1]) / 2);
      if (bend > BEND_TOLERANCE) {
        addEdge(from, middle, start, pixel, cuts + 1);
        addEdge(middle, to, pixel, end, cuts + 1);
        return;
      }
    }
    edges.push(start[0], start[1], end[0], end[1]);
  };
  let from = ring[0];
  let start = checked(from);
  for (const to of ring.slice(1)) {
    const end = checked(to);
    addEdge(from, to, start, end, 0);
    from = to;
    start = end;
  }
}

function describe(edges: Float64Array): GridPolygon {
  let top = Infinity;
  let bottom = -Infinity;
  for (let k = 1; k < edges.length; k += 2) {
    top = Math.min(top, edges[k]);
    bottom = Math.max(bottom, edges[k]);
  }
  return { edges, top, bottom };
}
