/** Encodings of dBase tables, by the names and numbers that programs use. */
import { DOS_PAGES } from './code-pages.js';

export type Decode = (bytes: Uint8Array) => string;

/** Language bytes of a table's header (its "LDID") by code page. 620 and 895, Mazovia and Kamenicky, have no decoder. */
const LANGUAGES: Readonly<Record<number, readonly number[]>> = {
  437: [1, 9, 11, 13, 15, 17, 21, 24, 25, 27], 620: [105], 737: [106, 134],
  850: [2, 10, 14, 16, 18, 20, 22, 26, 29, 37, 55], 852: [31, 34, 35, 64, 100, 135], 857: [107, 136], 860: [36],
  861: [103], 863: [28, 108], 865: [8, 23, 102], 866: [38, 101], 874: [80, 124], 895: [104], 932: [19, 123],
  936: [77, 122], 949: [78, 121], 950: [79, 120], 1250: [200], 1251: [201], 1252: [3, 87, 88, 89], 1253: [203],
  1254: [202], 1255: [125], 1256: [126], 1257: [204], 10000: [4], 10007: [150], 10029: [151],
}; // biome-ignore format: a table

/** Names in the Encoding Standard, by code page number. */
const PAGES: Readonly<Record<number, string>> = {
  866: 'ibm866', 874: 'windows-874', 932: 'shift_jis', 936: 'gbk', 949: 'euc-kr', 950: 'big5', 1200: 'utf-16le',
  10000: 'macintosh', 10007: 'x-mac-cyrillic', 20866: 'koi8-r', 20932: 'euc-jp', 21866: 'koi8-u', 51932: 'euc-jp',
  51949: 'euc-kr', 54936: 'gb18030', 65001: 'utf-8',
}; // biome-ignore format: a table

/** Names that the Encoding Standard lacks, without punctuation. */
const NAMES: Readonly<Record<string, string>> = {
  big5hkscs: 'big5', euccn: 'gbk', gb2312: 'gbk', johab: '1361', koi8r: 'koi8-r', koi8u: 'koi8-u', eucjp: 'euc-jp',
  euckr: 'euc-kr', macroman: 'macintosh', shiftjis: 'shift_jis', sjis: 'shift_jis', uhc: 'euc-kr',
  usascii: 'windows-1252', utf8: 'utf-8',
}; // biome-ignore format: a table

function pageOfLanguage(language: number): number | null {
  const row = Object.entries(LANGUAGES).find(([, languages]) => languages.includes(language));
  return row === undefined ? null : Number(row[0]);
}

/** The encoding of a table's language byte, as written in `.cpg` files; null for an unspecified one. */
export function encodingOfLanguage(language: number): string | null {
  return pageOfLanguage(language) === null ? null : `LDID/${language}`;
}

/**
 * A decoder by the name or number of an encoding, as in the Encoding Standard, `.cpg` files or iconv: `UTF-8`,
 * `UTF_8`, `850`, `CP936`, `ANSI 1252`, `ISO 8859-1`, `88591`, `LDID/87`.
 * @returns null for an unknown name
 */
export function decoderOf(encoding: string): Decode | null {
  const plain = encoding.toLowerCase().replace(/[^a-z0-9]/g, '');
  const language = /^ldid(\d+)$/.exec(plain)?.[1];
  if (language !== undefined) return decoderOfPage(pageOfLanguage(Number(language)) ?? 0);
  const part = /^(?:iso)?8859(\d{1,2})$/.exec(plain)?.[1];
  if (part !== undefined) return standardDecoder(`iso-8859-${part}`);
  const latin = /^latin([1-49])$/.exec(plain)?.[1];
  if (latin !== undefined) return standardDecoder(`iso-8859-${latin === '9' ? 15 : latin}`);
  const page = /^(?:(?:x|ansi|oem|ms|dos|win|windows|cp|ibm|codepage)*)(\d{3,5})$/.exec(plain)?.[1];
  if (page !== undefined) return decoderOfPage(Number(page));
  return standardDecoder(NAMES[plain] ?? encoding.trim());
}

function decoderOfPage(page: number): Decode | null {
  const characters = DOS_PAGES[page];
  if (characters !== undefined) {
    return (bytes) =>
      Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : characters[byte - 0x80])).join(
        '',
      );
  }
  // Code pages 28591 to 28605 are the parts of ISO 8859.
  if (page > 28590 && page <= 28605) return standardDecoder(`iso-8859-${page - 28590}`);
  if (page >= 1250 && page <= 1258) return standardDecoder(`windows-${page}`);
  const name = PAGES[page];
  return name === undefined ? null : standardDecoder(name);
}

function standardDecoder(label: string): Decode | null {
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return null;
  }
}
