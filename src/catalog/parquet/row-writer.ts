/** Rows of a catalog into the columns of its file, a row group at a time. */
import type { SchemaElement } from 'hyparquet';
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writeColumn } from 'hyparquet-writer/src/column.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { internalError } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import { checkSchema } from '../../parquet/footer.js';
import { MOST_TEXTS } from '../../parquet/page-values.js';
import type { Leaf } from '../../parquet/pages.js';
import { wkbSize, writeWkb } from '../../vector/wkb.js';
import { boxOf, indexBoxes } from '../boxes.js';
import type { CatalogRow } from '../row.js';
import { ColumnWriter, type WrittenChunk } from './column-writer.js';
import { assetsText, propertiesText, SCHEMA } from './rows.js';

export class RowWriter {
  /** In the order of the schema. */
  readonly #columns = {
    id: columnOf('id', true),
    collection: new DictionaryWriter(leafOf('collection')),
    geometry: columnOf('geometry'),
    xmin: columnOf('bbox.xmin', true),
    ymin: columnOf('bbox.ymin', true),
    xmax: columnOf('bbox.xmax', true),
    ymax: columnOf('bbox.ymax', true),
    start: columnOf('start_time', true),
    end: columnOf('end_time', true),
    href: columnOf('href'),
    assets: columnOf('assets'),
    properties: columnOf('properties'),
  };
  #rows = 0;

  /**
   * @returns the boxes of the row
   * @throws {TerrachipError} INVALID_INPUT for properties that a file cannot hold
   */
  add(row: CatalogRow): readonly Bounds[] {
    const { footprint, interval } = row;
    const boxes = indexBoxes(footprint);
    const box = boxes.length > 1 ? boxOf(footprint) : boxes[0];
    const columns = this.#columns;
    columns.id.addText(row.id);
    columns.collection.addText(row.collection);
    if (!box) columns.geometry.addNull();
    else columns.geometry.addBytes(wkbSize(footprint), (view, offset) => writeWkb(footprint, view, offset));
    for (const [k, side] of [columns.xmin, columns.ymin, columns.xmax, columns.ymax].entries()) {
      if (box) side.addDouble(box[k]);
      else side.addNull();
    }
    addTime(columns.start, interval.start);
    addTime(columns.end, interval.end);
    columns.href.addText(row.href);
    columns.assets.addText(assetsText(row));
    columns.properties.addText(propertiesText(row));
    this.#rows++;
    return boxes;
  }

  /** Appends the added rows to a writer as a row group. */
  finish(parquet: ParquetWriter, writer: ByteWriter): void {
    const start = writer.offset;
    const written = Object.values(this.#columns).map((column) => column.finish(writer));
    const columns = written.map(({ chunk }) => chunk);
    parquet.row_groups.push({
      columns,
      num_rows: BigInt(this.#rows),
      total_byte_size: columns.reduce(
        (sum, { meta_data: meta }) => sum + (meta?.total_uncompressed_size ?? 0n),
        0n,
      ),
      total_compressed_size: BigInt(writer.offset - start),
    });
    parquet.num_rows += BigInt(this.#rows);
    parquet.pendingIndexes.push(...written);
    this.#rows = 0;
  }
}

const LEAVES = new Map(checkSchema(SCHEMA).map((leaf) => [leaf.path.join('.'), leaf]));

function leafOf(name: string): Leaf {
  const leaf = LEAVES.get(name);
  if (leaf === undefined) throw internalError('RowWriter', `the schema has no column ${name}`);
  return leaf;
}

/** @param withStatistics for columns whose least and greatest values are useful */
function columnOf(name: string, withStatistics = false): ColumnWriter {
  return new ColumnWriter(leafOf(name), withStatistics);
}

/** An infinite time is open, and null in the file. */
function addTime(column: ColumnWriter, time: number): void {
  if (Number.isFinite(time)) column.addInteger(time);
  else column.addNull();
}

/**
 * A column of few distinct texts, such as names of collections: each is stored once per row group, and rows as their
 * numbers. All of it is one small page, which a reader caches. More texts are written plainly.
 */
class DictionaryWriter {
  readonly #element: SchemaElement;
  readonly #plain: ColumnWriter;
  #values: string[] = [];
  #different = new Set<string>();

  /** @param leaf a column without nulls, at the top of the schema */
  constructor(leaf: Leaf) {
    this.#element = leaf.element;
    this.#plain = new ColumnWriter(leaf, true);
  }

  addText(text: string): void {
    this.#values.push(text);
    if (this.#different.size <= MOST_TEXTS) this.#different.add(text);
  }

  /** Appends the column chunk to a writer, and starts another one. */
  finish(writer: ByteWriter): WrittenChunk {
    const [values, isFew] = [this.#values, this.#different.size <= MOST_TEXTS];
    this.#values = [];
    this.#different = new Set();
    if (!isFew) {
      for (const value of values) this.#plain.addText(value);
      return this.#plain.finish(writer);
    }
    return writeColumn({
      writer,
      column: {
        columnName: this.#element.name,
        element: this.#element,
        schemaPath: [{ name: 'root' }, this.#element],
        codec: 'SNAPPY',
        compressors: { SNAPPY: snappyCompress },
        stats: true,
        pageSize: Infinity,
        columnIndex: false,
        offsetIndex: false,
        encoding: 'RLE_DICTIONARY',
      },
      pageData: { values, definitionLevels: [], repetitionLevels: [], maxDefinitionLevel: 0 },
    });
  }
}
