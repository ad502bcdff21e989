import type { Dtype, GeoBox } from 'terrachip/geo';
import { encodeCog, type OverviewMethod, toStored } from 'terrachip/raster';

/** How a result is stored. */
export interface Storage {
  readonly dtype: Dtype;
  /** The value of pixels without data; null for none, then a mask marks them. */
  readonly nodata: number | null;
  readonly names: readonly string[];
  readonly scales: readonly number[];
  readonly offsets: readonly number[];
  /** `average` for measurements, `nearest` for values that must not change. */
  readonly overviews: OverviewMethod;
}

/** The file for the download: a cloud-optimised GeoTIFF with overviews, which GDAL and QGIS open. */
export async function toCog(bands: readonly Float32Array[], geobox: GeoBox, storage: Storage): Promise<Blob> {
  const { dtype, nodata, overviews, names, scales, offsets } = storage;
  const isResampled = overviews === 'average';
  const mask = nodata === null ? validPixels(bands) : null;
  const bytes = await encodeCog(
    bands.map((values) => toStored(values, dtype, nodata, isResampled).stored),
    {
      geobox,
      bands: bands.length,
      dtype,
      nodata,
      overviews,
      mask: mask === null ? false : 'auto',
      descriptions: names,
      scales,
      offsets,
    },
    mask,
  );
  return new Blob([bytes], { type: 'image/tiff; application=geotiff; profile=cloud-optimized' });
}

/** 1 where any band has a value. */
function validPixels(bands: readonly Float32Array[]): Uint8Array {
  const valid = new Uint8Array(bands[0].length);
  for (const values of bands)
    for (let i = 0; i < valid.length; i++) if (!Number.isNaN(values[i])) valid[i] = 1;
  return valid;
}
