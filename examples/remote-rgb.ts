import type { Bounds, GeoBox } from 'terrachip/geo';
import { openRaster } from 'terrachip/raster';

/**
 * A window of an image on a web server as red, green and blue bytes. Only the tiles that it touches are fetched. Runs in
 * Node and in browsers.
 * @param bounds in the image's own CRS
 * @param resolution the largest allowed pixel size in units of that CRS, which selects an overview
 * @param brightest the value that maps to 255
 */
export async function remoteRgb(
  url: string,
  bounds: Bounds,
  resolution: number,
  brightest: number,
): Promise<{ rgb: Uint8ClampedArray; geobox: GeoBox }> {
  const raster = await openRaster(url);
  const { data, geobox } = await raster.read({ bounds, resolution, bands: [1, 2, 3] });
  await raster.dispose();
  const value = (i: number): number => data[(i % 3) * geobox.pixelCount + Math.floor(i / 3)];
  const rgb = Uint8ClampedArray.from({ length: data.length }, (_, i) => (255 * value(i)) / brightest);
  return { rgb, geobox };
}
