/** PROJ strings as proj4js takes them. */
import proj4 from '#proj4';
import { invalidInput } from '../errors.js';

/** PROJ's ellipsoids that proj4js lacks: it would silently take WGS 84 for them, which is up to metres off. */
const ELLIPSOIDS: Readonly<Record<string, string>> = {
  WGS72: '+a=6378135 +rf=298.26',
  GSK2011: '+a=6378136.5 +rf=298.2564151',
  PZ90: '+a=6378136 +rf=298.25784',
  danish: '+a=6377019.2563 +rf=300',
};

/**
 * A PROJ string that means to proj4js what it means to PROJ; other definitions unchanged. PROJ takes an origin that is left
 * out as zero, where some projections of proj4js compute NaN.
 * @throws {TerrachipError} INVALID_INPUT for what proj4js would pass over
 */
export function usableByProj4(definition: string): string {
  if (!definition.trimStart().startsWith('+')) return definition;
  const withEllipsoid = definition.replace(
    /\+ellps=(\S+)/,
    (found, name: string) => ELLIPSOIDS[name] ?? requireEllipsoid(found, name),
  );
  if (/\+hyperbolic\b/.test(definition)) {
    throw invalidInput(
      `the PROJ string "${definition.slice(0, 80)}"`,
      'is a hyperbolic Cassini-Soldner projection, which proj4js does not compute',
      'use the UTM zone of the place',
    );
  }
  const onSphere = withAuthalicRadius(withEllipsoid)
    // Rasters have the easting first, whatever the order of the axes.
    .replace(/\s*\+axis=neu\b/, '');
  // Longitudes and latitudes from a rotated pole are in degrees with and without this unit.
  const isRotated = /\+o_proj=(lat|lon)/.test(onSphere);
  const inDegrees = isRotated ? onSphere.replace(/\s*\+to_meter=\S+/, '') : onSphere;
  const missing = ['lat_0', 'lon_0', 'x_0', 'y_0'].filter((name) => !inDegrees.includes(`+${name}=`));
  return [inDegrees, ...missing.map((name) => `+${name}=0`)].join(' ');
}

/**
 * `+R_A` means the sphere with the area of the ellipsoid, latitudes as they are; proj4js passes over it. The radius is
 * the authalic one of Snyder, Map Projections (1987), equation 3-13, as the series that PROJ takes.
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

/** proj4js takes WGS 84 for an ellipsoid that it does not know. */
function requireEllipsoid(found: string, name: string): string {
  const { a, b } = new proj4.Proj(`+proj=longlat ${found} +no_defs`) as Ellipsoid;
  const wgs84 = 6378137 * (1 - 1 / 298.257223563);
  if (a !== 6378137 || Math.abs(b - wgs84) > 1e-6 || /^wgs[\s_-]?84$/i.test(name)) return found;
  throw invalidInput(`the ellipsoid "${name}"`, 'is not known', 'write its axes as +a=… +rf=…');
}
