/** Time steps and bands of cubes, by the coordinates of a raster's bands. */
import { invalidInput, invalidOption, TerrachipError } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import type { OperationOptions } from '../../progress.js';
import {
  ArrayRaster,
  type BandInfo,
  type BlockCache,
  type Coordinate,
  createBlockCache,
  openRaster,
} from '../../raster/index.js';
import { DEFAULT_MAX_BYTES } from './options.js';

/** What is read of a cube, and how. */
export interface CubeOptions extends OperationOptions {
  /** The array in a store (default: the part of the path after `#`, else the only array). */
  variable?: string;
  /** Loads time steps that overlap it (default: the interval of the slice, else all). */
  interval?: TimeInterval;
  /** Coordinates along axes other than time, `{ band: ['B02', 'B03'] }` (default: all). */
  select?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Applies the scale and offset of the array (default true). */
  unscale?: boolean;
  cache?: BlockCache;
  /** Largest result in bytes (default 4 GiB). */
  maxBytes?: number;
}

/** The bands of a raster as (band, time). */
export interface CubeAxes {
  readonly times: readonly TimeInterval[];
  readonly bandNames: readonly string[];
  /** Band numbers of the file, (band, time) in C order. */
  readonly indexes: readonly number[];
}

/** Opens a store, runs a task and closes the store. */
export async function withCube<Result>(
  path: string,
  options: CubeOptions & { interval: TimeInterval },
  task: (raster: ArrayRaster, axes: CubeAxes) => Promise<Result>,
): Promise<Result> {
  const { variable, signal, cache = createBlockCache() } = options;
  const raster = await openRaster(path, { cache, variable, signal });
  try {
    if (!(raster instanceof ArrayRaster)) {
      throw invalidInput(raster.name, 'is an image, not a store of arrays', 'use loadRaster');
    }
    return await task(raster, cubeAxes(raster, options));
  } finally {
    await raster.close();
  }
}

/** Groups the bands of a raster by time and by all other coordinates. */
function cubeAxes(
  raster: ArrayRaster,
  { interval, select = {} }: CubeOptions & { interval: TimeInterval },
): CubeAxes {
  const steps = new Map<string, TimeInterval>();
  const indexesOf = new Map<string, Map<string, number>>();
  const names = new Map<string, Set<string>>();
  const occurrences = new Map<string, number>();
  let timed = false;
  for (const { index } of raster.bands) {
    const coordinates = Object.entries(raster.bandCoordinates(index));
    const time = coordinates.find(
      (entry): entry is [string, TimeInterval] => entry[1] instanceof TimeInterval,
    );
    const others = coordinates.filter(([name]) => name !== time?.[0]);
    for (const [name, value] of others) names.set(name, (names.get(name) ?? new Set()).add(String(value)));
    if (time === undefined) continue;
    timed = true;
    if (!time[1].intersects(interval) || !isSelected(others, select)) continue;
    const band =
      others.length === 1
        ? String(others[0][1])
        : others.map(([name, value]) => `${name}=${value}`).join(', ');
    const indexAt = indexesOf.get(band) ?? new Map<string, number>();
    // A repeated time is a step of its own.
    const bandAndTime = JSON.stringify([band, String(time[1])]);
    const before = occurrences.get(bandAndTime) ?? 0;
    occurrences.set(bandAndTime, before + 1);
    const key = `${time[1]} ${before}`;
    steps.set(key, time[1]);
    indexesOf.set(band, indexAt.set(key, index));
  }
  if (!timed) throw invalidInput(raster.name, 'has no time axis', 'use loadRaster, or openRaster');
  for (const [name, wanted] of Object.entries(select)) {
    const existing = names.get(name);
    const unknown = wanted.find((value) => existing?.has(String(value)) !== true);
    if (unknown === undefined) continue;
    const shown = [...(existing ?? names.keys())].slice(0, 20).join(', ');
    throw invalidOption(
      'select',
      `names ${name} = ${unknown}, which ${raster.name} does not have`,
      `choose some of ${shown}`,
    );
  }
  if (steps.size === 0)
    throw invalidInput(raster.name, `has no step in ${interval}`, 'choose another interval');
  const times = [...steps].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  const bandNames = [...indexesOf.keys()];
  const indexes = bandNames.flatMap((band) => times.map(([key]) => indexesOf.get(band)?.get(key) ?? 0));
  if (indexes.includes(0))
    throw invalidInput(raster.name, 'lacks combinations of bands and times', 'correct the store');
  return { times: times.map(([, time]) => time), bandNames, indexes };
}

function isSelected(
  coordinates: readonly [string, Coordinate][],
  select: Readonly<Record<string, readonly (string | number)[]>>,
): boolean {
  return coordinates.every(([name, value]) => {
    const wanted = memberOf(select, name);
    return wanted === undefined || wanted.some((choice) => String(choice) === String(value));
  });
}

/** The scale and offset of a band; 1 and 0 without `unscale`. */
export function scaleOf(band: BandInfo, unscale = true): Pick<BandInfo, 'scale' | 'offset'> {
  return unscale ? band : { scale: 1, offset: 0 };
}

/** @throws {TerrachipError} TOO_LARGE if float32 values exceed the limit in bytes */
export function requireBytes(name: string, values: number, limit = DEFAULT_MAX_BYTES): void {
  const size = 4 * values;
  if (size <= limit) return;
  const text = `${name} would give ${size} bytes, above the limit of ${limit}`;
  throw new TerrachipError('TOO_LARGE', text, 'choose a smaller window or fewer steps', { size, limit });
}
