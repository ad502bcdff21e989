/**
 * Polygons of a pixel grid as longitudes and latitudes on WGS 84, as in RFC 7946: exteriors
 * counter-clockwise, holes clockwise, cut at the antimeridian if a map crosses it or surrounds a pole.
 *
 * Edges are straight in longitude and latitude: long ones are cut until they deviate by less than 0.01 pixels.
 * Positions are rounded to 7 decimals (11 mm), or to more if a hundredth of a pixel needs them.
 */
import { invalidInput } from '../errors.js';
import { Crs, type CrsTransform, createTransform, type GeoBox } from '../geo/index.js';
import { cutAtAntimeridian, withoutRepetition } from './antimeridian.js';
import { type EdgeCutting, positionsOf, projectEdges } from './edges.js';
import type { Polygon, Position } from './features.js';

/** In pixels. */
const BEND_TOLERANCE = 0.01;

/** An edge is cut at most into 2^20 pieces. */
const MAX_CUTS = 20;

/** Most degrees of longitude of a piece of an edge: beyond 180, its direction would be ambiguous. */
const MAX_SPAN = 90;

/** Positions nearer to a pole than this, in degrees (0.1 mm), count as on it. */
const POLE = 1e-9;

/** Alternating columns and rows. */
type PixelRing = Int32Array | Float64Array;

export class LonLatPolygons {
  readonly #geobox: GeoBox;
  readonly #toLonLat: CrsTransform;
  readonly #scale: number;
  /** Whether the grid is mirrored: counter-clockwise in pixels is then clockwise on the ground. */
  readonly #mirrored: boolean;
  readonly #cutting: EdgeCutting = {
    maxCuts: MAX_CUTS,
    project: (position) => this.#project(position),
    mayBend: (from, to) => Math.hypot(to[0] - from[0], to[1] - from[1]) > 1,
    isBent: (start, end, middle, length) => {
      const chord = this.#difference(end, start);
      const half = this.#difference(middle, start);
      // Scales degrees of longitude to the length of those of latitude.
      const shrink = Math.cos((start[1] * Math.PI) / 180);
      const bend = Math.hypot(shrink * (half[0] - chord[0] / 2), half[1] - chord[1] / 2);
      const degrees = Math.hypot(shrink * chord[0], chord[1]);
      return bend * length > BEND_TOLERANCE * degrees || Math.abs(chord[0]) > MAX_SPAN;
    },
  };

  constructor(geobox: GeoBox) {
    this.#geobox = geobox;
    this.#toLonLat = createTransform(geobox.crs, Crs.wgs84);
    this.#mirrored = geobox.transform.determinant > 0;
    this.#scale = 10 ** decimals(this.#degreesAPixel());
  }

  /**
   * One polygon of the grid on the ground, in one or several parts.
   * @param rings exterior and holes as in `PixelPolygon`; pixel coordinates may be fractional
   * @throws {TerrachipError} INVALID_INPUT if the grid leaves the domain of its projection
   */
  convert(rings: readonly PixelRing[]): Polygon[] {
    const whole = rings.map((ring) => this.#ring(ring));
    return cutAtAntimeridian(whole, (latitude) => this.#round(latitude));
  }

  /** Open and rounded, with longitudes from −180 to 180. */
  #ring(corners: PixelRing): Position[] {
    const path: Position[] = [];
    projectEdges(positionsOf(corners), this.#cutting, (start) => path.push(start));
    if (this.#mirrored) path.reverse();
    const ring = path.map(([longitude, latitude]): Position => [wrapped(longitude), latitude]);
    // On a grid in degrees, a position at a pole keeps its longitude.
    if (this.#geobox.crs.isGeographic) return withoutRepetition(this.#rounded(ring));
    // On other grids the antimeridian crosses pixels: corners exactly on it move by the last decimal, so that it
    // crosses edges only.
    const aside = 180 - 1 / this.#scale;
    const rounded = this.#rounded(withoutPoles(ring));
    return withoutRepetition(
      rounded.map(([x, y]): Position => [Math.abs(x) === 180 ? this.#round(aside) : x, y]),
    );
  }

  /** In degrees; the shorter way around the globe, except on grids in degrees, which may span it. */
  #difference(to: Position, from: Position): Position {
    const span = to[0] - from[0];
    return [this.#toLonLat.isIdentity ? span : wrapped(span), to[1] - from[1]];
  }

  #project([x, y]: Position): Position {
    const { transform, crs } = this.#geobox;
    const point = this.#toLonLat.forward(...transform.apply(x, y));
    if (Number.isNaN(point[0]) || Math.abs(point[1]) > 90 + POLE) {
      throw invalidInput(
        `a polygon that leaves the domain of ${crs} at pixel ${x}, ${y}`,
        'has no longitude and latitude',
        'clip the map, or mark such pixels as nodata',
      );
    }
    return point;
  }

  #degreesAPixel(): number {
    const { transform, width, height } = this.#geobox;
    const at = (dx: number, dy: number): Position =>
      this.#toLonLat.forward(...transform.apply(width / 2 + dx, height / 2 + dy));
    const [x, y] = at(0, 0);
    return Math.min(...[at(1, 0), at(0, 1)].map(([u, v]) => Math.hypot(wrapped(u - x), v - y)));
  }

  #rounded(path: readonly Position[]): Position[] {
    return path.map(([x, y]) => [this.#round(x), this.#round(y)]);
  }

  #round(degrees: number): number {
    // Adding 0 turns −0 into 0.
    return Math.round(degrees * this.#scale) / this.#scale + 0;
  }
}

function decimals(degreesAPixel: number): number {
  if (!(degreesAPixel > 0)) return 7;
  return Math.min(12, Math.max(7, Math.ceil(-Math.log10(degreesAPixel / 100))));
}

/** A longitude from −180 to 180. */
export function wrapped(longitude: number): number {
  return longitude >= -180 && longitude <= 180 ? longitude : longitude - 360 * Math.round(longitude / 360);
}

/** A pole has every longitude: the outline enters it along one meridian and leaves along another. */
function withoutPoles(path: readonly Position[]): Position[] {
  if (!path.some(([, latitude]) => Math.abs(latitude) > 90 - POLE)) return [...path];
  return path.flatMap((position, k): Position[] => {
    const [, latitude] = position;
    if (Math.abs(latitude) <= 90 - POLE) return [position];
    const neighbours = [path[(k + path.length - 1) % path.length], path[(k + 1) % path.length]];
    const pole = 90 * Math.sign(latitude);
    return neighbours
      .filter((neighbour) => Math.abs(neighbour[1]) <= 90 - POLE)
      .map(([longitude]) => [longitude, pole]);
  });
}
