import { invalidInput } from '../../errors.js';
import type { ByteSource } from '../../io/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { CheckpointOptions } from './choice.js';
import { headerLength, LENGTH_BYTES, openSafetensors } from './safetensors.js';
import { openTorch } from './torch.js';

const ZIP = [0x50, 0x4b, 0x03, 0x04];

/** First bytes of `torch.save` files before PyTorch 1.6: a pickled magic number. */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46];

const BRACE = 0x7b;

/**
 * Opens a checkpoint: a `torch.save` file (PyTorch 1.6 and later) or a safetensors file, detected by its first bytes.
 * Reads names and shapes only; every declared size is checked against the file's. Disposing of the checkpoint closes
 * the source. If this throws, the caller still owns the source.
 * @throws {TerrachipError} INVALID_INPUT for a damaged file, or a pickle with other objects than tensors and plain
 * containers; UNSUPPORTED for a tensor type; TOO_LARGE for a pickle or header above its limit; INVALID_OPTION for
 * `weights`; NETWORK
 */
export async function openCheckpoint(
  source: ByteSource,
  options: CheckpointOptions = {},
): Promise<Checkpoint> {
  const { name, size } = source;
  const head = await source.read(0, Math.min(size, LENGTH_BYTES + 1), options);
  const startsWith = (bytes: readonly number[]): boolean => bytes.every((byte, k) => head[k] === byte);
  if (startsWith(ZIP)) return openTorch(source, options);
  if (startsWith(LEGACY)) {
    const problem = 'is in the format of PyTorch before 1.6';
    throw invalidInput(name, problem, 'load it with PyTorch and save it again with torch.save');
  }
  const length = head.length > LENGTH_BYTES && head[LENGTH_BYTES] === BRACE ? headerLength(head) : size;
  if (LENGTH_BYTES + length > size) {
    const problem = 'is neither a torch.save nor a safetensors file, or is truncated';
    throw invalidInput(name, problem, 'give a checkpoint (.pt, .pth, .ckpt or .safetensors)');
  }
  return openSafetensors(source, length, options);
}
