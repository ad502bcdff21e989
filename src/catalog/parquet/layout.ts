/** The columns of a catalog's file: those that terrachip writes, or those of STAC-GeoParquet. */
import { invalidInput } from '../../errors.js';
import type { TimeInterval } from '../../geo/index.js';
import type { Columns, ParquetFile } from '../../parquet/file.js';
import { SIDES } from '../../vector/geoparquet.js';
import { indexBoxes } from '../boxes.js';
import type { CatalogRow } from '../row.js';
import type { RowTable } from '../row-table.js';
import { SpatialIndex } from '../spatial-index.js';
import { type HrefOptions, rowFrom } from '../stac/href.js';
import { TIMES } from '../stac/item.js';
import { type CatalogMetadata, catalogMetadata, requireLonLat } from './metadata.js';
import { footprintOfValue, intervalOfValues, ROW_COLUMNS, rowOfValues, type Values } from './rows.js';
import { jsonColumns, rowOfStacValues, stacFootprint, stacInterval } from './stac.js';

export interface CatalogLayout {
  /** terrachip's metadata of its own file; null for STAC-GeoParquet. */
  readonly catalog: CatalogMetadata | null;
  /** Columns that make a row. */
  readonly columns: readonly string[];
  /** Columns that hold times. */
  readonly times: readonly string[];
  /** Columns with the place of a row. */
  readonly places: string[];
  /** Whether boxes have columns of their own, so that they have statistics. */
  readonly hasBoxes: boolean;
  interval(values: Values): TimeInterval;
  footprint(values: Values): CatalogRow['footprint'];
  row(values: Values): CatalogRow;
}

/** @throws {TerrachipError} INVALID_INPUT for a file that is no catalog; UNSUPPORTED for one of a newer version */
export function layoutOf(file: ParquetFile, options: HrefOptions = {}): CatalogLayout {
  const catalog = catalogMetadata(file);
  requireLonLat(file);
  const columns = new Set(file.columns);
  const box = file.schema.children.find(({ element }) => element.name === 'bbox');
  const sides = new Set(box?.children.map(({ element }) => element.name));
  const hasBoxes = SIDES.every((side) => sides.has(side));
  if (catalog !== null) {
    const missing = ROW_COLUMNS.find((name) => !columns.has(name));
    if (missing !== undefined || !hasBoxes) {
      throw invalidInput(file.name, `lacks the column ${missing ?? 'bbox'}`, 'write it again');
    }
    return {
      catalog,
      hasBoxes,
      footprint: ({ geometry }) => footprintOfValue(geometry, file.name),
      columns: ROW_COLUMNS,
      places: ['geometry'],
      times: ['start_time', 'end_time'],
      interval: ({ start_time: start, end_time: end }) => intervalOfValues(start, end, file.name),
      row: (values) => rowFrom(rowOfValues(values, file.name), file.name, options),
    };
  }
  const times = TIMES.filter((name) => columns.has(name));
  if (!columns.has('id') || !columns.has('assets') || times.length === 0) {
    throw invalidInput(
      file.name,
      'is neither a catalog of terrachip nor STAC-GeoParquet',
      'give a file with the columns id, geometry, assets and datetime',
    );
  }
  const texts = jsonColumns(file);
  return {
    catalog,
    hasBoxes,
    footprint: (values) => stacFootprint(values, file.name),
    columns: file.columns,
    places: ['geometry', 'bbox'].filter((name) => columns.has(name)),
    times,
    interval: (values) => stacInterval(values, file.name),
    row: (values) => rowOfStacValues(values, texts, file.name, options),
  };
}

/** The values of a row, or some of them, by column. */
export function valuesAt(columns: Columns, row: number, names = Object.keys(columns)): Values {
  return Object.fromEntries(names.map((name) => [name, columns[name][row]]));
}

/**
 * Rows that were read from a file as columns: outlines and rows are made on demand.
 * @param columns of `length` rows each
 */
export function tableOfColumns(layout: CatalogLayout, columns: Columns, length: number): RowTable {
  const names = Object.keys(columns);
  const footprint = (row: number) => layout.footprint(valuesAt(columns, row, layout.places));
  const starts = new Float64Array(length);
  const ends = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    const { start, end } = layout.interval(valuesAt(columns, row, names));
    starts[row] = start;
    ends[row] = end;
  }
  return {
    length,
    index: SpatialIndex.fromBoxes(length, (row) => indexBoxes(footprint(row))),
    starts,
    ends,
    row: (row) => layout.row(valuesAt(columns, row, names)),
    footprint,
  };
}
