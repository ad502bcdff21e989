/** Encodings of dBase tables: the names and numbers that programs give them. */
import { DOS_PAGES } from './code-pages.js';

export type Decode = (bytes: Uint8Array) => string;

/** Code pages by the language byte of a table's header (its "LDID"). */
const LANGUAGES: Readonly<Record<number, number>> = {
  1: 437,
  2: 850,
  3: 1252,
  4: 10000,
  8: 865,
  9: 437,
  10: 850,
  11: 437,
  13: 437,
  14: 850,
  15: 437,
  16: 850,
  17: 437,
  18: 850,
  19: 932,
  20: 850,
  21: 437,
  22: 850,
  23: 865,
  24: 437,
  25: 437,
  26: 850,
  27: 437,
  28: 863,
  29: 850,
  31: 852,
  34: 852,
  35: 852,
  36: 860,
  37: 850,
  38: 866,
  55: 850,
  64: 852,
  77: 936,
  78: 949,
  79: 950,
  80: 874,
  87: 1252,
  88: 1252,
  89: 1252,
  100: 852,
  101: 866,
  102: 865,
  103: 861,
  // Kamenicky and Mazovia, of which no table is here.
  104: 895,
  105: 620,
  106: 737,
  107: 857,
  108: 863,
  120: 950,
  121: 949,
  122: 936,
  123: 932,
  124: 874,
  125: 1255,
  126: 1256,
  134: 737,
  135: 852,
  136: 857,
  150: 10007,
  151: 10029,
  200: 1250,
  201: 1251,
  202: 1254,
  203: 1253,
  204: 1257,
};

/** Names of the Encoding Standard for the numbers of code pages. */
const PAGES: Readonly<Record<number, string>> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1200: 'utf-16le',
  10000: 'macintosh',
  10007: 'x-mac-cyrillic',
  20866: 'koi8-r',
  20932: 'euc-jp',
  21866: 'koi8-u',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
  65001: 'utf-8',
};

/** Other names than those of the Encoding Standard, without marks between letters. */
const NAMES: Readonly<Record<string, string>> = {
  big5hkscs: 'big5',
  euccn: 'gbk',
  gb2312: 'gbk',
  johab: '1361',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  macroman: 'macintosh',
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  uhc: 'euc-kr',
  usascii: 'windows-1252',
  utf8: 'utf-8',
};

/** What a table says by its language byte, as `.cpg` files write it; null for a byte that says nothing. */
export function encodingOfLanguage(language: number): string | null {
  return LANGUAGES[language] === undefined ? null : `LDID/${language}`;
}

/**
 * A decoder by the name or number of an encoding, as the Encoding Standard, `.cpg` files or iconv write it: `UTF-8`,
 * `UTF_8`, `850`, `CP936`, `ANSI 1252`, `ISO 8859-1`, `88591`, `LDID/87`.
 * @returns null for a name that is not known
 */
export function decoderOf(encoding: string): Decode | null {
  const plain = encoding.toLowerCase().replace(/[^a-z0-9]/g, '');
  const language = /^ldid(\d+)$/.exec(plain)?.[1];
  if (language !== undefined) return decoderOfPage(LANGUAGES[Number(language)] ?? 0);
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
