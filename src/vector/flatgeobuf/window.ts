import type { ByteSource } from '../../io/index.js';

/** Bytes that are read ahead: one request to a server then serves many small reads. */
const AHEAD = 256 * 1024;

/** Reads that mostly go forward, from a window of the file. */
export class ByteWindow {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  #start = 0;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** A view, which later reads leave alone. @throws {TerrachipError} INVALID_INPUT beyond the end */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) return this.#bytes.subarray(at, at + length);
    const wanted = Math.max(length, Math.min(AHEAD, this.#source.size - offset));
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    this.#bytes = await this.#source.read(offset, wanted, options);
    this.#start = offset;
    return this.#bytes.subarray(0, length);
  }
}
