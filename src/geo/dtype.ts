/** Typed arrays by NumPy's name of their element type. */
export interface TypedArrayByDtype {
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  uint32: Uint32Array;
  int32: Int32Array;
  float32: Float32Array;
  float64: Float64Array;
}

/** An element type, by NumPy's name. */
export type Dtype = keyof TypedArrayByDtype;
/** A typed array of any `Dtype`. */
export type TypedArray = TypedArrayByDtype[Dtype];

/** The dtype of an array class's name: `'float32'` of `'Float32Array'`. */
export type DtypeNamed<Name extends string> = Name extends `${infer D}Array` ? Lowercase<D> : never;

/** The element type of an array: `'float32'` of `Float32Array`. */
export type DtypeOf<A extends TypedArray> = Extract<
  A[typeof Symbol.toStringTag] extends infer Name extends string ? DtypeNamed<Name> : never,
  Dtype
>;

interface TypedArrayConstructor<D extends Dtype> {
  new (length: number): TypedArrayByDtype[D];
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArrayByDtype[D];
  readonly BYTES_PER_ELEMENT: number;
}

const CONSTRUCTORS: { readonly [D in Dtype]: TypedArrayConstructor<D> } = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** All element types. */
export const DTYPES = Object.keys(CONSTRUCTORS) as readonly Dtype[];

/** Whether a text names an element type. */
export function isDtype(value: string): value is Dtype {
  return Object.hasOwn(CONSTRUCTORS, value);
}

/** Bytes of one value. */
export function bytesPerElement(dtype: Dtype): number {
  return CONSTRUCTORS[dtype].BYTES_PER_ELEMENT;
}

/** A zero-filled array of the given type. */
export function allocateArray<D extends Dtype>(dtype: D, length: number): TypedArrayByDtype[D] {
  return new CONSTRUCTORS[dtype](length);
}

/** A view of a buffer as the given type; `byteOffset` must be a multiple of the element size. */
export function viewArray<D extends Dtype>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset = 0,
  length?: number,
): TypedArrayByDtype[D] {
  return new CONSTRUCTORS[dtype](buffer, byteOffset, length);
}

/** The element type of a typed array. */
export function dtypeOf<A extends TypedArray>(array: A): DtypeOf<A>;
export function dtypeOf(array: TypedArray): Dtype {
  // By name: an array may be of another realm, as Node's own are under Jest.
  return array[Symbol.toStringTag].slice(0, -'Array'.length).toLowerCase() as Dtype;
}

/** Whether a type is float32 or float64. */
export function isFloat(dtype: Dtype): dtype is 'float32' | 'float64' {
  return dtype === 'float32' || dtype === 'float64';
}

const MAX_FLOAT32 = 3.4028234663852886e38;

/** The range of an integer type, or of the finite values of a float type. */
export function rangeOf(dtype: Dtype): { min: number; max: number } {
  if (isFloat(dtype)) {
    const max = dtype === 'float32' ? MAX_FLOAT32 : Number.MAX_VALUE;
    return { min: -max, max };
  }
  const count = 2 ** (8 * bytesPerElement(dtype));
  return dtype.startsWith('u') ? { min: 0, max: count - 1 } : { min: -count / 2, max: count / 2 - 1 };
}

/** Whether a type can hold a value: integer types, integers in their range; float types, all that do not overflow. */
export function canHold(dtype: Dtype, value: number): boolean {
  if (dtype === 'float64' || !Number.isFinite(value)) return isFloat(dtype);
  if (dtype === 'float32') return Number.isFinite(Math.fround(value));
  const { min, max } = rangeOf(dtype);
  return Number.isInteger(value) && value >= min && value <= max;
}

/**
 * Whether a float64 value equals a nodata value, by GDAL's rule: nodata values are often written with too few digits, as
 * −3.40282346638529e38 for the lowest float32. Integers are compared exactly.
 */
export function equalsNodata(value: number, nodata: number | null): boolean {
  if (nodata === null || value === nodata) return nodata !== null;
  return Math.abs(value - nodata) < 2 ** -51 * Math.abs(value + nodata) && !Number.isSafeInteger(nodata);
}

/** The number of values in a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
