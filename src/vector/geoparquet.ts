/** GeoParquet 1.0 and 1.1: features whose geometries are well-known binary in a column of a Parquet file. */
import * as v from 'valibot';
import { invalidInput, TerrachipError } from '../errors.js';
import { type Bounds, Crs } from '../geo/index.js';
import type { ByteSource, ReadOptions } from '../io/index.js';
import { memberOf } from '../json/keys.js';
import { AnyRecord, dictionary, parseJson, validate } from '../json.js';
import type { ParquetFile, RowGroup } from '../parquet/file.js';
import {
  type ParseVectorOptions,
  type ReadLayerOptions,
  requireCrs,
  type VectorFeatures,
} from './features.js';
import { GeometryChecker } from './geometry-checker.js';
import { readWkb } from './wkb.js';

const Side = v.pipe(v.array(v.string()), v.length(2, 'must name a column and its field'));
const Column = v.looseObject({
  encoding: v.string(),
  crs: v.nullish(AnyRecord),
  covering: v.optional(v.looseObject({ bbox: v.object({ xmin: Side, ymin: Side, xmax: Side, ymax: Side }) })),
});
const Geo = v.looseObject({ primary_column: v.string(), columns: dictionary(v.string(), Column) });

/** The key of a file's metadata that describes its geometries. */
export const GEO_KEY = 'geo';

/** The fields of a column of boxes. */
export const SIDES = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

/** The `geo` key (GeoParquet 1.1.0). Coordinates are longitude and latitude on WGS 84, its default. */
export function geoMetadata(bounds: Bounds | null): string {
  const covering = Object.fromEntries(SIDES.map((side) => [side, ['bbox', side]]));
  return JSON.stringify({
    version: '1.1.0',
    primary_column: 'geometry',
    columns: {
      geometry: {
        encoding: 'WKB',
        geometry_types: ['Polygon', 'MultiPolygon'],
        ...(bounds === null ? {} : { bbox: bounds }),
        covering: { bbox: covering },
      },
    },
  });
}

type ColumnDescription = v.InferOutput<typeof Column>;

/**
 * Reads features. The caller disposes of the source. Times become texts in ISO 8601; bytes are left out, and whole numbers
 * above 2^53 become texts.
 * @throws {TerrachipError} INVALID_INPUT, UNSUPPORTED for geometries that are not well-known binary, or TOO_LARGE
 */
export async function readGeoParquet(
  source: ByteSource,
  options: ReadLayerOptions = {},
): Promise<VectorFeatures> {
  const { name } = source;
  const reading: ReadOptions = { signal: options.signal };
  // hyparquet is loaded with the first file.
  const { ParquetFile } = await import('../parquet/file.js');
  const file = await ParquetFile.open(source, reading);
  const { geometry, described } = geometryOf(file);
  const crs = crsOf(described, name, options);
  const checker = new GeometryChecker(name, crs, options);
  const boxes = boxesOf(described);
  const bounds = boxes === null ? undefined : options.bounds?.(crs);
  const columns = file.schema.children
    .map(({ element }) => element)
    .filter((element) => element.name !== geometry && element.name !== boxes?.column);
  for (const group of file.groups) {
    const rows =
      bounds === undefined || boxes === null
        ? null
        : await rowsWithin(file, group, boxes, bounds, crs.isGeographic, reading);
    const count = rows?.length ?? group.rows;
    for (let k = 0; k < count; k++) checker.admitFeature();
    if (count === 0) continue;
    const shapes = await file.readColumn(group, geometry, rows, reading);
    const values: (readonly unknown[])[] = [];
    for (const column of columns) values.push(await file.readColumn(group, column.name, rows, reading));
    for (let k = 0; k < count; k++) {
      checker.read(`row ${group.start + (rows?.[k] ?? k)}`, () => {
        const shape = shapes[k];
        if (shape instanceof Uint8Array) readWkb(shape, checker);
        const properties = columns.flatMap((column, c): [string, unknown][] => {
          const value = values[c][k];
          if (value instanceof Uint8Array) return [];
          const isTime = /^(TIMESTAMP|DATE)/.test(column.logical_type?.type ?? column.converted_type ?? '');
          return [[column.name, isTime ? timeOf(value) : plain(value)]];
        });
        return Object.fromEntries(properties);
      });
    }
  }
  return { name, layer: null, crs, features: checker.finish(bounds === undefined) };
}

function geometryOf(file: ParquetFile): { geometry: string; described: ColumnDescription } {
  const text = file.keyValues.get(GEO_KEY);
  if (text === undefined) {
    throw invalidInput(file.name, 'has no "geo" metadata', 'give a GeoParquet file (ogr2ogr -f Parquet)');
  }
  const geo = validate(Geo, parseJson(text, `${file.name}: geo`), `${file.name}: geo`);
  const { primary_column: geometry, columns } = geo;
  const described = memberOf(columns, geometry);
  if (described === undefined || !file.columns.includes(geometry)) {
    throw invalidInput(
      file.name,
      `names the column of geometries "${geometry}" and has none`,
      'write it again',
    );
  }
  if (described.encoding !== 'WKB') {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${file.name} stores its geometries as "${described.encoding}"`,
      'write them as WKB (ogr2ogr -lco GEOMETRY_ENCODING=WKB)',
      { feature: `GeoParquet encoding ${described.encoding}` },
    );
  }
  return { geometry, described };
}

/** Without a CRS in the file, that of the options, else longitude and latitude; null means an unknown CRS. */
function crsOf({ crs }: ColumnDescription, name: string, options: ParseVectorOptions): Crs {
  if (crs === undefined) return options.crs ?? Crs.wgs84;
  return requireCrs(name, () => crs && Crs.fromProjJson(crs), options);
}

/** A column of boxes, and the fields of their sides: minimum x and y, maximum x and y. */
interface BoxColumn {
  readonly column: string;
  readonly sides: readonly string[];
}

function boxesOf({ covering }: ColumnDescription): BoxColumn | null {
  if (covering === undefined) return null;
  const { xmin, ymin, xmax, ymax } = covering.bbox;
  const [column] = xmin;
  const sides = [xmin, ymin, xmax, ymax];
  return sides.every(([other]) => other === column) ? { column, sides: sides.map(([, side]) => side) } : null;
}

/** Rows of a group whose boxes touch the bounds. A box whose west is greater than its east crosses the antimeridian. */
async function rowsWithin(
  file: ParquetFile,
  group: RowGroup,
  { column, sides }: BoxColumn,
  [x0, y0, x1, y1]: Bounds,
  isGeographic: boolean,
  options: ReadOptions,
): Promise<number[]> {
  const [xmin, ymin, xmax, ymax] = sides.map((side) => file.statistics(group, `${column}.${side}`));
  const isBeyond = (least: unknown, most: unknown, from: number, to: number): boolean =>
    (typeof least === 'number' && least > to) || (typeof most === 'number' && most < from);
  if (isBeyond(ymin?.min, ymax?.max, y0, y1)) return [];
  if (!isGeographic && isBeyond(xmin?.min, xmax?.max, x0, x1)) return [];
  const boxes = await file.readColumn(group, column, null, options);
  return boxes.flatMap((box, row): number[] => {
    const values: Readonly<Record<string, unknown>> =
      typeof box === 'object' && box !== null ? { ...box } : {};
    const [west, south, east, north] = sides.map((side) => Number(values[side] ?? Number.NaN));
    const isAside = west <= east ? west > x1 || east < x0 : west > x1 && east < x0;
    // A row without a box may be anywhere.
    return isAside || south > y1 || north < y0 ? [] : [row];
  });
}

function timeOf(value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value) ? new Date(value).toISOString() : null;
}

/** Values that JSON can hold. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return null;
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
