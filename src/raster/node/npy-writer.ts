import { endianness } from 'node:os';
import { internalError, invalidInput } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { type Dtype, dtypeOf, type TypedArray } from '../../geo/index.js';
import { requireEnding, writeAtomically } from '../../io/node/output.js';
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
 * Writes a `.npy` file atomically: version 1.0, C order, the machine's byte order, for `numpy.load(mmap_mode='r')`.
 * @param parts all values in C order, at once or in pieces of any length, such as a scene's rows
 * @throws {TerrachipError} INVALID_INPUT for another format's ending, or another number of values than the shape's; DISK
 */
export async function writeNpy(
  path: string,
  options: NpyOptions,
  parts: TypedArray | Iterable<TypedArray> | AsyncIterable<TypedArray>,
): Promise<void> {
  requireEnding(path, 'NumPy');
  const { shape, dtype } = options;
  checkShape(path, shape);
  const expected = sizeOf(shape);
  await writeAtomically(path, async (file) => {
    await file.writeFile(npyHeader(options));
    let written = 0;
    for await (const part of ArrayBuffer.isView(parts) ? [parts] : parts) {
      if (dtypeOf(part) !== dtype) {
        throw internalError('writeNpy', `a part holds ${dtypeOf(part)}, the file ${dtype}`);
      }
      written += part.length;
      if (written > expected) break;
      await file.writeFile(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
    if (written !== expected) {
      throw invalidInput(
        path,
        `was given ${written > expected ? 'more' : written} values, where its shape (${shape.join(', ')}) has ${expected}`,
        'give the shape that the values have',
      );
    }
  });
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
