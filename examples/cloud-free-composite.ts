// A: a cloud-free composite: the median of a month of cloud-masked Sentinel-2 scenes.
import { buildRasterCatalog, loadRaster } from 'terrachip/catalog';
import type { GeoBox, GeoTensor } from 'terrachip/geo';
import { SCL_CLOUDS } from 'terrachip/kernels';
import { writeCog } from 'terrachip/raster';

/**
 * @param folder files such as `S2_20210703_B04.tif`, with an `SCL` of each date
 * @param month such as `2021-07`
 */
export async function cloudFreeComposite(
  folder: string,
  grid: GeoBox,
  month: string,
  output: string,
): Promise<GeoTensor> {
  // Files whose names differ only in the band are one item.
  const { catalog } = await buildRasterCatalog(`${folder}/*.tif`, {
    filenameRegex: /^S2_(?<date>\d{8})_(?<band>\w+)\.tif$/,
  });
  // Clouds, dilated by a pixel, are masked on each scene's own grid before scenes are combined.
  const composite = await loadRaster(catalog.query({ interval: month }), grid, {
    bands: ['B04', 'B08'],
    method: 'median',
    mask: { band: 'SCL', classes: SCL_CLOUDS, dilate: 1 },
  });
  await writeCog(output, composite);
  return composite;
}
