/** Zarr stores in folders and on web servers. */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isTerrachipError, type TerrachipError } from '../../errors.js';
import { ByteLru } from '../../io/byte-lru.js';
import { concatBytes } from '../../io/bytes.js';
import { publicUrl } from '../../io/http-errors.js';
import type { ByteSource } from '../../io/index.js';
import { cannotOpen } from '../../io/node/file.js';
import { FileSource, type OpenOptions, openSource } from '../../io/node/index.js';
import type { ZarrStore } from '../zarr/store.js';

/** Open values of a web server, to request their sizes and first bytes once. */
const OPEN_VALUES = 256;

/** The deepest folder searched for metadata documents. */
const MAX_DEPTH = 16;

async function unlessAbsent<T>(open: () => Promise<T>): Promise<T | null> {
  try {
    return await open();
  } catch (error) {
    if (isTerrachipError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

/** A store in a folder. Folders of chunks are not listed. */
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
    dispose: async () => undefined,
  };
}

/**
 * A store on a web server: each value is a file below the URL, with the URL's query. S3 answers 403 for absent keys in
 * stores without list permission, and some servers send a web page. Both count as absent once another value was found.
 * That value is requested again each time, because credentials may expire.
 */
export function httpStore(url: string, options: OpenOptions): ZarrStore {
  const root = new URL(url);
  root.pathname = root.pathname.replace(/\/*$/, '/');
  root.hash = '';
  const values = new ByteLru<string, ByteSource | null>(OPEN_VALUES, () => 1);
  let refused: TerrachipError | null = null;
  let foundKey: string | null = null;
  let confirming: Promise<unknown> = Promise.resolve();
  let next: Promise<unknown> | null = null;

  const openKey = async (key: string): Promise<ByteSource> => {
    const address = new URL(root);
    address.pathname += key.split('/').map(encodeURIComponent).join('/');
    const source = await openSource(address.href, options);
    foundKey ??= key;
    return source;
  };
  /** Requests a found key again; concurrent calls share the next request. @throws {TerrachipError} NETWORK */
  const confirm = (key: string): Promise<unknown> => {
    next ??= confirming
      .catch(() => undefined)
      .then(() => {
        next = null;
        confirming = openKey(key);
        return confirming;
      });
    return next;
  };
  const openOrAbsent = async (key: string): Promise<ByteSource | null> => {
    try {
      return await unlessAbsent(() => openKey(key));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (foundKey === null) refused ??= error;
      else await confirm(foundKey);
      return null;
    }
  };
  return {
    name: publicUrl(root.href),
    keys: async () => null,
    refusal: () => (foundKey === null ? refused : null),
    async open(key) {
      const source = await values.get(key, () => openOrAbsent(key));
      if (source === null) return null;
      return {
        size: source.size,
        read: (offset, length, readOptions) => readOnce(source, offset, length, readOptions),
        dispose: async () => undefined,
      };
    },
    dispose: async () => values.clear(),
  };
}

/** Whether a server may have meant an absent key: 403, or a web page. */
function isRefusal(error: unknown): error is TerrachipError<'NETWORK'> {
  return isTerrachipError(error, 'NETWORK') && (error.fields.status === 403 || error.fields.status === 200);
}

/** Reads without a new request for the first bytes, which came with the opening. */
async function readOnce(
  source: ByteSource,
  offset: number,
  length: number,
  options: Parameters<ByteSource['read']>[2],
): Promise<Uint8Array<ArrayBuffer>> {
  const cached = 64 * 1024;
  if (offset >= cached || offset + length <= cached) return source.read(offset, length, options);
  return concatBytes(
    await Promise.all([
      source.read(offset, cached - offset, options),
      source.read(cached, offset + length - cached, options),
    ]),
  );
}
