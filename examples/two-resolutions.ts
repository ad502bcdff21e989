// J: 10 m and 500 m data at one slice: the same place, the same pixels, each resampled as suits it.
import { buildRasterCatalog, loadRaster } from 'terrachip/catalog';
import type { GeoSlice, GeoTensor } from 'terrachip/geo';

export interface SliceOfTwo {
  /** At the slice's own resolution. */
  readonly fine: GeoTensor;
  /** Coarse pixels seen at the fine ones, interpolated. */
  readonly coarse: GeoTensor;
  /** The fine data as a coarse pixel sees it: the mean of what lies in it. */
  readonly averaged: GeoTensor;
}

/** @param fine files at 10 m; `coarse` at 500 m, in any other CRS */
export async function atOneSlice(fine: string, coarse: string, slice: GeoSlice): Promise<SliceOfTwo> {
  const [fines, coarses] = await Promise.all(
    [fine, coarse].map((pattern) => buildRasterCatalog(pattern, { filenameRegex: /_(?<date>\d{8})\.tif$/ })),
  );
  // A slice is a query and a grid: both catalogs answer it with the same shape.
  return {
    fine: await loadRaster(fines.catalog, slice),
    coarse: await loadRaster(coarses.catalog, slice, { resampling: 'bilinear' }),
    averaged: await loadRaster(fines.catalog, { ...slice, resolution: 500 }, { resampling: 'average' }),
  };
}
