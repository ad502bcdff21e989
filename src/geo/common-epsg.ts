/**
 * `terrachip/geo/epsg`: common EPSG codes, for a browser or a bundle without the whole database. Node's entries have
 * every code already.
 * @module terrachip/geo/epsg
 */
import text from './common-epsg.json.js';
import { registerEpsg } from './epsg-registry.js';

type Row = readonly [code: number, name: string, proj4: string, shiftMetres?: number | null];

/**
 * Registers 234 codes: ETRS89 (3034, 3035, UTM 25828 to 25837), NAD83 (UTM 26901 to 26923, 5070, 3978), ED50, SIRGAS 2000,
 * GDA94 and GDA2020, JGD2011, CGCS2000, the polar grids (3031, 3413, 3976, 3995, EASE), and national grids such as 2056,
 * 2154, 2180, 3006, 5514, 27700, 28992 and 31370. WGS 84, its UTM zones and Web Mercator are built in. `Crs.accuracyNote`
 * reports a datum shift with an error above a metre, as in Node.
 */
export function registerCommonEpsg(): void {
  for (const [code, name, proj4, shiftMetres] of JSON.parse(text) as readonly Row[]) {
    registerEpsg(code, { name, proj4, shiftMetres });
  }
}
