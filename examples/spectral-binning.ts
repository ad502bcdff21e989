// D: a hyperspectral image as Sentinel-2 bands: means of channels, weighted by the spectral response.
import { unitRows } from 'terrachip/geo';
import { CogWriter, openRaster } from 'terrachip/raster';

/** Rows in memory at a time. */
const ROWS = 256;

/**
 * @param cube a raster with one band per channel
 * @param response weights of the channels, by band: rows of the spectral-response matrix
 */
export async function binToSentinel2(
  cube: string,
  response: Readonly<Record<string, readonly number[]>>,
  output: string,
): Promise<void> {
  const raster = await openRaster(cube);
  const { geobox, width, height, bands } = raster;
  if (geobox === null) throw new Error(`${cube} has no place on the ground`);
  const writer = await CogWriter.create(output, {
    geobox,
    bands: Object.keys(response).length,
    dtype: 'float32',
    nodata: Number.NaN,
    descriptions: Object.keys(response),
  });
  try {
    for (const { start, end } of unitRows(height, ROWS)) {
      const channels = await raster.readPlanes({ window: { x: 0, y: start, width, height: end - start } });
      const binned = Object.values(response).map((weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const plane = new Float32Array(channels[0].length);
        for (const [k, weight] of weights.entries()) {
          // Nodata in a channel of weight 0 does not matter.
          if (weight === 0) continue;
          const { nodata, scale, offset } = bands[k];
          const values = channels[k];
          for (let i = 0; i < plane.length; i++) {
            const value = values[i] === nodata ? Number.NaN : values[i] * scale + offset;
            plane[i] += (weight / total) * value;
          }
        }
        return plane;
      });
      await writer.writeRows(binned);
    }
    await writer.finish();
  } finally {
    await writer.abort();
    await raster.dispose();
  }
}
