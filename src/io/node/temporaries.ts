/** Temporary files and folders: their names, and their removal, also after a crash of the process that made them. */
import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isError } from '../../errors.js';
import { isS3 } from '../s3/address.js';

/** Six digits for this host: processes of other hosts may write to the same folder. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);

/** Host, process, and a part that is unique. */
const NAME = /\.([0-9a-f]{6})-(\d+)\.[0-9a-f]{8}\.tmp$/;

/** Milliseconds after which a file of another host counts as left over. */
const FOREIGN_AGE = 24 * 3600 * 1000;

/** The temporary files of this process. */
const underWay = new Set<string>();

/** A name beside `path` that no other process uses; for an object of a store, in the folder of temporary files. */
export function temporaryPath(path: string): string {
  const place = isS3(path) ? join(tmpdir(), `terrachip-${basename(path)}`) : path;
  const temporary = `${place}.${HOST}-${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  underWay.add(temporary);
  return temporary;
}

/** Notes that a temporary file has got its final name. */
export function forgetTemporary(temporary: string): void {
  underWay.delete(temporary);
}

/** Removes a temporary file or folder, if it is still there. */
export async function removeTemporary(temporary: string): Promise<void> {
  await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  underWay.delete(temporary);
}

/** Removes all temporary files of this process synchronously: for a process that is about to end. */
export function removeAllTemporaries(): void {
  for (const path of underWay) rmSync(path, { recursive: true, force: true });
  underWay.clear();
}

/** Whether a process of this host is running. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it belongs to another user.
    return isError(error) && error.code === 'EPERM';
  }
}

/**
 * Removes temporary files and folders of processes that have ended. Those of other hosts are removed after a day.
 * @param deep whether to look into the folders below
 */
export async function sweepTemporaries(folder: string, { deep = false } = {}): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const [, host, pid] = NAME.exec(entry.name) ?? [];
    if (host === undefined) {
      if (deep && entry.isDirectory()) await sweepTemporaries(path, { deep });
    } else if (host === HOST ? !isRunning(Number(pid)) : await isOld(path)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function isOld(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info !== null && Date.now() - info.mtimeMs > FOREIGN_AGE;
}
