/**
 * Headers of `.npy` files (NumPy Enhancement Proposal 1, versions 1.0 to 3.0): a Python dictionary of literals.
 */
import * as v from 'valibot';
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { startsWith, viewOf } from '../../io/bytes.js';
import { validate } from '../../json.js';

/** The first bytes of every file. */
export const NPY_MAGIC = '\x93NUMPY';

/** Magic, version, and the longest length field. */
export const NPY_PREFIX_BYTES = 12;

/** NumPy's headers have some hundred bytes. */
const MAX_HEADER_BYTES = 2 ** 20;

const MAX_DEPTH = 8;

export interface NpyPrefix {
  readonly version: number;
  readonly headerOffset: number;
  readonly headerLength: number;
}

export interface NpyHeader {
  /** NumPy's notation: `<f4`, `|u1`, … */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** @throws {TerrachipError} INVALID_INPUT or UNSUPPORTED */
export function parseNpyPrefix(bytes: Uint8Array, name: string): NpyPrefix {
  if (bytes.length < 10 || !startsWith(bytes, NPY_MAGIC)) {
    throw invalidInput(name, 'is no .npy file', 'check the file');
  }
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} has version ${version}.${bytes[7]} of the .npy format, which terrachip does not know`,
      'save it again with numpy.save',
      { feature: `.npy version ${version}` },
    );
  }
  const view = viewOf(bytes);
  const headerOffset = version === 1 ? 10 : 12;
  if (bytes.length < headerOffset) throw invalidInput(name, 'is truncated', 'get the file again');
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_HEADER_BYTES) {
    throw invalidInput(name, `declares a header of ${headerLength} bytes`, 'get the file again');
  }
  return { version, headerOffset, headerLength };
}

const Shape = v.array(v.pipe(v.number(), v.integer(), v.minValue(0)));
const Header = v.strictObject({ descr: v.unknown(), fortran_order: v.boolean(), shape: Shape });

/** @throws {TerrachipError} INVALID_INPUT for a damaged header, UNSUPPORTED for records */
export function parseNpyHeader(bytes: Uint8Array, version: number, name: string): NpyHeader {
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes);
  let value: unknown;
  try {
    value = new LiteralParser(text).parse();
  } catch (cause) {
    throw invalidInput(name, `has a damaged header (${messageOf(cause)})`, 'get the file again', cause);
  }
  const header = validate(Header, value, name);
  if (typeof header.descr !== 'string') {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} holds records of several fields`,
      'save each field as an array of its own',
      { feature: 'structured .npy arrays' },
    );
  }
  return { descr: header.descr, fortranOrder: header.fortran_order, shape: header.shape };
}

/** Python literals: strings without escapes, integers, True, False, None, tuples, lists and dictionaries. */
class LiteralParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): unknown {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail();
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error('it is nested too deeply');
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#dictionary(depth);
      case '(':
        return this.#sequence(')', depth);
      case '[':
        return this.#sequence(']', depth);
      case "'":
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #dictionary(depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.#at++;
    while (!this.#take('}')) {
      this.#skipSpace();
      const key = this.#string();
      if (!this.#take(':')) this.#fail();
      entries.set(key, this.#value(depth + 1));
      if (!this.#take(',') && !this.#next('}')) this.#fail();
    }
    return Object.fromEntries(entries);
  }

  #sequence(end: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    while (!this.#take(end)) {
      items.push(this.#value(depth + 1));
      if (!this.#take(',') && !this.#next(end)) this.#fail();
    }
    return items;
  }

  #string(): string {
    const match = /^(?:'([^'\\\n]*)'|"([^"\\\n]*)")/.exec(this.#text.slice(this.#at, this.#at + 4096));
    if (match === null) return this.#fail();
    this.#at += match[0].length;
    return match[1] ?? match[2];
  }

  #word(): boolean | number | null {
    // Python 2 wrote long integers with an L.
    const match = /^(True|False|None|\d{1,16}L?)(?![\w.])/.exec(this.#text.slice(this.#at, this.#at + 32));
    if (match === null) return this.#fail();
    this.#at += match[0].length;
    if (match[1] === 'None') return null;
    return match[1] === 'True' || match[1] === 'False' ? match[1] === 'True' : Number.parseInt(match[1], 10);
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #next(character: string): boolean {
    this.#skipSpace();
    return this.#text[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#next(character)) return false;
    this.#at++;
    return true;
  }

  #fail(): never {
    throw new Error(`it cannot be read from character ${this.#at} on`);
  }
}
