/** PROJ strings adapted to proj4js. */
import proj4 from '#proj4';
import { invalidInput } from '../errors.js';

/** PROJ's ellipsoids that proj4js lacks: it would silently use WGS 84, with errors of metres. */
const ELLIPSOIDS: Readonly<Record<string, string>> = {
  WGS72: '+a=6378135 +rf=298.26',
  GSK2011: '+a=6378136.5 +rf=298.2564151',
  PZ90: '+a=6378136 +rf=298.25784',
  danish: '+a=6377019.2563 +rf=300',
};

/**
 * Adapts a PROJ string so that proj4js computes what PROJ does; returns other definitions unchanged. Missing origins are
 * added as zero, PROJ's default, since some projections of proj4js compute NaN without them.
 * @throws {TerrachipError} INVALID_INPUT for parameters that proj4js would ignore
 */
export function usableByProj4(definition: string): string {
  if (!definition.trimStart().startsWith('+')) return definition;
  const withEllipsoid = definition.replace(
    /\+ellps=(\S+)/,
    (token, name: string) => ELLIPSOIDS[name] ?? requireEllipsoid(token, name),
  );
  if (/\+hyperbolic\b/.test(definition)) {
    throw invalidInput(
      `the PROJ string "${definition.slice(0, 80)}"`,
      'is a hyperbolic Cassini-Soldner projection, which proj4js does not compute',
      'use the UTM zone of the place',
    );
  }
  const onSphere = withAuthalicRadius(withEllipsoid)
    // Rasters have the easting first, whatever the axis order.
    .replace(/\s*\+axis=neu\b/, '');
  // Rotated pole coordinates are in degrees with and without this unit.
  const isRotated = /\+o_proj=(lat|lon)/.test(onSphere);
  const inDegrees = isRotated ? onSphere.replace(/\s*\+to_meter=\S+/, '') : onSphere;
  const missing = ['lat_0', 'lon_0', 'x_0', 'y_0'].filter((name) => !inDegrees.includes(`+${name}=`));
  return [inDegrees, ...missing.map((name) => `+${name}=0`)].join(' ');
}

/**
 * `+R_A` means the sphere with the area of the ellipsoid, with unchanged latitudes; proj4js ignores it. The authalic radius
 * is from Snyder, Map Projections (1987), equation 3-13, as the series that PROJ uses.
 */
function withAuthalicRadius(definition: string): string {
  if (!/\+R_A\b/.test(definition)) return definition;
  const rest = definition.replace(/\s*\+R_A\b/, '');
  if (/\+R=/.test(rest)) return rest;
  if (!/\+(datum|ellps)=(WGS84|GRS80)\b/.test(rest)) {
    throw invalidInput(
      `the PROJ string "${definition.slice(0, 80)}"`,
      'has a sphere in place of an ellipsoid other than WGS 84',
      'give the sphere as +R=…',
    );
  }
  const { a, es } = new proj4.Proj('+proj=longlat +ellps=WGS84') as Ellipsoid;
  const radius = a * (1 - es * (1 / 6 + es * (17 / 360 + (es * 67) / 3024)));
  return rest.replace(/\+(datum|ellps)=\S+/, `+R=${radius}`);
}

type Ellipsoid = InstanceType<typeof proj4.Proj> & { a: number; b: number; es: number };

/**
 * A PROJ string with another shift to WGS 84.
 * @param shift as PROJ's towgs84
 */
export function withShift(definition: string, shift: string): string {
  const bare = definition
    .replace(/\s*\+(towgs84|nadgrids)=\S+/g, '')
    .replace('+datum=NAD27', '+ellps=clrk66')
    .replace('+datum=NAD83', '+ellps=GRS80')
    .replace('+datum=WGS84', '+ellps=WGS84');
  return `${bare} +towgs84=${shift}`;
}

/** proj4js replaces an unknown ellipsoid by WGS 84. */
function requireEllipsoid(token: string, name: string): string {
  const { a, b } = new proj4.Proj(`+proj=longlat ${token} +no_defs`) as Ellipsoid;
  const wgs84 = 6378137 * (1 - 1 / 298.257223563);
  if (a !== 6378137 || Math.abs(b - wgs84) > 1e-6 || /^wgs[\s_-]?84$/i.test(name)) return token;
  throw invalidInput(`the ellipsoid "${name}"`, 'is not known', 'write its axes as +a=… +rf=…');
}
