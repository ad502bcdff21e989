import proj4 from 'proj4';
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { withoutDatumGrid } from './datum-grids.js';
import { findEpsg } from './epsg-registry.js';

/** Anything that names a coordinate reference system. */
export type CrsLike = Crs | string | number;

/** A proj4js projection with the parameters that its own types leave out. */
type Projection = InstanceType<typeof proj4.Proj> & { projName: string; to_meter?: number };

/** The parameters that decide whether two definitions describe the same coordinates. */
const DEFINING_PARAMETERS = [
  'projName',
  'a',
  'b',
  'lat0',
  'lat1',
  'lat2',
  'lat_ts',
  'long0',
  'longc',
  'alpha',
  'k0',
  'x0',
  'y0',
  'to_meter',
  'from_greenwich',
  'zone',
  'utmSouth',
  'axis',
] as const;

/**
 * A coordinate reference system. Coordinates are always x or longitude first, whatever the authority's axis
 * order; geographic coordinates are in degrees.
 */
export class Crs {
  /** The EPSG code, or null for a CRS that has none. */
  readonly epsg: number | null;
  readonly name: string;
  /** The WKT it was made from or that the database holds; null when neither is known. */
  readonly wkt: string | null;
  /** True for longitude and latitude. */
  readonly isGeographic: boolean;
  /** Metres in one unit of the coordinates of a projected CRS (1 for metres, 0.3048 for feet); null for degrees. */
  readonly metresPerUnit: number | null;
  /** Why positions in this CRS are less exact than they could be (a datum grid is missing), or null. */
  readonly accuracyNote: string | null;
  /** @internal */
  readonly projection: Projection;

  private constructor(
    definition: string,
    identity: { epsg: number | null; name?: string; wkt?: string | null },
  ) {
    const { definition: usable, note } = withoutDatumGrid(definition);
    let projection: Projection;
    try {
      projection = new proj4.Proj(usable) as Projection;
    } catch (cause) {
      throw invalidInput(
        `the coordinate reference system "${shorten(definition)}"`,
        `cannot be used (${messageOf(cause)})`,
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

  /** @throws {TerrachipError} INVALID_INPUT for a code that is unknown or of a kind without x and y. */
  static fromEpsg(code: number): Crs {
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
    const crs = new Crs(entry.proj4, { epsg: code, name: entry.name, wkt: entry.wkt });
    epsgCache.set(code, crs);
    return crs;
  }

  /** From WKT 1 or 2. A root identifier (`AUTHORITY` or `ID`) of EPSG makes it that code, if it is known. */
  static fromWkt(wkt: string): Crs {
    const epsg = rootEpsgCode(wkt);
    if (epsg !== null) {
      try {
        return Crs.fromEpsg(epsg);
      } catch (error) {
        if (!(error instanceof TerrachipError)) throw error;
      }
    }
    const name = /^\s*\w+\s*\[\s*"([^"]*)"/.exec(wkt)?.[1];
    return new Crs(wkt, { epsg: null, name, wkt });
  }

  /** From a PROJ string (`+proj=utm +zone=32 +datum=WGS84`). */
  static fromProj(definition: string, name?: string): Crs {
    return new Crs(definition, { epsg: null, name });
  }

  /** From `EPSG:32632`, a bare code, an OGC URN or URL, WKT, or a PROJ string. */
  static parse(value: CrsLike): Crs {
    if (value instanceof Crs) return value;
    if (typeof value === 'number') return Crs.fromEpsg(value);
    const text = value.trim();
    const code =
      /^(?:epsg:|urn:ogc:def:crs:epsg::?(?:[\d.]*:)?|https?:\/\/www\.opengis\.net\/def\/crs\/epsg\/[\d.]+\/)?(\d{3,6})$/i.exec(
        text,
      );
    if (code !== null) return Crs.fromEpsg(Number(code[1]));
    if (/^(ogc:|urn:ogc:def:crs:ogc:[\d.]*:)?crs84$/i.test(text)) return Crs.wgs84;
    if (text.startsWith('+')) return Crs.fromProj(text);
    if (/^[A-Za-z]\w*\s*\[/.test(text)) return Crs.fromWkt(text);
    throw invalidInput(
      `"${shorten(text)}"`,
      'is not a coordinate reference system',
      'write it as EPSG:32632, WKT, or a PROJ string that starts with +proj',
    );
  }

  /** Whether coordinates mean the same place in both, by EPSG code or by the defining parameters. */
  equals(other: Crs): boolean {
    if (this === other) return true;
    if (this.epsg !== null && this.epsg === other.epsg) return true;
    const [p, q] = [parametersOf(this.projection), parametersOf(other.projection)];
    return DEFINING_PARAMETERS.every((key) => sameParameter(p[key], q[key])) && sameDatum(p, q);
  }

  /** `EPSG:32632`, or the name of a CRS without a code. */
  toString(): string {
    return this.epsg === null ? this.name : `EPSG:${this.epsg}`;
  }

  toJSON(): { epsg: number | null; name: string; wkt: string | null } {
    return { epsg: this.epsg, name: this.name, wkt: this.wkt };
  }
}

const epsgCache = new Map<number, Crs>();

/** Takes points from one CRS to another, in float64. */
export interface CrsTransform {
  readonly from: Crs;
  readonly to: Crs;
  /** True when coordinates pass through unchanged. */
  readonly isIdentity: boolean;
  /** The point in the other CRS; NaN where the transformation is not defined. */
  forward(x: number, y: number): [number, number];
}

/** Creates the transformation between two coordinate reference systems. */
export function createTransform(from: Crs, to: Crs): CrsTransform {
  if (from.equals(to)) {
    return { from, to, isIdentity: true, forward: (x, y) => [x, y] };
  }
  const converter = proj4(from.projection, to.projection);
  const forward = (x: number, y: number): [number, number] => {
    // proj4js throws on coordinates that are not finite and on some points outside a projection's domain.
    if (!Number.isFinite(x) || !Number.isFinite(y)) return [Number.NaN, Number.NaN];
    try {
      const point = converter.forward([x, y]) as [number, number];
      if (Number.isFinite(point[0]) && Number.isFinite(point[1])) return point;
    } catch {
      // Outside the projection's domain: reported as NaN, below.
    }
    return [Number.NaN, Number.NaN];
  };
  return { from, to, isIdentity: false, forward };
}

function parametersOf(projection: Projection): Record<string, unknown> {
  return Object.fromEntries(Object.entries(projection));
}

function sameParameter(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= 1e-11 * Math.max(1, Math.abs(a));
  return (a ?? null) === (b ?? null) || (isDefault(a) && isDefault(b));
}

function isDefault(value: unknown): boolean {
  return (
    value === undefined || value === null || value === 0 || value === 1 || value === 'enu' || value === false
  );
}

function sameDatum(p: Record<string, unknown>, q: Record<string, unknown>): boolean {
  const shift = (r: Record<string, unknown>): string => {
    const parameters = (r.datum as { datum_params?: number[] } | undefined)?.datum_params ?? [];
    return parameters.every((v) => v === 0 || v === 1) ? '' : parameters.map((v) => v.toPrecision(9)).join();
  };
  return shift(p) === shift(q);
}

/** The EPSG code of the outermost object of a WKT: the last identifier that closes at the end of the text. */
function rootEpsgCode(wkt: string): number | null {
  const match = /(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?(\d+)"?\s*\]\s*\]\s*$/i.exec(wkt);
  return match === null ? null : Number(match[1]);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
