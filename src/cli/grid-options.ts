/** The options that say which grid a result is on. */
import type { Command } from 'commander';
import { invalidOption } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import type { TargetGrid } from '../workflow/index.js';
import { collect, parseCount, parseNumber, requireLength } from './arguments.js';

export interface GridOptions {
  crs?: string;
  bounds?: number[];
  size?: number[];
  res?: number;
  like?: string;
}

export function addGridOptions(command: Command): Command {
  return command
    .option('--crs <crs>', 'CRS of the result: EPSG:32632, WKT or a PROJ string')
    .option('--bounds <number...>', 'x0 y0 x1 y1 in that CRS', collect(parseNumber('--bounds')))
    .option('--size <pixels...>', 'width and height', collect(parseCount('--size')))
    .option(
      '--res <units>',
      'pixel size; bounds are then snapped outward to multiples of it',
      parseNumber('--res'),
    )
    .option('--like <raster>', 'take the grid of another raster');
}

/** @param hasSource whether a raster is shown, for which what is left out is chosen */
export function parseGrid(
  options: { [K in keyof GridOptions]: GridOptions[K] | undefined },
  hasSource: boolean,
): TargetGrid {
  const { like, crs, bounds, size, res } = options;
  if (like !== undefined) {
    if (crs ?? bounds ?? size ?? res) {
      throw invalidOption('--like', 'already says the grid', 'leave out --crs, --bounds, --size and --res');
    }
    return { like };
  }
  if (!hasSource && (crs === undefined || bounds === undefined)) {
    throw invalidOption('--crs and --bounds', 'are needed', 'give both, or --like a raster');
  }
  if (size !== undefined && res !== undefined) {
    throw invalidOption('--size and --res', 'both say the size of pixels', 'give one of them');
  }
  if (!hasSource && size === undefined && res === undefined) {
    throw invalidOption('--size or --res', 'is needed', 'give the width and height, or the pixel size');
  }
  const place = {
    ...(crs === undefined ? {} : { crs }),
    ...(bounds === undefined ? {} : { bounds: boundsOf(bounds) }),
  };
  if (size === undefined) return { ...place, ...(res === undefined ? {} : { resolution: res }) };
  const [width, height] = requireLength('--size', size, [2]);
  return { ...place, size: [width, height] };
}

function boundsOf(numbers: readonly number[]): Bounds {
  const [x0, y0, x1, y1] = requireLength('--bounds', numbers, [4]);
  return [x0, y0, x1, y1];
}
