import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import type { DataPage, DictionaryPage, Leaf } from './pages.js';
import { type PageValues, PlainPage } from './plain-page.js';

/** The largest small dictionary, with indices of one byte. */
export const MOST_TEXTS = 256;

/** A page of indices into a small dictionary. */
export class CodedPage implements PageValues {
  /** Bytes of memory. */
  readonly bytes: number;
  readonly #dictionary: PlainPage;
  /** Index of each row's value; null if all are 0. */
  readonly #indices: Uint8Array | null;

  private constructor(dictionary: PlainPage, indices: Uint8Array | null) {
    this.#dictionary = dictionary;
    this.#indices = indices;
    this.bytes = dictionary.bytes + (indices?.byteLength ?? 0);
  }

  /**
   * Null for another encoding or column type, which hyparquet decodes.
   * @param page a checked page
   * @throws {Error} for indices beyond the dictionary
   */
  static of(page: DataPage, { count, values }: DictionaryPage, leaf: Leaf): CodedPage | null {
    const width = page.values[0];
    const isCoded = page.encoding === 'RLE_DICTIONARY' || page.encoding === 'PLAIN_DICTIONARY';
    if (!isCoded || leaf.maxDefinition > 0 || count > MOST_TEXTS || width > 8) return null;
    const texts = PlainPage.of({ encoding: 'PLAIN', count, levels: new Uint8Array(), values }, leaf);
    if (texts === null) return null;
    const indices = new Uint8Array(page.count);
    if (width > 0) {
      const view = new DataView(page.values.buffer, page.values.byteOffset, page.values.byteLength);
      readRleBitPackedHybrid({ view, offset: 1 }, width, indices, page.values.byteLength - 1);
    }
    let most = 0;
    for (const index of indices) if (index > most) most = index;
    if (page.count > 0 && most >= count) throw new Error('a page has values that its dictionary lacks');
    return new CodedPage(texts, most === 0 ? null : indices);
  }

  at(row: number): unknown {
    return this.#dictionary.at(this.#indices?.[row] ?? 0);
  }
}
