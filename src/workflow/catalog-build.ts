/** Catalogs built from files, and written. */
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

export const CATALOG_TYPES = ['raster', 'zarr', 'vector', 'product', 'stac'] as const;
export type CatalogType = (typeof CATALOG_TYPES)[number];

export interface BuildCatalogOptions extends OperationOptions {
  /** Paths, patterns, folders or URLs. */
  inputs: readonly string[];
  /** The catalog to write: GeoParquet or GeoJSON, by its ending. */
  output: string;
  /** Default: by the endings of the inputs, `raster` for folders, `stac` for JSON that holds STAC items. */
  type?: CatalogType;
  filenameRegex?: string;
  dateFormat?: string;
  collection?: string;
  concurrency?: number;
  /** Ends with the first file that cannot be read, instead of leaving it out. */
  strict?: boolean;
  /** Of rasters. */
  bandNames?: readonly string[];
  /** Of stores of arrays. */
  variables?: readonly string[];
  /** A row a `store` or a `step` of time; a row a `file` or a `feature`. */
  rows?: 'store' | 'step' | 'file' | 'feature';
  /** Of vector files. */
  layer?: string;
  sourceCrs?: string;
  encoding?: string;
  dateProperty?: readonly string[];
  idProperty?: string;
  /** Of STAC items on servers: takes files of this machine and addresses of its network from them. */
  allowLocal?: boolean;
}

export interface BuildCatalogReport {
  output: string;
  type: CatalogType;
  count: number;
  /** Files that are left out, since they cannot be read. */
  unreadable: { path: string; problem: string }[];
  /** Files whose names the expression does not match. */
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

/** The files that a catalog was built from. */
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
  const { collection, concurrency, signal, onProgress, rows, dateProperty, sourceCrs } = options;
  const common = {
    collection,
    concurrency,
    signal,
    onProgress,
    onUnreadable: options.strict === true ? 'throw' : 'report',
  } as const;
  const { filenameRegex, dateFormat, bandNames, variables, allowLocal, layer, encoding, idProperty } =
    options;
  const names = { filenameRegex, dateFormat };
  switch (type) {
    case 'raster':
      return buildRasterCatalog(inputs, { ...common, ...names, bandNames });
    case 'zarr': {
      const each = rows === 'step' || rows === 'store' ? rows : undefined;
      return buildZarrCatalog(inputs, { ...common, rows: each, variables });
    }
    case 'product':
      return buildProductCatalog(inputs, { ...common, allowLocal });
    case 'stac':
      return buildStacCatalog(inputs, { ...common, allowLocal });
    default: {
      const [start, end] = dateProperty ?? [];
      return buildVectorCatalog(inputs, {
        ...common,
        ...names,
        dateProperty: start === undefined || end === undefined ? start : ([start, end] as const),
        rows: rows === 'feature' || rows === 'file' ? rows : undefined,
        layer,
        crs: sourceCrs,
        encoding,
        idProperty,
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
    throw invalidOption('type', 'cannot be told from inputs of several kinds', 'build a catalog of each');
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
