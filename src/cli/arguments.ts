/** Parsing of option values, with errors that name the option. */
import { invalidOption } from '../errors.js';
import { isDtype } from '../geo/dtype.js';
import { DTYPES, type Dtype } from '../geo/index.js';
import { BACKEND_CHOICES, type BackendChoice, isBackendChoice } from '../gpu/node/index.js';

export function parseNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) {
      throw invalidOption(option, `cannot be "${text}"`, 'give a number');
    }
    return value;
  };
}

/** A number, nan, an infinity or none: commander takes a null for an empty text. */
export function parseNodata(text: string): number | 'none' {
  const word = text.trim().toLowerCase();
  if (word === 'none') return word;
  const known = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity }[word];
  return known ?? parseNumber('--nodata')(text);
}

export function parseCount(option: string, least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || text.trim() === '') {
      throw invalidOption(option, `cannot be "${text}"`, `give a whole number from ${least} on`);
    }
    return value;
  };
}

/** For options that take several values: commander calls it for each. */
export function collect<T>(parse: (text: string) => T): (text: string, previous: T[] | undefined) => T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

export function parseBackend(text: string): BackendChoice {
  if (!isBackendChoice(text)) {
    throw invalidOption('--backend', `cannot be "${text}"`, `choose one of ${BACKEND_CHOICES.join(', ')}`);
  }
  return text;
}

export function parseDtype(text: string): Dtype {
  if (!isDtype(text))
    throw invalidOption('--dtype', `cannot be "${text}"`, `choose one of ${DTYPES.join(', ')}`);
  return text;
}

/** One of a list of words. */
export function parseChoice<const T extends string>(
  option: string,
  choices: readonly T[],
): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined)
      throw invalidOption(option, `cannot be "${text}"`, `choose one of ${choices.join(', ')}`);
    return found;
  };
}

/** @throws {TerrachipError} INVALID_OPTION unless a list of values has one of the given lengths */
export function requireLength<T>(
  option: string,
  values: readonly T[],
  lengths: readonly number[],
): readonly T[] {
  if (!lengths.includes(values.length)) {
    throw invalidOption(option, `got ${values.length} values`, `give ${lengths.join(' or ')}`);
  }
  return values;
}

/** A shard as `i/n`, with 0 ≤ i < n. */
export function parseShard(text: string): { index: number; count: number } {
  const match = /^(\d{1,7})\/(\d{1,7})$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || count < 1 || index >= count) {
    throw invalidOption('--shard', `cannot be "${text}"`, 'write it as i/n with 0 ≤ i < n');
  }
  return { index, count };
}

const SQUARE_METRES: Readonly<Record<string, number>> = {
  '': 1,
  m2: 1,
  'm²': 1,
  ha: 1e4,
  km2: 1e6,
  'km²': 1e6,
};

/** An area in m²: a number of m², or with the unit m2, ha or km2. */
export function parseArea(option: string): (text: string) => number {
  return (text) => {
    const [, number = '', unit = ''] = /^\s*([\d.eE+-]+)\s*(\S*)\s*$/.exec(text) ?? [];
    const value = Number(number) * (SQUARE_METRES[unit] ?? Number.NaN);
    if (number === '' || !(value > 0) || !Number.isFinite(value)) {
      throw invalidOption(
        option,
        `cannot be "${text}"`,
        'give a positive number of m², or one with m2, ha or km2',
      );
    }
    return value;
  };
}

/** A text as `NAME=VALUE`. */
export function parsePair(option: string, value: string): (text: string) => [name: string, value: string] {
  return (text) => {
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1)
      throw invalidOption(option, `cannot be "${text}"`, `write NAME=${value}`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
}
