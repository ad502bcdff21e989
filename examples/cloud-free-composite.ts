// A: a month of Sentinel-2 without clouds: at each pixel the median of the scenes that saw the ground.
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
  // Files whose names differ by their band alone are one item.
  const { catalog } = await buildRasterCatalog(`${folder}/*.tif`, {
    filenameRegex: /^S2_(?<date>\d{8})_(?<band>\w+)\.tif$/,
  });
  // Clouds go before anything is combined, each on its own scene's pixels, grown by a pixel.
  const composite = await loadRaster(catalog.query({ interval: month }), grid, {
    bands: ['B04', 'B08'],
    method: 'median',
    mask: { band: 'SCL', classes: SCL_CLOUDS, dilate: 1 },
  });
  await writeCog(output, composite);
  return composite;
}
