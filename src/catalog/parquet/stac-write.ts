/** Writes a catalog as STAC-GeoParquet, for tools that read items instead of terrachip's columns. */
import type { SchemaElement } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { invalidInput, requireWhole, tooLarge } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import { mapValues } from '../../json.js';
import { type Sink, SinkWriter } from '../../parquet/sink-writer.js';
import { GEO_KEY, geoMetadata } from '../../vector/geoparquet.js';
import { encodeWkb } from '../../vector/wkb.js';
import { boxOf } from '../boxes.js';
import type { GeoCatalog } from '../geo-catalog.js';
import type { CatalogRow } from '../row.js';
import { NOT_FINITE } from '../stac/bands.js';
import { itemOfRow, type StacItem } from '../stac/item.js';
import type { Values } from './rows.js';
import { addShapes, type Shape, schemaElements, shapeOf, storableShape, storedValue } from './shape.js';
import { JSON_KEY, MEMBERS, TIME_PROPERTIES } from './stac.js';
import { orderRows, type WriteOptions } from './write.js';

/** Readers handle more columns badly. */
const MAX_COLUMNS = 5000;

/** Bytes of a page before it is compressed. */
const PAGE_BYTES = 32 * 1024;

const STAC_KEY = 'stac-geoparquet';

/** @throws {TerrachipError} INVALID_INPUT for a row that STAC cannot hold; TOO_LARGE for too many kinds of assets */
export async function writeStacParquet(
  catalog: GeoCatalog,
  sink: Sink,
  { signal, rowGroupSize = 20_000 }: WriteOptions = {},
): Promise<void> {
  requireWhole('rowGroupSize', rowGroupSize, 1, 50_000);
  signal?.throwIfAborted();
  const { order, bounds } = orderRows(catalog);
  const shapes = shapesOf(catalog);
  const names = Object.keys(shapes);
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length + 2 },
    ...names.flatMap((name) => schemaElements(name, shapes[name])),
    { name: 'geometry', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    ...schemaElements('bbox', BOX),
  ];
  if (schema.length > MAX_COLUMNS) {
    throw tooLarge(
      `the items have assets and properties of ${schema.length} kinds, more than the ${MAX_COLUMNS} columns of STAC-GeoParquet`,
      'write them with writeCatalog(), which needs no column for each',
      { size: schema.length, limit: MAX_COLUMNS },
    );
  }
  const texts = names.filter((name) => shapes[name].kind === 'json');
  const parquet = new ParquetWriter({
    writer: new SinkWriter(sink),
    schema,
    codec: 'SNAPPY',
    kvMetadata: [
      { key: GEO_KEY, value: geoMetadata(bounds) },
      { key: STAC_KEY, value: JSON.stringify({ version: '1.0.0' }) },
      { key: JSON_KEY, value: JSON.stringify(texts) },
    ],
    createdBy: 'terrachip',
  });
  for (let start = 0; start < order.length; start += rowGroupSize) {
    signal?.throwIfAborted();
    const rows = Array.from(order.subarray(start, start + rowGroupSize), (k) => catalog.row(k));
    const items = rows.map((row) => membersOf(row, itemOfRow(row)));
    const boxes = rows.map(({ footprint }) => boxOf(footprint));
    const columnData = [
      ...names.map((name) => ({
        name,
        data: items.map((item) => storedValue(shapes[name], item[name])),
        statistics: shapes[name].kind !== 'json' && shapes[name].kind !== 'struct',
      })),
      {
        name: 'geometry',
        data: rows.map(({ footprint }, k) => (boxes[k] === null ? null : encodeWkb(footprint))),
        statistics: false,
      },
      { name: 'bbox', data: boxes.map(sidesOf), statistics: true },
    ];
    await parquet.write({ columnData, rowGroupSize: rows.length, pageSize: PAGE_BYTES });
  }
  await parquet.finish();
}

const NUMBER: Shape = { kind: 'number' };
const BOX: Shape = { kind: 'struct', fields: { xmin: NUMBER, ymin: NUMBER, xmax: NUMBER, ymax: NUMBER } };

function sidesOf(box: Bounds | null): unknown {
  return box === null ? null : { xmin: box[0], ymin: box[1], xmax: box[2], ymax: box[3] };
}

/** The shape of each column; those of STAC itself are there even for an empty catalog. */
function shapesOf(catalog: GeoCatalog): Record<string, Shape> {
  const text: Shape = { kind: 'text' };
  const standard: Record<string, Shape> = {
    type: text,
    stac_version: text,
    stac_extensions: { kind: 'list', element: text },
    id: text,
    collection: text,
    datetime: { kind: 'time' },
    links: { kind: 'list', element: { kind: 'struct', fields: { href: text, rel: text } } },
    assets: { kind: 'null' },
  };
  const shapes = new Map(Object.entries(standard));
  for (const row of catalog) {
    const ofRow = mapValues(membersOf(row, itemOfRow(row)), (value, name): Shape => {
      return TIME_PROPERTIES.has(name) && isMoment(value) ? { kind: 'time' } : shapeOf(value);
    });
    addShapes(shapes, ofRow);
  }
  return Object.fromEntries([...shapes].map(([name, shape]) => [name, storableShape(shape)]));
}

/** Whether a timestamp holds all that a text holds. */
function isMoment(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) && /T.*(Z|[+-]\d\d:\d\d)$/.test(value);
}

function membersOf({ id }: CatalogRow, item: StacItem): Values {
  const { properties, geometry: _, bbox: __, ...rest } = item;
  const taken = Object.keys(properties).find((name) => MEMBERS.has(name));
  if (taken !== undefined) {
    throw invalidInput(
      `the row "${id}"`,
      `has a property named ${taken}, which STAC-GeoParquet uses for the item itself`,
      'rename it, or write the catalog with writeCatalog()',
    );
  }
  return { ...rest, ...properties, assets: withNumbers(rest.assets) };
}

/** Bands whose nodata value is a text, as JSON has it, and a number elsewhere would not fit into one column. */
function withNumbers(assets: StacItem['assets']): unknown {
  const withNumber = (band: Values): Values =>
    typeof band.nodata === 'string' ? { ...band, nodata: NOT_FINITE[band.nodata] } : band;
  return mapValues(assets, (asset) => {
    const own = withNumber(asset);
    return Array.isArray(own.bands) ? { ...own, bands: own.bands.map(withNumber) } : own;
  });
}
