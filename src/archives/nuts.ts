/** NUTS regions of Eurostat, and the regions that a place overlaps. */
import { clipOutlines } from '../catalog/clip.js';
import { placeOutline } from '../catalog/place.js';
import { boxesTouch } from '../catalog/relate.js';
import { invalidInput, requireChoice } from '../errors.js';
import { boundsOfPaths } from '../geo/bounds.js';
import { type Bounds, Crs, type CrsLike, ringArea } from '../geo/index.js';
import type { AreaFeatures, Polygon } from '../vector/index.js';
import { polygonsToLonLat } from '../vector/to-lon-lat.js';

/** The years of the published regions. */
export const NUTS_YEARS = [2003, 2006, 2010, 2013, 2016, 2021, 2024] as const;

/** Scales of their outlines: 1 : 1 million, and so on. */
export const NUTS_SCALES = ['01M', '03M', '10M', '20M', '60M'] as const;

/** EPSG codes of their files. */
export const NUTS_SYSTEMS = [3035, 3857, 4326] as const;

/** Options of a file of regions. */
export interface NutsOptions {
  /** Default: 2021. */
  readonly year?: number;
  /** Default: `01M`, the finest. */
  readonly scale?: (typeof NUTS_SCALES)[number];
  /** 0 countries, 1 major regions, 2 regions, 3 provinces (default). */
  readonly level?: number;
  /** An EPSG code (default 4326). */
  readonly crs?: number;
}

/**
 * The URL of a file of regions at GISCO, Eurostat's distribution of geographic data
 * (https://gisco-services.ec.europa.eu/distribution/v2/nuts/): `NUTS_RG_01M_2021_4326_LEVL_3.geojson`.
 * @throws {TerrachipError} INVALID_OPTION for a file that is not published
 */
export function nutsUrl({ year = 2021, scale = '01M', level = 3, crs = 4326 }: NutsOptions = {}): string {
  requireChoice('year', year, NUTS_YEARS as readonly number[]);
  requireChoice('scale', scale, NUTS_SCALES);
  requireChoice('level', level, [0, 1, 2, 3]);
  requireChoice('crs', crs, NUTS_SYSTEMS as readonly number[]);
  const folder = 'https://gisco-services.ec.europa.eu/distribution/v2/nuts/geojson';
  return `${folder}/NUTS_RG_${scale}_${year}_${crs}_LEVL_${level}.geojson`;
}

/** A region that a place overlaps. */
export interface RegionShare {
  /** The region's code and name, from its properties. */
  readonly id: string;
  readonly name: string;
  /** Area of the overlap on the ground, in km². */
  readonly km2: number;
  /** Its share of the place, from 0 to 1. */
  readonly share: number;
}

/** The regions of a place. */
export interface PlaceRegions {
  /** Area of the place on the ground, in km². */
  readonly km2: number;
  /** The largest overlap first; empty outside all regions. */
  readonly regions: readonly RegionShare[];
}

/** The properties of features with the id and name of a region. */
export interface RegionNames {
  /** Default: `NUTS_ID`, else `id`. */
  readonly idProperty?: string;
  /** Default: `NAME_LATN`, else `NUTS_NAME`, else `name`, else the id. */
  readonly nameProperty?: string;
}

/**
 * The regions that a place overlaps, with geodesic areas on WGS 84. Edges of outlines are densified where the projection
 * bends them.
 * @param bounds x0, y0, x1, y1 of the place, in `crs`
 * @param areas regions in any CRS, such as `readAreas` of `nutsUrl()`
 * @throws {TerrachipError} INVALID_INPUT for bounds without area, or regions without these properties
 */
export function regionsOf(
  bounds: Bounds,
  crs: CrsLike,
  areas: AreaFeatures,
  names: RegionNames = {},
): PlaceRegions {
  const place = placeOutline(bounds, Crs.parse(crs), 'the place');
  const total = areaOf(place);
  const box = boundsOf(place);
  const found = areas.features.flatMap((feature): RegionShare[] => {
    const outline = polygonsToLonLat(feature.polygons, areas.crs, areas.name);
    if (!boxesTouch(boundsOf(outline), box)) return [];
    const area = areaOf(clipOutlines(outline, place));
    if (area === 0) return [];
    return [
      { ...nameOf(feature.properties, names, areas.name), km2: area / 1e6, share: Math.min(1, area / total) },
    ];
  });
  const regions = found.sort((a, b) => b.km2 - a.km2 || (a.id < b.id ? -1 : 1));
  return { km2: total / 1e6, regions };
}

function nameOf(
  properties: Readonly<Record<string, unknown>>,
  { idProperty, nameProperty }: RegionNames,
  source: string,
): { id: string; name: string } {
  const first = (keys: readonly string[]): string | null => {
    const value = keys.map((key) => properties[key]).find((each) => each !== undefined && each !== null);
    return value === undefined || value === null || typeof value === 'object' ? null : String(value);
  };
  const id = first(idProperty === undefined ? ['NUTS_ID', 'id'] : [idProperty]);
  if (id === null) {
    const wanted = idProperty ?? 'NUTS_ID';
    throw invalidInput(
      source,
      `has a region without the property ${wanted}`,
      'name the property with `idProperty`',
    );
  }
  const keys = nameProperty === undefined ? ['NAME_LATN', 'NUTS_NAME', 'name'] : [nameProperty];
  return { id, name: first(keys) ?? id };
}

function boundsOf(outline: readonly Polygon[]): Bounds {
  return boundsOfPaths(outline.map(([ring]) => ring ?? []));
}

/** Area in m² on WGS 84. */
function areaOf(outline: readonly Polygon[]): number {
  let sum = 0;
  for (const rings of outline) {
    for (const [k, ring] of rings.entries()) sum += (k === 0 ? 1 : -1) * ringArea(ring);
  }
  return sum;
}
