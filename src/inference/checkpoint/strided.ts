/** Strided tensors in a file, read piece by piece. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { withTaskSignal } from '../../io/abort.js';
import type { ByteSource } from '../../io/index.js';
import { halvesToFloat32 } from '../../raster/arrays/half.js';
import { Resource } from '../../resource.js';
import {
  CHECKPOINT_DTYPES,
  type Checkpoint,
  type CheckpointDType,
  type CheckpointTensor,
} from './checkpoint.js';
import type { ChosenTensors } from './choice.js';

/** PyTorch's own limit. */
const MAX_AXES = 64;

/** Bytes per read. A read of a tensor needs this much memory besides its values. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Contiguous elements of one type in a file. */
export interface Storage {
  readonly dtype: CheckpointDType;
  /** Elements. */
  readonly length: number;
  /** Reads `length` bytes at byte `offset`. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** A view of a storage; `offset` and `strides` count elements. */
export interface StridedTensor {
  readonly storage: Storage;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** An axis: its length, and its strides in the storage and in the C-ordered result. */
interface Axis {
  readonly length: number;
  readonly stored: number;
  readonly result: number;
}

/** Strides of C order. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis]);
  }
  return strides;
}

/**
 * Checks that a tensor fits its storage.
 * @throws {TerrachipError} INVALID_INPUT
 */
export function checkStrided(name: string, tensor: StridedTensor): void {
  const { shape, strides, offset, storage } = tensor;
  const whole = [...shape, ...strides, offset].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!whole || shape.length !== strides.length || shape.length > MAX_AXES) {
    throw invalidInput(name, 'has a tensor with an impossible shape', 'get the file again');
  }
  const elements = sizeOf(shape);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], offset);
  if (elements > storage.length || (elements > 0 && last >= storage.length)) {
    throw invalidInput(
      name,
      `has a tensor of ${shape.join(' × ')} elements that does not fit its storage of ${storage.length}`,
      'get the file again, or save the tensor with .contiguous()',
    );
  }
}

/** A checkpoint of strided tensors. All must have passed `checkStrided`. */
export class StridedCheckpoint extends Resource implements Checkpoint {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly leavesEma: boolean;
  private readonly strided: ReadonlyMap<string, StridedTensor>;

  constructor(
    private readonly source: ByteSource,
    readonly format: Checkpoint['format'],
    { tensors, leavesEma }: ChosenTensors,
  ) {
    super();
    this.name = source.name;
    this.strided = tensors;
    this.leavesEma = leavesEma;
    this.tensors = new Map(
      [...tensors].map(([name, { shape, storage }]) => [name, { name, dtype: storage.dtype, shape }]),
    );
  }

  async readFloat32(name: string, signal?: AbortSignal): Promise<Float32Array> {
    const tensor = this.strided.get(name);
    if (tensor === undefined) {
      throw new TerrachipError('NOT_FOUND', `${this.name} has no tensor ${name}`, 'check its names', {
        source: this.name,
      });
    }
    return withTaskSignal(signal, (task) => readStrided(`${this.name}: ${name}`, tensor, task));
  }

  dispose(): Promise<void> {
    return this.source.dispose();
  }
}

/** @param name file and tensor, for messages */
async function readStrided(name: string, tensor: StridedTensor, signal: AbortSignal): Promise<Float32Array> {
  const { dtype } = tensor.storage;
  const convert = CONVERTERS[dtype];
  if (convert === undefined) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} is of type ${dtype}`,
      'only floats are read as float32',
      {
        feature: dtype,
      },
    );
  }
  const result = new Float32Array(sizeOf(tensor.shape));
  if (result.length === 0) return result;
  const axes = walkOf(tensor);
  const last = axes.reduce((sum, { length, stored }) => sum + (length - 1) * stored, tensor.offset);
  if (axes.some(({ stored }, k) => stored < extentOf(axes.slice(k + 1)))) {
    throw new TerrachipError('UNSUPPORTED', `${name} overlaps itself`, 'save it with .contiguous()', {
      feature: 'tensors with overlapping strides',
    });
  }
  const bytes = CHECKPOINT_DTYPES[dtype].bytes;
  let piece = new Float32Array(0);
  let pieceStart = 0;
  /** Reads the piece that begins at element `start`. */
  const load = async (start: number): Promise<void> => {
    signal.throwIfAborted();
    const count = Math.min(PIECE_BYTES / bytes, last + 1 - start);
    piece = convert(await tensor.storage.read(start * bytes, count * bytes, signal));
    pieceStart = start;
  };
  const inner = axes[axes.length - 1];
  const outer = axes.slice(0, -1);
  const counter = outer.map(() => 0);
  for (;;) {
    let stored = counter.reduce((sum, count, k) => sum + count * outer[k].stored, tensor.offset);
    let at = counter.reduce((sum, count, k) => sum + count * outer[k].result, 0);
    for (let left = inner.length; left > 0; ) {
      if (stored >= pieceStart + piece.length) await load(stored);
      const inPiece = Math.min(left, Math.ceil((pieceStart + piece.length - stored) / inner.stored));
      for (let k = 0, from = stored - pieceStart; k < inPiece; k++, from += inner.stored, at += inner.result)
        result[at] = piece[from];
      stored += inPiece * inner.stored;
      left -= inPiece;
    }
    let axis = outer.length - 1;
    for (; axis >= 0 && ++counter[axis] === outer[axis].length; axis--) counter[axis] = 0;
    if (axis < 0) return result;
  }
}

/** The axes of a tensor by descending stride, with contiguous axes merged; at least one. */
function walkOf({ shape, strides }: StridedTensor): Axis[] {
  const results = contiguousStrides(shape);
  const axes = shape
    .map((length, axis) => ({ length, stored: strides[axis], result: results[axis] }))
    .filter(({ length }) => length > 1)
    .sort((a, b) => b.stored - a.stored);
  const joined: Axis[] = [];
  for (const axis of axes) {
    const before = joined.at(-1);
    if (before?.stored === axis.stored * axis.length && before.result === axis.result * axis.length)
      joined[joined.length - 1] = { ...axis, length: before.length * axis.length };
    else joined.push(axis);
  }
  return joined.length === 0 ? [{ length: 1, stored: 1, result: 1 }] : joined;
}

/** Elements of the storage that axes span. */
function extentOf(axes: readonly Axis[]): number {
  return axes.reduce((sum, { length, stored }) => sum + (length - 1) * stored, 1);
}

/** Little-endian bytes as float32. */
const CONVERTERS: Readonly<
  Partial<Record<CheckpointDType, (bytes: Uint8Array<ArrayBuffer>) => Float32Array<ArrayBuffer>>>
> = {
  float32: (bytes) => new Float32Array(aligned(bytes)),
  float16: (bytes) => new Float32Array(halvesToFloat32(new Uint16Array(aligned(bytes)))),
  bfloat16: (bytes) => bfloat16ToFloat32(new Uint16Array(aligned(bytes))),
  float64: (bytes) => Float32Array.from(new Float64Array(aligned(bytes))),
};

/** A buffer with these bytes only. */
function aligned(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

/** bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}
