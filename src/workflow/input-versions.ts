/**
 * Versions of input files, so that a run notices files that change. An identity is a part of a plan's fingerprint: it is
 * the same on every computer that sees the file. Within a process, the inode is compared too.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { RasterPool } from '../catalog/node/index.js';
import { invalidInput, isTerrachipError } from '../errors.js';
import { versionOf } from '../io/http.js';
import { publicUrl } from '../io/http-errors.js';
import { retrying } from '../io/middleware/retry.js';
import { rasterSidecars } from '../io/node/beside.js';
import { cannotOpen, localPath } from '../io/node/file.js';
import { isUrl, type OpenOptions } from '../io/open-url.js';
import { mapConcurrently, Semaphore } from '../io/semaphore.js';
import { storedAddress } from '../io/signature.js';

/** Files that are checked concurrently. */
const CONCURRENCY = 8;

/** How often a refused request is sent again. */
const REPEATS = 3;

/** The most files of a folder, such as a Zarr store, that are checked. */
const MAX_FILES = 100_000;

/** One version of an input. */
interface Version {
  /** The same for all processes that see this version. */
  readonly identity: string;
  /** For comparison within a process. */
  readonly exact: string;
}

/** The versions of inputs at their first use. */
export class InputVersions {
  readonly #taken = new Map<string, Promise<Version>>();
  readonly #again = new Semaphore(1);

  /** @param request how files on servers are read */
  constructor(private readonly request: Pick<OpenOptions, 'access' | 'retry' | 'timeout'> = {}) {}

  /**
   * The identity of an input before it is opened. For a file: name, size and modification time, also of its sidecars; for a
   * folder, those of its files. For a URL: the address without credentials and signature, the entity tag (else the
   * modification time) and the size, if the server sends them.
   * @param location a path or URL, optionally with `#` and the name of a part
   * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT for a file that cannot be read; NETWORK
   */
  async identityOf(location: string, signal?: AbortSignal): Promise<string> {
    const known = this.#taken.get(location) ?? this.#read(location, signal);
    this.#taken.set(location, known);
    return (await known).identity;
  }

  /** Takes the identities of many inputs at a time. `identityOf` reports errors. */
  async prepare(locations: readonly string[], signal?: AbortSignal): Promise<void> {
    const distinct = [...new Set(locations)];
    const take = (location: string) => this.identityOf(location, signal).catch(() => undefined);
    await mapConcurrently(distinct, CONCURRENCY, take, signal);
  }

  /**
   * @param locations some of the inputs (default: all)
   * @throws {TerrachipError} INVALID_INPUT for an input that has changed since its identity was taken
   */
  async requireUnchanged(signal?: AbortSignal, locations?: Iterable<string>): Promise<void> {
    const compare = async (location: string): Promise<void> => {
      const before = await this.#taken.get(location);
      // A server that did not send a version is not asked again.
      if (before === undefined || (isUrl(location) && before.identity === storedAddress(location))) return;
      const now = await this.#read(location, signal, before);
      if (now.exact === before.exact) return;
      throw invalidInput(nameOf(location), 'changed while it was being read', 'run again');
    };
    await mapConcurrently([...(locations ?? this.#taken.keys())], CONCURRENCY, compare, signal);
  }

  /** Repeats a refused request, one at a time: a signature may expire while others are renewed. */
  async #despiteRefusals(ask: () => Promise<string>, signal?: AbortSignal): Promise<string> {
    try {
      return await ask();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    return this.#again.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await ask();
        } catch (error) {
          if (!isRefusal(error) || attempt === REPEATS) throw error;
        }
      }
    }, signal);
  }

  async #read(location: string, signal?: AbortSignal, before?: Version): Promise<Version> {
    if (!isUrl(location)) return versionOfFile(location);
    const address = storedAddress(location);
    const expected = before?.identity.slice(address.length + 1);
    const ask = (): Promise<string> =>
      retrying(() => versionOf(location, { ...this.request, signal }, expected), this.request.retry, signal);
    try {
      const version = await this.#despiteRefusals(ask, signal);
      const identity = `${address} ${version}`;
      return { identity, exact: identity };
    } catch (error) {
      // Stores of many files have no address of their own, and some servers refuse such a request. If needed, reading fails.
      if (!isTerrachipError(error, 'NOT_FOUND') && (before !== undefined || !isRefusal(error))) throw error;
      return { identity: address, exact: address };
    }
  }
}

/** Opens files from a pool, and checks the versions of those that were opened since the last check. */
export class UsedFiles {
  readonly #used = new Set<string>();

  constructor(
    private readonly pool: RasterPool,
    private readonly versions: InputVersions,
  ) {}

  /** For the option `open` of loaders. */
  readonly open: RasterPool['open'] = (href, options) => {
    this.#used.add(href);
    return this.pool.open(href, options);
  };

  /** @throws {TerrachipError} as `InputVersions.requireUnchanged` */
  async requireUnchanged(signal?: AbortSignal): Promise<void> {
    const used = [...this.#used];
    await this.versions.requireUnchanged(signal, used);
    for (const href of used) this.#used.delete(href);
  }
}

/** Whether a server forbids a request, now and later. */
function isRefusal(error: unknown): boolean {
  return isTerrachipError(error, 'NETWORK') && error.exitStatus === 2;
}

/**
 * Checks that inputs are still of the versions that a plan names.
 * @param identities by location: as `InputVersions` gave them
 * @returns the inputs that this process cannot reach, and why
 * @throws {TerrachipError} INVALID_INPUT for an input of another version
 */
export async function requireVersions(
  identities: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<string[]> {
  const versions = new InputVersions();
  const compare = async ([location, identity]: [string, string]): Promise<string | null> => {
    const now = await versions.identityOf(location, signal).catch((error: unknown) => {
      if (isTerrachipError(error, 'NOT_FOUND', 'NETWORK', 'INVALID_INPUT')) return error;
      throw error;
    });
    if (typeof now !== 'string') return now.message;
    if (now === identity) return null;
    if (now === storedAddress(location)) return `${nameOf(location)} does not tell its version`;
    throw invalidInput(
      nameOf(location),
      'has changed since the run was planned',
      'restore it, or run infer again',
    );
  };
  const found = await mapConcurrently([...identities], CONCURRENCY, compare, signal);
  return found.filter((each) => each !== null);
}

function nameOf(location: string): string {
  return isUrl(location) ? publicUrl(location) : location;
}

async function versionOfFile(location: string): Promise<Version> {
  const [path, part] = await splitPart(localPath(location));
  const own = await stat(path, { bigint: true }).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (own.isDirectory()) {
    const [identity, exact] = await hashesOfFolder(path);
    return { identity: `${basename(path)}${part}:${identity}`, exact };
  }
  const sidecars = await rasterSidecars(path);
  const found = await Promise.all(
    sidecars.map(async (each) => [each, await stat(each, { bigint: true })] as const),
  );
  const identity = [`${basename(path)}${part}:${weak(own)}`];
  const exact = [strong(own)];
  for (const [sidecar, info] of found) {
    identity.push(`${basename(sidecar)}:${weak(info)}`);
    // Viewers write statistics into `.aux.xml`, which was read when the raster was opened.
    if (!/\.aux\.xml$/i.test(sidecar)) exact.push(`${basename(sidecar)}:${strong(info)}`);
  }
  return { identity: identity.join(), exact: exact.join() };
}

/** Hashes of the files in a folder and below: of their names, sizes and times, and with their inodes. */
async function hashesOfFolder(folder: string): Promise<[identity: string, exact: string]> {
  const files: string[] = [];
  for await (const entry of await opendir(folder, { recursive: true, bufferSize: 256 })) {
    if (!entry.isDirectory()) files.push(join(entry.parentPath, entry.name));
    if (files.length === MAX_FILES) break;
  }
  const hashes = [createHash('sha256'), createHash('sha256')] as const;
  const infos = await mapConcurrently(files.sort(), CONCURRENCY, (file) => stat(file, { bigint: true }));
  for (const [k, info] of infos.entries()) {
    const name = relative(folder, files[k]);
    hashes[0].update(`${name}\0${weak(info)}\n`);
    hashes[1].update(`${name}\0${strong(info)}\n`);
  }
  return [hashes[0].digest('hex').slice(0, 16), hashes[1].digest('hex')];
}

function weak({ size, mtimeMs }: BigIntStats): string {
  return `${size}:${mtimeMs}`;
}

function strong({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`;
}

/** Splits `path#part`. A `#` may also belong to the name of an existing file. */
async function splitPart(path: string): Promise<[path: string, part: string]> {
  const at = path.indexOf('#');
  if (at < 0) return [path, ''];
  const isFile = await stat(path).then(
    () => true,
    () => false,
  );
  return isFile ? [path, ''] : [path.slice(0, at), path.slice(at)];
}
