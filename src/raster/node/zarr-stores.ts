/** Zarr stores in folders and on web servers. */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isTerrachipError, type TerrachipError } from '../../errors.js';
import { ByteLru } from '../../io/byte-lru.js';
import { publicUrl } from '../../io/http-request.js';
import type { ByteSource } from '../../io/index.js';
import { cannotOpen } from '../../io/node/file.js';
import { FileSource, type OpenOptions, openSource } from '../../io/node/index.js';
import type { ZarrStore } from '../zarr/store.js';

/** Values of a web server that stay open: their sizes and first bytes are not asked for twice. */
const OPEN_VALUES = 256;

/** Metadata documents of a store are looked for this deep. */
const MAX_DEPTH = 16;

async function unlessAbsent<T>(open: () => Promise<T>): Promise<T | null> {
  try {
    return await open();
  } catch (error) {
    if (isTerrachipError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

/** A store in a folder. Chunks that lie in folders of numbers are not listed. */
export function folderStore(folder: string): ZarrStore {
  const list = async (path: string, depth: number): Promise<string[]> => {
    if (depth > MAX_DEPTH) return [];
    const entries = await readdir(path, { withFileTypes: true });
    const isArray = entries.some(({ name }) => name === '.zarray');
    const below = await Promise.all(
      entries.map(async (entry) => {
        const child = join(path, entry.name);
        if (!entry.isDirectory()) return /^(zarr\.json|\.z\w+)$/.test(entry.name) ? [child] : [];
        return isArray || entry.name === 'c' ? [] : list(child, depth + 1);
      }),
    );
    return below.flat();
  };
  return {
    name: folder,
    async keys() {
      try {
        return (await list(folder, 0)).map((path) => relative(folder, path).split(sep).join('/'));
      } catch (cause) {
        throw cannotOpen(folder, cause);
      }
    },
    open: (key) => unlessAbsent(() => FileSource.open(join(folder, ...key.split('/')))),
    close: async () => undefined,
  };
}

/**
 * A store on a web server: each value is a file below its address; a query in the address goes with each. Where a store
 * may be read and not be listed, S3 answers 403 for keys that are absent, and some servers send a web page. Both count as
 * absent once another value was there. That value is then asked for again each time: credentials may end.
 */
export function httpStore(url: string, options: OpenOptions): ZarrStore {
  const root = new URL(url);
  root.pathname = root.pathname.replace(/\/*$/, '/');
  root.hash = '';
  const values = new ByteLru<string, ByteSource | null>(OPEN_VALUES, () => 1);
  let refused: TerrachipError | null = null;
  let known: string | null = null;
  let asked: Promise<unknown> = Promise.resolve();
  let next: Promise<unknown> | null = null;

  const openKey = async (key: string): Promise<ByteSource> => {
    const address = new URL(root);
    address.pathname += key.split('/').map(encodeURIComponent).join('/');
    const source = await openSource(address.href, options);
    known ??= key;
    return source;
  };
  /** Refusals that come while one is looked into wait for the next look. @throws {TerrachipError} NETWORK */
  const confirm = (key: string): Promise<unknown> => {
    next ??= asked
      .catch(() => undefined)
      .then(() => {
        next = null;
        asked = openKey(key);
        return asked;
      });
    return next;
  };
  const openOrAbsent = async (key: string): Promise<ByteSource | null> => {
    try {
      return await unlessAbsent(() => openKey(key));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (known === null) refused ??= error;
      else await confirm(known);
      return null;
    }
  };
  return {
    name: publicUrl(root.href),
    keys: async () => null,
    refusal: () => (known === null ? refused : null),
    async open(key) {
      const source = await values.get(key, () => openOrAbsent(key));
      if (source === null) return null;
      return {
        size: source.size,
        read: (offset, length, readOptions) => readOnce(source, offset, length, readOptions),
        close: async () => undefined,
      };
    },
    close: async () => values.clear(),
  };
}

/** Whether a server answered a key as it may answer one that is absent: by 403, or by a web page. */
function isRefusal(error: unknown): error is TerrachipError<'NETWORK'> {
  return isTerrachipError(error, 'NETWORK') && (error.fields.status === 403 || error.fields.status === 200);
}

/** Bytes that came with the opening are not asked for again. */
async function readOnce(
  source: ByteSource,
  offset: number,
  length: number,
  options: Parameters<ByteSource['read']>[2],
): Promise<Uint8Array<ArrayBuffer>> {
  const known = 64 * 1024;
  if (offset >= known || offset + length <= known) return source.read(offset, length, options);
  const [first, rest] = await Promise.all([
    source.read(offset, known - offset, options),
    source.read(known, offset + length - known, options),
  ]);
  const bytes = new Uint8Array(length);
  bytes.set(first);
  bytes.set(rest, first.length);
  return bytes;
}
