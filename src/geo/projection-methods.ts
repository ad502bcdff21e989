/** Projection methods by GeoTIFF's numbers (GeoTIFF 1.0, section 6.3.3.3) as PROJ strings. */

/** Angles in degrees, lengths in metres. */
export interface ProjectionParameters {
  readonly longitude: number;
  /** Of the meridian that points straight up, for polar projections. */
  readonly poleLongitude: number;
  readonly latitude: number;
  readonly parallel1: number | null;
  readonly parallel2: number | null;
  readonly azimuth: number;
  readonly gridAngle: number | null;
  readonly scale: number;
  readonly easting: number;
  readonly northing: number;
}

type Definition = (p: ProjectionParameters) => string;

const centred =
  (name: string): Definition =>
  (p) =>
    `+proj=${name} +lat_0=${p.latitude} +lon_0=${p.longitude}`;
const scaled =
  (name: string): Definition =>
  (p) =>
    `+proj=${name} +lat_0=${p.latitude} +lon_0=${p.longitude} +k_0=${p.scale}`;
const meridian =
  (name: string): Definition =>
  (p) =>
    `+proj=${name} +lon_0=${p.longitude}`;
const conic =
  (name: string): Definition =>
  (p) =>
    `+proj=${name} +lat_0=${p.latitude} +lon_0=${p.longitude} +lat_1=${p.parallel1 ?? 0} +lat_2=${p.parallel2 ?? 0}`;
const oblique =
  (end: string): Definition =>
  (p) =>
    `+proj=omerc +lat_0=${p.latitude} +lonc=${p.longitude} +alpha=${p.azimuth} +gamma=${p.gridAngle ?? p.azimuth} +k_0=${p.scale}${end}`;

const METHODS: Readonly<Record<number, Definition>> = {
  1: scaled('tmerc'),
  3: oblique(' +no_uoff'),
  5: scaled('somerc'),
  7: (p) =>
    p.parallel1 === null
      ? `+proj=merc +lon_0=${p.longitude} +k_0=${p.scale}`
      : `+proj=merc +lon_0=${p.longitude} +lat_ts=${p.parallel1}`,
  8: conic('lcc'),
  9: (p) => `${scaled('lcc')(p)} +lat_1=${p.latitude}`,
  10: centred('laea'),
  11: conic('aea'),
  12: centred('aeqd'),
  13: conic('eqdc'),
  14: scaled('stere'),
  // The latitude is that of true scale; at the pole itself, the scale is given.
  15: (p) =>
    `+proj=stere +lat_0=${p.latitude < 0 ? -90 : 90} +lon_0=${p.poleLongitude}${
      Math.abs(p.latitude) === 90 ? ` +k_0=${p.scale}` : ` +lat_ts=${p.latitude}`
    }`,
  16: scaled('sterea'),
  17: (p) => `${centred('eqc')(p)} +lat_ts=${p.parallel1 ?? 0}`,
  18: centred('cass'),
  19: centred('gnom'),
  20: meridian('mill'),
  21: centred('ortho'),
  22: centred('poly'),
  23: meridian('robin'),
  24: meridian('sinu'),
  25: meridian('vandg'),
  26: centred('nzmg'),
  28: (p) => `+proj=cea +lon_0=${p.longitude} +lat_ts=${p.parallel1 ?? 0}`,
  9815: oblique(''),
};

/** A projection as a PROJ string, without datum and unit; null for a method that is not supported. */
export function projectionOfMethod(method: number, parameters: ProjectionParameters): string | null {
  const definition = METHODS[method];
  if (definition === undefined) return null;
  return `${definition(parameters)} +x_0=${parameters.easting} +y_0=${parameters.northing}`;
}
