import { type Bounds, GeoBox, type RowRange, suggestGrid } from 'terrachip/geo';
import type { Backend } from 'terrachip/kernels';
import { type Raster, type Resampling, WarpedRaster } from 'terrachip/raster';

/** The grid of the result: of the whole raster, or of bounds in degrees. Its pixels are squares of `resolution` units of the CRS. */
export function targetGrid(source: GeoBox, crs: string, resolution: number, bounds: Bounds | null): GeoBox {
  return bounds === null ? suggestGrid(source, crs, resolution) : GeoBox.fromBounds(bounds, crs, resolution);
}

/** Some rows of the result, one array per band, NaN for no data. The values do not depend on the split of rows. */
export async function reproject(
  backend: Backend,
  raster: Raster,
  geobox: GeoBox,
  resampling: Resampling,
  bands: readonly number[],
  rows: RowRange,
): Promise<Float32Array[]> {
  const warped = new WarpedRaster(backend, raster, { geobox, resampling, bands, unscale: false });
  const planes = bands.map(() => backend.allocate([rows.end - rows.start, geobox.width], 'float32'));
  try {
    await warped.readRows(rows, planes, rows.start);
    return await Promise.all(planes.map((plane) => backend.download(plane)));
  } finally {
    for (const plane of planes) plane.dispose();
  }
}
