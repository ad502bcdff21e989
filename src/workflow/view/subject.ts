/** What a view shows: rasters, the layers of maps, or the rasters of a catalog. */
import { basename } from 'node:path';
import { loadCatalog } from '../../catalog/node/index.js';
import { invalidOption } from '../../errors.js';
import { pathOf } from '../../io/open-url.js';
import { catalogSubject } from './catalog-rows.js';
import type { LayerClass, LayerEntry, ViewDocument } from './documents.js';
import { isMapFolder, mapLayers } from './map-layers.js';

/** A layer, and where it comes from. */
export interface LayerSource extends LayerEntry {
  /** Path or URL of a raster. */
  readonly path: string;
  /** Names and colours of its values, where they are known. */
  readonly classes: readonly LayerClass[] | null;
  /** Names of its bands, where they are known. */
  readonly bandNames: readonly string[] | null;
  /** The band that is drawn at first; default: what the file says. */
  readonly firstBand?: number;
}

/** What is viewed, and its layers by id. */
export interface Subject {
  readonly document: ViewDocument;
  /** The layers that are opened at once, since they are shown at first. */
  readonly first: readonly string[];
  /** @returns null for no such layer */
  layer(id: string): LayerSource | null;
}

type LoadOptions = Parameters<typeof loadCatalog>[1];

const CATALOG = /\.((geo)?(parquet|json)|ndjson|jsonl)$/i;

/**
 * @param paths rasters and folders of maps, or one catalog
 * @throws {TerrachipError} INVALID_OPTION for a catalog beside others; as `loadCatalog` and `readMapFolder`
 */
export async function readSubject(paths: readonly string[], options: LoadOptions): Promise<Subject> {
  const catalog = paths.find((path) => CATALOG.test(pathOf(path)));
  if (catalog !== undefined) {
    if (paths.length > 1)
      throw invalidOption('paths', `name the catalog ${catalog} and others`, 'view it alone');
    return catalogSubject(basename(pathOf(catalog)), await loadCatalog(catalog, options));
  }
  const layers: LayerSource[] = [];
  const notes: string[] = [];
  for (const path of paths) {
    if (await isMapFolder(path)) {
      const map = await mapLayers(path);
      layers.push(...map.layers.map((layer, k) => ({ ...layer, id: String(layers.length + k) })));
      if (map.note !== '') notes.push(map.note);
    } else {
      const name = basename(pathOf(path));
      layers.push({ id: String(layers.length), name, shown: true, path, classes: null, bandNames: null });
    }
  }
  const title = paths.map((path) => basename(pathOf(path))).join(', ');
  return {
    document: { title, note: notes.join(' '), layers: layers.map(entryOf), catalog: null },
    first: layers.filter(({ shown }) => shown).map(({ id }) => id),
    layer: (id) => layers.find((layer) => layer.id === id) ?? null,
  };
}

/** The part of a layer that the page receives. */
export function entryOf({ id, name, shown }: LayerSource): LayerEntry {
  return { id, name, shown };
}
