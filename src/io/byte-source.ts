import { invalidInput, TerrachipError } from '../errors.js';
import { disposable, Resource } from '../resource.js';

/** How bytes are read. */
export interface ReadOptions {
  signal?: AbortSignal;
}

/** Random access to the bytes of a file, an object or a memory block. Everything terrachip reads comes through one. */
export interface ByteSource extends Resource {
  /** The path or URL, for messages; without credentials. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Identifies the content where the store can say (an HTTP entity tag), else null. */
  readonly etag: string | null;
  /**
   * The bytes from `offset` on, `length` of them.
   * @throws {TerrachipError} INVALID_INPUT when the range reaches beyond the end; NETWORK when a server fails
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Fills arrays of the caller, one after the other, with the bytes from `offset` on; only sources that need no copy have
   * it, such as files.
   * @throws {TerrachipError} as `read`
   */
  readInto?(targets: readonly Uint8Array[], offset: number, options?: ReadOptions): Promise<void>;
  /** The descriptor of an open file of this process, whose threads may read it. */
  readonly descriptor?: number;
}

/** A source of the bytes of another, read in another way. Disposing of it disposes of the other. */
export function wrapSource(source: ByteSource, read: ByteSource['read']): ByteSource {
  const { name, size, etag } = source;
  return disposable({ name, size, etag, read }, () => source.dispose());
}

/**
 * Checks a range of bytes before it is read.
 * @throws {TerrachipError} INVALID_INPUT unless the range lies inside the source
 */
export function checkRange(source: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!valid || offset + length > source.size) {
    throw invalidInput(
      source.name,
      `is truncated or damaged: bytes ${offset} to ${offset + length} were requested, it has ${source.size}`,
      'get the file again',
    );
  }
}

/**
 * @param remedy what to do with a larger file
 * @throws {TerrachipError} TOO_LARGE for a file that is too large to be read whole
 */
export function requireAtMost(
  { name, size }: Pick<ByteSource, 'name' | 'size'>,
  limit: number,
  remedy: string,
): void {
  if (size <= limit) return;
  throw new TerrachipError(
    'TOO_LARGE',
    `${name} has ${size} bytes, more than the ${limit} that are read of such a file`,
    remedy,
    { size, limit },
  );
}

/** Bytes in memory. */
export class MemorySource extends Resource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly etag = null;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, name = 'memory') {
    super();
    this.#bytes = bytes;
    this.name = name;
    this.size = bytes.byteLength;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    return new Uint8Array(this.#bytes.slice(offset, offset + length));
  }

  async dispose(): Promise<void> {}
}
