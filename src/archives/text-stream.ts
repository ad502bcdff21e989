/** Large text files of an archive, plain or gzipped, read in pieces: lines, and the features of GeoJSON. */
import { invalidInput, isTerrachipError, tooLarge } from '../errors.js';
import type { ByteSource } from '../io/index.js';
import { parseJson } from '../json.js';

/** Bytes per read. */
const PIECE = 4 * 2 ** 20;

/** Limit on a line or a feature, in bytes. */
const MOST_BYTES = 2 ** 20;

/** Limit on a whole file, unpacked. */
const MOST_TEXT = 8 * 2 ** 30;

const [QUOTE, BACKSLASH, NEWLINE] = [0x22, 0x5c, 0x0a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The bytes of a source in order, unpacked if it is gzipped.
 * @throws {TerrachipError} INVALID_INPUT for a damaged gzip stream, TOO_LARGE above 8 GiB of text
 */
export async function* unpackedBytes(
  source: ByteSource,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = await source.read(0, Math.min(2, source.size), { signal });
  const isPacked = head[0] === 0x1f && head[1] === 0x8b;
  let offset = 0;
  const stored = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const length = Math.min(PIECE, source.size - offset);
      if (length === 0) return controller.close();
      controller.enqueue(await source.read(offset, length, { signal }));
      offset += length;
    },
  });
  const text = isPacked ? stored.pipeThrough(new DecompressionStream('gzip')) : stored;
  const reader = text.getReader();
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (isTerrachipError(cause) || signal?.aborted === true) throw cause;
        throw invalidInput(source.name, 'is damaged: it cannot be unpacked', 'get the file again', cause);
      });
      if (done) return;
      total += value.length;
      if (total > MOST_TEXT) {
        const remedy = 'check that it is the file that is meant';
        const fields = { size: total, limit: MOST_TEXT };
        throw tooLarge(`${source.name} holds more than ${MOST_TEXT} bytes of text`, remedy, fields);
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Collects the bytes of a line or feature from several pieces. */
class Gathered {
  readonly #name: string;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > MOST_BYTES) {
      throw invalidInput(
        this.#name,
        `has a line or feature of more than ${MOST_BYTES} bytes`,
        'check that it is the file that is meant',
      );
    }
    if (part.length > 0) this.#parts.push(part.slice());
  }

  /** Returns the text so far and clears it. */
  take(last: Uint8Array): string {
    if (this.#length === 0 && last.length <= MOST_BYTES) return this.#decoder.decode(last);
    this.add(last);
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return this.#decoder.decode(bytes);
  }
}

/** The lines of a text, without their ends. An empty last line is left out. */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string, void, undefined> {
  const gathered = new Gathered(name);
  for await (const piece of bytes) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      yield gathered.take(piece.subarray(start, end)).replace(/\r$/, '');
      start = end + 1;
    }
    gathered.add(piece.subarray(start));
  }
  const last = gathered.take(new Uint8Array());
  if (last !== '') yield last;
}

/**
 * The features of a FeatureCollection, one by one: the whole document is never in memory.
 * @throws {TerrachipError} INVALID_INPUT for text that is not a complete FeatureCollection
 */
export async function* featuresOfText(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<unknown, void, undefined> {
  const gathered = new Gathered(name);
  const key: number[] = [];
  let [depth, inText, escaped, inFeatures, found] = [0, false, false, false, false];
  for await (const piece of bytes) {
    /** The start of the current feature in this piece; −1 outside features. */
    let start = inFeatures && depth > 2 ? 0 : -1;
    for (let k = 0; k < piece.length; k++) {
      const byte = piece[k];
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
        if (inText && depth === 1 && key.length < 16) key.push(byte);
        continue;
      }
      if (byte === QUOTE) {
        inText = true;
        if (depth === 1) key.length = 0;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (depth === 1 && byte === OPEN_LIST) inFeatures = String.fromCharCode(...key) === 'features';
        if (depth === 2 && inFeatures) start = k;
        depth++;
        found ||= inFeatures;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth--;
        if (depth === 2 && inFeatures && start >= 0) {
          yield parseJson(gathered.take(piece.subarray(start, k + 1)), name);
          start = -1;
        }
        if (depth < 2) inFeatures = false;
      }
    }
    if (start >= 0) gathered.add(piece.subarray(start));
  }
  if (!found) throw invalidInput(name, 'is not a GeoJSON FeatureCollection', 'give the file of geometries');
  if (depth !== 0) throw invalidInput(name, 'ends within its features', 'get the file again');
}
