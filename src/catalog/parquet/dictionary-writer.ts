import type { SchemaElement } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writeColumn } from 'hyparquet-writer/src/column.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { MOST_TEXTS } from '../../parquet/page-values.js';
import { ColumnWriter, type WrittenChunk } from './column-writer.js';

/**
 * A column of texts of which there are few, as names of collections: each is stored once a row group, and rows as
 * numbers of them. All of it is one small page, which a reader keeps. More texts are written plainly.
 */
export class DictionaryWriter {
  readonly #element: SchemaElement;
  readonly #plain: ColumnWriter;
  #values: string[] = [];
  #different = new Set<string>();

  /** @param element of a column without nulls */
  constructor(element: SchemaElement) {
    this.#element = element;
    this.#plain = new ColumnWriter(element, [element.name], false, true);
  }

  addText(text: string): void {
    this.#values.push(text);
    if (this.#different.size <= MOST_TEXTS) this.#different.add(text);
  }

  /** Puts the column chunk behind what a writer has, and starts another one. */
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
