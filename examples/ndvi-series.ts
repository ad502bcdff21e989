// B: the NDVI of one place through time, from an archive in Zarr or netCDF: only the chunks under it are read.
import { buildZarrCatalog, loadRasterTimeseries } from 'terrachip/catalog';
import { Crs, createTransform } from 'terrachip/geo';

export interface NdviMoment {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** NaN where there was no data. */
  readonly ndvi: number;
}

/** @param archive a store with the variables `red` and `nir` (time, y, x) */
export async function ndviSeries(
  archive: string,
  [longitude, latitude]: readonly [number, number],
): Promise<NdviMoment[]> {
  const { catalog } = await buildZarrCatalog(archive, { rows: 'step', variables: ['red', 'nir'] });
  const grid = catalog.row(0).assets.red.geobox;
  if (grid === undefined) throw new Error(`${archive} has no place on the ground`);
  // The archive's own pixel that holds the place: nothing is resampled.
  const { forward } = createTransform(Crs.wgs84, grid.crs);
  const [x, y] = grid.transform.inverse().apply(...forward(longitude, latitude));
  const pixel = grid.window(Math.floor(x), Math.floor(y), 1, 1);
  const { data, times } = await loadRasterTimeseries(catalog, pixel, {
    bands: ['red', 'nir'],
    resampling: 'nearest',
  });
  // (band, time, y, x) with one pixel: all reds, then all near infrareds.
  return (times ?? []).map(({ start }, k, { length }) => {
    const [red, nir] = [data[k], data[length + k]];
    return { time: new Date(start).toISOString(), ndvi: (nir - red) / (nir + red) };
  });
}
