import { invalidInput, isTerrachipError, TerrachipError } from '../../errors.js';
import { checkKey } from '../../io/key.js';
import { mapConcurrently } from '../../io/semaphore.js';
import type { ArrayGroup, Attributes, StoredArray } from '../arrays/index.js';
import type { BlockCache } from '../block-cache.js';
import { zarrArray } from './array.js';
import { parseAttributes, parseConsolidatedV2, parseNode, readArrayV2, readArrayV3 } from './documents.js';
import { readDocument, type ZarrStore } from './store.js';

/** Concurrent reads of documents: a store may have more arrays than a process may open files. */
const DOCUMENTS = 16;

type Node = { kind: 'array'; array: StoredArray } | { kind: 'group'; attributes: Attributes };

/** A Zarr store, of version 2 or 3. Metadata is read on demand, or all at once if consolidated. */
export class ZarrGroup implements ArrayGroup {
  readonly name: string;
  readonly format: string;
  readonly #store: ZarrStore;
  readonly #version: 2 | 3;
  /** Metadata documents by key, for consolidated stores. */
  readonly #documents: ReadonlyMap<string, unknown> | null;
  readonly #cache: BlockCache;
  readonly #nodes = new Map<string, Promise<Node | null>>();

  private constructor(
    store: ZarrStore,
    version: 2 | 3,
    documents: ReadonlyMap<string, unknown> | null,
    cache: BlockCache,
  ) {
    this.name = store.name;
    this.format = `Zarr v${version}`;
    this.#store = store;
    this.#version = version;
    this.#documents = documents;
    this.#cache = cache;
  }

  /**
   * Opens a store, which the group owns from then on.
   * @throws {TerrachipError} NOT_FOUND without metadata, INVALID_INPUT for damaged metadata
   */
  static async open(store: ZarrStore, cache: BlockCache, signal?: AbortSignal): Promise<ZarrGroup> {
    const root = await readDocument(store, 'zarr.json', signal);
    if (root !== null) {
      const { consolidated_metadata: consolidated } = parseNode(root, `${store.name}/zarr.json`);
      const documents = consolidated ? documentsV3(store, root, consolidated.metadata) : null;
      return new ZarrGroup(store, 3, documents, cache);
    }
    const all = await readDocument(store, '.zmetadata', signal);
    if (all !== null) {
      const name = `${store.name}/.zmetadata`;
      const documents = Object.entries(parseConsolidatedV2(all, name));
      for (const [key] of documents) checkKey(store.name, key);
      return new ZarrGroup(store, 2, new Map(documents), cache);
    }
    for (const key of ['.zgroup', '.zarray']) {
      if ((await readDocument(store, key, signal)) !== null) return new ZarrGroup(store, 2, null, cache);
    }
    const refusal = store.refusal?.() ?? null;
    if (refusal !== null) throw refusal;
    throw new TerrachipError(
      'NOT_FOUND',
      `${store.name} is no Zarr store: it has none of zarr.json, .zmetadata, .zgroup and .zarray`,
      'check the path',
      { source: store.name },
    );
  }

  async list(): Promise<readonly string[]> {
    const keys = this.#documents === null ? await this.#store.keys() : [...this.#documents.keys()];
    if (keys === null) {
      if ((await this.#node(''))?.kind === 'array') return [''];
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.name} has no consolidated metadata, and a web server cannot list its arrays`,
        'name the variable, as in https://…/store.zarr#variable, or consolidate the metadata',
        { feature: 'listing a Zarr store over HTTP' },
      );
    }
    const suffix = this.#version === 3 ? 'zarr.json' : '.zarray';
    const paths = keys
      .filter((key) => key === suffix || key.endsWith(`/${suffix}`))
      .map((key) => key.slice(0, -suffix.length).replace(/\/$/, ''));
    // An unreadable document is listed: opening its array gives the error.
    const arrays = await mapConcurrently(paths, DOCUMENTS, async (path) =>
      (await this.#node(path).catch(unlessNetwork))?.kind === 'group' ? [] : [path],
    );
    return arrays.flat().sort();
  }

  async array(path: string): Promise<StoredArray | null> {
    const node = await this.#node(path);
    return node?.kind === 'array' ? node.array : null;
  }

  async attributes(path = ''): Promise<Attributes> {
    const node = await this.#node(path);
    return node?.kind === 'group' ? node.attributes : {};
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #node(path: string): Promise<Node | null> {
    const node = this.#nodes.get(path) ?? (this.#version === 3 ? this.#nodeV3(path) : this.#nodeV2(path));
    this.#nodes.set(path, node);
    return node;
  }

  async #document(path: string, file: string): Promise<unknown> {
    const key = path === '' ? file : `${path}/${file}`;
    checkKey(this.name, key);
    if (this.#documents !== null) return this.#documents.get(key) ?? null;
    return readDocument(this.#store, key);
  }

  async #nodeV3(path: string): Promise<Node | null> {
    const document = await this.#document(path, 'zarr.json');
    if (document === null) return null;
    const name = `${this.name}/${path}${path === '' ? '' : '/'}zarr.json`;
    const { node_type: kind, attributes } = parseNode(document, name);
    if (kind === 'group') return { kind, attributes };
    return { kind, array: zarrArray(this.#store, path, readArrayV3(document, name), this.#cache) };
  }

  async #nodeV2(path: string): Promise<Node | null> {
    const attributes = parseAttributes((await this.#document(path, '.zattrs')) ?? {}, `${this.name}/${path}`);
    const document = await this.#document(path, '.zarray');
    if (document !== null) {
      const described = readArrayV2(document, attributes, `${this.name}/${path}`);
      return { kind: 'array', array: zarrArray(this.#store, path, described, this.#cache) };
    }
    return (await this.#document(path, '.zgroup')) === null ? null : { kind: 'group', attributes };
  }
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
