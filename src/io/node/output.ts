import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { publicUrl } from '../http-request.js';
import { isAddress } from '../schemes.js';

/**
 * Writing that leaves either the whole file or none: into a temporary file beside the target, flushed, then
 * renamed. A crash leaves only `*.tmp` files behind.
 */

/** A name beside `path` that no other process uses. */
export function temporaryPath(path: string): string {
  return `${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
}

/** Turns a failed write into an error that names the path; a full or failing disk is worth a retry. */
export function writeError(path: string, cause: unknown): TerrachipError {
  if (isAddress(path) && !path.startsWith('file:')) {
    return invalidInput(publicUrl(path), 'is an address, where only files can be written', 'give a path');
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const passing = ['ENOSPC', 'EDQUOT', 'EIO', 'EAGAIN', 'EBUSY', 'ESTALE'].includes(code);
  return new TerrachipError(
    'DISK',
    `${path} cannot be written (${messageOf(cause)})`,
    passing ? 'free some space and run again' : 'check the folder and its permissions',
    { path },
    passing ? { cause } : { cause, exitStatus: 2 },
  );
}

/** Writes a file through `write`, atomically. @returns what `write` returned */
export async function writeAtomically<Result>(
  path: string,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryPath(path);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    const result = await write(file);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    return result;
  } catch (cause) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cause instanceof TerrachipError ? cause : writeError(path, cause);
  }
}

/** Writes text or bytes, atomically. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await writeAtomically(path, async (file) => {
    await file.writeFile(content);
  });
}

/** Writes a JSON document with a final newline, atomically. NaN and Infinity, which JSON lacks, become null. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Makes a folder and its parents, or says why not. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Checks before any work that a file can be written: its folder exists and allows it. */
export async function requireWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
    const existing = await stat(path).catch(() => null);
    if (existing?.isDirectory()) throw new Error('it is a folder');
  } catch (cause) {
    throw writeError(path, cause);
  }
}
