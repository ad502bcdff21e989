/** Rows that say where a file lies, and files that lie elsewhere. */
import { invalidInput } from '../../errors.js';
import { createPixelMapping, type GeoBox } from '../../geo/index.js';
import type { Position } from '../../vector/index.js';
import { PlaceQuery } from '../place-query.js';
import type { CatalogRow } from '../row.js';

/** Pixels of the coarser grid by which items may be off: panchromatic bands begin half a pixel from the others. */
const SLACK = 2;

/**
 * Whether the outline of a row reaches further into a grid than outlines are simplified by: a grid of its file that
 * misses it altogether is then likely to be wrong.
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
 * The grid of a row's asset decides which rows of a result its file is read for: one that is wrong would lose pixels
 * without a word. Items may give all assets the grid of one, whose pixels are of another size; the place is the same.
 * @throws {TerrachipError} INVALID_INPUT for a file that does not lie where its row says
 */
export function requireSamePlace(name: string, file: GeoBox, declared: GeoBox): void {
  const { map, turn } = createPixelMapping(file, declared);
  const slack = SLACK * Math.max(1, declared.width / file.width, declared.height / file.height);
  // Around a whole globe any longitude may come first.
  const isGlobe = turn > 0 && declared.width > turn - slack;
  const position = new Float64Array(2);
  const isOff = [0, 1].some((right) =>
    [0, 1].some((bottom) => {
      map(right * file.width, bottom * file.height, position);
      const [dx, dy] = [position[0] - right * declared.width, position[1] - bottom * declared.height];
      const across = turn === 0 ? dx : dx - turn * Math.round(dx / turn);
      // NaN, outside of a projection, is off too.
      return !((isGlobe || Math.abs(across) <= slack) && Math.abs(dy) <= slack);
    }),
  );
  if (!isOff) return;
  throw invalidInput(
    name,
    `does not lie where its row says: ${file.bounds.join(', ')} in ${file.crs}, not ${declared.bounds.join(', ')} in ${declared.crs}`,
    'correct proj:transform and proj:shape of the item, leave them out, or build the catalog again',
  );
}
