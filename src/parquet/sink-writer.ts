/** Parquet files that are written a row group at a time. */
import { ByteWriter } from 'hyparquet-writer';
import { crc32c } from '../io/crc32c.js';

/** Takes the next bytes of a file; they are written over once the promise is fulfilled. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/** Hands on what was written after each row group, and sums it up. */
export class SinkWriter extends ByteWriter {
  /** CRC-32C of the row groups. */
  checksum = 0;
  /** The thrift structure at the end, with the eight bytes after it; empty until that is written. */
  footer = new Uint8Array();
  readonly #sink: Sink;

  constructor(sink: Sink) {
    super();
    this.#sink = sink;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    this.checksum = crc32c(bytes, this.checksum);
    await this.#sink(bytes);
    this.index = 0;
  }

  override async finish(): Promise<void> {
    const bytes = this.getBytes();
    const length = this.view.getUint32(this.index - 8, true);
    this.footer = bytes.slice(bytes.length - 8 - length);
    await this.flush();
  }
}
