// C: years of cloud-masked scenes as a Zarr archive with monthly steps, for xarray.
import { buildRasterCatalog, gridSampler, loadRaster, SampleArea } from 'terrachip/catalog';
import { type CrsLike, TimeInterval } from 'terrachip/geo';
import { SCL_CLOUDS } from 'terrachip/kernels';
import { ZarrCubeWriter } from 'terrachip/raster';

const BANDS = ['B04', 'B08'];

/**
 * @param folder files such as `S2_20210703_B04.tif`, with an `SCL` of each date
 * @returns the months, in the order of the archive
 */
export async function monthlyArchive(
  folder: string,
  output: string,
  { crs, resolution, tile = 1024 }: { crs: CrsLike; resolution: number; tile?: number },
): Promise<TimeInterval[]> {
  const { catalog } = await buildRasterCatalog(`${folder}/*.tif`, {
    filenameRegex: /^S2_(?<date>\d{8})_(?<band>B04|B08|SCL)\.tif$/,
  });
  const area = SampleArea.of(catalog, { crs, resolution });
  const times = monthsOf(area.interval);
  const cube = await ZarrCubeWriter.create(output, { geobox: area.geobox, times, variables: BANDS, tile });
  try {
    for (const [step, month] of times.entries()) {
      const scenes = catalog.query({ interval: month });
      // Memory is bounded by one tile: it is read, masked, combined and written before the next.
      for (const { geobox, window } of gridSampler(area, { size: tile, policy: 'clip' })) {
        const { data } = await loadRaster(scenes, geobox, {
          bands: BANDS,
          method: 'median',
          mask: { band: 'SCL', classes: SCL_CLOUDS },
          // A month without scenes stays empty.
          allowEmpty: true,
        });
        for (const [k, band] of BANDS.entries()) {
          const plane = data.subarray(k * geobox.pixelCount, (k + 1) * geobox.pixelCount);
          await cube.write(band, step, window, plane);
        }
      }
    }
    await cube.dispose();
  } finally {
    await cube.abort();
  }
  return times;
}

function monthsOf({ start, end }: TimeInterval): TimeInterval[] {
  const months: TimeInterval[] = [];
  for (let time = start; time <= end; time = months[months.length - 1].end + 1)
    months.push(TimeInterval.parse(new Date(time).toISOString().slice(0, 7)));
  return months;
}
