/** What tells one content of a file from another, and whether its pixels can be what they are said to be. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutCredentials } from '../errors.js';
import type { PixelWindow } from '../geo/index.js';
import { cannotOpen } from '../io/node/file.js';
import { isUrl } from '../io/open-url.js';
import {
  type BandInfo,
  checkPlausible,
  physicalValues,
  type Raster,
  readPixels,
  type Units,
} from '../raster/node/index.js';

/**
 * The address of what lies on a server; of a file its name, size and time.
 * @param location a path or URL; `#` and the name of what is meant may follow
 * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT for a file that cannot be looked at
 */
export async function identityOf(location: string): Promise<string> {
  if (isUrl(location)) return withoutCredentials(location);
  const [path, part] = await splitPart(location.startsWith('file:') ? fileURLToPath(location) : location);
  const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  return `${basename(path)}${part}:${size}:${Math.round(mtimeMs)}`;
}

/** A file, and what of it is meant; names of files may hold `#` themselves. */
async function splitPart(path: string): Promise<[path: string, part: string]> {
  const at = path.indexOf('#');
  if (at < 0) return [path, ''];
  const isFile = await stat(path).then(
    () => true,
    () => false,
  );
  return isFile ? [path, ''] : [path.slice(0, at), path.slice(at)];
}

/** Windows of this size at the corners and in the middle of a raster are looked at. */
const SAMPLE_SIZE = 128;

/**
 * Looks at some pixels of a band: data outside of what its units allow is an error.
 * @param band what its values are made of
 * @param what names the band, for messages
 * @throws {TerrachipError} INVALID_INPUT
 */
export async function requirePlausible(
  raster: Raster,
  band: Pick<BandInfo, 'index' | 'nodata' | 'scale' | 'offset'>,
  units: Units,
  what: string,
  signal?: AbortSignal,
): Promise<void> {
  checkPlausible(units, await sampleBand(raster, band, signal), `${raster.name}: ${what}`);
}

/** Physical values from windows spread over a raster, without those that are no data. */
async function sampleBand(
  raster: Raster,
  band: Pick<BandInfo, 'index' | 'nodata' | 'scale' | 'offset'>,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const level = raster.overviews.length;
  const [width, height] = raster.overviews.at(-1) ?? [raster.width, raster.height];
  const size: [number, number] = [Math.min(SAMPLE_SIZE, width), Math.min(SAMPLE_SIZE, height)];
  const windows: PixelWindow[] = [];
  for (const fy of [0, 0.5, 1]) {
    for (const fx of [0, 0.5, 1]) {
      const x = Math.round((width - size[0]) * fx);
      const y = Math.round((height - size[1]) * fy);
      windows.push({ x, y, width: size[0], height: size[1] });
    }
  }
  const values: number[] = [];
  for (const window of windows) {
    const request = { window, bands: [band], level, signal };
    const pixels = await readPixels(raster, request);
    for (const value of physicalValues(pixels, 0, band)) if (!Number.isNaN(value)) values.push(value);
  }
  return Float64Array.from(values);
}
