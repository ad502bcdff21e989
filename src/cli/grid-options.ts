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

export function parseGrid(options: { [K in keyof GridOptions]: GridOptions[K] | undefined }): TargetGrid {
  const { like, crs, bounds, size, res } = options;
  if (like !== undefined) {
    if (crs ?? bounds ?? size ?? res) {
      throw invalidOption('--like', 'already says the grid', 'leave out --crs, --bounds, --size and --res');
    }
    return { like };
  }
  if (crs === undefined || bounds === undefined) {
    throw invalidOption('--crs and --bounds', 'are needed', 'give both, or --like a raster');
  }
  const [x0, y0, x1, y1] = requireLength('--bounds', bounds, [4]);
  const box: Bounds = [x0, y0, x1, y1];
  if ((size === undefined) === (res === undefined)) {
    throw invalidOption(
      '--size or --res',
      'is needed, and not both',
      'give the width and height, or the pixel size',
    );
  }
  if (res !== undefined) return { crs, bounds: box, resolution: res };
  const [width, height] = requireLength('--size', size ?? [], [2]);
  return { crs, bounds: box, size: [width, height] };
}
