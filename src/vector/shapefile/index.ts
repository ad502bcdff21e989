/** Shapefiles: geometries, attributes, CRS. */
import { Crs } from '../../geo/index.js';
import { type ParseVectorOptions, requireCrs, type VectorFeatures } from '../features.js';
import { GeometryChecker } from '../geometry-checker.js';
import { DbfTable } from './dbf.js';
import { addShape, listRecords, openShapes } from './shp.js';

/** The contents of the files of a shapefile; null for missing files. */
export interface ShapefileParts {
  readonly shp: Uint8Array;
  readonly shx: Uint8Array | null;
  readonly dbf: Uint8Array | null;
  readonly prj: string | null;
  readonly cpg: string | null;
}

/**
 * Reads a shapefile. Records that its table marks as deleted are left out.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, INVALID_OPTION for an unknown `encoding`, UNSUPPORTED or TOO_LARGE
 */
export function parseShapefile(
  parts: ShapefileParts,
  name: string,
  layer: string,
  options: ParseVectorOptions = {},
): VectorFeatures {
  const { onProgress } = options;
  const warn = (problem: string): void => onProgress?.({ type: 'warning', message: `${name} ${problem}` });
  const crs = requireCrs(name, () => (parts.prj === null ? null : Crs.parse(parts.prj)), options);
  const checker = new GeometryChecker(name, crs, options);
  const shapes = openShapes(parts.shp, name);
  const table =
    parts.dbf === null
      ? null
      : new DbfTable(parts.dbf, name, { cpg: parts.cpg, encoding: options.encoding, warn });
  if (table === null) warn('has no table (.dbf) beside it, so that its features have no attributes');
  for (const { row, start, length } of listRecords(shapes, parts.shx, table?.count ?? null, name, warn)) {
    checker.admitFeature(table?.recordLength ?? 0);
    const properties = table === null ? {} : table.record(row);
    if (properties === null) continue;
    checker.read(`feature ${row}`, () => {
      addShape(new DataView(shapes.buffer, shapes.byteOffset + start, length), checker);
      return properties;
    });
  }
  return { name, layer, crs, features: checker.finish() };
}
