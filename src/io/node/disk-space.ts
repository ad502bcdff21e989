import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TerrachipError } from '../../errors.js';
import { isAddress } from '../schemes.js';
import { localPath } from './file.js';

/** The disk space that a job needs in a folder, about. */
export interface DiskPlan {
  /** The folder, or the nearest folder above it that exists. */
  readonly folder: string;
  /** Bytes that are written. */
  readonly bytes: number;
  /** Bytes that the disk has free for this user; null if unknown, such as on an object store. */
  readonly freeBytes: number | null;
}

/** The free bytes of the disk that a folder will be on. @param path a folder or file, which need not exist */
export async function planDisk(path: string, bytes: number): Promise<DiskPlan> {
  if (isAddress(path) && !/^file:/i.test(path)) return { folder: path, bytes, freeBytes: null };
  let folder = resolve(localPath(path));
  while ((await stat(folder).catch(() => null))?.isDirectory() !== true && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  const found = await statfs(folder).catch(() => null);
  // Some network file systems report 0 blocks.
  const isKnown = found !== null && found.blocks > 0;
  return { folder, bytes, freeBytes: isKnown ? found.bavail * found.bsize : null };
}

/**
 * Checks before any work that what is written fits on its disk.
 * @throws {TerrachipError} DISK, which is worth a retry
 */
export async function requireSpace(path: string, bytes: number): Promise<DiskPlan> {
  const plan = await planDisk(path, bytes);
  const { folder, freeBytes } = plan;
  if (freeBytes === null || freeBytes >= bytes) return plan;
  throw new TerrachipError(
    'DISK',
    `the disk of ${folder} has ${freeBytes} bytes free, and about ${bytes} are needed`,
    'free some space, or choose another disk',
    { path: folder },
  );
}
