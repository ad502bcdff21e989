/** The formats of vector files, each from an open source. */
import { requireAtMost } from '../../io/byte-source.js';
import { type ByteSource, withBlockCache } from '../../io/index.js';
import { parseJsonLines } from '../../json/lines.js';
import { parseJson } from '../../json.js';
import { decodeText } from '../../text.js';
import type { ReadLayerOptions, VectorFeatures } from '../features.js';
import { readFlatGeobuf } from '../flatgeobuf/index.js';
import { collectionOf, parseGeoJsonFeatures, requireNoStac } from '../geojson.js';
import { readGeoPackage } from '../geopackage/index.js';
import { readGeoParquet } from '../geoparquet.js';
import type { ShapefileParts } from '../shapefile/index.js';
import { isTopology, parseTopoJson } from '../topojson.js';
import { foreignVectors } from './foreign.js';

/** Limit on files that are read as a whole. */
export const MAX_WHOLE_BYTES = 512 * 2 ** 20;
export const MAX_JSON_BYTES = 64 * 2 ** 20;
const MAX_SIDECAR_BYTES = 2 ** 20;
export const TOO_LARGE_REMEDY = 'clip it, or convert it to FlatGeobuf';

/** Reads a single-file format, chosen by the extension: JSON by default. @param place the path or name */
export async function readFormat(
  source: ByteSource,
  place: string,
  parse: ReadLayerOptions,
  { stac = false }: { readonly stac?: boolean },
): Promise<VectorFeatures> {
  if (/\.fgb$/i.test(place)) return readFlatGeobuf(source, parse);
  if (/\.(geo)?parquet$/i.test(place)) return readGeoParquet(source, parse);
  if (/\.gpkg$/i.test(place)) return readGeoPackage(withBlockCache(source, { blockSize: 128 * 1024 }), parse);
  const bytes = await readWhole(source, MAX_JSON_BYTES, parse.signal);
  const foreign = foreignVectors(bytes, source.name);
  if (foreign !== null) throw foreign;
  const text = decodeText(bytes);
  const lines = parseJsonLines(text, source.name);
  const document = lines === null ? parseJson(text, source.name) : collectionOf(lines);
  if (isTopology(document)) return parseTopoJson(document, source.name, parse);
  if (!stac) requireNoStac(document, source.name);
  return parseGeoJsonFeatures(document, source.name, parse);
}

/** The files of a shapefile besides the .shp. */
export const PARTS = ['shx', 'dbf', 'prj', 'cpg'] as const;

export type Part = (typeof PARTS)[number];

/** Reads the parts of a shapefile. @param read returns null for a missing part */
export async function readParts(
  shp: Uint8Array,
  read: (part: Part, limit: number) => Promise<Uint8Array | null>,
): Promise<ShapefileParts> {
  const shx = await read('shx', MAX_WHOLE_BYTES);
  const dbf = await read('dbf', MAX_WHOLE_BYTES);
  const [prj, cpg] = [await read('prj', MAX_SIDECAR_BYTES), await read('cpg', MAX_SIDECAR_BYTES)];
  return { shp, shx, dbf, prj: prj && decodeText(prj), cpg: cpg && decodeText(cpg) };
}

/** @throws {TerrachipError} TOO_LARGE */
export function readWhole(source: ByteSource, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
  requireAtMost(source, limit, TOO_LARGE_REMEDY);
  return source.read(0, source.size, { signal });
}
