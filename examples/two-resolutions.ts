// J: 10 m and 500 m data of one slice on the same grid, each with a suitable resampling.
import { buildRasterCatalog, loadRaster } from 'terrachip/catalog';
import type { GeoSlice, GeoTensor } from 'terrachip/geo';

export interface SliceOfTwo {
  /** At the slice's own resolution. */
  readonly fine: GeoTensor;
  /** The coarse data, interpolated to the fine grid. */
  readonly coarse: GeoTensor;
  /** The fine data, averaged to the coarse grid. */
  readonly averaged: GeoTensor;
}

/** @param fine files at 10 m; `coarse` at 500 m, in any other CRS */
export async function atOneSlice(fine: string, coarse: string, slice: GeoSlice): Promise<SliceOfTwo> {
  const [fines, coarses] = await Promise.all(
    [fine, coarse].map((pattern) => buildRasterCatalog(pattern, { filenameRegex: /_(?<date>\d{8})\.tif$/ })),
  );
  // A slice is a query and a grid, so that both results have the same shape.
  return {
    fine: await loadRaster(fines.catalog, slice),
    coarse: await loadRaster(coarses.catalog, slice, { resampling: 'bilinear' }),
    averaged: await loadRaster(fines.catalog, { ...slice, resolution: 500 }, { resampling: 'average' }),
  };
}
