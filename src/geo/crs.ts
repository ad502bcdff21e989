import proj4 from '#proj4';
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { parseJson } from '../json.js';
import { INSPECT } from '../text.js';
import { shiftNote, withoutDatumGrid } from './datum-grids.js';
import { insideCut, isOnMap, nearness, projectRadians } from './domain.js';
import {
  type DirectShift,
  findDatumShift,
  findDirectShift,
  findEpsg,
  findGeodeticCode,
} from './epsg-registry.js';
import { usableByProj4, withShift } from './proj-string.js';
import { repairProj4 } from './proj4-repairs.js';
import { wktOfProjJson } from './projjson.js';
import { OGC_CODES } from './wkt.js';
import { readWkt } from './wkt-crs.js';

repairProj4();

/** A CRS, or anything that `Crs.parse` accepts. */
export type CrsLike = Crs | string | number;

/**
 * A proj4js projection with the parameters that its own types leave out.
 * @internal
 */
type Projection = InstanceType<typeof proj4.Proj> & {
  projName: string;
  /** The PROJ string. */
  projStr: string;
  to_meter?: number;
  /** All names of the projection. */
  names: string[];
  lat0?: number;
  lat1?: number;
  lat2?: number;
  lat_ts?: number;
  long0?: number;
  k0?: number;
  x0?: number;
  y0?: number;
  a: number;
  b: number;
  /** Inverse flattening. */
  rf: number;
  from_greenwich?: number;
  /** Axis directions: `enu`, or `wsu` for west and south. */
  axis: string;
  /** Numbers or texts, as in the definition. */
  datum_params?: (number | string)[];
  datum?: { datum_params?: number[] };
};

/**
 * A coordinate reference system. Coordinates are always x or longitude first, whatever the authority's axis
 * order; geographic coordinates are in degrees.
 */
export class Crs {
  /** The EPSG code, or null for a CRS that has none. */
  readonly epsg: number | null;
  readonly name: string;
  /** The WKT of its source or of the database; null when neither has any. */
  readonly wkt: string | null;
  /** True for longitude and latitude in degrees. */
  readonly isGeographic: boolean;
  /** Metres in one unit of the coordinates of a projected CRS (1 for metres, 0.3048 for feet); null for degrees. */
  readonly metresPerUnit: number | null;
  /** Why positions in this CRS have a reduced accuracy (such as a missing datum grid), or null. */
  readonly accuracyNote: string | null;
  /** @internal */
  readonly projection: Projection;
  /** The PROJ string passed to proj4js. */
  readonly #definition: string;
  #geodeticCode: number | null | undefined;

  /** @param definition a PROJ string */
  private constructor(
    definition: string,
    identity: { epsg: number | null; name?: string; wkt?: string | null; shiftMetres?: number | null },
  ) {
    const { definition: gridless, note: gridNote } = withoutDatumGrid(definition);
    const note = shiftNote(identity.shiftMetres) ?? gridNote;
    let projection: Projection;
    try {
      this.#definition = usableByProj4(gridless);
      projection = new proj4.Proj(this.#definition) as Projection;
    } catch (cause) {
      if (cause instanceof TerrachipError) throw cause;
      throw invalidInput(
        `the coordinate reference system "${shorten(definition)}"`,
        `cannot be used (${shorten(messageOf(cause))})`,
        'give an EPSG code, WKT or a PROJ string that proj4js supports',
        cause,
      );
    }
    if (projection.projName === 'geocent') {
      throw invalidInput(
        `the coordinate reference system ${identity.name ?? shorten(definition)}`,
        'is geocentric',
        'give a geographic or a projected one',
      );
    }
    this.projection = projection;
    this.epsg = identity.epsg;
    this.name = identity.name ?? String(projection.name ?? shorten(definition));
    this.wkt = identity.wkt ?? null;
    this.isGeographic = projection.projName === 'longlat';
    this.metresPerUnit = this.isGeographic ? null : (projection.to_meter ?? 1);
    this.accuracyNote =
      note === null ? null : `${identity.epsg === null ? this.name : `EPSG:${identity.epsg}`}: ${note}`;
  }

  static get wgs84(): Crs {
    return Crs.fromEpsg(4326);
  }

  /** @throws {TerrachipError} INVALID_INPUT for an unknown code, or one of a CRS without x and y. */
  static fromEpsg(code: number): Crs {
    if (WEB_MERCATOR.has(code)) return Crs.fromEpsg(3857);
    const known = epsgCache.get(code);
    if (known !== undefined) return known;
    const entry = findEpsg(code);
    if (entry === null) {
      throw invalidInput(
        `EPSG:${code}`,
        'is not a known geographic or projected coordinate reference system',
        'check the code, or register its definition with registerEpsg()',
      );
    }
    const horizontal = horizontalCode(entry.wkt);
    const crs =
      horizontal === null ? new Crs(entry.proj4, { epsg: code, ...entry }) : Crs.fromEpsg(horizontal);
    epsgCache.set(code, crs);
    return crs;
  }

  /**
   * From WKT 1 (GDAL's or Esri's) or WKT 2. A known EPSG identifier (`AUTHORITY` or `ID`) selects that code. Otherwise the
   * datum's name selects its shift to WGS 84. The vertical part of a compound CRS is ignored.
   */
  static fromWkt(wkt: string): Crs {
    const { epsg, name, definition } = readWkt(wkt);
    if (epsg !== null) {
      try {
        return Crs.fromEpsg(epsg);
      } catch (error) {
        if (!(error instanceof TerrachipError)) throw error;
      }
    }
    const { proj4: text, ...shift } = definition();
    return new Crs(text, { epsg: null, name, wkt, ...shift });
  }

  /**
   * From PROJJSON, as `fromWkt` of the same CRS in WKT 2.
   * @param document the parsed JSON
   * @throws {TerrachipError} INVALID_INPUT for anything but a geographic or projected CRS
   */
  static fromProjJson(document: unknown): Crs {
    return Crs.fromWkt(wktOfProjJson(document));
  }

  /**
   * From a PROJ string (`+proj=utm +zone=32 +datum=WGS84`).
   * @param datumNames names of its datum: they select the shift to WGS 84 if the string has none
   */
  static fromProj(definition: string, name?: string, datumNames: readonly string[] = []): Crs {
    const shift = /\+(datum|towgs84|nadgrids)=/.test(definition) ? null : findDatumShift(datumNames);
    if (shift === null) return new Crs(definition, { epsg: null, name });
    const { tokens, ...known } = shift;
    return new Crs(`${definition} ${tokens}`, { epsg: null, name, ...known });
  }

  /** From `EPSG:32632`, a bare code, an OGC URN or URL, WKT, PROJJSON, or a PROJ string. */
  static parse(value: CrsLike): Crs {
    if (value instanceof Crs) return value;
    if (typeof value === 'number') return Crs.fromEpsg(value);
    const text = value.trim();
    // EPSG:28992+5709 is a compound CRS; its vertical part is ignored.
    const code = EPSG_NAME.exec(text);
    if (code !== null) return Crs.fromEpsg(Number(code[1]));
    const ogc = OGC_NAME.exec(text)?.[1].toLowerCase();
    if (ogc !== undefined) return Crs.fromEpsg(OGC_CODES[ogc]);
    if (/^wgs ?84$/i.test(text)) return Crs.wgs84;
    if (text.startsWith('+')) return Crs.fromProj(text);
    if (/^[A-Za-z]\w*\s*[[(]/.test(text)) return Crs.fromWkt(text);
    if (text.startsWith('{')) return Crs.fromProjJson(parseJson(text, 'the PROJJSON'));
    throw invalidInput(
      `"${shorten(text)}"`,
      'is not a coordinate reference system',
      'write it as EPSG:32632, WKT, or a PROJ string that starts with +proj',
    );
  }

  /** Whether coordinates mean the same place in both: by EPSG code, else by comparing datums and projected test points. */
  equals(other: Crs): boolean {
    if (this === other) return true;
    if (this.epsg !== null && this.epsg === other.epsg) return true;
    const direct = findDirectShift(this.geodeticCode, other.geodeticCode);
    return direct === null && sameDatum(this, other) && sameProjection(this, other);
  }

  /**
   * The EPSG code of its geographic CRS, which identifies the datum; null if unknown.
   * @internal
   */
  get geodeticCode(): number | null {
    if (this.#geodeticCode === undefined) this.#geodeticCode = this.#findGeodeticCode();
    return this.#geodeticCode;
  }

  #findGeodeticCode(): number | null {
    if (this.isGeographic && this.epsg !== null) return this.epsg;
    if (this.wkt !== null) return readWkt(this.wkt).geodeticCode;
    const datum = /\+datum=(\S+)/.exec(this.#definition)?.[1];
    return datum === undefined ? null : findGeodeticCode([datum]);
  }

  /**
   * The projection with another datum shift.
   * @param shift as PROJ's towgs84
   * @internal
   */
  shifted(shift: string): Projection {
    return new proj4.Proj(withShift(this.#definition, shift)) as Projection;
  }

  /** `EPSG:32632`, or the name of a CRS without a code. */
  toString(): string {
    return this.epsg === null ? this.name : `EPSG:${this.epsg}`;
  }

  [INSPECT](): string {
    return `Crs(${this})`;
  }

  toJSON(): { epsg: number | null; name: string; wkt: string | null } {
    return { epsg: this.epsg, name: this.name, wkt: this.wkt };
  }
}

/** Forms of an EPSG code: 32632, EPSG:32632, +init=epsg:32632, URNs and URLs, EPSG:28992+5709. */
const EPSG_NAME =
  /^(?:epsg::? *|esri:|\+?init=epsg:|urn:(?:x-)?ogc:def:crs:epsg::?(?:[\d.]*:)?|https?:\/\/(?:www\.)?opengis\.net\/(?:def\/crs\/epsg\/[\d.]+\/|gml\/srs\/epsg\.xml#))?(\d{3,6})(?:\+(?:epsg:)?\d+)?(?: \+type=crs| \+no_defs)*$/i;

/** OGC's names of CRSs with the longitude first. */
const OGC_NAME =
  /^(?:ogc:|urn:(?:x-)?ogc:def:crs:ogc:[\d.]*:|https?:\/\/(?:www\.)?opengis\.net\/def\/crs\/ogc\/[\d.]+\/)?(crs84h?|crs83|crs27)$/i;

/** The code of the horizontal part of a compound CRS; null for any other. */
function horizontalCode(wkt: string | undefined): number | null {
  return wkt !== undefined && /^\s*COMP/.test(wkt) ? readWkt(wkt).epsg : null;
}

const epsgCache = new Map<number, Crs>();

/** A former EPSG code and the codes of Esri and Google of Web Mercator (3857). */
const WEB_MERCATOR = new Set([3785, 102_100, 102_113, 900_913]);

/** Transforms points from one CRS to another, in float64. */
export interface CrsTransform {
  readonly from: Crs;
  readonly to: Crs;
  /** True when coordinates pass through unchanged. */
  readonly isIdentity: boolean;
  /** The point in the other CRS; NaN outside the domain of the transformation. */
  forward(x: number, y: number): [number, number];
  /** Why the accuracy is reduced (a missing datum grid or shift), or null. */
  readonly accuracyNote: string | null;
}

/** Creates the transformation from one CRS to another. */
export function createTransform(from: Crs, to: Crs): CrsTransform {
  if (from.equals(to)) {
    return { from, to, isIdentity: true, accuracyNote: null, forward: (x, y) => [x, y] };
  }
  const direct = findDirectShift(from.geodeticCode, to.geodeticCode);
  const converter =
    direct === null
      ? proj4(from.projection, to.projection)
      : proj4(from.shifted(direct.shift), to.shifted('0,0,0'));
  const convert = (direction: 'forward' | 'inverse', x: number, y: number): [number, number] => {
    // proj4js throws on coordinates that are not finite and on some points outside a projection's domain.
    if (!Number.isFinite(x) || !Number.isFinite(y)) return NOWHERE;
    try {
      const point = converter[direction]([x, y], true) as [number, number];
      if (Number.isFinite(point[0]) && Number.isFinite(point[1])) return point;
    } catch {
      // Outside the projection's domain: NaN, below.
    }
    return NOWHERE;
  };
  const isNear = nearness(from);
  const forward = (x: number, y: number): [number, number] => {
    const point = convert('forward', x, y);
    const isBeyondPole = to.isGeographic && !from.isGeographic && Math.abs(point[1]) > 90 + 1e-9;
    if (Number.isNaN(point[0]) || isBeyondPole) return [Number.NaN, Number.NaN];
    // For most points off the globe the formulas return some position too, but its inverse differs from the point.
    const back = convert('inverse', point[0], point[1]);
    const isBack = Number.isNaN(back[0]) ? isOnMap(from, x, y) : isNear([x, y], back);
    if (isBack) return point;
    const inside = insideCut(from, x, y);
    return inside === null ? [Number.NaN, Number.NaN] : convert('forward', inside, y);
  };
  return { from, to, isIdentity: false, accuracyNote: accuracyOf(from, to, direct), forward };
}

function accuracyOf(from: Crs, to: Crs, direct: DirectShift | null): string | null {
  if (direct !== null) {
    return direct.metres < 1
      ? null
      : `${from} and ${to}: no exact shift between their datums is known, so positions may be off by up to ${direct.metres} m`;
  }
  const notes = new Set([from.accuracyNote, to.accuracyNote].filter((note) => note !== null));
  return notes.size === 0 ? null : [...notes].join('; ');
}

const NOWHERE: [number, number] = [Number.NaN, Number.NaN];

/** Points at which two projections are compared: longitude from the central meridian, and latitude, in radians. */
const PROBES = [
  [0.01, 0.9],
  [-0.02, 0.6],
  [0.03, 0.2],
  [0.01, -0.5],
  [-0.03, -1.1],
] as const;

/** Compares projected points, since one projection can be written in many ways. */
function sameProjection(a: Crs, b: Crs): boolean {
  if (a.isGeographic || b.isGeographic) return a.isGeographic === b.isGeographic;
  if (a.projection.axis !== b.projection.axis) return false;
  // Units are written with more or fewer digits.
  const [unit, other] = [a.metresPerUnit ?? 1, b.metresPerUnit ?? 1];
  if (Math.abs(unit - other) > 1e-11 * unit) return false;
  const centre = a.projection.long0 ?? 0;
  return PROBES.every(([longitude, latitude]) => {
    const [ax, ay] = projectRadians(a, centre + longitude, latitude);
    const [bx, by] = projectRadians(b, centre + longitude, latitude);
    if (Number.isNaN(ax) || Number.isNaN(bx)) return Number.isNaN(ax) && Number.isNaN(bx);
    // A micrometre on the ground, or the precision of float64 far from the projection's centre.
    const tolerance = 1e-6 + 1e-12 * Math.hypot(ax, ay);
    return Math.abs(ax - bx) <= tolerance && Math.abs(ay - by) <= tolerance;
  });
}

/** Same ellipsoid, prime meridian and shift to WGS 84. */
export function sameDatum({ projection: p }: Crs, { projection: q }: Crs): boolean {
  const close = (a = 0, b = 0): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
  const shift = (r: Projection): string => {
    const parameters = r.datum?.datum_params ?? [];
    return parameters.every((v) => v === 0 || v === 1) ? '' : parameters.map((v) => v.toPrecision(9)).join();
  };
  return (
    close(p.a, q.a) && close(p.b, q.b) && close(p.from_greenwich, q.from_greenwich) && shift(p) === shift(q)
  );
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
