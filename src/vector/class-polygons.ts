import { type GeoBox, PixelAreas } from '../geo/index.js';
import { positionsOf } from './edges.js';
import type { Polygon, Position } from './features.js';
import { LonLatPolygons } from './lon-lat.js';
import { Polygonizer, type PolygonizerOptions } from './polygonizer.js';

/** What is said about an area of a class map. */
export interface AreaProperties {
  /** The value of its pixels. */
  value: number;
  /** The name of the value, where it has one. */
  class?: string;
  /** Its true area on the ground. */
  km2: number;
  pixels: number;
}

/** The grid of a class map, and what takes its areas. */
export interface ClassPolygonsOptions extends Pick<PolygonizerOptions, 'nodata' | 'values' | 'maxCorners'> {
  geobox: GeoBox;
  /** Names of the values 0, 1, 2, … */
  names?: readonly string[];
  /** Receives each area in longitude and latitude: a polygon, or its parts on either side of the antimeridian. */
  onArea(polygons: readonly Polygon[], properties: AreaProperties): void;
}

/** A polygonizer of a class map on the ground: `addRows` top to bottom, then `finish`. */
export function classPolygons(options: ClassPolygonsOptions): Polygonizer {
  const { geobox, names, onArea, ...rest } = options;
  const lonLat = new LonLatPolygons(geobox);
  return new Polygonizer({
    ...rest,
    width: geobox.width,
    areas: new PixelAreas(geobox),
    onPolygon: ({ value, pixels, squareMetres, rings }) =>
      onArea(lonLat.convert(rings), {
        value,
        class: names?.[value],
        // To a hundredth of a square metre: sums over many small areas keep six digits.
        km2: Math.round(100 * (squareMetres ?? Number.NaN)) / 1e8,
        pixels,
      }),
  });
}

/**
 * The outlines of the areas whose pixels are 1, in pixel coordinates (y downwards), in reading order of their first
 * pixels; each as `PixelPolygon` has it. For maps of many classes, or too large for memory, see `Polygonizer`.
 * @param mask `height × width` values, row by row
 */
export function polygonize(mask: Uint8Array, width: number, height: number): Polygon[] {
  const polygons: Position[][][] = [];
  const polygonizer = new Polygonizer({
    width,
    values: [1],
    onPolygon: ({ rings }) => polygons.push(rings.map(positionsOf)),
  });
  polygonizer.addRows(mask.subarray(0, width * height));
  polygonizer.finish();
  // An area's first pixel lies under the topmost, leftmost position of its exterior.
  return polygons.sort(([[p]], [[q]]) => p[1] - q[1] || p[0] - q[0]);
}
