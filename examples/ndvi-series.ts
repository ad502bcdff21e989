// B: the NDVI of one place through time, from an archive in Zarr or netCDF: only the chunks under it are read.
import { loadPointSeries } from 'terrachip/catalog';

export interface NdviMoment {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** NaN where there was no data. */
  readonly ndvi: number;
}

/** @param archive a store with a variable (time, y, x) for each band, in any CRS, such as `monthly-archive.ts` writes */
export async function ndviSeries(
  archive: string,
  place: readonly [longitude: number, latitude: number],
  variables: { red: string; nir: string } = { red: 'B04', nir: 'B08' },
): Promise<NdviMoment[]> {
  const [red, nir] = await Promise.all(
    [variables.red, variables.nir].map((variable) => loadPointSeries(archive, [place], { variable })),
  );
  // One point and one band: what is left of (point, band, time) is time.
  return red.times.map(({ start }, k) => {
    const [r, n] = [red.values[k], nir.values[k]];
    return { time: new Date(start).toISOString(), ndvi: (n - r) / (n + r) };
  });
}
