/**
 * Projection methods as PROJ strings: by GeoTIFF's numbers (GeoTIFF 1.0, section 6.3.3.3), by names in WKT, and by PROJ's
 * names where GeoTIFF has no number.
 */
import { memberOf } from '../json/keys.js';
import { plainName } from './wkt.js';
import type { WktNumbers } from './wkt-crs.js';

/** Angles in degrees, lengths in metres. */
export interface ProjectionParameters {
  readonly longitude: number;
  /** The vertical meridian of polar projections. */
  readonly poleLongitude: number;
  readonly latitude: number;
  readonly parallel1: number | null;
  readonly parallel2: number | null;
  readonly azimuth: number;
  readonly gridAngle: number | null;
  readonly scale: number;
  readonly easting: number;
  readonly northing: number;
  /** Height of a satellite above the ellipsoid. */
  readonly height?: number | null;
  /** PROJ's letters of axes to the west and south. */
  readonly axes?: string | null;
}

type Definition = (p: ProjectionParameters) => string;

const centred = (name: string, p: ProjectionParameters): string =>
  `+proj=${name} +lat_0=${p.latitude} +lon_0=${p.longitude}`;
const scaled = (name: string, p: ProjectionParameters): string => `${centred(name, p)} +k_0=${p.scale}`;
const meridian = (name: string, p: ProjectionParameters): string => `+proj=${name} +lon_0=${p.longitude}`;
const conic = (name: string, p: ProjectionParameters): string =>
  `${centred(name, p)} +lat_1=${p.parallel1 ?? 0} +lat_2=${p.parallel2 ?? 0}`;
const oblique = (p: ProjectionParameters): string =>
  `+proj=omerc +lat_0=${p.latitude} +lonc=${p.longitude} +alpha=${p.azimuth} +gamma=${p.gridAngle ?? p.azimuth} +k_0=${p.scale}`;

/** The key of Web Mercator in METHODS. */
export const WEB_MERCATOR = 'webmerc';

const METHODS: Readonly<Record<number | string, Definition>> = {
  1: (p) => scaled('tmerc', p),
  3: (p) => `${oblique(p)} +no_uoff`,
  5: (p) => scaled('somerc', p),
  7: (p) => `${meridian('merc', p)} ${p.parallel1 === null ? `+k_0=${p.scale}` : `+lat_ts=${p.parallel1}`}`,
  8: (p) => conic('lcc', p),
  9: (p) => `${scaled('lcc', p)} +lat_1=${p.latitude}`,
  10: (p) => centred('laea', p),
  11: (p) => conic('aea', p),
  12: (p) => centred('aeqd', p),
  13: (p) => conic('eqdc', p),
  14: (p) => scaled('stere', p),
  // The latitude is that of true scale, unless it is the pole, where the scale is given.
  15: (p) =>
    `+proj=stere +lat_0=${p.latitude < 0 ? -90 : 90} +lon_0=${p.poleLongitude}${
      Math.abs(p.latitude) === 90 ? ` +k_0=${p.scale}` : ` +lat_ts=${p.latitude}`
    }`,
  16: (p) => scaled('sterea', p),
  17: (p) => `${centred('eqc', p)} +lat_ts=${p.parallel1 ?? 0}`,
  18: (p) => centred('cass', p),
  19: (p) => centred('gnom', p),
  20: (p) => meridian('mill', p),
  21: (p) => centred('ortho', p),
  22: (p) => centred('poly', p),
  23: (p) => meridian('robin', p),
  24: (p) => meridian('sinu', p),
  25: (p) => meridian('vandg', p),
  26: (p) => centred('nzmg', p),
  28: (p) => `+proj=cea +lon_0=${p.longitude} +lat_ts=${p.parallel1 ?? 0}`,
  27: (p) => `${scaled('tmerc', p)} +axis=wsu`,
  9815: (p) => (isLevel(p) ? scaled('somerc', p) : oblique(p)),
  lcc: (p) => {
    const first = p.parallel1 ?? p.latitude;
    return `${scaled('lcc', p)} +lat_1=${first} +lat_2=${p.parallel2 ?? first}`;
  },
  [WEB_MERCATOR]: (p) => `+proj=merc +lon_0=${p.longitude} +a=6378137 +b=6378137 +nadgrids=@null`,
  krovak: (p) => scaled('krovak', p),
  eqearth: (p) => meridian('eqearth', p),
  moll: (p) => meridian('moll', p),
  eck6: (p) => meridian('eck6', p),
  bonne: (p) => `+proj=bonne +lon_0=${p.longitude} +lat_1=${p.parallel1 ?? p.latitude}`,
  geosx: (p) => `+proj=geos +lon_0=${p.longitude} +h=${p.height} +sweep=x`,
  geosy: (p) => `+proj=geos +lon_0=${p.longitude} +h=${p.height} +sweep=y`,
};

/** Oblique Mercator along a parallel, which the formulas of `omerc` do not cover. */
function isLevel(p: ProjectionParameters): boolean {
  return Math.abs(p.azimuth - 90) < 1e-9 && Math.abs((p.gridAngle ?? 90) - 90) < 1e-9;
}

/** Keys of METHODS by plain names of WKT 1, Esri and WKT 2. */
const WKT_METHODS: Readonly<Record<string, number | string>> = {
  transversemercator: 1, gausskruger: 1, transversemercator3d: 1, transversemercatorcomplex: 1,
  hotineobliquemercator: 3, 'hotineobliquemercator(varianta)': 3, hotineobliquemercatorazimuthnaturalorigin: 3,
  rectifiedskeworthomorphicnaturalorigin: 3, swissobliquecylindrical: 5, swissobliquemercator: 5,
  mercator: 7, mercator1sp: 7, mercator2sp: 7, 'mercator(varianta)': 7, 'mercator(variantb)': 7,
  lambertazimuthalequalarea: 10, 'lambertazimuthalequalarea(spherical)': 10, albers: 11, albersconicequalarea: 11,
  albersequalarea: 11, azimuthalequidistant: 12, modifiedazimuthalequidistant: 12, equidistantconic: 13,
  stereographic: 14, polarstereographic: 15, 'polarstereographic(varianta)': 15, 'polarstereographic(variantb)': 15,
  stereographicnorthpole: 15, stereographicsouthpole: 15, obliquestereographic: 16, doublestereographic: 16,
  equidistantcylindrical: 17, 'equidistantcylindrical(spherical)': 17, equirectangular: 17, platecarree: 17,
  cassini: 18, cassinisoldner: 18, gnomonic: 19, millercylindrical: 20, orthographic: 21, polyconic: 22,
  americanpolyconic: 22, robinson: 23, sinusoidal: 24, vandergrinten: 25, vandergrinteni: 25, newzealandmapgrid: 26,
  transversemercatorsouthorientated: 27, 'transversemercator(southorientated)': 27, cylindricalequalarea: 28,
  behrmann: 28, lambertcylindricalequalarea: 28, 'lambertcylindricalequalarea(spherical)': 28,
  hotineobliquemercatorazimuthcenter: 9815, 'hotineobliquemercator(variantb)': 9815,
  rectifiedskeworthomorphiccenter: 9815, popularvisualisationpseudomercator: WEB_MERCATOR,
  mercatorauxiliarysphere: WEB_MERCATOR, lambertconformalconic: 'lcc', lambertconformalconic1sp: 'lcc',
  lambertconformalconic2sp: 'lcc', lambertconformalconic2spbelgium: 'lcc', 'lambertconicconformal(1sp)': 'lcc',
  'lambertconicconformal(2sp)': 'lcc', 'lambertconicconformal(2spbelgium)': 'lcc',
  'lambertconicconformal(2spmichigan)': 'lcc', krovak: 'krovak', 'krovak(northorientated)': 'krovak',
  equalearth: 'eqearth', mollweide: 'moll', eckertvi: 'eck6', bonne: 'bonne',
  'geostationarysatellite(sweepx)': 'geosx', 'geostationarysatellite(sweepy)': 'geosy', geostationarysatellite: 'geosy',
}; // biome-ignore format: a table

/** The method of a WKT projection, by any of its names, with its parameters; null if it is not supported. */
export function wktMethod(
  name: string,
  number: WktNumbers,
  axes: string,
): { method: number | string; parameters: ProjectionParameters } | null {
  const plain = plainName(name);
  const method = memberOf(WKT_METHODS, plain);
  if (method === undefined) return null;
  const parallel1 = number(
    'angle', 'standardparallel1', 'latitudeof1ststandardparallel', 'latitudeofstandardparallel',
  ); // biome-ignore format: a list
  const longitude =
    number(
      'angle', 'centralmeridian', 'longitudeofcenter', 'longitudeoforigin', 'longitudeofnaturalorigin',
      'longitudeoffalseorigin', 'longitudeofprojectioncentre', 'straightverticallongitudefrompole',
    ) ?? 0; // biome-ignore format: a list
  const origin =
    number(
      'angle', 'latitudeoforigin', 'latitudeofcenter', 'latitudeofnaturalorigin', 'latitudeoffalseorigin',
      'latitudeofprojectioncentre',
    ); // biome-ignore format: a list
  const pole = plain.endsWith('southpole') ? -90 : 90;
  // Without an origin, the parallel of true scale determines the pole.
  const polar = parallel1 ?? origin ?? pole;
  return {
    method,
    parameters: {
      longitude,
      poleLongitude: longitude,
      latitude: method === 15 ? polar : (origin ?? 0),
      parallel1: plain === 'behrmann' ? (parallel1 ?? 30) : parallel1,
      parallel2: number('angle', 'standardparallel2', 'latitudeof2ndstandardparallel'),
      azimuth: number('angle', 'azimuth', 'azimuthofinitialline', 'azimuthatprojectioncentre') ?? 0,
      gridAngle: number('angle', 'rectifiedgridangle', 'xyplanerotation', 'anglefromrectifiedtoskewgrid'),
      scale:
        number(
          'number', 'scalefactor', 'scalefactoratnaturalorigin', 'scalefactoroninitialline',
          'scalefactoratprojectioncentre', 'scalefactoronpseudostandardparallel', 'ellipsoidscalingfactor',
        ) ?? 1, // biome-ignore format: a list
      easting: number('length', 'falseeasting', 'eastingatfalseorigin', 'eastingatprojectioncentre') ?? 0,
      northing: number('length', 'falsenorthing', 'northingatfalseorigin', 'northingatprojectioncentre') ?? 0,
      height: number('length', 'satelliteheight', 'height'),
      axes: axesOf(plain, number, axes),
    },
  };
}

/** PROJ's letters of axes to the west and south; null for other axes, which are read as x to the east. */
function axesOf(method: string, number: WktNumbers, axes: string): string | null {
  const xScale = number('number', 'xscale');
  // Esri turns the axes of Krovak's projection with its own parameters; GDAL writes axes only for east and north.
  if (xScale !== null) return xScale === 1 && number('number', 'xyplanerotation') === 0 ? 'sw' : null;
  if (method === 'krovak' && axes === '') return 'sw';
  return axes === 'ws' || axes === 'sw' ? axes : null;
}

/** A projection as a PROJ string without datum and unit; null if the method is not supported. */
export function projectionOfMethod(method: number | string, parameters: ProjectionParameters): string | null {
  const definition = METHODS[method];
  if (definition === undefined) return null;
  const { easting, northing, axes } = parameters;
  return `${definition(parameters)}${axes ? ` +axis=${axes}u` : ''} +x_0=${easting} +y_0=${northing}`;
}
