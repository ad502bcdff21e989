import { invalidInput } from '../errors.js';
import { Resource } from '../resource.js';
import { type ByteSource, checkRange, type ReadOptions } from './byte-source.js';

/** A file that was dropped on a page or chosen in a form, or another `Blob`: only the requested bytes are read. */
export class BlobSource extends Resource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly etag = null;
  readonly #blob: Blob;

  /** @param name for messages (default: that of a file) */
  constructor(blob: Blob, name?: string) {
    super();
    this.#blob = blob;
    this.name = name ?? ('name' in blob && typeof blob.name === 'string' ? blob.name : 'the file');
    this.size = blob.size;
  }

  /** @throws {TerrachipError} INVALID_INPUT when the range reaches beyond the end, or the file changed since it was opened */
  async read(offset: number, length: number, { signal }: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    signal?.throwIfAborted();
    try {
      return new Uint8Array(await this.#blob.slice(offset, offset + length).arrayBuffer());
    } catch (cause) {
      throw invalidInput(this.name, 'cannot be read any more', 'choose the file again', cause);
    }
  }

  async dispose(): Promise<void> {}
}
