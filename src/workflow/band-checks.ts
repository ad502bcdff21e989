/** Identities of files, to detect changes, and checks that pixel values fit their declared units. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { cannotOpen, localPath } from '../io/node/file.js';
import { isUrl } from '../io/open-url.js';
import { storedAddress } from '../io/signature.js';
import {
  type BandInfo,
  checkPlausible,
  physicalValues,
  type Raster,
  readPixels,
  type Units,
} from '../raster/node/index.js';

/**
 * The identity of a source: a URL as it is, without credentials and signature; for a file, its name, size and modification time.
 * @param location a path or URL, optionally with `#` and the name of a part
 * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT for a file that cannot be read
 */
export async function identityOf(location: string): Promise<string> {
  if (isUrl(location)) return storedAddress(location);
  const [path, part] = await splitPart(localPath(location));
  const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  return `${basename(path)}${part}:${size}:${Math.round(mtimeMs)}`;
}

/** Splits `path#part`. A `#` may also belong to the name of an existing file. */
async function splitPart(path: string): Promise<[path: string, part: string]> {
  const at = path.indexOf('#');
  if (at < 0) return [path, ''];
  const isFile = await stat(path).then(
    () => true,
    () => false,
  );
  return isFile ? [path, ''] : [path.slice(0, at), path.slice(at)];
}

/** Side of the nine windows that are sampled. */
const SAMPLE_SIZE = 128;

/**
 * Checks a sample of a band's values against the range of its units.
 * @param label names the band in messages
 * @throws {TerrachipError} INVALID_INPUT for values that these units cannot have
 */
export async function requirePlausible(
  raster: Raster,
  band: Pick<BandInfo, 'index' | 'nodata' | 'scale' | 'offset'>,
  units: Units,
  label: string,
  signal?: AbortSignal,
): Promise<void> {
  // Physical values from 3 × 3 windows spread over the coarsest level, without nodata.
  const level = raster.overviews.length;
  const [width, height] = raster.overviews.at(-1) ?? [raster.width, raster.height];
  const size = { width: Math.min(SAMPLE_SIZE, width), height: Math.min(SAMPLE_SIZE, height) };
  const values: number[] = [];
  for (const fy of [0, 0.5, 1]) {
    for (const fx of [0, 0.5, 1]) {
      const x = Math.round((width - size.width) * fx);
      const y = Math.round((height - size.height) * fy);
      const request = { window: { x, y, ...size }, bands: [band], level, signal };
      const pixels = await readPixels(raster, request);
      for (const value of physicalValues(pixels, 0, band)) if (!Number.isNaN(value)) values.push(value);
    }
  }
  checkPlausible(units, Float64Array.from(values), `${raster.name}: ${label}`);
}
