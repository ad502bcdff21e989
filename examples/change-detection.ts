// F: what changed between two epochs: catalogs intersected, and each overlap compared on one grid.
import { buildRasterCatalog, loadRaster, loadSides, SampleArea } from 'terrachip/catalog';
import type { CrsLike } from 'terrachip/geo';

export interface Change {
  /** The ids of both scenes. */
  readonly id: string;
  /** Pixels that both scenes saw, and those whose value fell by more than the threshold. */
  readonly seen: number;
  readonly fallen: number;
}

/** @param before files of one band, in any CRS, with any borders; `after` has others */
export async function changes(
  before: string,
  after: string,
  { crs, resolution, threshold }: { crs: CrsLike; resolution: number; threshold: number },
): Promise<Change[]> {
  const [first, second] = await Promise.all([before, after].map((pattern) => buildRasterCatalog(pattern)));
  // Epochs never overlap in time: only places are intersected.
  const overlaps = first.catalog.intersect(second.catalog, { spatialOnly: true });
  const found: Change[] = [];
  for (const overlap of overlaps) {
    const { geobox } = SampleArea.of([overlap], { crs, resolution });
    const [then, now] = await loadSides([overlap], geobox, [loadRaster, loadRaster]);
    let [seen, fallen] = [0, 0];
    for (let i = 0; i < then.data.length; i++) {
      const fall = then.data[i] - now.data[i];
      if (Number.isNaN(fall)) continue;
      seen++;
      if (fall > threshold) fallen++;
    }
    found.push({ id: overlap.id, seen, fallen });
  }
  return found;
}
