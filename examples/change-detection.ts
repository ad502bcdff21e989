// F: change between two epochs: intersects their catalogs and compares each overlap on one grid.
import { join } from 'node:path';
import { buildRasterCatalog, loadRaster, loadSides, SampleArea, type SideLoader } from 'terrachip/catalog';
import { type CrsLike, GeoTensor } from 'terrachip/geo';
import { writeCog } from 'terrachip/raster';

export interface Change {
  /** The ids of both scenes. */
  readonly id: string;
  /** A map of the later value minus the earlier; NaN where either is nodata. */
  readonly path: string;
  /** Pixels valid in both scenes, and those that changed by more than the threshold. */
  readonly seen: number;
  readonly changed: number;
}

/**
 * @param before a pattern of files in any CRS; `after` likewise
 * @param band its number in the files (from 1), or its name
 * @param folder for the maps
 */
export async function changes(
  before: string,
  after: string,
  {
    crs,
    resolution,
    band,
    threshold,
  }: { crs: CrsLike; resolution: number; band: number | string; threshold: number },
  folder: string,
): Promise<Change[]> {
  const [first, second] = await Promise.all([before, after].map((pattern) => buildRasterCatalog(pattern)));
  const load: SideLoader<GeoTensor> = (rows, grid) => loadRaster(rows, grid, { bands: [band] });
  const found: Change[] = [];
  // The epochs do not overlap in time, so that only footprints are intersected.
  for (const overlap of first.catalog.intersect(second.catalog, { spatialOnly: true })) {
    const { geobox } = SampleArea.of([overlap], { crs, resolution });
    const [then, now] = await loadSides([overlap], geobox, [load, load]);
    const data = now.data.map((value, i) => value - then.data[i]);
    const { shape, dimensions } = now;
    const path = join(folder, `${overlap.id}.tif`);
    await writeCog(path, new GeoTensor({ data, shape, dimensions, geobox, nodata: Number.NaN }));
    const seen = data.filter((value) => !Number.isNaN(value));
    const changed = seen.filter((value) => Math.abs(value) > threshold).length;
    found.push({ id: overlap.id, path, seen: seen.length, changed });
  }
  return found;
}
