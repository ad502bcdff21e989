/** Writing GeoParquet 1.1: polygons as well-known binary, with a column of their boxes, in row groups; or a plain table. */
import type { KeyValue, SchemaElement } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { boundsOfPaths, unionBounds } from '../geo/bounds.js';
import type { Bounds } from '../geo/index.js';
import { SinkWriter } from '../parquet/sink-writer.js';
import type { Polygon } from './features.js';
import { GEO_KEY, geoMetadata, SIDES } from './geoparquet.js';
import type { PolygonEncoder, PropertyType, PropertyTypes, WriteBytes } from './polygon-encoder.js';
import { encodeWkb, wkbSize } from './wkb.js';

/** Most rows, and bytes of geometries, of a row group. */
const GROUP_ROWS = 20_000;
const GROUP_BYTES = 2 ** 24;
const PAGE_BYTES = 2 ** 17;

const TYPES: Readonly<Record<PropertyType, Omit<SchemaElement, 'name'>>> = {
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
};

const GEOMETRY_COLUMNS: readonly SchemaElement[] = [
  { name: 'geometry', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY' },
  { name: 'bbox', repetition_type: 'OPTIONAL', num_children: SIDES.length },
  ...SIDES.map((name): SchemaElement => ({ name, repetition_type: 'REQUIRED', type: 'DOUBLE' })),
];

interface Row {
  readonly polygons: readonly Polygon[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Encodes polygons as rows. */
export class GeoParquetEncoder implements PolygonEncoder {
  readonly #columns: readonly (readonly [name: string, type: PropertyType])[];
  readonly #geometry: boolean;
  readonly #keyValues: KeyValue[] = [];
  #parquet: ParquetWriter | null = null;
  #write: WriteBytes | null = null;
  #rows: Row[] = [];
  #bytes = 0;
  #bounds: Bounds | null = null;

  /** @param options `geometry`: whether polygons are written (default true) */
  constructor(types: PropertyTypes, { geometry = true }: { geometry?: boolean } = {}) {
    this.#columns = Object.entries(types);
    this.#geometry = geometry;
  }

  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    this.#rows.push({ polygons, properties });
    if (this.#geometry) this.#bytes += wkbSize(polygons);
  }

  async flush(write: WriteBytes): Promise<void> {
    if (this.#rows.length >= GROUP_ROWS || this.#bytes >= GROUP_BYTES) await this.#writeGroup(write);
  }

  async finish(write: WriteBytes): Promise<null> {
    if (this.#rows.length > 0) await this.#writeGroup(write);
    const parquet = this.#writer(write);
    if (this.#geometry) this.#keyValues.push({ key: GEO_KEY, value: geoMetadata(this.#bounds) });
    await parquet.finish();
    return null;
  }

  #writer(write: WriteBytes): ParquetWriter {
    this.#write = write;
    this.#parquet ??= new ParquetWriter({
      writer: new SinkWriter((bytes) => this.#write?.(bytes) ?? Promise.resolve()),
      schema: [
        { name: 'root', num_children: this.#columns.length + (this.#geometry ? 2 : 0) },
        ...this.#columns.map(([name, type]): SchemaElement => {
          return { name, repetition_type: 'OPTIONAL', ...TYPES[type] };
        }),
        ...(this.#geometry ? GEOMETRY_COLUMNS : []),
      ],
      codec: 'SNAPPY',
      kvMetadata: this.#keyValues,
      createdBy: 'terrachip',
    });
    return this.#parquet;
  }

  async #writeGroup(write: WriteBytes): Promise<void> {
    const rows = this.#rows;
    [this.#rows, this.#bytes] = [[], 0];
    const boxes = this.#geometry ? rows.map(({ polygons }) => boxOf(polygons)) : [];
    for (const box of boxes) {
      if (box !== null) this.#bounds = this.#bounds === null ? box : unionBounds(this.#bounds, box);
    }
    await this.#writer(write).write({
      columnData: [
        ...this.#columns.map(([name, type]) => ({
          name,
          data: rows.map(({ properties: { [name]: value } }) =>
            type === 'integer' && typeof value === 'number' ? BigInt(value) : (value ?? null),
          ),
        })),
        ...(this.#geometry
          ? [
              { name: 'geometry', data: rows.map(({ polygons }) => encodeWkb(polygons)), statistics: false },
              { name: 'bbox', data: boxes.map(sidesOf) },
            ]
          : []),
      ],
      rowGroupSize: rows.length,
      pageSize: PAGE_BYTES,
    });
  }
}

function boxOf(polygons: readonly Polygon[]): Bounds | null {
  return polygons.length === 0 ? null : boundsOfPaths(polygons.flat());
}

function sidesOf(box: Bounds | null): unknown {
  return box === null ? null : Object.fromEntries(SIDES.map((side, k) => [side, box[k]]));
}
