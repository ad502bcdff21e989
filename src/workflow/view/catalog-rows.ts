/** The rows of a catalog as a view lists them, and their rasters. */
import { basename } from 'node:path';
import type { GeoCatalog } from '../../catalog/node/index.js';
import { type CatalogAsset, type CatalogRow, mainAsset, rowName } from '../../catalog/row.js';
import { pathOf } from '../../io/open-url.js';
import type { RowEntry } from './documents.js';
import { entryOf, type LayerSource, type Subject } from './subject.js';

/** Rows that a page lists and draws. */
const MOST_ROWS = 2000;

/** Assets of a row that can be opened. */
const MOST_ASSETS = 40;

export function catalogSubject(title: string, catalog: GeoCatalog): Subject {
  const dated = [...catalog].sort((a, b) => b.interval.start - a.interval.start);
  const rows = dated.slice(0, MOST_ROWS);
  const layers = new Map(rows.flatMap((row, k) => layersOf(row, k)).map((layer) => [layer.id, layer]));
  return {
    document: {
      title,
      note: '',
      layers: [],
      catalog: { rows: rows.map(entryOfRow), count: catalog.length },
    },
    first: [],
    layer: (id) => layers.get(id) ?? null,
  };
}

function entryOfRow(row: CatalogRow, k: number): RowEntry {
  const [datetime] = row.interval.toJSON();
  return {
    id: row.id,
    collection: row.collection,
    datetime: datetime === '..' ? '' : datetime,
    footprint: row.footprint,
    layers: layersOf(row, k).map(entryOf),
  };
}

/** The rasters of a row, its main file first. */
function layersOf(row: CatalogRow, k: number): LayerSource[] {
  const main = mainAsset(row);
  const assets = Object.entries(row.assets).filter(([, asset]) => asset !== main && isRaster(asset));
  const mainName = Object.entries(row.assets).find(([, asset]) => asset === main)?.[0];
  const all: (readonly [string, CatalogAsset])[] = [
    [mainName ?? basename(pathOf(main.href)), main],
    ...assets,
  ];
  return all.slice(0, MOST_ASSETS).map(([name, { href, bands }], asset) => ({
    id: `r${k}-${asset}`,
    name: `${rowName(row)}: ${name}`,
    shown: false,
    path: href,
    classes: null,
    bandNames: bands === undefined ? null : namesOf(bands),
  }));
}

/** Names of the bands by their numbers; null unless each band of the file has one. */
function namesOf(bands: NonNullable<CatalogAsset['bands']>): string[] | null {
  const names = [...bands].sort((a, b) => a.index - b.index);
  return names.every(({ index }, k) => index === k + 1) ? names.map(({ name }) => name) : null;
}

function isRaster({ mediaType, roles = [], href }: CatalogAsset): boolean {
  if (roles.some((role) => ['thumbnail', 'metadata'].includes(role))) return false;
  if (mediaType !== undefined) return /tiff|jp2|netcdf|hdf5?|zarr/i.test(mediaType);
  return /\.(tiff?|jp2|nc|zarr|h5|npy)$/i.test(pathOf(href));
}
