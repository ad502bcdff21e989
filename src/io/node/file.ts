import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { invalidInput, isError, messageOf, TerrachipError } from '../../errors.js';
import { orDispose, Resource } from '../../resource.js';
import { type ByteSource, checkRange, type ReadOptions } from '../byte-source.js';
import { withCoalescing } from '../middleware/coalesce.js';
import { isUrl, type OpenOptions, openUrl } from '../open-url.js';
import { foreignAddress } from '../schemes.js';

/** A file on disk. */
export class FileSource extends Resource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly etag = null;
  readonly #handle: FileHandle;

  private constructor(name: string, size: number, handle: FileHandle) {
    super();
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws {TerrachipError} NOT_FOUND or INVALID_INPUT */
  static async open(path: string): Promise<FileSource> {
    let handle: FileHandle;
    try {
      // Reading from a pipe without a writer never ends.
      handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
    return orDispose({ dispose: () => handle.close() }, async () => {
      const stat = await handle.stat();
      if (!stat.isFile()) throw noFile(path);
      return new FileSource(path, stat.size, handle);
    });
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  async read(offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    await this.readInto([bytes], offset, options);
    return bytes;
  }

  async readInto(
    targets: readonly Uint8Array[],
    offset: number,
    { signal }: ReadOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const length = targets.reduce((sum, { byteLength }) => sum + byteLength, 0);
    checkRange(this, offset, length);
    let start = offset;
    let rest = targets.filter(({ byteLength }) => byteLength > 0);
    while (rest.length > 0) {
      const { bytesRead } = await this.#handle.readv(rest.slice(0, ARRAYS_A_READ), start);
      if (bytesRead === 0) throw invalidInput(this.name, 'shrank while it was being read', 'run again');
      start += bytesRead;
      rest = after(rest, bytesRead);
    }
  }

  async dispose(): Promise<void> {
    await this.#handle.close();
  }
}

/** Arrays that are filled by one call of the system: POSIX promises 16, and Linux, macOS and Windows take 1024. */
const ARRAYS_A_READ = 1024;

/** Arrays without their first bytes. */
function after(arrays: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let filled = 0;
  let left = bytes;
  while (filled < arrays.length && arrays[filled].byteLength <= left) left -= arrays[filled++].byteLength;
  const rest = arrays.slice(filled);
  if (left > 0) rest[0] = rest[0].subarray(left);
  return rest;
}

/** Opens a path, a `file:` URL or an `http(s):` URL, with the middlewares that each kind wants. */
export async function openSource(path: string, options: OpenOptions = {}): Promise<ByteSource> {
  if (isUrl(path)) return openUrl(path, options);
  return withCoalescing(await FileSource.open(localPath(path)));
}

/** A path without `file:`. */
export function localPath(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}

/** The error for a folder, pipe or device in the place of a file. */
export function noFile(path: string): TerrachipError {
  return invalidInput(path, 'is not a file', 'give the path of a file');
}

/** The error for a path that cannot be opened, such as an address that is no path. */
export function cannotOpen(path: string, cause: unknown): TerrachipError {
  const code = isError(cause) ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const foreign = foreignAddress(path);
    if (foreign !== null) return foreign;
    return new TerrachipError(
      'NOT_FOUND',
      `${path} does not exist`,
      'check the path',
      { source: path },
      { cause },
    );
  }
  return invalidInput(path, `cannot be opened (${messageOf(cause)})`, 'check its permissions', cause);
}
