/**
 * Sample types of TIFF, and their decoding. Names are NumPy's and GDAL's: `uint16`, `float16`, `complex_int16`; integers
 * of other widths are named by their bits (`uint12`).
 */

import { bytesPerElement } from '../../geo/dtype.js';
import { allocateArray, type Dtype, type TypedArray, viewArray } from '../../geo/index.js';
import { integersToFloat64 } from '../arrays/convert.js';
import { halvesToFloat32 } from '../arrays/half.js';

export interface SampleType {
  readonly storedType: string;
  /** The type of decoded values. */
  readonly dtype: Dtype;
  /** Bits of one sample in the file, both parts of a complex one included. */
  readonly bits: number;
  /** 2 for complex samples: interleaved real and imaginary parts. */
  readonly components: 1 | 2;
  /** How stored bits are decoded. */
  readonly coding: 'plain' | 'packed' | 'uint24' | 'float16' | 'float24' | 'int64' | 'uint64';
}

/** Values of the SampleFormat tag (TIFF 6.0, section 19; 5 and 6 by the TIFF Technical Note 2). */
const SIGNED = 2;
const FLOAT = 3;
const COMPLEX_INT = 5;
const COMPLEX_FLOAT = 6;

type Entry = readonly [storedType: string, dtype: Dtype, coding: SampleType['coding'], components: 1 | 2];

/** By format and bits. */
const NAMED: Readonly<Record<string, Entry>> = {
  '1/8': ['uint8', 'uint8', 'plain', 1],
  '1/16': ['uint16', 'uint16', 'plain', 1],
  '1/24': ['uint24', 'uint32', 'uint24', 1],
  '1/32': ['uint32', 'uint32', 'plain', 1],
  '1/64': ['uint64', 'float64', 'uint64', 1],
  '2/8': ['int8', 'int8', 'plain', 1],
  '2/16': ['int16', 'int16', 'plain', 1],
  '2/32': ['int32', 'int32', 'plain', 1],
  '2/64': ['int64', 'float64', 'int64', 1],
  '3/16': ['float16', 'float32', 'float16', 1],
  '3/24': ['float24', 'float32', 'float24', 1],
  '3/32': ['float32', 'float32', 'plain', 1],
  '3/64': ['float64', 'float64', 'plain', 1],
  '5/32': ['complex_int16', 'int16', 'plain', 2],
  '5/64': ['complex_int32', 'int32', 'plain', 2],
  '6/64': ['complex64', 'float32', 'plain', 2],
  '6/128': ['complex128', 'float64', 'plain', 2],
}; // biome-ignore format: a table

/**
 * The sample type of a format and a width; null for one that GDAL does not read either. Untyped samples and signed
 * integers of odd widths count as unsigned, as in GDAL.
 */
export function sampleTypeOf(format: number, bits: number): SampleType | null {
  const known = format === SIGNED || format === FLOAT || format === COMPLEX_INT || format === COMPLEX_FLOAT;
  const entry =
    NAMED[`${known ? format : 1}/${bits}`] ??
    (known && format !== SIGNED ? undefined : (NAMED[`1/${bits}`] ?? packed(bits)));
  if (entry === undefined) return null;
  const [storedType, dtype, coding, components] = entry;
  return { storedType, dtype, bits, coding, components };
}

function packed(bits: number): Entry | undefined {
  if (!Number.isInteger(bits) || bits < 1 || bits > 32) return undefined;
  return [`uint${bits}`, bits < 8 ? 'uint8' : bits < 16 ? 'uint16' : 'uint32', 'packed', 1];
}

/** Bytes of one row; rows of packed samples are padded to whole bytes. */
export function bytesPerRow(type: SampleType, samples: number): number {
  return Math.ceil((samples * type.bits) / 8);
}

/** Bytes of a predictor's word, which are swapped in big-endian files. */
export function bytesPerWord(type: SampleType): number {
  if (type.coding === 'packed') return 1;
  return type.bits / 8 / type.components;
}

/**
 * Decodes rows of stored samples in little-endian order.
 * @param samples per row
 * @param nodata may be a 64-bit integer that float64 rounds
 * @throws {TerrachipError} UNSUPPORTED for other 64-bit integers that float64 cannot hold
 */
export function decodeSamples(
  name: string,
  type: SampleType,
  bytes: Uint8Array<ArrayBuffer>,
  samples: number,
  rows: number,
  nodata: number,
): TypedArray {
  const length = samples * rows;
  switch (type.coding) {
    case 'plain':
      return viewArray(type.dtype, bytes.buffer, bytes.byteOffset, length * type.components);
    case 'packed':
      return unpack(type, bytes, samples, rows);
    // As in GDAL: most significant byte first in little-endian files, swapped in big-endian ones.
    case 'uint24':
      return unpack(type, bytes, length, 1);
    case 'float16':
      return halvesToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset, length));
    case 'float24':
      return float24ToFloat(bytes, length);
    case 'int64':
      return integersToFloat64(name, new BigInt64Array(bytes.buffer, bytes.byteOffset, length), [nodata]);
    case 'uint64':
      return integersToFloat64(name, new BigUint64Array(bytes.buffer, bytes.byteOffset, length), [nodata]);
  }
}

/** Values converted back to a 64-bit type; other types are returned unchanged. For checksums. */
export function toStoredIntegers(
  storedType: string,
  values: TypedArray,
): TypedArray | BigInt64Array | BigUint64Array {
  // float64 may have rounded only the ends of the ranges, to the next power of two.
  if (storedType === 'int64') return BigInt64Array.from(values, (value) => clamped(value, 2n ** 63n - 1n));
  if (storedType === 'uint64') return BigUint64Array.from(values, (value) => clamped(value, 2n ** 64n - 1n));
  return values;
}

function clamped(value: number, most: bigint): bigint {
  const whole = BigInt(value);
  return whole > most ? most : whole;
}

function threeBytes(bytes: Uint8Array, i: number): number {
  return bytes[3 * i] | (bytes[3 * i + 1] << 8) | (bytes[3 * i + 2] << 16);
}

/** Samples of any width, most significant bit first; each row starts at a byte (TIFF 6.0, section 8). */
function unpack(type: SampleType, bytes: Uint8Array, samples: number, rows: number): TypedArray {
  const { bits } = type;
  const values: TypedArray = allocateArray(type.dtype, samples * rows);
  const rowBytes = bytesPerRow(type, samples);
  if (bits === 1) {
    for (let y = 0, i = 0; y < rows; y++) {
      for (let x = 0; x < samples; x++) values[i++] = (bytes[y * rowBytes + (x >> 3)] >> (7 - (x & 7))) & 1;
    }
    return values;
  }
  for (let y = 0, i = 0; y < rows; y++) {
    let at = y * rowBytes;
    let held = 0;
    let value = 0;
    for (let x = 0; x < samples; x++) {
      // Up to 39 bits, too many for bitwise operators.
      while (held < bits) {
        value = value * 256 + bytes[at++];
        held += 8;
      }
      const rest = 2 ** (held - bits);
      const sample = Math.floor(value / rest);
      values[i++] = sample;
      value -= sample * rest;
      held -= bits;
    }
  }
  return values;
}

/** 24-bit floats (1 sign, 7 exponent, 16 fraction bits; Adobe Photoshop TIFF Technical Note 3) to binary32; exact. */
function float24ToFloat(bytes: Uint8Array, length: number): Float32Array {
  const values = new Float32Array(length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < length; i++) {
    const triple = threeBytes(bytes, i);
    const sign = (triple & 0x800000) << 8;
    const exponent = (triple >> 16) & 127;
    const fraction = triple & 0xffff;
    if (exponent === 0) values[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -78;
    else words[i] = sign | ((exponent === 127 ? 255 : exponent + 64) << 23) | (fraction << 7);
  }
  return values;
}

/** Bytes of decoded samples. */
export function decodedBytes(type: SampleType, samples: number): number {
  return samples * type.components * bytesPerElement(type.dtype);
}
