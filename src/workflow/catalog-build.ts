/** Builds catalogs from files and writes them. */
import { resolve } from 'node:path';
import {
  type BuiltCatalog,
  buildProductCatalog,
  buildRasterCatalog,
  buildStacCatalog,
  buildVectorCatalog,
  buildZarrCatalog,
  isStacFile,
  saveCatalog,
} from '../catalog/node/index.js';
import { invalidOption } from '../errors.js';
import { requireApart, requireOutput } from '../io/node/inputs.js';
import { CATALOG_FORMATS } from '../io/node/output.js';
import { isAddress } from '../io/schemes.js';
import type { OperationOptions } from '../progress.js';
import { isVectorPath } from '../vector/node/index.js';
import type { CatalogType, RowKind } from './choices.js';

export interface BuildCatalogOptions extends OperationOptions {
  /** Paths, patterns, folders or URLs. */
  inputs: readonly string[];
  /** The catalog to write: GeoParquet or GeoJSON, by its extension. */
  output: string;
  /** Default: from the extensions of the inputs; `raster` for folders, `stac` for JSON with STAC items. */
  type?: CatalogType;
  filenameRegex?: string;
  dateFormat?: string;
  collection?: string;
  concurrency?: number;
  /** Fail on the first unreadable file, instead of leaving it out. */
  strict?: boolean;
  /** For rasters. */
  bandNames?: readonly string[];
  /** For Zarr and NetCDF. */
  variables?: readonly string[];
  /** What a row stands for: `store` or time `step` for `zarr`, `file` or `feature` for `vector`. */
  rows?: RowKind;
  /** For vector files, like the next four. */
  layer?: string;
  sourceCrs?: string;
  encoding?: string;
  dateProperty?: readonly string[];
  idProperty?: string;
  /** For STAC items on servers: accept hrefs to local files and to addresses in the local network. */
  allowLocal?: boolean;
}

export interface BuildCatalogReport {
  output: string;
  type: CatalogType;
  count: number;
  /** Files that cannot be read and are left out. */
  unreadable: { path: string; problem: string }[];
  /** Files whose names do not match `filenameRegex`. */
  unmatched: readonly string[];
}

/**
 * Builds a catalog and writes it. Paths in it are absolute.
 * @throws {TerrachipError} as the builders; INVALID_OPTION for options that the type does not have
 */
export async function buildCatalogFile(options: BuildCatalogOptions): Promise<BuildCatalogReport> {
  const { output, signal } = options;
  await requireOutput(output, { formats: CATALOG_FORMATS, inputs: options.inputs });
  const type = options.type ?? (await typeOf(options.inputs, signal));
  requireOwnOptions(type, options);
  const inputs = options.inputs.map((input) => (isAddress(input) ? input : resolve(input)));
  const built = await build(type, inputs, options);
  await requireApart([output], filesOf(built));
  await saveCatalog(built.catalog, output, { signal });
  return {
    output,
    type,
    count: built.catalog.length,
    unreadable: built.unreadable.map(({ path, error }) => ({ path, problem: error.message })),
    unmatched: built.unmatched,
  };
}

/** The source files of a catalog. */
function filesOf({ catalog, unreadable }: BuiltCatalog): string[] {
  const hrefs = [...catalog].flatMap(({ href, assets }) => [
    href,
    ...Object.values(assets).map((asset) => asset.href),
  ]);
  return [...new Set([...hrefs, ...unreadable.map(({ path }) => path)])];
}

function build(
  type: CatalogType,
  inputs: readonly string[],
  options: BuildCatalogOptions,
): Promise<BuiltCatalog> {
  const { rows, dateProperty, sourceCrs, ...rest } = options;
  // Options of other types are undefined.
  const own = { ...rest, onUnreadable: options.strict === true ? 'throw' : 'report' } as const;
  switch (type) {
    case 'raster':
      return buildRasterCatalog(inputs, own);
    case 'zarr':
      return buildZarrCatalog(inputs, {
        ...own,
        rows: rows === 'step' || rows === 'store' ? rows : undefined,
      });
    case 'product':
      return buildProductCatalog(inputs, own);
    case 'stac':
      return buildStacCatalog(inputs, own);
    default: {
      const [start, end] = dateProperty ?? [];
      return buildVectorCatalog(inputs, {
        ...own,
        dateProperty: start === undefined || end === undefined ? start : ([start, end] as const),
        rows: rows === 'feature' || rows === 'file' ? rows : undefined,
        crs: sourceCrs,
      });
    }
  }
}

const PRODUCT = /\.SAFE(\.zip)?\/?$/i;
const STORE = /\.(zarr|zarr\.zip|nc|nc4|cdf|h5|hdf5?|he5)(\/|#.*)?$/i;

async function typeOf(inputs: readonly string[], signal?: AbortSignal): Promise<CatalogType> {
  const types = new Set<CatalogType>();
  for (const input of inputs) {
    if (await isStacFile(input, signal)) types.add('stac');
    else if (isVectorPath(input)) types.add('vector');
    else if (PRODUCT.test(input)) types.add('product');
    else types.add(STORE.test(input) ? 'zarr' : 'raster');
  }
  const [type = 'raster', other] = types;
  if (other !== undefined) {
    const problem = 'cannot be inferred from inputs of several types';
    throw invalidOption('type', problem, 'build one catalog of each');
  }
  return type;
}

const OWN_OPTIONS: Readonly<Record<CatalogType, readonly (keyof BuildCatalogOptions)[]>> = {
  raster: ['filenameRegex', 'dateFormat', 'bandNames'],
  zarr: ['variables', 'rows'],
  vector: [
    'filenameRegex',
    'dateFormat',
    'rows',
    'layer',
    'sourceCrs',
    'encoding',
    'dateProperty',
    'idProperty',
  ],
  product: ['allowLocal'],
  stac: ['allowLocal'],
};

function requireOwnOptions(type: CatalogType, options: BuildCatalogOptions): void {
  for (const name of Object.values(OWN_OPTIONS).flat()) {
    if (options[name] === undefined || OWN_OPTIONS[type].includes(name)) continue;
    throw invalidOption(name, `has no meaning for a catalog of type ${type}`, 'leave it out');
  }
  const { rows } = options;
  if (rows === undefined) return;
  const allowed = type === 'zarr' ? ['store', 'step'] : ['file', 'feature'];
  if (!allowed.includes(rows)) {
    throw invalidOption('rows', `cannot be ${rows} for type ${type}`, `choose one of ${allowed.join(', ')}`);
  }
}
