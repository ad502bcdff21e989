// Warps a COG on a web server, for Node and the page.
import { GeoBox } from 'terrachip/kernels';
import { openRaster, WarpedRaster } from 'terrachip/raster';

export const SCENE = 'scene.tif';

/** The largest value of the scene of `writeScene`. */
export const BRIGHTEST = 4000;

/** A grid in the next UTM zone, at the resolution of the first overview. */
export const target = GeoBox.fromSize([283_000, 5_488_000, 290_000, 5_494_000], 32632, 350, 300);

/**
 * @param {import('terrachip/kernels').Backend} backend
 * @param {string} url
 * @returns {Promise<import('terrachip/kernels').DeviceTensor>} (y, x) float32 with NaN for no data
 */
export async function warpScene(backend, url) {
  const raster = await openRaster(url);
  const warped = new WarpedRaster(backend, raster, {
    geobox: target,
    resampling: 'bilinear',
    overview: 'auto',
  });
  const plane = backend.allocate([target.height, target.width], 'float32');
  await warped.readRows({ start: 0, end: target.height }, [plane], 0);
  await raster.close();
  return plane;
}
