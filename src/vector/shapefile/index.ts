/** Shapefiles: geometries, attributes, reference system. */
import { invalidInput } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import {
  GeometryChecker,
  type ParseVectorOptions,
  requireCrs,
  type VectorFeature,
  type VectorFeatures,
} from '../features.js';
import { DbfTable } from './dbf.js';
import { readShapes } from './shp.js';

/** The files of one shapefile, whole; null for those that are not there. */
export interface ShapefileParts {
  readonly shp: Uint8Array;
  readonly dbf: Uint8Array | null;
  readonly prj: string | null;
  readonly cpg: string | null;
}

/**
 * Reads a shapefile. Records that its table marks as deleted are left out.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, UNSUPPORTED or TOO_LARGE
 */
export function parseShapefile(
  parts: ShapefileParts,
  name: string,
  layer: string,
  options: ParseVectorOptions = {},
): VectorFeatures {
  const crs = requireCrs(name, parts.prj === null ? null : Crs.parse(parts.prj), options.crs);
  const checker = new GeometryChecker(name, crs);
  const table = parts.dbf === null ? null : new DbfTable(parts.dbf, name, parts.cpg);
  const features: VectorFeature[] = [];
  let index = 0;
  for (const shape of readShapes(parts.shp, checker)) {
    if (table !== null && index >= table.count) {
      throw invalidInput(
        name,
        `has more shapes than the ${table.count} records of its table`,
        'get it again',
      );
    }
    checker.admitFeature(table?.recordLength ?? 0);
    const properties = table === null ? {} : table.record(index);
    const feature = properties === null ? null : shape.finish(properties);
    if (feature !== null) features.push(feature);
    index++;
  }
  return { name, layer, crs, features };
}
