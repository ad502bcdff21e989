/** The images of a package: the bands of one modality in one phase, from one or several files, on one grid. */
import { bytesPerElement } from '../geo/dtype.js';
import type { ControlGrids, GeoBox } from '../geo/index.js';
import type { Backend } from '../gpu/index.js';
import type { OperationOptions } from '../progress.js';
import { type BlockCache, readStrips } from '../raster/node/index.js';
import { isCategorical, unitConversion } from '../raster/units.js';
import { planGridMemory } from './grid-memory.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import { MosaicRows, tilesOnGrid } from './mosaic-rows.js';
import type { ImageWriter } from './package/form.js';
import { hrefsOf } from './package/job.js';
import type { PackageImage } from './package/manifest.js';
import type { ValidPixels } from './package/valid-pixels.js';
import type { RequestOptions } from './scene.js';
import { SceneRasters } from './scene-rasters.js';

/** What the images of a package share. */
export interface SharedParts {
  /** The cache of decoded blocks; its counters are those of the last image. */
  readonly cache: BlockCache;
  readonly controls: ControlGrids;
}

/** Warps the bands of an image, one after the other, in strips; one strip is written while the next is computed. */
export async function packageImage(
  image: PackageImage,
  grid: GeoBox,
  backend: Backend,
  { cache, controls }: SharedParts,
  writer: ImageWriter,
  valid: ValidPixels,
  options: RequestOptions & OperationOptions & Pick<MemoryOptions, 'memory'>,
): Promise<MemoryPlan> {
  const { signal } = options;
  const rasters = new SceneRasters(null, cache, options);
  let writing: Promise<void> = Promise.resolve();
  try {
    const bands = await openImage(image, grid, backend, rasters, controls, signal);
    const plan = (band: MosaicRows): Promise<MemoryPlan> =>
      planGridMemory(
        {
          name: `the package's ${image.modality}`,
          geobox: grid,
          bands: 1,
          valueBytes: bytesPerElement('float32'),
          maskBytes: Math.ceil(grid.pixelCount / 8),
          source: band,
          backend: backend.info,
        },
        options,
      );
    let memory = await plan(bands[0]);
    let { cacheBytes } = memory;
    for (const band of bands.slice(1)) {
      const needed = await plan(band);
      cacheBytes = Math.max(cacheBytes, needed.cacheBytes);
      if (needed.bytes > memory.bytes) memory = needed;
    }
    cache.restart(cacheBytes);
    for (const [k, band] of bands.entries()) {
      for await (const { rows, values } of readStrips(backend, band, signal)) {
        await writing;
        writing = writer.writeBand(k, values[0]);
        writing.catch(() => undefined);
        valid.restrict(values[0], rows.start);
      }
    }
    await writing;
    return memory;
  } finally {
    await Promise.allSettled([writing]);
    await rasters.dispose();
  }
}

/**
 * The rows of each band of an image on the grid of a package. Classes are picked, all else is interpolated.
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
): Promise<MosaicRows[]> {
  const bands: MosaicRows[] = [];
  await rasters.prepare(hrefsOf(image), signal);
  for (const { tiles, units: common } of image.bands) {
    const opened = [];
    for (const { href, units } of tiles) opened.push({ units, raster: await rasters.open(href, signal) });
    const near = tilesOnGrid(opened, grid, 'the event’s box').map(({ raster, units }) => ({
      raster,
      bands: [1],
      convert: unitConversion(units, common, raster.name),
    }));
    const { method } = image;
    const hasPalette = near.some(({ raster }) => raster.bands[0].colourInterpretation === 'palette');
    const resampling = isCategorical(common) || hasPalette ? 'nearest' : 'bilinear';
    bands.push(new MosaicRows(backend, near, { geobox: grid, controls, resampling, method }));
  }
  return bands;
}
