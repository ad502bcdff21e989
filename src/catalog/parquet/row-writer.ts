/** Rows of a catalog into the columns of its file, a row group at a time. */
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { invalidInput } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import { boxOf, indexBoxes } from '../boxes.js';
import type { CatalogRow } from '../row.js';
import { ColumnWriter } from './column-writer.js';
import { checkSchema } from './footer.js';
import { assetsText, propertiesText, SCHEMA } from './rows.js';
import { wkbSize, writeWkb } from './wkb.js';

/** Columns whose smallest and largest values say something. */
const WITH_STATISTICS = new Set(['id', 'collection', 'bbox', 'start_time', 'end_time']);

const SIDES = ['bbox.xmin', 'bbox.ymin', 'bbox.xmax', 'bbox.ymax'] as const;

export class RowWriter {
  readonly #columns: ReadonlyMap<string, ColumnWriter>;
  readonly #sides: readonly ColumnWriter[];
  #rows = 0;

  constructor() {
    this.#columns = new Map(
      checkSchema(SCHEMA).map(({ path, element, maxDefinition }) => [
        path.join('.'),
        new ColumnWriter(element, [...path], maxDefinition > 0, WITH_STATISTICS.has(path[0])),
      ]),
    );
    this.#sides = SIDES.map((side) => this.#column(side));
  }

  /**
   * @returns the boxes of the row
   * @throws {TerrachipError} INVALID_INPUT for properties or times that a file cannot hold
   */
  add(row: CatalogRow): readonly Bounds[] {
    const { footprint, interval } = row;
    const boxes = indexBoxes(footprint);
    this.#column('id').addText(row.id);
    this.#column('collection').addText(row.collection);
    const geometry = this.#column('geometry');
    if (boxes.length === 0) geometry.addNull();
    else geometry.addBytes(wkbSize(footprint), (view, offset) => writeWkb(footprint, view, offset));
    const box = boxes.length > 1 ? boxOf(footprint) : boxes[0];
    for (let k = 0; k < SIDES.length; k++) {
      if (box) this.#sides[k].addDouble(box[k]);
      else this.#sides[k].addNull();
    }
    this.#addTime('start_time', interval.start, row);
    this.#addTime('end_time', interval.end, row);
    this.#column('href').addText(row.href);
    this.#column('assets').addText(assetsText(row));
    this.#column('properties').addText(propertiesText(row));
    this.#rows++;
    return boxes;
  }

  /** Puts what was added behind the row groups that a writer has. */
  finish(parquet: ParquetWriter, writer: ByteWriter): void {
    const start = writer.offset;
    const written = [...this.#columns.values()].map((column) => column.finish(writer));
    const columns = written.map(({ chunk }) => chunk);
    parquet.row_groups.push({
      columns,
      num_rows: BigInt(this.#rows),
      total_byte_size: columns.reduce(
        (sum, chunk) => sum + (chunk.meta_data?.total_uncompressed_size ?? 0n),
        0n,
      ),
      total_compressed_size: BigInt(writer.offset - start),
    });
    parquet.num_rows += BigInt(this.#rows);
    parquet.pendingIndexes.push(...written);
    this.#rows = 0;
  }

  /** An infinite time is open, and null in the file. */
  #addTime(name: 'start_time' | 'end_time', time: number, { id }: CatalogRow): void {
    const column = this.#column(name);
    if (!Number.isFinite(time)) column.addNull();
    else if (Number.isSafeInteger(time)) column.addInteger(time);
    else {
      throw invalidInput(
        `the row "${id}"`,
        `has the time ${time} ms, which its file cannot hold`,
        'leave the interval open there',
      );
    }
  }

  #column(name: string): ColumnWriter {
    return this.#columns.get(name) as ColumnWriter;
  }
}
