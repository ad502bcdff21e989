/** A file beside a crawl's result with all documents that were read, so that an interrupted crawl can continue. */
import { type FileHandle, open } from 'node:fs/promises';
import { writeError } from '../../io/node/output.js';
import { withoutSignature } from '../../io/signature.js';
import { parseJson } from '../../json.js';
import { Resource } from '../../resource.js';
import { withoutSignatures } from '../stac/item-assets.js';

const PIECE = 4 * 2 ** 20;
const NEWLINE = 10;

/** A line is an address and its document. */
const LINE = /^\{"href":("(?:[^"\\]|\\.)*"),"document":/;

/** The first bytes of a line, which are searched for its address. */
const MAX_HREF = 64 * 1024;

type Places = Map<string, { readonly offset: number; readonly length: number }>;

/** Documents by their addresses, one per line. */
export class CrawlJournal extends Resource {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #places: Places;
  #size: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, places: Places, size: number) {
    super();
    this.#path = path;
    this.#file = file;
    this.#places = places;
    this.#size = size;
  }

  /**
   * @param resume whether to keep what an earlier crawl left
   * @throws {TerrachipError} DISK
   */
  static async open(path: string, resume: boolean): Promise<CrawlJournal> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, resume ? 'a+' : 'w+');
      const { places, size } = await indexOf(file);
      // Removes a last line that a crash left incomplete.
      await file.truncate(size);
      return new CrawlJournal(path, file, places, size);
    } catch (cause) {
      await file?.close();
      throw writeError(path, cause);
    }
  }

  /** The document at an address; undefined if it was not read. */
  async read(href: string): Promise<unknown> {
    const place = this.#places.get(withoutSignature(href));
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(place.length);
    await this.#file.read(bytes, 0, place.length, place.offset);
    const { document } = parseJson(new TextDecoder().decode(bytes), this.#path) as { document?: unknown };
    return document;
  }

  /** Keeps a document, without signatures. @throws {TerrachipError} DISK */
  async add(href: string, document: unknown): Promise<void> {
    const key = withoutSignature(href);
    const line = Buffer.from(`${JSON.stringify({ href: key, document: withoutSignatures(document) })}\n`);
    this.#writing = this.#writing.then(async () => {
      await this.#file.appendFile(line);
      this.#places.set(key, { offset: this.#size, length: line.byteLength });
      this.#size += line.byteLength;
    });
    await this.#writing.catch((cause: unknown) => {
      throw writeError(this.#path, cause);
    });
  }

  async dispose(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file.close();
  }
}

/** Where the lines of a file lie; a last one without an end does not count. */
async function indexOf(file: FileHandle): Promise<{ places: Places; size: number }> {
  const places: Places = new Map();
  const buffer = Buffer.alloc(PIECE);
  let [line, read] = [0, 0];
  let start = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE, read);
    if (bytesRead === 0) return { places, size: line };
    let from = 0;
    for (
      let end = buffer.indexOf(NEWLINE);
      end >= 0 && end < bytesRead;
      end = buffer.indexOf(NEWLINE, from)
    ) {
      const [, href] = LINE.exec(Buffer.concat([start, buffer.subarray(from, end)]).toString('utf8')) ?? [];
      const length = read + end + 1 - line;
      if (href !== undefined) places.set(JSON.parse(href) as string, { offset: line, length });
      line = read + end + 1;
      from = end + 1;
      start = Buffer.alloc(0);
    }
    start = Buffer.concat([start, buffer.subarray(from, bytesRead)]).subarray(0, MAX_HREF);
    read += bytesRead;
  }
}
