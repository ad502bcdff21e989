/** A catalog of raster files, from their headers. */
import { invalidInput } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import { openRaster, type Raster } from '../../raster/node/index.js';
import { noReference } from '../../raster/request.js';
import type { Polygon } from '../../vector/index.js';
import { largestOutline } from '../boxes.js';
import { type NameParts, type NamePatternOptions, nameReader } from '../name-pattern.js';
import { gridFootprint } from '../place.js';
import type { CatalogAsset, CatalogBand, CatalogRow } from '../row.js';
import { findFiles } from './find-files.js';
import { groupItems } from './group-items.js';
import { type BuildOptions, type BuiltCatalog, builtCatalog, readNamed } from './read-each.js';

/** Which files `buildRasterCatalog` reads, and how it reads their names. */
export interface BuildRasterOptions extends BuildOptions, NamePatternOptions {
  /** Names of the bands of each file, in order. Default: the descriptions in the file, else `band1`, `band2`, … */
  bandNames?: readonly string[];
  /** Extra headers for HTTP. */
  headers?: Readonly<Record<string, string>>;
}

const RASTERS = /\.(tiff?|gtiff|cog|jp2|vrt|npy|zarr|zarr\.zip|nc|nc4|h5|hdf5?|he5)$/i;
const STORES = /\.zarr\/?$/i;

interface RasterHeader {
  readonly geobox: GeoBox;
  readonly footprint: readonly Polygon[];
  readonly bands: readonly CatalogBand[];
}

interface FoundFile extends NameParts, RasterHeader {
  readonly path: string;
}

/**
 * A catalog of raster files: GeoTIFF, COG, and whatever else `openRaster` opens. Only headers are read. Files may differ
 * in coordinate reference system and resolution; one without a date is static. Rows are in the order of their files.
 * @param inputs paths, patterns such as `scenes/*.tif`, folders (searched with those inside), URLs, or
 * `store.zarr#variable`
 * @throws {TerrachipError} NOT_FOUND for an input that names no file, INVALID_OPTION for a `filenameRegex` without its groups,
 * INVALID_INPUT where no file can be read
 */
export async function buildRasterCatalog(
  inputs: string | readonly string[],
  options: BuildRasterOptions = {},
): Promise<BuiltCatalog> {
  const { signal } = options;
  const readName = nameReader(options);
  const paths = await findFiles(inputs, { wanted: RASTERS, isStore: STORES, signal });
  const { values, unreadable, unmatched } = await readNamed(
    paths,
    readName,
    options,
    async (path, parts): Promise<FoundFile> => {
      return { ...parts, path, ...(await readHeader(path, parts.band, options)) };
    },
  );
  const rows = groupItems(values).map(({ id, files }) => rowOf(id, files));
  return builtCatalog(rows, options, unreadable, unmatched);
}

async function readHeader(
  path: string,
  band: string | null,
  { signal, headers, bandNames, onProgress }: BuildRasterOptions,
): Promise<RasterHeader> {
  const raster = await openRaster(path, { signal, onProgress, headers });
  try {
    if (raster.geobox === null) throw noReference(raster);
    if (bandNames !== undefined && bandNames.length !== raster.bands.length) {
      throw invalidInput(
        path,
        `has ${raster.bands.length} bands, and bandNames has ${bandNames.length}`,
        'give a name a band',
      );
    }
    return {
      geobox: raster.geobox,
      footprint: gridFootprint(raster.geobox, path),
      bands: bandsOf(raster, band, bandNames),
    };
  } finally {
    await raster.dispose();
  }
}

/** @param band the band in the file's name, for a file with one band */
export function bandsOf(raster: Raster, band: string | null, names?: readonly string[]): CatalogBand[] {
  const isOne = raster.bands.length === 1;
  return raster.bands.map(({ index, description, nodata, scale, offset }) => ({
    name: names?.[index - 1] ?? (isOne && band !== null ? band : (description ?? `band${index}`)),
    index,
    nodata,
    scale,
    offset,
  }));
}

function rowOf(id: string, files: readonly FoundFile[]): CatalogRow {
  const [first] = files;
  const assets = files.map(({ path, band, bands, geobox }): [string, CatalogAsset] => [
    band ?? 'data',
    { href: path, roles: ['data'], bands, geobox },
  ]);
  return {
    id,
    collection: '',
    footprint: largestOutline(files.map(({ footprint }) => footprint)),
    interval: first.interval,
    href: first.path,
    assets: Object.fromEntries(assets),
    properties: first.properties,
  };
}
