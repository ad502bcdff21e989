/** Checks that pixel values fit their declared units. */
import {
  type BandInfo,
  checkPlausible,
  physicalValues,
  type Raster,
  readPixels,
  type Units,
} from '../raster/node/index.js';

/** Side of the nine windows that are sampled. */
const SAMPLE_SIZE = 128;

type SampledBand = Pick<BandInfo, 'index' | 'nodata' | 'scale' | 'offset'>;

/**
 * Checks a sample of a band's values against the range of its units.
 * @param label names the band in messages
 * @throws {TerrachipError} INVALID_INPUT for values that these units cannot have
 */
export async function requirePlausible(
  raster: Raster,
  band: SampledBand,
  units: Units,
  label: string,
  signal?: AbortSignal,
): Promise<void> {
  checkPlausible(units, await sampleBand(raster, band, signal), `${raster.name}: ${label}`);
}

/** Physical values from 3 × 3 windows spread over the coarsest level, without nodata. */
export async function sampleBand(
  raster: Raster,
  band: SampledBand,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const level = raster.overviews.length;
  const [width, height] = raster.overviews.at(-1) ?? [raster.width, raster.height];
  const size = { width: Math.min(SAMPLE_SIZE, width), height: Math.min(SAMPLE_SIZE, height) };
  const values = new Float64Array(9 * size.width * size.height);
  let count = 0;
  for (const fy of [0, 0.5, 1]) {
    for (const fx of [0, 0.5, 1]) {
      const x = Math.round((width - size.width) * fx);
      const y = Math.round((height - size.height) * fy);
      const request = { window: { x, y, ...size }, bands: [band], level, signal };
      const pixels = await readPixels(raster, request);
      for (const value of physicalValues(pixels, 0, band)) if (!Number.isNaN(value)) values[count++] = value;
    }
  }
  return values.subarray(0, count);
}
