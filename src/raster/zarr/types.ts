/** Element types of Zarr arrays, version 2 and 3, and their fill values. */
import type * as zarr from 'zarrita';
import { invalidInput } from '../../errors.js';
import type { Dtype } from '../../geo/index.js';
import {
  type Attributes,
  halvesToFloat32,
  NOT_FINITE,
  NUMERIC_TYPES,
  numberToHalf,
} from '../arrays/index.js';

/** The type of an array's values. */
export interface ZarrType {
  readonly stored: string;
  /** The type that reads return; null for text and unknown types. */
  readonly numeric: Dtype | null;
  /** The type for zarrita; null for unknown types. */
  readonly zarrita: zarr.DataType | null;
  readonly bytes: number;
  readonly bigEndian: boolean;
}

/** zarrita's booleans are no numbers, and its float16 needs a newer Node: both are read as unsigned integers. */
const BY_BITS: Readonly<Record<string, zarr.DataType>> = {
  bool: 'uint8',
  float16: 'uint16',
  int64: 'int64',
  uint64: 'uint64',
};

function numericType(stored: keyof typeof NUMERIC_TYPES, bigEndian: boolean): ZarrType {
  const { bytes, dtype } = NUMERIC_TYPES[stored];
  return { stored, numeric: dtype, zarrita: BY_BITS[stored] ?? dtype, bytes, bigEndian };
}

function textType(zarrita: zarr.DataType, bytes: number, bigEndian = false): ZarrType {
  return { stored: 'string', numeric: null, zarrita, bytes, bigEndian };
}

function unknownType(stored: string): ZarrType {
  return { stored, numeric: null, zarrita: null, bytes: 1, bigEndian: false };
}

export function typeOfV3(
  type: string | { readonly name: string; readonly configuration: Attributes },
): ZarrType {
  const { name, configuration } = typeof type === 'string' ? { name: type, configuration: {} } : type;
  if (Object.hasOwn(NUMERIC_TYPES, name)) return numericType(name, false);
  const length = 'length_bytes' in configuration ? Number(configuration.length_bytes) : 0;
  if (name === 'string') return textType('string', 8);
  if (name === 'fixed_length_utf32' && length > 0) return textType(`v2:U${length / 4}`, length);
  if (name === 'null_terminated_bytes' && length > 0) return textType(`v2:S${length}`, length);
  return unknownType(name);
}

const KINDS: Readonly<Record<string, string>> = { b: 'bool', i: 'int', u: 'uint', f: 'float' };

export function typeOfV2(type: unknown): ZarrType {
  if (typeof type !== 'string') return unknownType('records');
  const [, order, kind, size] = /^([<>|])([biufSU])(\d{1,6})$/.exec(type) ?? [];
  const bigEndian = order === '>';
  if (type === '|O') return textType('v2:object', 8);
  if (kind === undefined) return unknownType(type);
  if (kind === 'U') return textType(`v2:U${Number(size)}`, 4 * Number(size), bigEndian);
  if (kind === 'S') return textType(`v2:S${Number(size)}`, Number(size));
  const name = kind === 'b' ? 'bool' : `${KINDS[kind]}${8 * Number(size)}`;
  return Object.hasOwn(NUMERIC_TYPES, name) ? numericType(name, bigEndian) : unknownType(type);
}

/** A fill value as a number; null for none. Version 3 writes NaN, which JSON lacks, as text or as bits in hex. */
export function parseFill(value: unknown, stored: string, name: string): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const isFloat = stored.startsWith('float');
  if (isFloat && typeof value === 'string' && Object.hasOwn(NOT_FINITE, value)) return NOT_FINITE[value];
  const digits = typeof value === 'string' ? /^0x([0-9a-fA-F]+)$/.exec(value)?.[1] : undefined;
  const { bytes } = NUMERIC_TYPES[stored];
  if (digits !== undefined && digits.length === 2 * bytes && isFloat) {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(`0x${digits.padEnd(16, '0')}`));
    if (bytes === 8) return view.getFloat64(0);
    if (bytes === 4) return view.getFloat32(0);
    return halvesToFloat32(Uint16Array.of(view.getUint16(0)))[0];
  }
  throw invalidInput(
    name,
    `has the fill value ${JSON.stringify(value)}, which is no ${stored}`,
    'correct it',
  );
}

/** The fill value in zarrita's type. */
export function encodeFill(fill: number | null, stored: string): number | bigint | null {
  if (fill === null) return stored === 'string' ? null : stored.endsWith('int64') ? 0n : 0;
  if (stored === 'float16') return numberToHalf(fill);
  // The types' largest integers, common fill values, are rounded to a power of two as JSON numbers.
  if (stored === 'int64')
    return fill >= 2 ** 63 ? 2n ** 63n - 1n : BigInt.asIntN(64, BigInt(Math.trunc(fill)));
  if (stored === 'uint64') return fill >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(Math.trunc(fill));
  return fill;
}
