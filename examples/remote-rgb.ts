import type { Bounds, GeoBox } from 'terrachip/geo';
import { openRaster } from 'terrachip/raster';

/**
 * The part of an image on a web server that lies within bounds, as red, green and blue bytes of each pixel. Only the
 * tiles under it are fetched. Runs in Node and in browsers.
 * @param bounds in the image's own CRS
 * @param resolution the largest pixels that will do, in units of that CRS: the image's overviews are used
 * @param brightest the value that becomes 255
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
