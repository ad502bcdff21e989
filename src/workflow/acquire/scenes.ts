/** Where scenes are found: a STAC API, or a catalog in a file. */
import { bboxOf } from '../../catalog/boxes.js';
import type { GeoCatalog } from '../../catalog/geo-catalog.js';
import { isDocumentPath } from '../../catalog/node/documents.js';
import { loadCatalog } from '../../catalog/node/index.js';
import { isParquetPath } from '../../catalog/node/open-save.js';
import type { CatalogRow } from '../../catalog/row.js';
import { catalogFromStac } from '../../catalog/stac/catalog.js';
import { searchStac } from '../../catalog/stac/search.js';
import { invalidInput } from '../../errors.js';
import type { TimeInterval } from '../../geo/index.js';
import { publicUrl } from '../../io/http-errors.js';
import { isUrl, type OpenOptions } from '../../io/open-url.js';
import type { OperationOptions } from '../../progress.js';
import type { Polygon } from '../../vector/index.js';

/** Which scenes are wanted. */
export interface SceneQuery {
  readonly collection: string;
  readonly area: readonly Polygon[];
  /** Null for any time. */
  readonly interval: TimeInterval | null;
}

/** How catalogs are read. */
export interface FinderOptions extends OpenOptions, OperationOptions {}

/** A search that finds more scenes is too wide. */
const MOST_SCENES = 5000;

/** Finds scenes in catalogs; a file is read once, and a search is made once. */
export class SceneFinder {
  readonly #catalogs = new Map<string, Promise<GeoCatalog>>();
  readonly #searches = new Map<string, Promise<CatalogRow[]>>();
  readonly #options: FinderOptions;

  constructor(options: FinderOptions = {}) {
    this.#options = options;
  }

  /**
   * The scenes of a collection that meet an area in an interval.
   * @throws {TerrachipError} INVALID_INPUT for a catalog that lacks the collection; what reading it throws
   */
  async find(catalog: string, query: SceneQuery): Promise<CatalogRow[]> {
    if (!isUrl(catalog) || isParquetPath(catalog) || isDocumentPath(catalog))
      return this.#inFile(catalog, query);
    const key = JSON.stringify([catalog, query.collection, query.interval]);
    const search = this.#searches.get(key) ?? this.#inApi(catalog, query);
    this.#searches.set(key, search);
    return search;
  }

  async #inApi(url: string, { collection, area, interval }: SceneQuery): Promise<CatalogRow[]> {
    const bbox = bboxOf(area) ?? undefined;
    const query = { collections: collection, bbox, ...(interval === null ? {} : { datetime: interval }) };
    const documents: unknown[] = [];
    for await (const item of searchStac(url, query, { ...this.#options, maxItems: MOST_SCENES + 1 })) {
      documents.push(item);
    }
    if (documents.length > MOST_SCENES) {
      const problem = `has more than ${MOST_SCENES} items of ${collection} in the area and window`;
      throw invalidInput(publicUrl(url), problem, 'make the area or window_days smaller');
    }
    const warn = (message: string) => this.#options.onProgress?.({ type: 'warning', message });
    return [...catalogFromStac(documents, { source: url, onInvalid: (error) => warn(error.message) })];
  }

  async #inFile(path: string, { collection, area, interval }: SceneQuery): Promise<CatalogRow[]> {
    const { onProgress: _, ...open } = this.#options;
    const loading = this.#catalogs.get(path) ?? loadCatalog(path, open);
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
