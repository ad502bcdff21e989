// K: an image, elevation and temperature on one grid, from three unrelated sources.
import { buildRasterCatalog, buildZarrCatalog, loadLayers, loadRaster, stack } from 'terrachip/catalog';
import type { GeoSlice, GeoTensor } from 'terrachip/geo';

/**
 * @param optical files with a date in their names, such as `S2_20210703.tif`
 * @param dem an elevation model; without a date, it matches any time
 * @param cube a Zarr or netCDF store in longitude and latitude with the variable `t2m` (time, lat, lon)
 * @returns (band, y, x): the image, `elevation`, and the mean `t2m` of the slice's time
 */
export async function stackOnSlice(
  optical: string,
  dem: string,
  cube: string,
  slice: GeoSlice,
): Promise<GeoTensor> {
  const images = await buildRasterCatalog(optical, { filenameRegex: /_(?<date>\d{8})\.tif$/ });
  const image = await loadRaster(images.catalog, slice, { method: 'median' });
  const terrain = await loadLayers({ elevation: { path: dem, resampling: 'cubic' } }, image.geobox);
  // A row for each time step; the steps within the slice's time are averaged.
  const climate = await buildZarrCatalog(cube, { rows: 'step', variables: ['t2m'] });
  const weather = await loadRaster(climate.catalog, slice, { bands: ['t2m'], method: 'mean' });
  return stack([image, terrain.tensor, weather]);
}
