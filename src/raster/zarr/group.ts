import { invalidInput, isTerrachipError, TerrachipError, unsupported } from '../../errors.js';
import { checkKey } from '../../io/key.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { AnyRecord, validate } from '../../json.js';
import { disposable, type Resource } from '../../resource.js';
import type { ArrayGroup, Attributes, StoredArray } from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { zarrArray } from './array.js';
import { ConsolidatedV2, NodeV3, readArrayV2, readArrayV3 } from './documents.js';
import { readDocument, type ZarrStore } from './store.js';

/** Concurrent reads of documents: a store may have more arrays than a process may open files. */
const DOCUMENTS = 16;

type Node = { kind: 'array'; array: StoredArray } | { kind: 'group'; attributes: Attributes };

/** The version of a store, and its metadata documents by key if they are consolidated. */
interface Root {
  readonly version: 2 | 3;
  readonly documents: ReadonlyMap<string, unknown> | null;
}

/** @throws {TerrachipError} NOT_FOUND without metadata, INVALID_INPUT for damaged metadata */
async function readRoot(store: ZarrStore, signal?: AbortSignal): Promise<Root> {
  const root = await readDocument(store, 'zarr.json', signal);
  if (root !== null) {
    const { consolidated_metadata: consolidated } = validate(NodeV3, root, `${store.name}/zarr.json`);
    return { version: 3, documents: consolidated ? documentsV3(store, root, consolidated.metadata) : null };
  }
  const all = await readDocument(store, '.zmetadata', signal);
  if (all !== null) {
    const { metadata } = validate(ConsolidatedV2, all, `${store.name}/.zmetadata`);
    for (const key of Object.keys(metadata)) checkKey(store.name, key);
    return { version: 2, documents: new Map(Object.entries(metadata)) };
  }
  for (const key of ['.zgroup', '.zarray']) {
    if ((await readDocument(store, key, signal)) !== null) return { version: 2, documents: null };
  }
  throw (
    store.refusal?.() ??
    new TerrachipError(
      'NOT_FOUND',
      `${store.name} is no Zarr store: it has none of zarr.json, .zmetadata, .zgroup and .zarray`,
      'check the path',
      { source: store.name },
    )
  );
}

/**
 * Opens a Zarr store, of version 2 or 3, which the group owns from then on. Metadata is read on demand, or all at once if
 * consolidated.
 * @throws {TerrachipError} NOT_FOUND without metadata, INVALID_INPUT for damaged metadata
 */
export async function openZarrGroup(
  store: ZarrStore,
  cache: BlockCache,
  signal?: AbortSignal,
): Promise<ArrayGroup> {
  const { name } = store;
  const { version, documents } = await readRoot(store, signal);
  const nodes = new Map<string, Promise<Node | null>>();
  const read = async (path: string, file: string): Promise<unknown> => {
    const key = path === '' ? file : `${path}/${file}`;
    checkKey(name, key);
    return documents === null ? readDocument(store, key) : (documents.get(key) ?? null);
  };
  const nodeV3 = async (path: string): Promise<Node | null> => {
    const document = await read(path, 'zarr.json');
    if (document === null) return null;
    const place = `${name}/${path}${path === '' ? '' : '/'}zarr.json`;
    const { node_type: kind, attributes } = validate(NodeV3, document, place);
    if (kind === 'group') return { kind, attributes };
    return { kind, array: zarrArray(store, path, readArrayV3(document, place), cache) };
  };
  const nodeV2 = async (path: string): Promise<Node | null> => {
    const place = `${name}/${path}`;
    const attributes = validate(AnyRecord, (await read(path, '.zattrs')) ?? {}, place);
    const document = await read(path, '.zarray');
    if (document !== null) {
      const described = readArrayV2(document, attributes, place);
      return { kind: 'array', array: zarrArray(store, path, described, cache) };
    }
    return (await read(path, '.zgroup')) === null ? null : { kind: 'group', attributes };
  };
  const nodeAt = (path: string): Promise<Node | null> => {
    const node = nodes.get(path) ?? (version === 3 ? nodeV3(path) : nodeV2(path));
    nodes.set(path, node);
    return node;
  };
  const group: Omit<ArrayGroup, keyof Resource> = {
    name,
    format: `Zarr v${version}`,
    async list() {
      const keys = documents === null ? await store.keys() : [...documents.keys()];
      if (keys === null) {
        if ((await nodeAt(''))?.kind === 'array') return [''];
        throw unsupported(
          'listing a Zarr store over HTTP',
          `${name} has no consolidated metadata, and a web server cannot list its arrays`,
          'name the variable, as in https://…/store.zarr#variable, or consolidate the metadata',
        );
      }
      const suffix = version === 3 ? 'zarr.json' : '.zarray';
      const paths = keys
        .filter((key) => key === suffix || key.endsWith(`/${suffix}`))
        .map((key) => key.slice(0, -suffix.length).replace(/\/$/, ''));
      // An unreadable document is listed: opening its array gives the error.
      const arrays = await mapConcurrently(paths, DOCUMENTS, async (path) =>
        (await nodeAt(path).catch(unlessNetwork))?.kind === 'group' ? [] : [path],
      );
      return arrays.flat().sort();
    },
    async array(path) {
      const node = await nodeAt(path);
      return node?.kind === 'array' ? node.array : null;
    },
    async attributes(path = '') {
      const node = await nodeAt(path);
      return node?.kind === 'group' ? node.attributes : {};
    },
  };
  return disposable(group, () => store.dispose());
}

function unlessNetwork(error: unknown): null {
  if (!isTerrachipError(error) || error.code === 'NETWORK') throw error;
  return null;
}

/** Documents of version 3 by key. */
function documentsV3(store: ZarrStore, root: unknown, metadata: Attributes): Map<string, unknown> {
  const documents = new Map<string, unknown>([['zarr.json', root]]);
  for (const [path, document] of Object.entries(metadata)) {
    const plain = path.replace(/^\/+/, '');
    checkKey(store.name, plain);
    if (typeof document !== 'object' || document === null) {
      throw invalidInput(store.name, `has no document for ${plain}`, 'consolidate its metadata again');
    }
    documents.set(`${plain}/zarr.json`, document);
  }
  return documents;
}
