/** Unpacks zip archives to the disk, for readers that need files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tooLarge } from '../../errors.js';
import { checkKey } from '../key.js';
import type { ZipArchive } from '../zip.js';
import { writeError } from './output.js';

/** The most that is written, and the most files. */
const MAX_BYTES = 2 ** 30;
const MAX_FILES = 10_000;

/**
 * Writes the files of an archive that lie in one of its folders.
 * @param name of the archive, for messages
 * @param prefix the folder in the archive with its slash, or empty for all
 * @throws {TerrachipError} INVALID_INPUT for a name that leaves the folder; TOO_LARGE above 1 GiB or 10 000 files; DISK
 */
export async function unpackFolder(
  archive: ZipArchive,
  name: string,
  prefix: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const keys = [...archive.entries].filter(([key]) => key.startsWith(prefix));
  const size = keys.reduce((sum, [, entry]) => sum + entry.size, 0);
  const refuse = (what: string, actual: number, limit: number): void => {
    if (actual <= limit) return;
    const problem = `${name} holds ${actual} ${what}, more than the ${limit} that are unpacked`;
    throw tooLarge(problem, 'check that it is the right file, or unpack it yourself', {
      size: actual,
      limit,
    });
  };
  refuse('files', keys.length, MAX_FILES);
  refuse('bytes', size, MAX_BYTES);
  for (const [key, entry] of keys) {
    signal?.throwIfAborted();
    checkKey(name, key);
    const path = join(folder, key.slice(prefix.length));
    const bytes = await archive.read(key, 0, entry.size);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes, { flag: 'wx' });
    } catch (cause) {
      throw writeError(path, cause);
    }
  }
}
