// B: an NDVI time series at a point of a Zarr or netCDF archive. Only the chunks at the point are read.
import { loadPointSeries } from 'terrachip/catalog';

export interface NdviMoment {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** NaN without data. */
  readonly ndvi: number;
}

/** @param archive a store in any CRS with a variable (time, y, x) for each band, such as that of `monthly-archive.ts` */
export async function ndviSeries(
  archive: string,
  place: readonly [longitude: number, latitude: number],
  variables: { red: string; nir: string } = { red: 'B04', nir: 'B08' },
): Promise<NdviMoment[]> {
  const [red, nir] = await Promise.all(
    [variables.red, variables.nir].map((variable) => loadPointSeries(archive, [place], { variable })),
  );
  // (point, band, time) with one point and one band is a time series.
  return red.times.map(({ start }, k) => {
    const [r, n] = [red.values[k], nir.values[k]];
    return { time: new Date(start).toISOString(), ndvi: (n - r) / (n + r) };
  });
}
