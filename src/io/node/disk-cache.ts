/** A cache of bytes in a folder, which several processes may share. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireWhole } from '../../errors.js';
import type { ByteCache } from '../cache.js';
import { makeFolder } from './output.js';
import { forgetTemporary, removeTemporary, temporaryPath } from './temporaries.js';

/** The size of the cache. */
export interface DiskCacheOptions {
  /** Bytes in all (default 4 GiB). The least recently used files are removed first. */
  maxBytes?: number;
}

const DIGEST_BYTES = 32;

/** Milliseconds after which a use is recorded again. */
const NOTED = 60_000;

/** After a removal, this share of the bound is left. */
const LEFT = 0.9;

/**
 * Keeps bytes in files that are named by the SHA-256 of their keys, with the SHA-256 of their content: keys are not stored,
 * and a damaged file counts as absent. Files get their names when they are whole. A full or failing disk stops
 * caching, not reading.
 */
export class DiskCache implements ByteCache {
  readonly folder: string;
  readonly #maxBytes: number;
  /** Bytes written since the size of all was last looked at. */
  #written: number;
  #failed = false;
  #sweep: Promise<void> | null = null;

  private constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.#maxBytes = maxBytes;
    this.#written = maxBytes;
  }

  /** @throws {TerrachipError} DISK for a folder that cannot be made; INVALID_OPTION for a bound below one */
  static async open(folder: string, options: DiskCacheOptions = {}): Promise<DiskCache> {
    const { maxBytes = 4 * 2 ** 30 } = options;
    requireWhole('maxBytes', maxBytes, 1);
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    await makeFolder(folder);
    return new DiskCache(folder, maxBytes);
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const path = this.#pathOf(key);
    try {
      const file = await readFile(path);
      const content = new Uint8Array(file.subarray(DIGEST_BYTES));
      if (!digest(content).equals(file.subarray(0, DIGEST_BYTES))) {
        await rm(path, { force: true });
        return null;
      }
      await noteUse(path);
      return content;
    } catch {
      return null;
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.#failed || bytes.byteLength > this.#maxBytes / 4) return;
    const path = this.#pathOf(key);
    const temporary = temporaryPath(path);
    try {
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await writeFile(temporary, Buffer.concat([digest(bytes), bytes]), { flag: 'wx', mode: 0o600 });
      await rename(temporary, path);
      forgetTemporary(temporary);
    } catch {
      await removeTemporary(temporary);
      this.#failed = true;
      return;
    }
    this.#written += bytes.byteLength;
    if (this.#written > this.#maxBytes / 20) await this.#bound();
  }

  #pathOf(key: string): string {
    const name = digest(new TextEncoder().encode(key)).toString('hex');
    return join(this.folder, name.slice(0, 2), name.slice(2));
  }

  /** Removes the least recently used files, once for concurrent calls. */
  #bound(): Promise<void> {
    this.#sweep ??= this.#remove().finally(() => {
      this.#sweep = null;
    });
    return this.#sweep;
  }

  async #remove(): Promise<void> {
    this.#written = 0;
    const files: { path: string; size: number; used: number }[] = [];
    const names = await readdir(this.folder, { recursive: true }).catch(() => []);
    for (const name of names) {
      // Nothing else in the folder is touched.
      if (!/^[0-9a-f]{2}[\\/][0-9a-f]{62}$/.test(name)) continue;
      const path = join(this.folder, name);
      const found = await stat(path).catch(() => null);
      if (found !== null) files.push({ path, size: found.size, used: found.mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.#maxBytes) return;
    for (const { path, size } of files.sort((a, b) => a.used - b.used)) {
      if (total <= LEFT * this.#maxBytes) return;
      await rm(path, { force: true }).catch(() => undefined);
      total -= size;
    }
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The time of the last change of a file stands for its last use. */
async function noteUse(path: string): Promise<void> {
  const now = Date.now();
  const { mtimeMs } = await stat(path);
  if (now - mtimeMs > NOTED) await utimes(path, new Date(now), new Date(now));
}
