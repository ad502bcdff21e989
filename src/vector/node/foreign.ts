/** Unsupported vector formats, recognized by their first bytes or their text. */
import { invalidInput, type TerrachipError } from '../../errors.js';

const CONVERT = 'convert it with ogr2ogr OUTPUT.gpkg INPUT';
const RENAME = 'give its name the ending of its format';

const KINDS: readonly (readonly [start: RegExp, name: string, remedy?: string])[] = [
  [/^<(!doctype\s+)?html/i, 'an HTML page', 'check the address, or log in where it comes from'],
  [/<kml[\s>]/i, 'a KML file'],
  [/<gpx[\s>]/i, 'a GPX file'],
  [/<osm[\s>]/i, 'an OpenStreetMap file'],
  [/\bxmlns:gml=|<gml:|FeatureCollection[\s>]/, 'a GML file'],
  [/^</, 'an XML document'],
  [/^PK/, 'a zip file, as KMZ files are', 'unpack it first'],
  [/^SQLite format 3/, 'an SQLite database', `if it is a GeoPackage, ${RENAME} (.gpkg)`],
  [/^PAR1/, 'a Parquet file', `${RENAME} (.parquet)`],
  [/^fgb/, 'a FlatGeobuf file', `${RENAME} (.fgb)`],
  [/^\0\0\x27\n/, 'a shapefile', `${RENAME} (.shp)`],
  [/^(II\*\0|MM\0\*|II\+\0|\x89PNG|\xff\xd8\xff)/, 'a raster', 'give polygons'],
  [/^!table/i, 'a MapInfo table'],
  [/^\s*0\r?\n\s*SECTION/, 'a DXF drawing'],
  [/^(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*Z?M?\s*\(/i, 'well-known text'],
  [/^[^\n{[]*[,;\t][^\n]*\n/, 'a table of text (CSV)'],
];

/** The error for a file that is not JSON but of a known other format; else null. */
export function foreignVectors(bytes: Uint8Array, name: string): TerrachipError | null {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).replace(/^\xef\xbb\xbf/, '');
  const text = head.trimStart();
  if (/^[{[]/.test(text)) return null;
  const known = KINDS.find(([start]) => start.test(head) || start.test(text));
  if (known === undefined) return null;
  return invalidInput(name, `is ${known[1]}, which is not read as polygons`, known[2] ?? CONVERT);
}
