// I: radar and optical scenes within three days of each other, as one stack of bands.
import {
  buildRasterCatalog,
  loadRaster,
  loadSides,
  SampleArea,
  type SideLoader,
  stack,
} from 'terrachip/catalog';
import type { CrsLike, GeoTensor } from 'terrachip/geo';

const DAY = 86_400_000;

export interface FusedPair {
  readonly id: string;
  /** (band, y, x): the radar's bands, then the optical ones. */
  readonly image: GeoTensor;
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
  // Intervals of the radar scenes are padded, so that scenes of nearby days overlap in time.
  const pairs = radars.padInterval(3 * DAY).intersect(opticals);
  const bands = (...names: string[]): SideLoader<GeoTensor> => {
    return (rows, target) => loadRaster(rows, target, { bands: names });
  };
  const fused: FusedPair[] = [];
  for (const pair of pairs) {
    const { geobox } = SampleArea.of([pair], { crs, resolution });
    const sides = await loadSides([pair], geobox, [bands('VV', 'VH'), bands('B04')]);
    fused.push({ id: pair.id, image: stack(sides) });
  }
  return fused;
}
