import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import type { DataPage, DictionaryPage, Leaf } from './pages.js';
import { type PageValues, PlainPage } from './plain-page.js';

/** A dictionary of so many values is small: a byte numbers them. */
export const MOST_TEXTS = 256;

/** A page of numbers of the values in a small dictionary. */
export class CodedPage implements PageValues {
  /** Bytes of memory. */
  readonly bytes: number;
  readonly #dictionary: PlainPage;
  /** Which value each row has; null where all have the first. */
  readonly #numbers: Uint8Array | null;

  private constructor(dictionary: PlainPage, numbers: Uint8Array | null) {
    this.#dictionary = dictionary;
    this.#numbers = numbers;
    this.bytes = dictionary.bytes + (numbers?.byteLength ?? 0);
  }

  /**
   * Null for a page or a column of another kind, which hyparquet decodes.
   * @param page which was checked
   * @throws {Error} for numbers that the dictionary has not
   */
  static of(page: DataPage, { count, values }: DictionaryPage, leaf: Leaf): CodedPage | null {
    const width = page.values[0];
    const isCoded = page.encoding === 'RLE_DICTIONARY' || page.encoding === 'PLAIN_DICTIONARY';
    if (!isCoded || leaf.maxDefinition > 0 || count > MOST_TEXTS || width > 8) return null;
    const texts = PlainPage.of({ encoding: 'PLAIN', count, levels: new Uint8Array(), values }, leaf);
    if (texts === null) return null;
    const numbers = new Uint8Array(page.count);
    if (width > 0) {
      const view = new DataView(page.values.buffer, page.values.byteOffset, page.values.byteLength);
      readRleBitPackedHybrid({ view, offset: 1 }, width, numbers, page.values.byteLength - 1);
    }
    let most = 0;
    for (const number of numbers) if (number > most) most = number;
    if (page.count > 0 && most >= count) throw new Error('a page has values that its dictionary lacks');
    return new CodedPage(texts, most === 0 ? null : numbers);
  }

  at(row: number): unknown {
    return this.#dictionary.at(this.#numbers?.[row] ?? 0);
  }
}
