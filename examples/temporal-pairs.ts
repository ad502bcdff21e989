// M: pairs of chips of the same place at two dates, for learning of change.
import {
  type Batch,
  batches,
  buildRasterCatalog,
  type ChipPair,
  loadRaster,
  pairSampler,
  SampleArea,
} from 'terrachip/catalog';
import type { CrsLike, GeoTensor } from 'terrachip/geo';

const DAY = 86_400_000;

/**
 * @param files a pattern of files with a date in their names, such as `S2_20210703.tif`
 * @param days smallest and largest gap between the two images, in days
 */
export async function* temporalPairs(
  files: string,
  { crs, resolution, size, count }: { crs: CrsLike; resolution: number; size: number; count: number },
  days: readonly [least: number, most: number],
): AsyncGenerator<Batch<ChipPair, { before: GeoTensor<'float32'>; after: GeoTensor<'float32'> }>> {
  const { catalog } = await buildRasterCatalog(files, { filenameRegex: /_(?<date>\d{8})\.tif$/ });
  const area = SampleArea.of(catalog, { crs, resolution });
  const pairs = pairSampler(area, { size, count, gap: [days[0] * DAY, days[1] * DAY] });
  const load = async ({
    before,
    after,
  }: ChipPair): Promise<Record<'before' | 'after', GeoTensor<'float32'>>> => ({
    before: await loadRaster(before.row === undefined ? [] : [before.row], before.geobox),
    after: await loadRaster(after.row === undefined ? [] : [after.row], after.geobox),
  });
  yield* batches(pairs, load, { batchSize: 4 });
}
