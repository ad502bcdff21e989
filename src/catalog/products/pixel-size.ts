import { type Crs, createTransform, type GeoBox } from '../../geo/index.js';

/** The pixel size at the centre of a grid in units of another CRS; null outside that CRS's domain. */
export function pixelSizeIn(crs: Crs, grid: GeoBox): readonly [number, number] | null {
  if (grid.crs.equals(crs)) return grid.resolution;
  const { forward } = createTransform(grid.crs, crs);
  const [column, row] = [grid.width / 2, grid.height / 2];
  const at = (x: number, y: number): [number, number] => forward(...grid.transform.apply(x, y));
  const [x, y] = at(column, row);
  const sides = [at(column + 1, row), at(column, row + 1)].map(([a, b]) => Math.hypot(a - x, b - y));
  return sides.every(Number.isFinite) ? [sides[0], sides[1]] : null;
}
