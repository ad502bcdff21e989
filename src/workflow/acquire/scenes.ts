/** Where scenes are found: a STAC API, or a catalog in a file. */
import type { GeoCatalog } from '../../catalog/geo-catalog.js';
import { loadCatalog } from '../../catalog/node/index.js';
import type { CatalogRow } from '../../catalog/row.js';
import { invalidInput } from '../../errors.js';
import type { TimeInterval } from '../../geo/index.js';
import type { OperationOptions } from '../../progress.js';
import type { Polygon } from '../../vector/index.js';

/** Which scenes are wanted. */
export interface SceneQuery {
  readonly collection: string;
  readonly area: readonly Polygon[];
  /** Null for any time. */
  readonly interval: TimeInterval | null;
}

/** Finds scenes in catalogs; a file is read once. */
export class SceneFinder {
  readonly #catalogs = new Map<string, Promise<GeoCatalog>>();
  readonly #options: OperationOptions;

  constructor(options: OperationOptions = {}) {
    this.#options = options;
  }

  /**
   * The scenes of a collection that meet an area in an interval.
   * @throws {TerrachipError} INVALID_INPUT for a catalog that lacks the collection; what reading it throws
   */
  async find(catalog: string, query: SceneQuery): Promise<CatalogRow[]> {
    return this.#inFile(catalog, query);
  }

  async #inFile(path: string, { collection, area, interval }: SceneQuery): Promise<CatalogRow[]> {
    const { signal } = this.#options;
    const loading = this.#catalogs.get(path) ?? loadCatalog(path, { signal });
    this.#catalogs.set(path, loading);
    const catalog = await loading;
    const collections = new Set(Array.from(catalog, (row) => row.collection));
    if (!collections.has(collection)) {
      const known = [...collections].filter((name) => name !== '').slice(0, MOST_NAMED);
      const remedy = known.length === 0 ? 'its items have no collection' : `it has ${known.join(', ')}`;
      throw invalidInput(path, `has no items of the collection "${collection}"`, remedy);
    }
    const near = catalog.query({ geometry: area, ...(interval === null ? {} : { interval }) });
    return Array.from(near).filter((row) => row.collection === collection);
  }
}

const MOST_NAMED = 8;
