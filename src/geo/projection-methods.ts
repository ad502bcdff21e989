/**
 * The projection methods that GeoTIFF knows by number (OGC 19-008r4, annex C; libgeotiff's list of coordinate
 * transformations), by their names in PROJ, with the key that holds each parameter.
 */

/** A parameter of a projection as proj4js names it; angles in radians there, in degrees in keys and PROJ strings. */
export type ProjectionParameter = 'lat0' | 'lat1' | 'lat2' | 'lat_ts' | 'long0' | 'k0' | 'x0' | 'y0';

export interface ProjectionMethod {
  /** Value of the key ProjMethod (ProjCoordTrans). */
  readonly code: number;
  readonly proj: string;
  readonly parameters: readonly (readonly [ProjectionParameter, number])[];
}

/** The keys of parameters. */
export const PARAMETER_KEY = {
  StdParallel1: 3078,
  StdParallel2: 3079,
  NatOriginLong: 3080,
  NatOriginLat: 3081,
  FalseEasting: 3082,
  FalseNorthing: 3083,
  FalseOriginLong: 3084,
  FalseOriginLat: 3085,
  FalseOriginEasting: 3086,
  FalseOriginNorthing: 3087,
  CenterLong: 3088,
  CenterLat: 3089,
  CenterEasting: 3090,
  CenterNorthing: 3091,
  ScaleAtNatOrigin: 3092,
  ScaleAtCenter: 3093,
  StraightVertPoleLong: 3095,
} as const;

const K = PARAMETER_KEY;

/** Writers disagree about which key holds an origin: any of these may. */
export const PARAMETER_KEYS: Readonly<Record<ProjectionParameter, readonly number[]>> = {
  lat0: [K.NatOriginLat, K.FalseOriginLat, K.CenterLat],
  lat1: [K.StdParallel1],
  lat2: [K.StdParallel2],
  lat_ts: [K.StdParallel1],
  long0: [K.NatOriginLong, K.FalseOriginLong, K.CenterLong, K.StraightVertPoleLong],
  k0: [K.ScaleAtNatOrigin, K.ScaleAtCenter],
  x0: [K.FalseEasting, K.FalseOriginEasting, K.CenterEasting],
  y0: [K.FalseNorthing, K.FalseOriginNorthing, K.CenterNorthing],
};

/** The names of parameters in PROJ strings. */
export const PROJ_NAME: Readonly<Record<ProjectionParameter, string>> = {
  lat0: 'lat_0', lat1: 'lat_1', lat2: 'lat_2', lat_ts: 'lat_ts', long0: 'lon_0', k0: 'k', x0: 'x_0', y0: 'y_0',
}; // biome-ignore format: a table

const SHIFT = [['x0', K.FalseEasting], ['y0', K.FalseNorthing]] as const; // biome-ignore format: a table
const NATURAL = [['lat0', K.NatOriginLat], ['long0', K.NatOriginLong], ...SHIFT] as const; // biome-ignore format: a table
const CENTRE = [['lat0', K.CenterLat], ['long0', K.CenterLong], ...SHIFT] as const; // biome-ignore format: a table
const PARALLELS = [['lat1', K.StdParallel1], ['lat2', K.StdParallel2]] as const; // biome-ignore format: a table
const SCALE = ['k0', K.ScaleAtNatOrigin] as const;

export const TANGENT_LAMBERT = 9;
export const SECANT_LAMBERT = 8;
export const STEREOGRAPHIC = 14;
export const POLAR_STEREOGRAPHIC = 15;
export const MERCATOR = 7;

export const PROJECTION_METHODS: readonly ProjectionMethod[] = [
  { code: 1, proj: 'tmerc', parameters: [...NATURAL, SCALE] },
  { code: MERCATOR, proj: 'merc', parameters: [...NATURAL, SCALE] },
  {
    code: SECANT_LAMBERT,
    proj: 'lcc',
    parameters: [
      ...PARALLELS,
      ['lat0', K.FalseOriginLat],
      ['long0', K.FalseOriginLong],
      ['x0', K.FalseOriginEasting],
      ['y0', K.FalseOriginNorthing],
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
    parameters: [['lat0', K.NatOriginLat], ['long0', K.StraightVertPoleLong], SCALE, ...SHIFT],
  },
  { code: 16, proj: 'sterea', parameters: [...NATURAL, SCALE] },
  { code: 17, proj: 'eqc', parameters: [['lat_ts', K.StdParallel1], ...CENTRE] },
  { code: 18, proj: 'cass', parameters: NATURAL },
  { code: 19, proj: 'gnom', parameters: CENTRE },
  { code: 20, proj: 'mill', parameters: CENTRE },
  { code: 21, proj: 'ortho', parameters: CENTRE },
  { code: 22, proj: 'poly', parameters: [...NATURAL, SCALE] },
  { code: 23, proj: 'robin', parameters: [['long0', K.CenterLong], ...SHIFT] },
  { code: 24, proj: 'sinu', parameters: [['long0', K.CenterLong], ...SHIFT] },
  { code: 25, proj: 'vandg', parameters: [['long0', K.CenterLong], ...SHIFT] },
  { code: 28, proj: 'cea', parameters: [['lat_ts', K.StdParallel1], ['long0', K.NatOriginLong], ...SHIFT] },
];
