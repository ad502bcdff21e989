import { invalidInput, unsupported } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { Dtype } from '../../geo/index.js';
import { viewOf } from '../../io/bytes.js';
import type { ByteSource } from '../../io/index.js';
import { Resource } from '../../resource.js';
import {
  type AxisRange,
  bytesToValues,
  checkShape,
  extentOf,
  inCOrder,
  type NdArray,
  NUMERIC_TYPES,
  piecesOf,
  type ReadArrayOptions,
  readContiguous,
  resolveSelection,
  rowsOf,
  type Selection,
  type StoredArray,
  stridesOf,
  unreadableType,
} from '../arrays/index.js';
import { swapBytes } from '../swap-bytes.js';
import { NPY_PREFIX_BYTES, type NpyHeader, parseNpyHeader, parseNpyPrefix } from './header.js';

/** The most bytes of text, which is read whole. */
const MAX_TEXT_BYTES = 256 * 2 ** 20;

interface NpyType {
  /** NumPy's name: `float32`, `complex64`, `str`, `bytes`. */
  readonly name: string;
  /** A key of `NUMERIC_TYPES` for numbers; null for text. */
  readonly numeric: string | null;
  readonly bytes: number;
  /** Numbers per value: 2 for complex. */
  readonly parts: number;
  readonly littleEndian: boolean;
}

/**
 * An array in a `.npy` file. Only the bytes of a selection are read. Complex values have a last axis named `component`:
 * real and imaginary part.
 */
export class NpyArray extends Resource implements StoredArray {
  readonly name: string;
  readonly path = '';
  readonly shape: readonly number[];
  readonly storedType: string;
  readonly dtype: Dtype | null;
  readonly dimensions: readonly (string | null)[];
  readonly attributes = {};
  readonly chunkShape: readonly number[];
  readonly compression = 'none';
  readonly nodata = null;
  /** Whether the first axis changes fastest in the file. */
  readonly fortranOrder: boolean;
  readonly #source: ByteSource;
  readonly #type: NpyType;
  readonly #dataOffset: number;
  /** The shape in storage order, the slowest axis first. */
  readonly #storage: readonly number[];

  private constructor(source: ByteSource, header: NpyHeader, type: NpyType, dataOffset: number) {
    super();
    this.name = source.name;
    this.#source = source;
    this.#type = type;
    this.#dataOffset = dataOffset;
    this.fortranOrder = header.fortranOrder && header.shape.length > 1;
    const complex = type.parts > 1;
    this.shape = complex ? [...header.shape, type.parts] : header.shape;
    this.dimensions = this.shape.map((_, axis) =>
      complex && axis === header.shape.length ? 'component' : null,
    );
    this.#storage = this.#stored(this.shape);
    this.storedType = type.name;
    this.dtype = type.numeric === null ? null : NUMERIC_TYPES[type.numeric].dtype;
    this.chunkShape = rowsOf(this.shape);
  }

  /**
   * Reads the header. The array owns the source from then on.
   * @throws {TerrachipError} INVALID_INPUT for a damaged or truncated file, UNSUPPORTED for records and objects
   */
  static async open(source: ByteSource, signal?: AbortSignal): Promise<NpyArray> {
    const options = { signal };
    const prefix = await source.read(0, Math.min(NPY_PREFIX_BYTES, source.size), options);
    const { version, headerOffset, headerLength } = parseNpyPrefix(prefix, source.name);
    const header = parseNpyHeader(
      await source.read(headerOffset, headerLength, options),
      version,
      source.name,
    );
    const type = typeOf(header.descr, source.name);
    checkShape(source.name, header.shape);
    const dataOffset = headerOffset + headerLength;
    const needed = sizeOf(header.shape) * type.bytes * type.parts;
    if (dataOffset + needed > source.size) {
      throw invalidInput(
        source.name,
        `is truncated: its shape (${header.shape.join(', ')}) of ${type.name} needs ${needed} bytes after the header, it has ${source.size - dataOffset}`,
        'get the file again',
      );
    }
    return new NpyArray(source, header, type, dataOffset);
  }

  async read(selection?: Selection, options: ReadArrayOptions = {}): Promise<NdArray> {
    const { numeric } = this.#type;
    if (numeric === null || this.dtype === null) throw unreadableType(this);
    const ranges = resolveSelection(this, selection);
    const bytes = await readContiguous(
      this.#source,
      { offset: this.#dataOffset, shape: this.#storage, bytesPerValue: this.#type.bytes },
      this.#stored<AxisRange>(ranges),
      options.signal,
    );
    const stored = bytesToValues(this.name, numeric, bytes, this.#type.littleEndian);
    const shape = extentOf(ranges);
    return { data: inCOrder(stored, shape, this.#stored(stridesOf(this.#stored(shape)))), shape };
  }

  async readText(options: ReadArrayOptions = {}): Promise<string[]> {
    const { name, bytes: width } = this.#type;
    const size = sizeOf(this.shape) * width;
    if ((name !== 'str' && name !== 'bytes') || this.fortranOrder || size > MAX_TEXT_BYTES) {
      throw unreadableType(this, 'text');
    }
    const bytes = await this.#source.read(this.#dataOffset, size, options);
    const text = bytes.slice();
    if (name === 'str' && !this.#type.littleEndian) swapBytes(text, 4);
    return piecesOf(text, width).map((piece) => decodeText(name, piece));
  }

  async dispose(): Promise<void> {
    await this.#source.dispose();
  }

  /** Axes in storage order, or back. The components of complex numbers stay last. */
  #stored<T>(axes: readonly T[]): T[] {
    if (!this.fortranOrder) return [...axes];
    const rank = this.#type.parts > 1 ? axes.length - 1 : axes.length;
    return [...axes.slice(0, rank).reverse(), ...axes.slice(rank)];
  }
}

function decodeText(name: string, bytes: Uint8Array): string {
  if (name === 'bytes') return new TextDecoder('latin1').decode(bytes).replace(/\0+$/, '');
  const view = viewOf(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const point = view.getUint32(at, true);
    text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  }
  return text.replace(/\0+$/, '');
}

const KINDS: Readonly<Record<string, string>> = { b: 'bool', i: 'int', u: 'uint', f: 'float', c: 'complex' };

function typeOf(descr: string, name: string): NpyType {
  const [, order, kind, digits] = /^([<>|=])?([a-zA-Z?])(\d{0,9})$/.exec(descr) ?? [];
  const littleEndian = order !== '>';
  const size = Number(digits ?? 0);
  if (kind === 'U' && size > 0)
    return { name: 'str', numeric: null, bytes: 4 * size, parts: 1, littleEndian };
  if (kind === 'S' && size > 0) return { name: 'bytes', numeric: null, bytes: size, parts: 1, littleEndian };
  const type = kind === 'b' ? 'bool' : `${KINDS[kind ?? ''] ?? ''}${8 * size}`;
  if (type === 'complex64' || type === 'complex128') {
    return { name: type, numeric: `float${4 * size}`, bytes: size / 2, parts: 2, littleEndian };
  }
  if (Object.hasOwn(NUMERIC_TYPES, type) && (kind !== 'b' || size === 1)) {
    return { name: type, numeric: type, bytes: NUMERIC_TYPES[type].bytes, parts: 1, littleEndian };
  }
  const isPickle = kind === 'O';
  throw unsupported(
    isPickle ? 'pickled .npy arrays' : `.npy type ${descr}`,
    isPickle
      ? `${name} holds Python objects, which are programs to run`
      : `${name} holds values of type ${JSON.stringify(descr)}, which terrachip does not read`,
    'save it as an array of numbers',
  );
}
