/** The attributes of a shapefile: a dBase III table. */
import { invalidInput } from '../../errors.js';

/** Bytes of the header before the fields, and of each field. */
const HEADER = 32;
const FIELD = 32;

/** No table has more columns: dBase III allowed 128, later ones 2046. */
const MAX_FIELDS = 2046;

interface Field {
  readonly name: string;
  /** `C` text, `N` and `F` numbers, `L` truth, `D` a date; others are left out. */
  readonly type: string;
  readonly offset: number;
  readonly length: number;
}

/** Code pages of the header's language byte, by the names of the Encoding Standard. */
const CODE_PAGES: Readonly<Record<number, string>> = {
  3: 'windows-1252',
  38: 'ibm866',
  77: 'gbk',
  78: 'euc-kr',
  79: 'big5',
  87: 'windows-1252',
  101: 'ibm866',
  120: 'big5',
  121: 'euc-kr',
  122: 'gbk',
  124: 'windows-874',
  125: 'windows-1255',
  126: 'windows-1256',
  200: 'windows-1250',
  201: 'windows-1251',
  202: 'windows-1254',
  203: 'windows-1253',
  204: 'windows-1257',
};

/** A table that reads one record at a time. */
export class DbfTable {
  readonly count: number;
  /** Bytes of one record. */
  readonly recordLength: number;
  readonly #bytes: Uint8Array;
  readonly #fields: readonly Field[];
  readonly #start: number;
  readonly #decode: (bytes: Uint8Array) => string;

  /**
   * @param encoding what the .cpg file says, or null without one
   * @throws {TerrachipError} INVALID_INPUT for a damaged table or an encoding that is not known
   */
  constructor(bytes: Uint8Array, name: string, encoding: string | null) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const damaged = (): Error => invalidInput(name, 'is a damaged table', 'get the file again');
    if (view.byteLength < HEADER) throw damaged();
    this.#start = view.getUint16(8, true);
    this.recordLength = view.getUint16(10, true);
    this.count = view.getUint32(4, true);
    const isWhole = this.#start + this.count * this.recordLength <= view.byteLength;
    if (this.#start < HEADER || this.recordLength < 1 || !isWhole) throw damaged();
    this.#bytes = bytes;
    this.#decode = decoderOf(encoding, bytes[29], name);
    const fields: Field[] = [];
    let offset = 1;
    for (let at = HEADER; at + FIELD <= this.#start && bytes[at] !== 0x0d; at += FIELD) {
      const length = bytes[at + 16];
      const stored = bytes.subarray(at, at + 11);
      const end = stored.indexOf(0);
      const label = this.#decode(end < 0 ? stored : stored.subarray(0, end));
      fields.push({ name: label, type: String.fromCharCode(bytes[at + 11]), offset, length });
      offset += length;
    }
    if (offset > this.recordLength || fields.length > MAX_FIELDS) throw damaged();
    this.#fields = fields;
  }

  /** The attributes of a record; null for one that was deleted. */
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
    // A field of asterisks holds a number too long for it.
    const value = Number(trimmed);
    return trimmed === '' || Number.isNaN(value) ? null : value;
  }
  if (type === 'L') return /^[YyTt]$/.test(trimmed) ? true : /^[NnFf]$/.test(trimmed) ? false : null;
  if (type === 'D') {
    const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(trimmed) ?? [];
    return year === undefined || year === '0000' ? null : `${year}-${month}-${day}`;
  }
  return undefined;
}

function decoderOf(encoding: string | null, language: number, name: string): (bytes: Uint8Array) => string {
  const label = encoding === null ? (CODE_PAGES[language] ?? 'iso-8859-1') : labelOf(encoding);
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch (cause) {
    throw invalidInput(
      name,
      `has text in the encoding "${encoding}", which is not known`,
      'convert it to UTF-8 (ogr2ogr -lco ENCODING=UTF-8)',
      cause,
    );
  }
}

/** The names that programs write into .cpg files, as the Encoding Standard spells them. */
function labelOf(encoding: string): string {
  const text = encoding.trim().toLowerCase();
  const page = /^(?:ansi |cp|windows[- ])?(125\d|874)$/.exec(text)?.[1];
  if (page !== undefined) return `windows-${page}`;
  const part = /^(?:iso[- ]?)?8859[- ]?(\d{1,2})$|^88591?(\d)$/.exec(text);
  if (part !== null) return `iso-8859-${part[1] ?? part[2]}`;
  if (text === '65001' || text === 'utf8') return 'utf-8';
  if (text === '866') return 'ibm866';
  return text;
}
