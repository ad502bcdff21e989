import geographiclib from 'geographiclib-geodesic';
import { Crs, createTransform } from './crs.js';
import type { GeoBox } from './geobox.js';

/** Pixels along a side of the blocks that share one pixel area: over 2.5 km of 10 m pixels it varies by 1e-6. */
const BLOCK = 256;

/** Points along an edge of a block: its curved image then encloses the right area to 1e-9. */
const EDGE_POINTS = 8;

/**
 * The area of a closed ring of longitudes and latitudes on the WGS 84 ellipsoid, in m²; its edges are geodesics
 * (Karney 2013, doi:10.1007/s00190-012-0578-z). Always positive.
 */
export function ringArea(ring: readonly (readonly [number, number])[]): number {
  const polygon = geographiclib.Geodesic.WGS84.Polygon(false);
  const closed = ring.length > 1 && ring[0][0] === ring.at(-1)?.[0] && ring[0][1] === ring.at(-1)?.[1];
  for (const [longitude, latitude] of closed ? ring.slice(0, -1) : ring)
    polygon.AddPoint(latitude, longitude);
  return Math.abs(polygon.Compute(false, true).area ?? 0);
}

/** The length in metres of the geodesic between two longitudes and latitudes on WGS 84 (Karney 2013). */
export function geodesicLength(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): number {
  return geographiclib.Geodesic.WGS84.Inverse(y0, x0, y1, x1).s12 ?? Number.NaN;
}

/** The true area on the ground of the pixels of a grid, whatever its projection makes of it. */
export class PixelAreas {
  readonly #geobox: GeoBox;
  readonly #blocks = new Map<number, number>();
  #row: { block: number; areas: Float64Array } | null = null;

  constructor(geobox: GeoBox) {
    this.#geobox = geobox;
  }

  /** The areas of the pixels of a row in m², shared by all rows of a block: read them before asking for others. */
  row(y: number): Float64Array {
    const block = Math.floor(y / BLOCK);
    if (this.#row?.block !== block) {
      const areas = new Float64Array(this.#geobox.width);
      for (let x = 0; x < areas.length; x += BLOCK) areas.fill(this.at(x, y), x, x + BLOCK);
      this.#row = { block, areas };
    }
    return this.#row.areas;
  }

  /** The area of a pixel in m²; NaN where the grid leaves the domain of its projection. */
  at(x: number, y: number): number {
    const key = Math.floor(y / BLOCK) * 2 ** 24 + Math.floor(x / BLOCK);
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const x0 = Math.floor(x / BLOCK) * BLOCK;
    const y0 = Math.floor(y / BLOCK) * BLOCK;
    const width = Math.min(BLOCK, this.#geobox.width - x0);
    const height = Math.min(BLOCK, this.#geobox.height - y0);
    const { crs, transform } = this.#geobox;
    const toLonLat = createTransform(crs, Crs.wgs84);
    const ring: [number, number][] = [];
    for (let i = 0; i < EDGE_POINTS; i++) ring.push([x0 + (width * i) / EDGE_POINTS, y0]);
    for (let i = 0; i < EDGE_POINTS; i++) ring.push([x0 + width, y0 + (height * i) / EDGE_POINTS]);
    for (let i = 0; i < EDGE_POINTS; i++) ring.push([x0 + width - (width * i) / EDGE_POINTS, y0 + height]);
    for (let i = 0; i < EDGE_POINTS; i++) ring.push([x0, y0 + height - (height * i) / EDGE_POINTS]);
    const onGround = ring.map(([px, py]) => toLonLat.forward(...transform.apply(px, py)));
    const area = onGround.some(([lon]) => Number.isNaN(lon))
      ? Number.NaN
      : ringArea(onGround) / (width * height);
    this.#blocks.set(key, area);
    return area;
  }
}
