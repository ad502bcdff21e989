/** Parsers of option values, with errors that name the option. */
import { invalidOption } from '../errors.js';

/** Reads a value. @param option the name in errors, such as `--size` */
export type Parse<T> = (text: string, option: string) => T;

export const parseText: Parse<string> = (text) => text;

export const parseNumber: Parse<number> = (text, option) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw invalidOption(option, `cannot be "${text}"`, 'give a number');
  }
  return value;
};

/** A number, nan, an infinity, or null for none. */
export const parseNodata: Parse<number | null> = (text, option) => {
  const word = text.trim().toLowerCase();
  if (word === 'none') return null;
  return { nan: Number.NaN, inf: Infinity, '-inf': -Infinity }[word] ?? parseNumber(text, option);
};

export function parseCount(least = 1): Parse<number> {
  return (text, option) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || text.trim() === '') {
      throw invalidOption(option, `cannot be "${text}"`, `give a whole number from ${least} on`);
    }
    return value;
  };
}

/** The name of a band, or its number in a row's main file. */
export const parseBand: Parse<string | number> = (text) => (/^[1-9]\d*$/.test(text) ? Number(text) : text);

/** One of a list of words. */
export function parseChoice<const T extends string>(choices: readonly T[]): Parse<T> {
  return (text, option) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined)
      throw invalidOption(option, `cannot be "${text}"`, `choose one of ${choices.join(', ')}`);
    return found;
  };
}

/** A shard as `i/n`, with 0 ≤ i < n. */
export const parseShard: Parse<{ index: number; count: number }> = (text, option) => {
  const match = /^(\d{1,7})\/(\d{1,7})$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || count < 1 || index >= count) {
    throw invalidOption(option, `cannot be "${text}"`, 'write it as i/n with 0 ≤ i < n');
  }
  return { index, count };
};

const SQUARE_METRES: Readonly<Record<string, number>> = {
  '': 1,
  m2: 1,
  'm²': 1,
  ha: 1e4,
  km2: 1e6,
  'km²': 1e6,
};

/** An area in m²: a number of m², or with the unit m2, ha or km2. */
export const parseArea: Parse<number> = (text, option) => {
  const [, number = '', unit = ''] = /^\s*([\d.eE+-]+)\s*(\S*)\s*$/.exec(text) ?? [];
  const value = Number(number) * (SQUARE_METRES[unit] ?? Number.NaN);
  if (number === '' || !(value > 0) || !Number.isFinite(value)) {
    const remedy = 'give a positive number of m², or one with m2, ha or km2';
    throw invalidOption(option, `cannot be "${text}"`, remedy);
  }
  return value;
};

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...Object.fromEntries(
    ['k', 'm', 'g', 't'].flatMap((letter, k) => [
      [letter, 1024 ** (k + 1)],
      [`${letter}ib`, 1024 ** (k + 1)],
      [`${letter}b`, 1000 ** (k + 1)],
    ]),
  ),
};

/** A number of bytes, or with the unit kB, MB, GB, TB, KiB (K), MiB (M), GiB (G) or TiB (T). */
export const parseSize: Parse<number> = (text, option) => {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const value = Math.floor(Number(number) * (BYTES[unit.toLowerCase()] ?? Number.NaN));
  if (number === '' || !(value > 0) || !Number.isSafeInteger(value)) {
    throw invalidOption(
      option,
      `cannot be "${text}"`,
      'give a number of bytes, or one with GB or GiB, as 8GB',
    );
  }
  return value;
};

/** A text as `NAME=VALUE`. @param value what the value is, for errors */
export function parsePair(value: string): Parse<[name: string, value: string]> {
  return (text, option) => {
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1)
      throw invalidOption(option, `cannot be "${text}"`, `write NAME=${value}`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
}

/** @throws {TerrachipError} INVALID_OPTION unless a list of values has one of the given lengths */
export function requireLength<T>(option: string, values: readonly T[], ...lengths: number[]): readonly T[] {
  if (!lengths.includes(values.length)) {
    throw invalidOption(option, `got ${values.length} values`, `give ${lengths.join(' or ')}`);
  }
  return values;
}
