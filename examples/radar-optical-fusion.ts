// I: radar and optical scenes of one place within three days of each other, as one stack of bands.
import { buildRasterCatalog, loadRaster, SampleArea } from 'terrachip/catalog';
import { type CrsLike, GeoTensor } from 'terrachip/geo';

const DAY = 86_400_000;

export interface FusedPair {
  readonly id: string;
  /** (band, y, x): the radar's bands, then the optical ones. */
  readonly stack: GeoTensor;
}

/** @param radar files such as `S1_20210703_VV.tif`; `optical` as `S2_20210705_B04.tif` */
export async function fuse(
  radar: string,
  optical: string,
  { crs, resolution }: { crs: CrsLike; resolution: number },
): Promise<FusedPair[]> {
  const filenameRegex = /^S\d_(?<date>\d{8})_(?<band>\w+)\.tif$/;
  const { catalog: radars } = await buildRasterCatalog(radar, { filenameRegex });
  const { catalog: opticals } = await buildRasterCatalog(optical, { filenameRegex });
  // Days that never coincide do once one side is widened.
  const pairs = radars.padInterval(3 * DAY).intersect(opticals);
  const [sars, images] = [pairs.parents(0), pairs.parents(1)];
  const fused: FusedPair[] = [];
  for (const [k, pair] of [...pairs].entries()) {
    const grid = SampleArea.of([pair], { crs, resolution }).geobox;
    const sar = await loadRaster([sars.row(k)], grid, { bands: ['VV', 'VH'] });
    const image = await loadRaster([images.row(k)], grid, { bands: ['B04'] });
    const stack = new GeoTensor({
      data: Float32Array.of(...sar.data, ...image.data),
      shape: [3, grid.height, grid.width],
      dimensions: ['band', 'y', 'x'],
      geobox: grid,
      nodata: Number.NaN,
      bandNames: ['VV', 'VH', 'B04'],
    });
    fused.push({ id: pair.id, stack });
  }
  return fused;
}
