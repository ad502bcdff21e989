import { join } from 'node:path';
import { makeFolder, writeFileAtomically, writeJson } from '../../io/node/output.js';
import { zarrTextMetadata } from '../zarr/metadata.js';

/** Length and layout of an array of texts. */
export interface ZarrTextOptions {
  readonly length: number;
  readonly chunkLength: number;
  readonly dimension: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** A Zarr v3 list of texts (type `string`, codec `vlen-utf8`), written atomically chunk by chunk. */
export class ZarrTextWriter {
  readonly folder: string;
  readonly #options: ZarrTextOptions;

  constructor(folder: string, options: ZarrTextOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** Writes the list's metadata. */
  async create(): Promise<void> {
    const { length, chunkLength, dimension, attributes = {} } = this.#options;
    await makeFolder(this.folder);
    await writeJson(
      join(this.folder, 'zarr.json'),
      zarrTextMetadata(length, chunkLength, dimension, attributes),
    );
  }

  /** Writes a chunk; the last one is padded with empty texts. */
  async writeChunk(index: number, texts: readonly string[]): Promise<void> {
    const { chunkLength } = this.#options;
    const padded = Array.from({ length: chunkLength }, (_, k) => texts[k] ?? '');
    await makeFolder(join(this.folder, 'c'));
    await writeFileAtomically(join(this.folder, 'c', String(index)), encodeTexts(padded));
  }
}

/** The number of texts, then each after its length in bytes; numbers are little-endian uint32. */
function encodeTexts(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const result = new Uint8Array(encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 4));
  const view = new DataView(result.buffer);
  view.setUint32(0, texts.length, true);
  let offset = 4;
  for (const bytes of encoded) {
    view.setUint32(offset, bytes.length, true);
    result.set(bytes, offset + 4);
    offset += 4 + bytes.length;
  }
  return result;
}
