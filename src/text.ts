/**
 * Decodes text files: UTF-8, or UTF-16 with a byte order mark, as Windows writes it. Also words for a shell, lines of
 * CSV, and the name of Node's print hook.
 */

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** The encoding by the byte order mark; `utf-8` without one. */
export function encodingOf(bytes: Uint8Array): TextEncoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** Decodes a text, without its byte order mark. Invalid bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

/** The name of the method that Node's `console.log` calls to print an object. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Quotes the words of a command for a POSIX shell. */
export function shellWords(words: readonly string[]): string {
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return words.map(quote).join(' ');
}

/** A line of a CSV file (RFC 4180). */
export function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

/** A value in a CSV file. Texts that a spreadsheet would read as a formula get a leading apostrophe. */
export function csvField(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `—` for an unknown value. */
export function formatNumber(value: number | null, digits = 3): string {
  return value === null ? '—' : value.toFixed(digits);
}

export function formatPercent(share: number | null): string {
  return share === null ? '—' : `${(100 * share).toFixed(1)} %`;
}
