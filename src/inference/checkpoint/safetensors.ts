/** safetensors files: the length of a JSON header, the header, the tensors' bytes (little-endian, C order). */
import * as v from 'valibot';
import { invalidInput, TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { ByteSource } from '../../io/index.js';
import { dictionary, parseJson, validate } from '../../json.js';
import { CHECKPOINT_DTYPES, dtypesBy } from './checkpoint.js';
import { type CheckpointOptions, chooseWeights } from './choice.js';
import { checkStrided, contiguousStrides, StridedCheckpoint, type StridedTensor } from './strided.js';

/** The format allows 100 MB; a thousand tensors take 100 KiB. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;

const DTYPES = dtypesBy('safetensors');

const Count = v.pipe(v.number(), v.safeInteger('must be an integer'), v.minValue(0, 'must not be negative'));

const HeaderSchema = dictionary(
  v.string(),
  v.object({ dtype: v.string(), shape: v.array(Count), data_offsets: v.tuple([Count, Count]) }),
);

/** The header follows its length, a 64-bit integer. */
export const LENGTH_BYTES = 8;

/** The header's length, from the file's first bytes. */
export function headerLength(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES);
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
}

/**
 * Opens a safetensors file.
 * @param headerBytes see `headerLength`
 * @throws {TerrachipError} INVALID_INPUT, UNSUPPORTED for a type, or TOO_LARGE
 */
export async function openSafetensors(
  source: ByteSource,
  headerBytes: number,
  { signal, weights }: CheckpointOptions,
): Promise<StridedCheckpoint> {
  const { name } = source;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${name} has a header of ${headerBytes} bytes, more than the limit of ${MAX_HEADER_BYTES}`,
      'check the file',
      { size: headerBytes, limit: MAX_HEADER_BYTES },
    );
  }
  const head = await source.read(LENGTH_BYTES, headerBytes, { signal });
  const document = parseJson(new TextDecoder().decode(head), name);
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const entries = isObject ? Object.entries(document).filter(([key]) => key !== '__metadata__') : [];
  const header = validate(HeaderSchema, isObject ? Object.fromEntries(entries) : document, name);
  const data = LENGTH_BYTES + headerBytes;
  const tensors = new Map<string, StridedTensor>();
  let end = 0;
  const ordered = Object.entries(header).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [key, { dtype: code, shape, data_offsets }] of ordered) {
    const [from, to] = data_offsets;
    const dtype = DTYPES.get(code);
    if (dtype === undefined) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${name} holds ${key} as ${JSON.stringify(code)}`,
        `store it as ${[...DTYPES.keys()].join(', ')}`,
        { feature: code },
      );
    }
    const { bytes } = CHECKPOINT_DTYPES[dtype];
    if (from !== end || to - from !== sizeOf(shape) * bytes) {
      throw invalidInput(name, `is damaged: ${key} has invalid data_offsets`, 'get it again');
    }
    end = to;
    const storage = {
      dtype,
      length: (to - from) / bytes,
      read: (offset: number, length: number, readSignal?: AbortSignal) =>
        source.read(data + from + offset, length, { signal: readSignal }),
    };
    const tensor = { storage, shape, strides: contiguousStrides(shape), offset: 0 };
    checkStrided(name, tensor);
    tensors.set(key, tensor);
  }
  if (data + end !== source.size) {
    throw invalidInput(name, `is damaged: it has ${source.size} bytes, not ${data + end}`, 'get it again');
  }
  if (tensors.size === 0) throw invalidInput(name, 'holds no tensors', 'give a file with weights');
  return new StridedCheckpoint(source, 'safetensors', chooseWeights(name, tensors, weights));
}
