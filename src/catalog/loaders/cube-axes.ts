/** Cubes as loaders see them: which of a raster's bands are which step of what. */
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
  /** The array of a store with several; default: what follows `#` in the path, else the only one there is. */
  variable?: string;
  /** Steps that meet it (default: those of the slice, else all). */
  interval?: TimeInterval;
  /** Along axes other than time: the coordinates that are wanted, `{ band: ['B02', 'B03'] }` (default: all). */
  select?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Whether stored values become physical ones by the array's scale and offset (default true). */
  unscale?: boolean;
  cache?: BlockCache;
  /** Bytes that the result may have (default 4 GiB). */
  maxBytes?: number;
}

/** Which of a raster's bands are which step of which band. */
export interface CubeAxes {
  readonly times: readonly TimeInterval[];
  readonly bandNames: readonly string[];
  /** Band numbers of the file, (band, time) in C order. */
  readonly indexes: readonly number[];
}

/** Opens a store for a task, and closes it. */
export async function withCube<Result>(
  path: string,
  options: CubeOptions & { interval: TimeInterval },
  task: (raster: ArrayRaster, axes: CubeAxes) => Promise<Result>,
): Promise<Result> {
  const { variable, signal, cache = createBlockCache() } = options;
  const raster = await openRaster(path, {
    cache,
    variable,
    signal,
  });
  try {
    if (!(raster instanceof ArrayRaster)) {
      throw invalidInput(raster.name, 'is an image, not a store of arrays', 'use loadRaster');
    }
    return await task(raster, cubeAxes(raster, options));
  } finally {
    await raster.close();
  }
}

/** The bands of a raster by time and by everything else. */
function cubeAxes(
  raster: ArrayRaster,
  { interval, select = {} }: CubeOptions & { interval: TimeInterval },
): CubeAxes {
  const steps = new Map<string, TimeInterval>();
  const found = new Map<string, Map<string, number>>();
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
    const row = found.get(band) ?? new Map<string, number>();
    // A time that occurs twice is two steps.
    const place = JSON.stringify([band, String(time[1])]);
    const before = occurrences.get(place) ?? 0;
    occurrences.set(place, before + 1);
    const key = `${time[1]} ${before}`;
    steps.set(key, time[1]);
    found.set(band, row.set(key, index));
  }
  if (!timed) throw invalidInput(raster.name, 'has no time axis', 'use loadRaster, or openRaster');
  for (const [name, wanted] of Object.entries(select)) {
    const there = names.get(name);
    const unknown = wanted.find((value) => there?.has(String(value)) !== true);
    if (unknown === undefined) continue;
    const shown = [...(there ?? names.keys())].slice(0, 20).join(', ');
    throw invalidOption(
      'select',
      `names ${name} = ${unknown}, which ${raster.name} does not have`,
      `choose some of ${shown}`,
    );
  }
  if (steps.size === 0)
    throw invalidInput(raster.name, `has no step in ${interval}`, 'choose another interval');
  const times = [...steps].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  const bandNames = [...found.keys()];
  const indexes = bandNames.flatMap((band) => times.map(([key]) => found.get(band)?.get(key) ?? 0));
  if (indexes.includes(0))
    throw invalidInput(raster.name, 'has no full grid of bands and times', 'correct the store');
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

/** By what stored values become physical ones, where they should. */
export function scaleOf(band: BandInfo, unscale = true): Pick<BandInfo, 'scale' | 'offset'> {
  return unscale ? band : { scale: 1, offset: 0 };
}

/** @throws {TerrachipError} TOO_LARGE for so many float32 values */
export function requireBytes(name: string, values: number, limit = DEFAULT_MAX_BYTES): void {
  const size = 4 * values;
  if (size <= limit) return;
  const text = `${name} would give ${size} bytes, above the limit of ${limit}`;
  throw new TerrachipError('TOO_LARGE', text, 'choose less of it, in space or in time', { size, limit });
}
