// L: batches of random chips for a training loop, prefetched, in the same sequence for any number of workers.
import {
  type Batch,
  batches,
  buildRasterCatalog,
  type Chip,
  loadRaster,
  randomSampler,
  redrawInvalid,
  SampleArea,
} from 'terrachip/catalog';
import type { CrsLike, GeoTensor } from 'terrachip/geo';
import { createBlockCache } from 'terrachip/raster';

export interface LoaderOptions {
  crs: CrsLike;
  resolution: number;
  size: number;
  count: number;
  batchSize: number;
  seed: number;
  /** Smallest share of valid pixels. */
  minimum: number;
  signal?: AbortSignal;
}

/**
 * @param files a pattern
 * @returns batches; `image` is float32 (chip, band, y, x) with NaN for nodata
 */
export async function* randomChips(
  files: string,
  options: LoaderOptions,
): AsyncGenerator<Batch<Chip, { image: GeoTensor<'float32'> }>> {
  const { crs, resolution, size, count, batchSize, seed, minimum, signal } = options;
  const { catalog } = await buildRasterCatalog(files);
  const area = SampleArea.of(catalog, { crs, resolution });
  // Neighbouring chips share decoded blocks.
  const cache = createBlockCache(512 * 2 ** 20);
  // Footprints include nodata pixels; a coarse read of each chip counts them.
  const validShare = async ({ geobox }: Chip): Promise<number> => {
    const { data } = await loadRaster(catalog, geobox.coarsen(4), {
      resampling: 'nearest',
      overview: 'auto',
      cache,
    });
    return data.filter((value) => !Number.isNaN(value)).length / data.length;
  };
  const sampler = redrawInvalid(randomSampler(area, { size, count, seed }), validShare, { minimum });
  const load = async ({ geobox }: Chip, own: AbortSignal): Promise<{ image: GeoTensor<'float32'> }> => ({
    image: await loadRaster(catalog, geobox, { cache, signal: own }),
  });
  yield* batches(sampler, load, { batchSize, signal });
}
