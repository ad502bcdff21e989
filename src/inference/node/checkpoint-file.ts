import { type OpenOptions, openSource } from '../../io/node/index.js';
import { type Checkpoint, openCheckpoint } from '../checkpoint/index.js';

/**
 * Opens a checkpoint by its path or `http(s):` URL. Dispose it when done.
 * @throws {TerrachipError} as `openCheckpoint`, and NOT_FOUND
 */
export async function openCheckpointFile(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const source = await openSource(path, options);
  try {
    return await openCheckpoint(source, { signal: options.signal });
  } catch (error) {
    await source.dispose();
    throw error;
  }
}
