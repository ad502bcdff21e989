import { dirname, join } from 'node:path';
import { invalidOption, tooLarge } from '../../errors.js';
import { type OpenOptions, openSource } from '../../io/node/index.js';
import { isAddress } from '../../io/schemes.js';
import { orDispose } from '../../resource.js';
import {
  type Checkpoint,
  type CheckpointOptions,
  JoinedCheckpoint,
  openCheckpoint,
  readIndex,
} from '../checkpoint/index.js';

/** Options of `openCheckpointFile`. */
export interface CheckpointFileOptions extends OpenOptions, Pick<CheckpointOptions, 'weights'> {}

/** The ending of an index of several safetensors files. */
const INDEX = /\.index\.json$/i;
const MAX_INDEX_BYTES = 2 ** 24;

/**
 * Opens a checkpoint by its path or `http(s):` URL: a file, or the index of several safetensors files
 * (`model.safetensors.index.json`). Dispose it when done.
 * @throws {TerrachipError} as `openCheckpoint`, and NOT_FOUND
 */
export async function openCheckpointFile(
  path: string,
  options: CheckpointFileOptions = {},
): Promise<Checkpoint> {
  if (INDEX.test(path)) return openIndex(path, options);
  const source = await openSource(path, options);
  return orDispose(source, () => openCheckpoint(source, options));
}

async function openIndex(path: string, options: CheckpointFileOptions): Promise<Checkpoint> {
  if (options.weights === 'ema') {
    throw invalidOption('weights', 'cannot be ema for a checkpoint in several files', 'leave it out');
  }
  const index = await indexOf(path, options);
  const parts = new Map<string, Checkpoint>();
  try {
    for (const file of new Set(index.values())) {
      parts.set(file, await openCheckpointFile(besides(path, file), options));
    }
    return new JoinedCheckpoint(path, index, parts);
  } catch (error) {
    for (const part of parts.values()) await part.dispose();
    throw error;
  }
}

async function indexOf(path: string, options: OpenOptions): Promise<ReadonlyMap<string, string>> {
  await using source = await openSource(path, options);
  const { size } = source;
  if (size > MAX_INDEX_BYTES) {
    const problem = `${path} has ${size} bytes, more than the limit of ${MAX_INDEX_BYTES}`;
    throw tooLarge(problem, 'check the file', { size, limit: MAX_INDEX_BYTES });
  }
  return readIndex(new TextDecoder().decode(await source.read(0, size, options)), path);
}

/** The files of a checkpoint: itself, or an index and the files that it names. */
export async function checkpointFiles(path: string, options: OpenOptions = {}): Promise<string[]> {
  if (!INDEX.test(path)) return [path];
  const files = new Set((await indexOf(path, options)).values());
  return [path, ...[...files].sort().map((file) => besides(path, file))];
}

function besides(path: string, file: string): string {
  return isAddress(path) ? new URL(encodeURIComponent(file), path).href : join(dirname(path), file);
}
