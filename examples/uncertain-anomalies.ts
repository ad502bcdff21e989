// E: polygons where a mean is significantly above a threshold, by its standard deviation.
import { polygonizeFile } from 'terrachip';
import { buildRasterCatalog, loadRaster } from 'terrachip/catalog';
import { GeoTensor } from 'terrachip/geo';
import { writeCog } from 'terrachip/raster';

/**
 * @param mean a raster; the result has its grid
 * @param spread the standard deviation of the same quantity, on any grid
 * @returns the area in km² that is above `least` by at least `sigmas` standard deviations
 */
export async function anomalyPolygons(
  mean: string,
  spread: string,
  { least, sigmas }: { least: number; sigmas: number },
  { mask, polygons }: { mask: string; polygons: string },
): Promise<number> {
  const [means, spreads] = await Promise.all([mean, spread].map((path) => buildRasterCatalog(path)));
  const geobox = means.catalog.row(0).assets.data.geobox;
  if (geobox === undefined) throw new Error(`${mean} has no grid`);
  const { data: values } = await loadRaster(means.catalog, geobox);
  const { data: deviations } = await loadRaster(spreads.catalog, geobox);
  // Comparisons with NaN are false, so that nodata is tested first.
  const classes = Uint8Array.from(values, (value, i) =>
    Number.isNaN(value + deviations[i]) ? 255 : value - sigmas * deviations[i] > least ? 1 : 0,
  );
  const { width, height } = geobox;
  const tensor = new GeoTensor({
    data: classes,
    shape: [height, width],
    dimensions: ['y', 'x'],
    geobox,
    nodata: 255,
  });
  await writeCog(mask, tensor, { overviews: 'mode' });
  const report = await polygonizeFile({ source: mask, destination: polygons, values: [1] });
  return report.values.find(({ value }) => value === 1)?.km2 ?? 0;
}
