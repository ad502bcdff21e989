import { type OpenOptions, openSource } from '../../io/node/index.js';
import { orClose } from '../../resource.js';
import { type Checkpoint, openCheckpoint } from '../checkpoint/index.js';

/**
 * Opens a checkpoint by its path or `http(s):` URL. Close it when done.
 * @throws {TerrachipError} as `openCheckpoint`, and NOT_FOUND
 */
export async function openCheckpointFile(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const source = await openSource(path, options);
  return orClose(source, () => openCheckpoint(source, { signal: options.signal }));
}
