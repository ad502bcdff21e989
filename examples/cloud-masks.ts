// G: a cloud mask for each tile, on the grid of its image.
import { join } from 'node:path';
import { buildRasterCatalog, loadRaster } from 'terrachip/catalog';
import { GeoTensor } from 'terrachip/geo';
import { SCL_CLOUDS } from 'terrachip/kernels';
import { writeCog } from 'terrachip/raster';

/**
 * @param folder files such as `S2_20210703_B04.tif` (10 m) and `S2_20210703_SCL.tif` (20 m)
 * @returns the paths of the masks: 1 for a cloud or its shadow, 0 clear, 255 unknown
 */
export async function writeCloudMasks(folder: string): Promise<string[]> {
  const { catalog } = await buildRasterCatalog(`${folder}/*.tif`, {
    filenameRegex: /^S2_(?<date>\d{8})_(?<band>B04|SCL)\.tif$/,
  });
  const written: string[] = [];
  for (const row of catalog) {
    const geobox = row.assets.B04?.geobox;
    if (geobox === undefined) continue;
    // Classes are resampled by nearest neighbour.
    const { data: classes } = await loadRaster([row], geobox, { bands: ['SCL'] });
    const mask = Uint8Array.from(classes, (value) => {
      if (Number.isNaN(value) || value === 0) return 255;
      return SCL_CLOUDS.includes(value) ? 1 : 0;
    });
    const { width, height } = geobox;
    const tensor = new GeoTensor({
      data: mask,
      shape: [height, width],
      dimensions: ['y', 'x'],
      geobox,
      nodata: 255,
    });
    const path = join(folder, `${row.id}_CLOUD.tif`);
    await writeCog(path, tensor, { overviews: 'mode' });
    written.push(path);
  }
  return written;
}
