/**
 * Headers of `.npy` files (NumPy Enhancement Proposal 1, versions 1.0 to 3.0): a Python dictionary of literals.
 */
import * as v from 'valibot';
import { invalidInput, messageOf, unsupported } from '../../errors.js';
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
    throw unsupported(
      `.npy version ${version}`,
      `${name} has version ${version}.${bytes[7]} of the .npy format, which terrachip does not know`,
      'save it again with numpy.save',
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
    value = parseLiteral(text);
  } catch (cause) {
    throw invalidInput(name, `has a damaged header (${messageOf(cause)})`, 'get the file again', cause);
  }
  const header = validate(Header, value, name);
  if (typeof header.descr !== 'string') {
    throw unsupported(
      'structured .npy arrays',
      `${name} holds records of several fields`,
      'save each field as an array of its own',
    );
  }
  return { descr: header.descr, fortranOrder: header.fortran_order, shape: header.shape };
}

const SPACE = String.raw`[ \t\r\n]`;
const TOKEN = new RegExp(
  [
    `${SPACE}+`,
    // Strings without escapes.
    String.raw`'([^'\\\n]*)'`,
    String.raw`"([^"\\\n]*)"`,
    String.raw`(True|False|None)(?![\w.])`,
    // Python 2 wrote long integers with an L.
    String.raw`(\d{1,16})L?(?![\w.])`,
    // A comma after the last value.
    String.raw`(?<![([{,:]${SPACE}*)(,)(?=${SPACE}*[)\]}])`,
    // Anything else is one character, which may be wrong.
    String.raw`[\s\S]`,
  ].join('|'),
  'g',
);

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const JSON_WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };

/** Parses a Python literal: a tuple, list or dictionary of them, a string, an integer, True, False or None. */
function parseLiteral(text: string): unknown {
  const closing: string[] = [];
  const json = text.replace(TOKEN, (token, single, double, word, digits, lastComma, at) => {
    if (word !== undefined) return JSON_WORDS[word];
    if (digits !== undefined) return digits;
    if (lastComma !== undefined) return '';
    if (single !== undefined || double !== undefined) return JSON.stringify(single ?? double);
    if (/^[ \t\r\n:,]/.test(token)) return token;
    if (token in CLOSING) {
      if (closing.push(CLOSING[token]) > MAX_DEPTH) throw new Error('it is nested too deeply');
      return token === '(' ? '[' : token;
    }
    if (closing.pop() !== token) throw new Error(`it cannot be read from character ${at} on`);
    return token === ')' ? ']' : token;
  });
  return JSON.parse(json);
}
