import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { internalError, invalidInput, type TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { type Dtype, dtypeOf, type TypedArray } from '../../geo/index.js';
import { moveTo, requireEnding, requireWritable, writeError, writeFully } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { checkShape, NUMERIC_TYPES } from '../arrays/index.js';
import { NPY_MAGIC } from '../npy/header.js';

/** Alignment of values in bytes, for memory mapping. */
const ALIGNMENT = 64;

/** Shape and type of an array that is written as `.npy`. */
export interface NpyOptions {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/**
 * Writes a `.npy` file whose values come in pieces at any place: version 1.0, C order, the machine's byte order, for
 * `numpy.load(mmap_mode='r')`. The values go straight to a temporary file, which gets its name by `finish`.
 */
export class NpyWriter {
  readonly path: string;
  readonly #options: NpyOptions;
  readonly #temporary: string;
  readonly #file: FileHandle;
  readonly #dataOffset: number;
  #written = 0;
  #closed = false;

  private constructor(
    path: string,
    options: NpyOptions,
    temporary: string,
    file: FileHandle,
    dataOffset: number,
  ) {
    this.path = path;
    this.#options = options;
    this.#temporary = temporary;
    this.#file = file;
    this.#dataOffset = dataOffset;
  }

  /** @throws {TerrachipError} INVALID_INPUT for another format's ending or an impossible shape; DISK */
  static async create(path: string, options: NpyOptions): Promise<NpyWriter> {
    requireEnding(path, 'NumPy');
    checkShape(path, options.shape);
    await requireWritable(path);
    const temporary = temporaryPath(path);
    const header = npyHeader(options);
    let file: FileHandle | undefined;
    try {
      file = await open(temporary, 'wx');
      await writeFully(file, header, 0);
      return new NpyWriter(path, options, temporary, file, header.byteLength);
    } catch (cause) {
      await file?.close().catch(() => undefined);
      await removeTemporary(temporary);
      throw writeError(path, cause);
    }
  }

  /**
   * Writes consecutive values. Each value must be written once.
   * @param start the place of the first value in C order, from 0
   * @throws {TerrachipError} INVALID_INPUT for values beyond the shape's; DISK
   */
  async write(start: number, values: TypedArray): Promise<void> {
    const { shape, dtype } = this.#options;
    if (dtypeOf(values) !== dtype) {
      throw internalError('NpyWriter', `a part holds ${dtypeOf(values)}, the file ${dtype}`);
    }
    if (start + values.length > sizeOf(shape)) throw this.#wrongCount('more');
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    try {
      await writeFully(this.#file, bytes, this.#dataOffset + start * values.BYTES_PER_ELEMENT);
    } catch (cause) {
      throw writeError(this.path, cause);
    }
    this.#written += values.length;
  }

  /** Gives the file its name. @throws {TerrachipError} INVALID_INPUT for fewer values than the shape's; DISK */
  async finish(): Promise<void> {
    if (this.#written !== sizeOf(this.#options.shape)) throw this.#wrongCount(this.#written);
    try {
      await this.#file.sync();
      await moveTo(this.#temporary, this.path);
    } catch (cause) {
      throw writeError(this.path, cause);
    } finally {
      await this.abort();
    }
  }

  /** Removes the temporary file. After `finish` it does nothing. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close().catch(() => undefined);
    await removeTemporary(this.#temporary);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  #wrongCount(count: number | 'more'): TerrachipError {
    const { shape } = this.#options;
    return invalidInput(
      this.path,
      `was given ${count} values, where its shape (${shape.join(', ')}) has ${sizeOf(shape)}`,
      'give the shape that the values have',
    );
  }
}

/**
 * Writes a `.npy` file atomically, as `NpyWriter`.
 * @param parts all values in C order, at once or in pieces of any length, such as a scene's rows
 * @throws {TerrachipError} INVALID_INPUT for another format's ending, or another number of values than the shape's; DISK
 */
export async function writeNpy(
  path: string,
  options: NpyOptions,
  parts: TypedArray | Iterable<TypedArray> | AsyncIterable<TypedArray>,
): Promise<void> {
  await using writer = await NpyWriter.create(path, options);
  let start = 0;
  for await (const part of ArrayBuffer.isView(parts) ? [parts] : parts) {
    await writer.write(start, part);
    start += part.length;
  }
  await writer.finish();
}

function npyHeader({ shape, dtype }: NpyOptions): Uint8Array {
  const { bytes } = NUMERIC_TYPES[dtype];
  const order = bytes === 1 ? '|' : endianness() === 'LE' ? '<' : '>';
  const kind = dtype.startsWith('float') ? 'f' : dtype.startsWith('uint') ? 'u' : 'i';
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${order}${kind}${bytes}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.from(`${`${NPY_MAGIC}\x01\0\0\0${text}`.padEnd(length - 1)}\n`, 'latin1');
  header.writeUInt16LE(length - 10, 8);
  return header;
}
