import { type GeoBox, PixelAreas } from '../geo/index.js';
import { positionsOf } from './edges.js';
import type { Polygon, Position } from './features.js';
import { LonLatPolygons } from './lon-lat.js';
import type { PropertyTypes } from './polygon-encoder.js';
import { OUTSIDE } from './polygon-nodes.js';
import { Polygonizer, type PolygonizerOptions } from './polygonizer.js';
import { OutlineSimplifier } from './simplify.js';

/** Properties of an area of a class map. */
export interface AreaProperties {
  /** The value of its pixels. */
  value: number;
  /** The name of the value, if it has one. */
  class?: string;
  /** Its true area on the ground. */
  km2: number;
  pixels: number;
}

/** Types of the properties of an area. */
export const AREA_TYPES = {
  value: 'integer',
  class: 'text',
  km2: 'number',
  pixels: 'integer',
} as const satisfies PropertyTypes;

/** The grid of a class map, and the receiver of its areas. */
export interface ClassPolygonsOptions extends Pick<PolygonizerOptions, 'nodata' | 'values' | 'maxCorners'> {
  geobox: GeoBox;
  /** Names of the values 0, 1, 2, … */
  names?: readonly string[];
  /** Simplification tolerance: the largest distance of a dropped corner from the new outline, in pixels (default 0). */
  simplify?: number;
  /** Receives each area in longitude and latitude: a polygon, or its parts on either side of the antimeridian. */
  onArea(polygons: readonly Polygon[], properties: AreaProperties): void;
}

/** A polygonizer of a class map on the ground: `addRows` top to bottom, then `finish`. */
export function classPolygons(
  options: ClassPolygonsOptions,
): Pick<Polygonizer, 'addRows' | 'finish' | 'peakCorners'> {
  const { geobox, names, onArea, simplify = 0, ...rest } = options;
  const { width } = geobox;
  const lonLat = new LonLatPolygons(geobox);
  const outlines = simplify > 0 ? new OutlineSimplifier(width, simplify) : null;
  const polygonizer = new Polygonizer({
    ...rest,
    width,
    areas: new PixelAreas(geobox),
    onPolygon: ({ value, pixels, squareMetres, rings }) =>
      onArea(lonLat.convert(outlines === null ? rings : rings.map((ring) => outlines.simplify(ring))), {
        value,
        class: names?.[value],
        // Rounded to 0.01 m²: sums over many small areas keep six digits.
        km2: Math.round(100 * (squareMetres ?? Number.NaN)) / 1e8,
        pixels,
      }),
  });
  if (outlines === null) return polygonizer;
  return {
    addRows(rows, valid = null) {
      for (let start = 0; start < rows.length; start += width) {
        const row = Float64Array.from(rows.subarray(start, start + width), (value, x) =>
          value === rest.nodata || valid?.[start + x] === 0 ? OUTSIDE : value,
        );
        outlines.addRow(row);
      }
      polygonizer.addRows(rows, valid);
    },
    finish() {
      outlines.finish();
      polygonizer.finish();
    },
    get peakCorners() {
      return polygonizer.peakCorners;
    },
  };
}

/**
 * The outlines of the areas whose pixels are 1, in pixel coordinates (y downwards), in reading order of their first
 * pixels; each as in `PixelPolygon`. For maps of many classes, or too large for memory, see `Polygonizer`.
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
  // An area's first pixel is below the topmost, leftmost position of its exterior.
  return polygons.sort(([[p]], [[q]]) => p[1] - q[1] || p[0] - q[0]);
}
