import { fileURLToPath } from 'node:url';
import type { ByteSource } from '../byte-source.js';
import { withCoalescing } from '../middleware/coalesce.js';
import { isUrl, type OpenOptions, openUrl } from '../open-url.js';
import { FileSource } from './file.js';

/** A path without `file:`. */
export function localPath(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}

/** Opens a path, a `file:` URL or an `http(s):` URL, with the middlewares that each kind wants. */
export async function openSource(path: string, options: OpenOptions = {}): Promise<ByteSource> {
  if (isUrl(path)) return openUrl(path, options);
  return withCoalescing(await FileSource.open(localPath(path)));
}
