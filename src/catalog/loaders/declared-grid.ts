/** Compares the grid of a file with the metadata of its row. */
import { invalidInput } from '../../errors.js';
import { createPixelMapping, type GeoBox } from '../../geo/index.js';
import type { Position } from '../../vector/index.js';
import { PlaceQuery } from '../place-query.js';
import type { CatalogRow } from '../row.js';

/** Tolerance in pixels of the coarser grid: panchromatic bands begin half a pixel from the others. */
const SLACK = 2;

/**
 * Whether a row's footprint overlaps a grid by more than the tolerance; its file's declared grid should then overlap,
 * too.
 */
export function outlineMeets({ footprint }: CatalogRow, grid: GeoBox): boolean {
  const { width, height, transform, crs } = grid;
  const [dx, dy] = [Math.min(SLACK, width / 4), Math.min(SLACK, height / 4)];
  const inner = [
    [dx, dy],
    [width - dx, dy],
    [width - dx, height - dy],
    [dx, height - dy],
    [dx, dy],
  ].map(([x, y]): Position => transform.apply(x, y));
  return new PlaceQuery({ geometry: [[inner]], crs }).matchesFootprint(footprint);
}

/**
 * Compares the extent of a file with the grid declared in its row. A wrong grid would silently lose pixels, since it
 * decides which rows of a result the file is read for. Pixel sizes may differ: items may declare one grid for all
 * assets.
 * @throws {TerrachipError} INVALID_INPUT for different extents
 */
export function requireSamePlace(name: string, file: GeoBox, declared: GeoBox): void {
  const { map, turn } = createPixelMapping(file, declared);
  const slack = SLACK * Math.max(1, declared.width / file.width, declared.height / file.height);
  // A global grid may begin at any longitude.
  const isGlobe = turn > 0 && declared.width > turn - slack;
  const position = new Float64Array(2);
  const isOff = [0, 1].some((right) =>
    [0, 1].some((bottom) => {
      map(right * file.width, bottom * file.height, position);
      const [dx, dy] = [position[0] - right * declared.width, position[1] - bottom * declared.height];
      const across = turn === 0 ? dx : dx - turn * Math.round(dx / turn);
      // NaN, outside the projection's domain, is off too.
      return !((isGlobe || Math.abs(across) <= slack) && Math.abs(dy) <= slack);
    }),
  );
  if (!isOff) return;
  throw invalidInput(
    name,
    `is not where its row says: ${file.bounds.join(', ')} in ${file.crs}, not ${declared.bounds.join(', ')} in ${declared.crs}`,
    'correct proj:transform and proj:shape of the item, leave them out, or build the catalog again',
  );
}
