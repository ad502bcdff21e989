/** The images of a package: the bands of one modality in one phase, from one or several files, on one grid. */
import { invalidInput } from '../errors.js';
import { bytesPerElement } from '../geo/dtype.js';
import { type ControlGrids, type GeoBox, gridsMeet, noOverlap, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { withoutUndefined } from '../json.js';
import { mosaic } from '../kernels/index.js';
import type { OperationOptions } from '../progress.js';
import { type BlockCache, type RowSource, readStrips, WarpedRaster } from '../raster/node/index.js';
import { type Units, unitConversion } from '../raster/units.js';
import {
  type Acquisition,
  type AcquisitionItem,
  acquisitionUnits,
  assetHref,
  bandName,
  isMissing,
  STATIC_MODALITY,
} from './acquisition.js';
import { planGridMemory } from './grid-memory.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import type { ImageWriter } from './package/form.js';
import type { ValidPixels } from './package/valid-pixels.js';
import { type RequestOptions, SceneRasters } from './scene.js';
import { requireGeobox } from './target-grid.js';

/** A file of a band, and the units of its values. */
interface Tile {
  readonly href: string;
  readonly units: Units;
}

/** The bands of one modality in one phase; each band may come in several tiles. */
export interface PackageImage {
  readonly modality: string;
  /** Null for static images. */
  readonly phase: string | null;
  /** Of all bands, once tiles in other units are converted. */
  readonly units: Units;
  readonly bands: readonly { name: string; tiles: readonly Tile[] }[];
  /** What is taken where tiles overlap: their mean, or the first that has data. */
  readonly method: 'mean' | 'first';
}

/**
 * The images that a manifest names.
 * @throws {TerrachipError} INVALID_INPUT for a phase without an item that is not said to be missing, and for unknown
 * units or addresses
 */
export function listImages(manifest: Acquisition): PackageImage[] {
  const { document, path } = manifest;
  const image = (modality: string, phase: string | null, items: readonly AcquisitionItem[]): PackageImage => {
    const units = items.map((item) => acquisitionUnits(manifest, modality, item));
    return {
      modality,
      phase,
      units: commonUnits(units),
      bands: document.assets[modality].map((key) => ({
        name: bandName(key),
        tiles: items.map((item, k) => ({ href: assetHref(manifest, item, key), units: units[k] })),
      })),
      method: phase === null ? 'mean' : 'first',
    };
  };
  return Object.keys(document.assets).flatMap((modality) => {
    if (modality === STATIC_MODALITY) return [image(modality, null, document.dem_items)];
    return document.phase_order.flatMap((phase) => {
      const items = document.selected[phase][modality];
      if (items !== undefined) return [image(modality, phase, items)];
      if (isMissing(manifest, phase, modality)) return [];
      throw invalidInput(path, `selects no ${modality} for the phase ${phase}`, 'add it to selected');
    });
  });
}

/** Units that all tiles have, or can be converted to: Sentinel-2 with and without its offset becomes harmonised. */
function commonUnits(units: readonly Units[]): Units {
  return units.includes('dn_harmonised') ? 'dn_harmonised' : units[0];
}

/** What the images of a package share. */
export interface SharedParts {
  /** Of decoded blocks; its counters are of the last image. */
  readonly cache: BlockCache;
  readonly controls: ControlGrids;
}

/** Warps the bands of an image in strips; one strip is written while the next is computed. */
export async function packageImage(
  image: PackageImage,
  grid: GeoBox,
  backend: Backend,
  { cache, controls }: SharedParts,
  writer: ImageWriter,
  valid: ValidPixels,
  options: RequestOptions & OperationOptions & Pick<MemoryOptions, 'memory'>,
): Promise<MemoryPlan> {
  const { signal, access, retry, timeout } = options;
  const rasters = new SceneRasters(null, cache, withoutUndefined({ access, retry, timeout }));
  let writing: Promise<void> = Promise.resolve();
  try {
    const { source, warped } = await openImage(image, grid, backend, rasters, controls, signal);
    const memory = await planGridMemory(
      {
        name: `the package's ${image.modality}`,
        geobox: grid,
        bands: source.bandCount,
        valueBytes: bytesPerElement('float32'),
        maskBytes: Math.ceil(grid.pixelCount / 8),
        warped,
        backend: backend.info,
      },
      options,
    );
    cache.restart(memory.cacheBytes);
    for await (const { rows, values } of readStrips(backend, source, signal)) {
      await writing;
      writing = writer.writeRows(values);
      writing.catch(() => undefined);
      for (const band of values) valid.restrict(band, rows.start);
    }
    await writing;
    return memory;
  } finally {
    await Promise.allSettled([writing]);
    await rasters.dispose();
  }
}

/**
 * The rows of an image on the grid of a package.
 * @throws {TerrachipError} INVALID_INPUT for a band none of whose files reaches into the grid, and for units that
 * cannot be converted
 */
async function openImage(
  image: PackageImage,
  grid: GeoBox,
  backend: Backend,
  rasters: SceneRasters,
  controls: ControlGrids,
  signal?: AbortSignal,
): Promise<{ source: RowSource; warped: readonly WarpedRaster[] }> {
  const bands: WarpedRaster[][] = [];
  for (const { tiles } of image.bands) {
    const opened = [];
    for (const { href, units } of tiles) opened.push({ units, raster: await rasters.open(href, signal) });
    const near = opened.filter(({ raster }) => gridsMeet(requireGeobox(raster), grid));
    if (near.length === 0) {
      const [{ raster }] = opened;
      throw noOverlap(raster.name, raster.geobox, 'the event’s box', grid);
    }
    bands.push(
      near.map(({ raster, units }) => {
        const convert = unitConversion(units, image.units, raster.name);
        return new WarpedRaster(backend, raster, {
          geobox: grid,
          controls,
          resampling: 'bilinear',
          bands: [1],
          prepare: convert.source,
          finish: convert.resampled,
        });
      }),
    );
  }
  return { source: mosaicOf(backend, bands, grid, image.method), warped: bands.flat() };
}

/** Rows of bands in one or more tiles. */
function mosaicOf(
  backend: Backend,
  bands: readonly (readonly WarpedRaster[])[],
  geobox: GeoBox,
  method: PackageImage['method'],
): RowSource {
  return {
    geobox,
    bandCount: bands.length,
    async readRows(rows, planes, firstRow, signal) {
      for (const [band, tiles] of bands.entries()) {
        if (tiles.length === 1) await tiles[0].readRows(rows, [planes[band]], firstRow, signal);
        else await readTiles(tiles, rows, planes[band], firstRow, signal);
      }
    },
  };

  async function readTiles(
    tiles: readonly WarpedRaster[],
    rows: RowRange,
    destination: DeviceTensor,
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const layers = tiles.map(() => backend.allocate(destination.shape, 'float32'));
    try {
      for (const [k, tile] of tiles.entries()) await tile.readRows(rows, [layers[k]], firstRow, signal);
      mosaic(backend, { layers, method, destination });
      await backend.submit();
    } finally {
      for (const layer of layers) layer.dispose();
    }
  }
}
