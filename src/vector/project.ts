/** Polygons on a pixel grid: their edges in pixel coordinates, with the curvature of the projection. */
import { invalidInput } from '../errors.js';
import { boundsOfPaths, intersectBounds } from '../geo/bounds.js';
import { type Bounds, Crs, createTransform, type GeoBox, transformBounds } from '../geo/index.js';
import { projectEdges } from './edges.js';
import type { AreaFeatures, Polygon, Position } from './features.js';
import { polygonsToLonLat } from './to-lon-lat.js';

/** Edges of one polygon as `x0, y0, x1, y1` in pixels (pixel centres at +0.5), in the order of its rings. */
export interface GridPolygon {
  readonly edges: Float64Array;
  /** The end of each ring in `edges`; the first ring is the exterior, the others are holes. */
  readonly ends: readonly number[];
  /** Rows from the topmost to the lowest position. */
  readonly top: number;
  readonly bottom: number;
}

/**
 * A straight edge is cut until its image on the grid bends by less than this, in pixels: an edge 1000 pixels long
 * then selects a wrong pixel in one of ten cases.
 */
const BEND_TOLERANCE = 1e-4;

/** An edge is cut at most into 2^12 pieces. */
const MAX_CUTS = 12;

/** Bounds of a grid in another CRS are widened by this share, since extremes are between sampled points. */
const MARGIN = 0.01;

/** Longitudes are periodic: −179° is also 181°. */
const TURNS = [0, 360, -360];

/**
 * The polygons of features that may touch a grid, in its pixel coordinates, grouped by feature. On a grid in degrees
 * beyond ±180, polygons from both sides of the antimeridian are found.
 * @throws {TerrachipError} INVALID_INPUT for a polygon that reaches into the grid but leaves its projection's domain
 */
export function projectOntoGrid(areas: AreaFeatures, geobox: GeoBox): GridPolygon[][] {
  const place = placer(areas.crs, areas.name, geobox);
  return areas.features.map(({ polygons }) => polygons.flatMap(place));
}

/** Projects a polygon to the grid: several copies if the grid contains it more than once, none if it is outside. */
function placer(crs: Crs, name: string, geobox: GeoBox): (polygon: Polygon) => GridPolygon[] {
  const toGrid = createTransform(crs, geobox.crs);
  const toPixel = geobox.transform.inverse();
  const exact = transformBounds(geobox.bounds, geobox.crs, crs);
  const wide = widen(exact);
  const nearTurns = (polygon: Polygon): number[] => {
    const [x0, y0, x1, y1] = boundsOfPaths([polygon[0]]);
    return (crs.isGeographic ? TURNS : [0]).filter(
      (turn) => intersectBounds([x0 + turn, y0, x1 + turn, y1], turn === 0 ? wide : exact) !== null,
    );
  };
  const outline = (polygon: Polygon, project: (position: Position) => Position): GridPolygon => {
    const edges: number[] = [];
    const ends: number[] = [];
    let [top, bottom] = [Infinity, -Infinity];
    const cutting = {
      maxCuts: MAX_CUTS,
      project: (position: Position): Position => {
        const pixel = project(position);
        if (!pixel.some(Number.isNaN)) return pixel;
        throw invalidInput(
          name,
          `has a polygon that leaves the domain of ${geobox.crs} at ${position.join(', ')}`,
          'clip it to the map',
        );
      },
      mayBend: () => !toGrid.isIdentity,
      isBent: (start: Position, end: Position, [x, y]: Position) =>
        Math.hypot(x - (start[0] + end[0]) / 2, y - (start[1] + end[1]) / 2) > BEND_TOLERANCE,
    };
    for (const ring of polygon) {
      projectEdges(ring, cutting, (start, end) => {
        edges.push(start[0], start[1], end[0], end[1]);
        top = Math.min(top, start[1], end[1]);
        bottom = Math.max(bottom, start[1], end[1]);
      });
      ends.push(edges.length);
    }
    return { edges: Float64Array.from(edges), ends, top, bottom };
  };
  if (!geobox.crs.isGeographic) {
    const project = ([x, y]: Position): Position => toPixel.apply(...toGrid.forward(x, y));
    return (polygon) => (nearTurns(polygon).length === 0 ? [] : [outline(polygon, project)]);
  }
  if (crs.isGeographic) {
    return (polygon) =>
      nearTurns(polygon).map((turn) =>
        outline(polygon, ([x, y]) => {
          const [longitude, latitude] = toGrid.forward(x, y);
          // A datum shift may have changed the longitude by a whole turn.
          return toPixel.apply(longitude + 360 * Math.round((x + turn - longitude) / 360), latitude);
        }),
      );
  }
  const placeLonLat = placer(Crs.wgs84, name, geobox);
  const centre = (geobox.bounds[0] + geobox.bounds[2]) / 2;
  const longitudeOf = ([x, y]: Position): number => toGrid.forward(x, y)[0];
  return (polygon) => {
    if (nearTurns(polygon).length === 0) return [];
    // Across the antimeridian or around a pole, the outline has no valid form in degrees before it is cut.
    if (polygon.some((ring) => jumps(ring.map(longitudeOf)))) {
      return polygonsToLonLat([polygon], crs, name).flatMap(placeLonLat);
    }
    const turn = 360 * Math.round((centre - longitudeOf(polygon[0][0])) / 360);
    return [
      outline(polygon, ([x, y]) => {
        const [longitude, latitude] = toGrid.forward(x, y);
        return toPixel.apply(longitude + turn, latitude);
      }),
    ];
  };
}

function jumps(longitudes: readonly number[]): boolean {
  return longitudes.some((longitude, k) => k > 0 && Math.abs(longitude - longitudes[k - 1]) > 180);
}

function widen([x0, y0, x1, y1]: Bounds): Bounds {
  const [dx, dy] = [MARGIN * (x1 - x0), MARGIN * (y1 - y0)];
  return [x0 - dx, y0 - dy, x1 + dx, y1 + dy];
}
