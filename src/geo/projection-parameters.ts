/**
 * GeoTIFF's projection methods (OGC 19-008r4, annex C; libgeotiff's list of coordinate transformations) with their names
 * in PROJ and the key of each parameter.
 */

import { GEO_KEY } from './geo-keys.js';

/** A projection parameter by its name in proj4js; angles are radians in proj4js, degrees in keys. */
export type ProjectionParameter = 'lat0' | 'lat1' | 'lat2' | 'lat_ts' | 'long0' | 'k0' | 'x0' | 'y0';

export interface ProjectionMethod {
  /** Value of the key ProjMethod (ProjCoordTrans). */
  readonly code: number;
  readonly proj: string;
  readonly parameters: readonly (readonly [ProjectionParameter, number])[];
}

const SHIFT = [['x0', GEO_KEY.FalseEasting], ['y0', GEO_KEY.FalseNorthing]] as const; // biome-ignore format: a table
const NATURAL = [['lat0', GEO_KEY.NaturalOriginLatitude], ['long0', GEO_KEY.NaturalOriginLongitude], ...SHIFT] as const; // biome-ignore format: a table
const CENTRE = [['lat0', GEO_KEY.CentreLatitude], ['long0', GEO_KEY.CentreLongitude], ...SHIFT] as const; // biome-ignore format: a table
const PARALLELS = [['lat1', GEO_KEY.StandardParallel1], ['lat2', GEO_KEY.StandardParallel2]] as const; // biome-ignore format: a table
const SCALE = ['k0', GEO_KEY.ScaleAtNaturalOrigin] as const;

export const TANGENT_LAMBERT = 9;
export const SECANT_LAMBERT = 8;
export const STEREOGRAPHIC = 14;
export const POLAR_STEREOGRAPHIC = 15;
export const PROJECTION_METHODS: readonly ProjectionMethod[] = [
  { code: 1, proj: 'tmerc', parameters: [...NATURAL, SCALE] },
  { code: 7, proj: 'merc', parameters: [...NATURAL, SCALE] },
  {
    code: SECANT_LAMBERT,
    proj: 'lcc',
    parameters: [
      ...PARALLELS,
      ['lat0', GEO_KEY.FalseOriginLatitude],
      ['long0', GEO_KEY.FalseOriginLongitude],
      ['x0', GEO_KEY.FalseOriginEasting],
      ['y0', GEO_KEY.FalseOriginNorthing],
    ],
  },
  { code: TANGENT_LAMBERT, proj: 'lcc', parameters: [...NATURAL, SCALE] },
  { code: 10, proj: 'laea', parameters: CENTRE },
  { code: 11, proj: 'aea', parameters: [...PARALLELS, ...NATURAL] },
  { code: 12, proj: 'aeqd', parameters: CENTRE },
  { code: 13, proj: 'eqdc', parameters: [...PARALLELS, ...NATURAL] },
  { code: STEREOGRAPHIC, proj: 'stere', parameters: [...CENTRE, SCALE] },
  {
    code: POLAR_STEREOGRAPHIC,
    proj: 'stere',
    parameters: [
      ['lat0', GEO_KEY.NaturalOriginLatitude],
      ['long0', GEO_KEY.StraightVerticalPoleLongitude],
      SCALE,
      ...SHIFT,
    ],
  },
  { code: 16, proj: 'sterea', parameters: [...NATURAL, SCALE] },
  { code: 17, proj: 'eqc', parameters: [['lat_ts', GEO_KEY.StandardParallel1], ...CENTRE] },
  { code: 18, proj: 'cass', parameters: NATURAL },
  { code: 19, proj: 'gnom', parameters: CENTRE },
  { code: 20, proj: 'mill', parameters: CENTRE },
  { code: 21, proj: 'ortho', parameters: CENTRE },
  { code: 22, proj: 'poly', parameters: [...NATURAL, SCALE] },
  { code: 23, proj: 'robin', parameters: [['long0', GEO_KEY.CentreLongitude], ...SHIFT] },
  { code: 24, proj: 'sinu', parameters: [['long0', GEO_KEY.CentreLongitude], ...SHIFT] },
  { code: 25, proj: 'vandg', parameters: [['long0', GEO_KEY.CentreLongitude], ...SHIFT] },
  {
    code: 28,
    proj: 'cea',
    parameters: [['lat_ts', GEO_KEY.StandardParallel1], ['long0', GEO_KEY.NaturalOriginLongitude], ...SHIFT],
  },
];
