/** Which pixels of a picture are clouds or their shadows. Stretches leave them out. */
import { SCL_CLOUDS } from '../../kernels/index.js';
import type { Raster } from '../../raster/node/index.js';
import { readReduced } from './reduce.js';

/** QA_PIXEL of Landsat's Collection 2: dilated clouds, cirrus, clouds and shadows (USGS, LSDS-1619). */
const QA_PIXEL_CLOUDS = 0b11110;

/** Fewer clear pixels than this are too few to judge a scene. */
const LEAST_CLEAR = 0.01;

/** Clouds of a scene classification: 1 for a cloud; null if almost nothing is clear. NaN is no cloud. */
export function cloudsOfScl(plane: Float32Array): Uint8Array | null {
  return unlessOvercast(plane, (value) => SCL_CLOUDS.includes(value));
}

/** Clouds by a band named SCL or QA_PIXEL of the raster itself; null without one. */
export async function cloudsOf(
  raster: Raster,
  size: readonly [number, number],
  names: readonly string[] | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  const described = raster.bands.map(({ description }, k) => (names?.[k] ?? description ?? '').toUpperCase());
  const band = described.findIndex((name) => name === 'SCL' || name === 'QA_PIXEL') + 1;
  if (band === 0) return null;
  const {
    planes: [quality],
  } = await readReduced(raster, [band], size, signal);
  if (described[band - 1] === 'SCL') return cloudsOfScl(quality);
  return unlessOvercast(quality, (value) => (value & QA_PIXEL_CLOUDS) !== 0);
}

function unlessOvercast(plane: Float32Array, isCloud: (value: number) => boolean): Uint8Array | null {
  const clouds = Uint8Array.from(plane, (value) => (isCloud(value) ? 1 : 0));
  const count = clouds.reduce((sum, value) => sum + value, 0);
  return count > (1 - LEAST_CLEAR) * clouds.length ? null : clouds;
}
