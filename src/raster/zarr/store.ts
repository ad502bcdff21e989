/** Key-value stores for `openZarrGroup`: the interface of folders, zip files and web servers. */
import type { AbsolutePath, AsyncReadable, GetOptions, RangeQuery } from '@zarrita/storage';
import { type TerrachipError, tooLarge } from '../../errors.js';
import { type ByteSource, checkRange } from '../../io/index.js';
import { checkKey, leavesStore } from '../../io/key.js';
import { openZip } from '../../io/zip.js';
import { parseJson } from '../../json.js';
import { MAX_CHUNK_BYTES } from '../arrays/index.js';

/** The largest metadata document. */
const MAX_DOCUMENT_BYTES = 64 * 2 ** 20;

/** The largest value: a compressed chunk may be a little larger than the chunk. */
const MAX_VALUE_BYTES = MAX_CHUNK_BYTES + 2 ** 20;

/** The values of a Zarr store by key; keys have no leading slash. */
export interface ZarrStore {
  readonly name: string;
  /** All keys, or null if the store cannot list them. */
  keys(): Promise<readonly string[] | null>;
  /** Opens a value; null for an absent key. */
  open(key: string, signal?: AbortSignal): Promise<Pick<ByteSource, 'size' | 'read' | 'dispose'> | null>;
  /** A server's refusal (403 or a web page) of keys that may be absent, if no key was found yet; null for none. */
  readonly refusal?: () => TerrachipError | null;
  dispose(): Promise<void>;
}

/** A metadata document; null if absent. @throws {TerrachipError} INVALID_INPUT for no JSON */
export async function readDocument(store: ZarrStore, key: string, signal?: AbortSignal): Promise<unknown> {
  const bytes = await readValue(store, key, MAX_DOCUMENT_BYTES, signal);
  return bytes === undefined
    ? null
    : parseJson(quoteNonFinite(new TextDecoder().decode(bytes)), `${store.name}/${key}`);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Quotes NaN and Infinity, which Python writes into JSON, as version 3 does. Strings are skipped character by character:
 * a pattern could take quadratic time or much memory for hostile ones.
 */
function quoteNonFinite(text: string): string {
  const words = /NaN|-?Infinity/g;
  let result = '';
  let done = 0;
  let at = 0;
  let inText = false;
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    for (; at < match.index; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) inText = !inText;
      else if (code === BACKSLASH && inText) at++;
    }
    if (inText) continue;
    result += `${text.slice(done, match.index)}"${match[0]}"`;
    done = words.lastIndex;
    at = done;
  }
  return result + text.slice(done);
}

async function readValue(
  store: ZarrStore,
  key: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  checkKey(store.name, key);
  const source = await store.open(key, signal);
  if (source === null) return undefined;
  try {
    if (source.size > limit) {
      throw tooLarge(
        `${store.name}/${key} has ${source.size} bytes, more than the ${limit} that it may have`,
        'check the store',
        { size: source.size, limit },
      );
    }
    const bytes = await source.read(0, source.size, { signal });
    // zarrita's decoder of text reads from the start of the buffer.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  } finally {
    await source.dispose();
  }
}

/**
 * A store for zarrita.
 * @param indexAtStart whether shards begin with their index, which zarrita requests from their end
 */
export function zarritaStore(store: ZarrStore, indexAtStart = false): AsyncReadable {
  const relative = (key: AbsolutePath): string => key.replace(/^\/+/, '');
  return {
    get: (key, options: GetOptions = {}) => readValue(store, relative(key), MAX_VALUE_BYTES, options.signal),
    async getRange(key, range: RangeQuery, options: GetOptions = {}) {
      checkKey(store.name, relative(key));
      const source = await store.open(relative(key), options.signal);
      if (source === null) return undefined;
      try {
        const length = 'suffixLength' in range ? range.suffixLength : range.length;
        const indexOffset = indexAtStart ? 0 : source.size - length;
        const offset = 'suffixLength' in range ? indexOffset : range.offset;
        checkRange({ name: `${store.name}/${relative(key)}`, size: source.size }, offset, length);
        return await source.read(offset, length, { signal: options.signal });
      } finally {
        await source.dispose();
      }
    },
  };
}

/**
 * A store in a zip file. Its entries are kept in memory. Entries that are too large or whose paths leave the store are
 * absent.
 * @throws {TerrachipError} INVALID_INPUT for no zip file
 */
export async function openZipStore(source: ByteSource): Promise<ZarrStore> {
  const zip = await openZip(source);
  const keys = [...zip.entries].flatMap(([key, { size }]) =>
    size > MAX_VALUE_BYTES || leavesStore(key) ? [] : [key],
  );
  const readable = new Set(keys);
  const prefix = rootOf(keys);
  return {
    name: source.name,
    keys: async () => keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])),
    async open(key) {
      const path = prefix + key;
      const entry = zip.entries.get(path);
      if (entry === undefined || !readable.has(path)) return null;
      return {
        size: entry.size,
        read: (offset, length) => zip.read(path, offset, length),
        dispose: async () => undefined,
      };
    },
    dispose: () => source.dispose(),
  };
}

/** A key of one of the documents that a store's root has. */
export const ZARR_ROOT = /(^|\/)(zarr\.json|\.zmetadata|\.zgroup|\.zarray)$/;

/** The folder of the store in a zip file, with a slash; empty for the root. */
function rootOf(keys: readonly string[]): string {
  const roots = keys.filter((key) => ZARR_ROOT.test(key));
  const [shallowest] = roots
    .map((key) => key.slice(0, key.lastIndexOf('/') + 1))
    .sort((a, b) => a.length - b.length);
  return shallowest ?? '';
}
