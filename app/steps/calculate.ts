import { type Bounds, Crs, type GeoBox, outline, type RowRange, transformBounds } from 'terrachip/geo';
import { type Backend, type Expression, evaluateExpression, uploadExpression } from 'terrachip/kernels';
import { type Raster, WarpedRaster } from 'terrachip/raster';

/** The pixels of a grid under bounds in degrees; all of them for null. */
export function cropGrid(grid: GeoBox, bounds: Bounds | null): GeoBox {
  if (bounds === null) return grid;
  const inverse = grid.transform.inverse();
  const corners = outline(transformBounds(bounds, Crs.wgs84, grid.crs), 1).map(([x, y]) =>
    inverse.apply(x, y),
  );
  const within = (value: number, most: number): number => Math.max(0, Math.min(most, value));
  const [columns, rows] = [corners.map(([column]) => column), corners.map(([, row]) => row)];
  const [x, y] = [
    within(Math.floor(Math.min(...columns)), grid.width),
    within(Math.floor(Math.min(...rows)), grid.height),
  ];
  const width = within(Math.ceil(Math.max(...columns)), grid.width) - x;
  const height = within(Math.ceil(Math.max(...rows)), grid.height) - y;
  if (width < 1 || height < 1) throw new Error('The layer is not in view; move the map to it.');
  return grid.window(x, y, width, height);
}

/**
 * An expression such as `(B08 - B04) / (B08 + B04)` for some rows of a grid.
 * @param expression of `parseExpression`; the text is compiled for a small machine in the shader, never run as code
 * @param numbers the numbers of its bands in the raster, from 1
 * @param options the grid and how it is resampled; nearest on the raster's own grid copies the pixels
 */
export async function calculate(
  backend: Backend,
  raster: Raster,
  expression: Expression,
  numbers: readonly number[],
  options: { geobox: GeoBox; overview: 'auto' | 'none' },
  rows: RowRange,
): Promise<Float32Array> {
  const shape = [rows.end - rows.start, options.geobox.width];
  const warped =
    numbers.length === 0
      ? null
      : new WarpedRaster(backend, raster, { ...options, resampling: 'nearest', bands: numbers });
  const planes = numbers.map(() => backend.allocate(shape, 'float32'));
  const program = uploadExpression(backend, expression);
  const destination = backend.allocate(shape, 'float32');
  try {
    await warped?.readRows(rows, planes, rows.start);
    const bands = Object.fromEntries(expression.bands.map((name, k) => [name, planes[k]]));
    evaluateExpression(backend, { expression: program, bands, destination });
    return await backend.download(destination);
  } finally {
    for (const tensor of [...planes, program.program, destination]) tensor.dispose();
  }
}
