/**
 * Decodes text files: UTF-8, or UTF-16 with a byte order mark, as Windows writes it. Also words for a shell, and the name of
 * Node's print hook.
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

/** Words of a command as a POSIX shell takes them. */
export function shellWords(words: readonly string[]): string {
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return words.map(quote).join(' ');
}
