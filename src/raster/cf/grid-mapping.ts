/** CRSs of CF grid mappings, GDAL's and rioxarray's attributes, and GeoZarr. */
import { messageOf } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import type { Attributes } from '../arrays/index.js';
import { numberOf, numbersOf, textOf } from './attributes.js';

/** The CRS in some attributes; null for none. */
export function crsOf(attributes: Attributes): Crs | null {
  const gdal = recordOf(attributes._CRS);
  const text =
    textOf(attributes, 'proj:code') ??
    textOf(attributes, 'crs_wkt') ??
    textOf(attributes, 'spatial_ref') ??
    textOf(attributes, 'proj:wkt2') ??
    textOf(attributes, 'esri_pe_string') ??
    (gdal === null ? null : textOf(gdal, 'wkt'));
  if (text !== null && text !== '') return Crs.parse(text);
  const code = numberOf(attributes, 'proj:epsg');
  if (code !== null) return Crs.fromEpsg(code);
  const projjson = recordOf(attributes['proj:projjson']);
  if (projjson !== null) return Crs.fromProjJson(projjson);
  const method = textOf(attributes, 'grid_mapping_name');
  const definition = method === null ? null : projOf(method, attributes);
  if (definition === null) return null;
  const names = ['horizontal_datum_name', 'geographic_crs_name'].map((name) => textOf(attributes, name));
  return Crs.fromProj(
    definition,
    method ?? undefined,
    names.filter((name) => name !== null),
  );
}

/** As `crsOf`; for an unusable one null, and why, as a predicate ("has …"). */
export function tryCrsOf(attributes: Attributes): { crs: Crs | null; problem: string | null } {
  try {
    const crs = crsOf(attributes);
    const method = crs === null ? textOf(attributes, 'grid_mapping_name') : null;
    return { crs, problem: method === null ? null : `has a grid mapping that is not known ("${method}")` };
  } catch (error) {
    return { crs: null, problem: `has a grid mapping that cannot be used (${messageOf(error)})` };
  }
}

function recordOf(value: unknown): Attributes | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

const lat_0 = 'latitude_of_projection_origin';
const origin = 'longitude_of_projection_origin';
const meridian = 'longitude_of_central_meridian';
const parallel = 'standard_parallel';
const scale = 'scale_factor_at_projection_origin';

/** PROJ's name of each CF method, and its parameters: PROJ's name and CF's. */
const METHODS: Readonly<
  Record<string, readonly [proj: string, parameters: Readonly<Record<string, string>>]>
> = {
  latitude_longitude: ['longlat', {}],
  transverse_mercator: ['tmerc', { lat_0, lon_0: meridian, k_0: 'scale_factor_at_central_meridian' }],
  mercator: ['merc', { lon_0: origin, lat_ts: parallel, k_0: scale }],
  lambert_azimuthal_equal_area: ['laea', { lat_0, lon_0: origin }],
  lambert_conformal_conic: ['lcc', { lat_0, lon_0: meridian }],
  albers_conical_equal_area: ['aea', { lat_0, lon_0: meridian }],
  polar_stereographic: [
    'stere',
    { lat_0, lon_0: 'straight_vertical_longitude_from_pole', lat_ts: parallel, k_0: scale },
  ],
  stereographic: ['stere', { lat_0, lon_0: origin, k_0: scale }],
  azimuthal_equidistant: ['aeqd', { lat_0, lon_0: origin }],
  geostationary: ['geos', { h: 'perspective_point_height', lon_0: origin }],
  sinusoidal: ['sinu', { lon_0: meridian }],
  rotated_latitude_longitude: ['ob_tran +o_proj=longlat', { o_lat_p: 'grid_north_pole_latitude' }],
  lambert_cylindrical_equal_area: ['cea', { lon_0: meridian, lat_ts: parallel }],
};

/** A grid mapping's parameters as a PROJ string; null for a method that proj4js lacks. */
function projOf(method: string, attributes: Attributes): string | null {
  if (!Object.hasOwn(METHODS, method)) return null;
  const [proj, parameters] = METHODS[method];
  const parts = [`+proj=${proj}`];
  for (const [name, attribute] of Object.entries(parameters)) {
    const value = numberOf(attributes, attribute);
    if (value !== null) parts.push(`+${name}=${value}`);
  }
  if (proj === 'lcc' || proj === 'aea') {
    const parallels = numbersOf(attributes, 'standard_parallel') ?? [];
    parallels.slice(0, 2).forEach((value, i) => {
      parts.push(`+lat_${i + 1}=${value}`);
    });
  }
  if (method === 'rotated_latitude_longitude') {
    // PROJ's lon_0 is opposite the pole's meridian.
    const pole = numberOf(attributes, 'grid_north_pole_longitude') ?? 0;
    const gridPole = numberOf(attributes, 'north_pole_grid_longitude') ?? 0;
    parts.push(`+lon_0=${pole > 0 ? pole - 180 : pole + 180}`, `+o_lon_p=${gridPole}`);
  }
  if (proj === 'geos') {
    const fixed = textOf(attributes, 'fixed_angle_axis');
    const sweep = textOf(attributes, 'sweep_angle_axis') ?? (fixed === 'x' ? 'y' : fixed === 'y' ? 'x' : 'y');
    parts.push(`+sweep=${sweep}`);
  }
  for (const [name, attribute] of [
    ['x_0', 'false_easting'],
    ['y_0', 'false_northing'],
    ['pm', 'longitude_of_prime_meridian'],
  ]) {
    const value = numberOf(attributes, attribute);
    if (value !== null && value !== 0) parts.push(`+${name}=${value}`);
  }
  const shift = numbersOf(attributes, 'towgs84');
  if (shift?.length === 3 || shift?.length === 7) parts.push(`+towgs84=${shift.join()}`);
  parts.push(...ellipsoidOf(attributes), '+no_defs');
  return parts.join(' ');
}

function ellipsoidOf(attributes: Attributes): string[] {
  const radius = numberOf(attributes, 'earth_radius');
  if (radius !== null) return [`+R=${radius}`];
  const major = numberOf(attributes, 'semi_major_axis');
  const minor = numberOf(attributes, 'semi_minor_axis');
  const flattening = numberOf(attributes, 'inverse_flattening');
  if (major === null) return ['+datum=WGS84'];
  // Writers give a sphere an inverse flattening of 0.
  if (flattening !== null && flattening !== 0) return [`+a=${major}`, `+rf=${flattening}`];
  return [`+a=${major}`, `+b=${minor ?? major}`];
}
