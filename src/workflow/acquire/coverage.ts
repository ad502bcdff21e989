/** How much of an event's area scenes cover. */
import { clipOutlines } from '../../catalog/clip.js';
import { longitudeOf } from '../../catalog/loaders/time-steps.js';
import type { CatalogRow } from '../../catalog/row.js';
import { unwrapBounds } from '../../geo/bounds.js';
import { Crs, GeoBox, transformBounds } from '../../geo/index.js';
import type { Polygon } from '../../vector/index.js';
import { Rasterizer } from '../../vector/rasterize.js';
import { signedArea } from '../../vector/ring.js';
import type { AcquireEvent } from './event.js';

/** Pixels along the longer side of the grid that coverage is counted on. */
const SIDE = 512;

/** The area of an event on a coarse grid, so that unions of scenes can be counted. */
export class Coverage {
  readonly geobox: GeoBox;
  /** 1 in pixels of the area. */
  readonly area: Uint8Array;
  /** Pixels of the area. */
  readonly count: number;
  /** Of the middle of the area, in degrees. */
  readonly longitude: number;
  readonly #outline: readonly Polygon[];

  constructor({ bbox, area, targetCrs, path }: Pick<AcquireEvent, 'bbox' | 'area' | 'targetCrs' | 'path'>) {
    const crs = Crs.parse(targetCrs);
    const bounds = transformBounds(unwrapBounds(bbox, Crs.wgs84), Crs.wgs84, crs);
    const side = Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1]);
    this.geobox = GeoBox.fromBounds(bounds, crs, side / SIDE, { boundsCrs: crs, anchor: 'fit' });
    this.#outline = area;
    this.longitude = longitudeOf(area);
    this.area = this.#burn(area, path);
    this.count = count(this.area);
  }

  /** 1 in pixels of the area that a scene covers. */
  maskOf({ footprint, id }: CatalogRow): Uint8Array {
    const mask = this.#burn(footprint, id);
    for (let k = 0; k < mask.length; k++) mask[k] &= this.area[k];
    return mask;
  }

  /** The share of the area that a mask covers, beyond pixels that are covered already. */
  shareOf(mask: Uint8Array, covered?: Uint8Array): number {
    if (covered === undefined) return count(mask) / this.count;
    let more = 0;
    for (let k = 0; k < mask.length; k++) if (mask[k] > covered[k]) more++;
    return more / this.count;
  }

  /** The share of the area that a scene covers, in square degrees, as the published notebook counts it. */
  overlapOf({ footprint }: CatalogRow): number {
    return squareDegrees(clipOutlines(footprint, this.#outline)) / squareDegrees(this.#outline);
  }

  #burn(polygons: readonly Polygon[], name: string): Uint8Array {
    const { geobox } = this;
    const mask = new Uint8Array(geobox.pixelCount);
    const areas = { name, crs: Crs.wgs84, features: [{ polygons, properties: {} }] };
    new Rasterizer(areas, geobox).burn({ start: 0, end: geobox.height }, mask, [1]);
    return mask;
  }
}

/** Marks the pixels of a mask as covered. */
export function cover(covered: Uint8Array, mask: Uint8Array): void {
  for (let k = 0; k < mask.length; k++) covered[k] |= mask[k];
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0);
}

function squareDegrees(polygons: readonly Polygon[]): number {
  const areas = polygons.flatMap((polygon) =>
    polygon.map((ring, k) => (k === 0 ? 1 : -1) * Math.abs(signedArea(ring))),
  );
  return areas.reduce((sum, area) => sum + area, 0);
}
