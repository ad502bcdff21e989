/**
 * Reference systems as Esri writes them (the .prj of a shapefile): without a shift of the datum to WGS 84, and with
 * names of projections that proj4js does not know or takes for others.
 */

/**
 * Shifts to WGS 84 by Esri's names of datums, as EPSG has them for the whole area of each, with position-vector
 * rotations in arc seconds and the accuracy in metres. Other datums are known to proj4js, or are WGS 84 to a metre.
 */
const SHIFTS: Readonly<Record<string, readonly [towgs84: string, accuracy: number]>> = {
  D_Amersfoort: ['565.4171,50.3319,465.5524,-0.398957,0.343988,-1.877402,4.0725', 1],
  D_Belge_1972: ['-106.8686,52.2978,-103.7239,0.3366,-0.457,1.8422,-1.2747', 1],
  D_Cape: ['-136,-108,-292', 9],
  D_Deutsches_Hauptdreiecksnetz: ['598.1,73.7,418.2,0.202,0.045,-2.455,6.7', 3],
  D_European_1950: ['-87,-98,-121', 10],
  D_Monte_Mario: ['-104.1,-49.1,-9.9,0.971,-2.917,0.714,-11.68', 4],
  D_New_Zealand_1949: ['59.47,-5.04,187.44,0.47,-0.1,1.024,-4.5993', 4],
  D_North_American_1927: ['-8,160,176', 10],
  D_NTF: ['-168,-60,320', 2],
  D_Pulkovo_1942: ['25,-141,-78.5,0,0.35,0.736,0', 5],
  D_S_JTSK: ['589,76,480', 6],
  D_Tokyo: ['-146.414,507.337,680.507', 9],
};

/** What proj4js can use for such a text, and how exact it is; null for a text that is none of Esri's. */
export function readEsriWkt(wkt: string): { definition: string; note: string | null } | null {
  const datum = /DATUM\s*\[\s*"(D_\w+)"/.exec(wkt)?.[1];
  if (datum === undefined || /TOWGS84\s*\[/.test(wkt)) return null;
  const [shift, accuracy] = SHIFTS[datum] ?? [];
  const note =
    shift === undefined
      ? null
      : `its datum ${datum.slice(2)} is brought to WGS 84 by one shift for its whole area, good to about ${accuracy} m`;
  const own = projectionOf(wkt, shift);
  if (own !== null) return { definition: own, note };
  if (shift === undefined) return { definition: wkt, note };
  const values = [...shift.split(','), 0, 0, 0, 0].slice(0, 7).join(',');
  return {
    definition: wkt.replace(/(DATUM\s*\[\s*"D_\w+"\s*,\s*SPHEROID\s*\[[^\]]*\])/, `$1,TOWGS84[${values}]`),
    note,
  };
}

/** A PROJ string for the projections that proj4js does not take from Esri's names; else null. */
function projectionOf(wkt: string, shift: string | undefined): string | null {
  const name = /PROJECTION\s*\[\s*"([^"]*)"/.exec(wkt)?.[1];
  const number = (parameter: string): string | undefined =>
    new RegExp(`PARAMETER\\s*\\[\\s*"${parameter}"\\s*,\\s*([-+.\\deE]+)`, 'i').exec(wkt)?.[1];
  const [, a, rf] = /SPHEROID\s*\[\s*"[^"]*"\s*,\s*([\d.eE]+)\s*,\s*([\d.eE]+)/.exec(wkt) ?? [];
  // The unit of the whole stands last; that of its geographic part comes before.
  const unit = [...wkt.matchAll(/UNIT\s*\[\s*"[^"]*"\s*,\s*([\d.eE]+)/g)].at(-1)?.[1];
  if (name === undefined || a === undefined || unit === undefined) return null;
  const metres = (parameter: string): number => Number(number(parameter) ?? 0) * Number(unit);
  const parallel = number('Standard_Parallel_1');
  const centre = number('Central_Meridian') ?? number('Longitude_Of_Origin') ?? '0';
  const methods: Readonly<Record<string, string | undefined>> = {
    Stereographic_North_Pole: `+proj=stere +lat_0=90 +lat_ts=${parallel ?? 90}`,
    Stereographic_South_Pole: `+proj=stere +lat_0=-90 +lat_ts=${parallel ?? -90}`,
    Behrmann: `+proj=cea +lat_ts=${parallel ?? 30}`,
    Cylindrical_Equal_Area: `+proj=cea +lat_ts=${parallel ?? 0}`,
    New_Zealand_Map_Grid: `+proj=nzmg +lat_0=${number('Latitude_Of_Origin') ?? -41}`,
  };
  const method = methods[name];
  if (method === undefined) return null;
  return [
    method,
    `+lon_0=${centre}`,
    `+x_0=${metres('False_Easting')}`,
    `+y_0=${metres('False_Northing')}`,
    `+a=${a}`,
    Number(rf) === 0 ? `+b=${a}` : `+rf=${rf}`,
    `+to_meter=${unit}`,
    `+towgs84=${shift ?? '0,0,0'}`,
    '+no_defs',
  ].join(' ');
}
