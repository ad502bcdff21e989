/** The attributes of a shapefile: a dBase III table. */
import { invalidInput, invalidOption } from '../../errors.js';
import { type Decode, decoderOf, encodingOfLanguage } from './encoding.js';

/** Bytes of the header before the fields, and of each field. */
const HEADER = 32;
const FIELD = 32;

/** Limit on columns: dBase III allows 128, later versions 2046. */
const MAX_FIELDS = 2046;

interface Field {
  readonly name: string;
  /** `C` text, `N` and `F` numbers, `L` truth, `D` a date; others are left out. */
  readonly type: string;
  readonly offset: number;
  readonly length: number;
}

export interface DbfOptions {
  /** The content of the .cpg file, or null without one. */
  readonly cpg: string | null;
  /** Overrides the encoding in the file. */
  readonly encoding?: string | undefined;
  /** Receives a warning if the encoding is guessed. */
  readonly warn: (problem: string) => void;
}

/** A table, read one record at a time. */
export class DbfTable {
  readonly count: number;
  /** Bytes of one record. */
  readonly recordLength: number;
  readonly #bytes: Uint8Array;
  readonly #fields: readonly Field[];
  readonly #start: number;
  readonly #decode: Decode;

  /**
   * @throws {TerrachipError} INVALID_INPUT for a damaged table; INVALID_OPTION for an unknown `encoding`
   */
  constructor(bytes: Uint8Array, name: string, options: DbfOptions) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const damaged = (): Error => invalidInput(name, 'is a damaged table', 'get the file again');
    if (view.byteLength < HEADER) throw damaged();
    this.#start = view.getUint16(8, true);
    this.recordLength = view.getUint16(10, true);
    this.count = view.getUint32(4, true);
    const isWhole = this.#start + this.count * this.recordLength <= view.byteLength;
    if (this.#start < HEADER || this.recordLength < 1 || !isWhole) throw damaged();
    this.#bytes = bytes;
    const fields: Omit<Field, 'name'>[] = [];
    const labels: Uint8Array[] = [];
    let offset = 1;
    for (let at = HEADER; at + FIELD <= this.#start && bytes[at] !== 0x0d; at += FIELD) {
      const length = bytes[at + 16];
      const stored = bytes.subarray(at, at + 11);
      const end = stored.indexOf(0);
      labels.push(end < 0 ? stored : stored.subarray(0, end));
      fields.push({ type: String.fromCharCode(bytes[at + 11]), offset, length });
      offset += length;
    }
    if (offset > this.recordLength || fields.length > MAX_FIELDS) throw damaged();
    const texts = fields.filter(({ type }) => type === 'C');
    this.#decode = chooseDecoder(bytes[29], name, options, () => [...labels, ...this.#texts(texts)]);
    this.#fields = fields.map((field, k) => ({ ...field, name: this.#decode(labels[k]) }));
  }

  /** The bytes of all texts, without padding. */
  *#texts(fields: readonly Omit<Field, 'name'>[]): Generator<Uint8Array> {
    for (let index = 0; index < this.count; index++) {
      const start = this.#start + index * this.recordLength;
      for (const { offset, length } of fields) {
        yield this.#bytes.subarray(start + offset, start + offset + length);
      }
    }
  }

  /** The attributes of a record; null if it was deleted. */
  record(index: number): Record<string, unknown> | null {
    const start = this.#start + index * this.recordLength;
    if (this.#bytes[start] === 0x2a) return null;
    return Object.fromEntries(
      this.#fields.flatMap(({ name, type, offset, length }): [string, unknown][] => {
        const text = this.#decode(this.#bytes.subarray(start + offset, start + offset + length));
        const value = parseValue(type, text.replace(/[\0 ]+$/, ''));
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

function parseValue(type: string, text: string): unknown {
  if (type === 'C') return text;
  const trimmed = text.trim();
  if (type === 'N' || type === 'F') {
    // Asterisks mark a number that is too long for its field.
    const value = Number(trimmed);
    if (trimmed === '' || Number.isNaN(value)) return null;
    // Whole numbers that a float64 would round stay texts.
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? trimmed : value;
  }
  if (type === 'L') return /^[YyTt]$/.test(trimmed) ? true : /^[NnFf]$/.test(trimmed) ? false : null;
  if (type === 'D') {
    const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(trimmed) ?? [];
    return year === undefined || year === '0000' ? null : `${year}-${month}-${day}`;
  }
  return undefined;
}

/**
 * The option takes precedence over the .cpg file, and this over the header's language byte. Without any, valid UTF-8 is
 * read as UTF-8, other text as Windows-1252.
 */
function chooseDecoder(
  language: number,
  name: string,
  { cpg, encoding, warn }: DbfOptions,
  texts: () => Iterable<Uint8Array>,
): Decode {
  if (encoding !== undefined) {
    const decode = decoderOf(encoding);
    if (decode !== null) return decode;
    throw invalidOption('encoding', `cannot be "${encoding}"`, 'give a name such as UTF-8, CP850 or GBK');
  }
  const [line] = (cpg ?? '').replace(/^\ufeff/, '').split(/[\0\r\n]/);
  const said = line.trim();
  // "System" was the code page of the computer that wrote the file.
  const declared = said === '' || /^system$/i.test(said) ? encodingOfLanguage(language) : said;
  if (declared !== null) return decoderOf(declared) ?? onlyAscii(declared, name);
  if (areUtf8(texts())) return decodeUtf8;
  warn('does not say the encoding of its texts, which are read as Windows-1252; give it as `encoding`');
  return decoderOf('windows-1252') ?? decodeUtf8;
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** ASCII is the same in every possible encoding of a table. */
function onlyAscii(encoding: string, name: string): Decode {
  return (bytes) => {
    if (bytes.every((byte) => byte < 0x80)) return decodeUtf8(bytes);
    throw invalidInput(
      name,
      `has text in the encoding "${encoding}", which is not known`,
      'give one as `encoding`, or convert it to UTF-8 (ogr2ogr -lco ENCODING=UTF-8)',
    );
  };
}

function areUtf8(texts: Iterable<Uint8Array>): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isUtf8 = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  for (const bytes of texts) {
    // A text that fills its field may be cut within a character.
    if (![0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)))) return false;
  }
  return true;
}
