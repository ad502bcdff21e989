// C: years of scenes into one archive: tile by tile, cloud-masked, a step a month, as Zarr that xarray opens.
import { join } from 'node:path';
import { buildRasterCatalog, gridSampler, loadRaster, SampleArea } from 'terrachip/catalog';
import { type CrsLike, TimeInterval } from 'terrachip/geo';
import { SCL_CLOUDS } from 'terrachip/kernels';
import {
  cfAttributes,
  consolidateZarr,
  createZarrGroup,
  writeZarrGrid,
  writeZarrTimes,
  ZarrShardWriter,
} from 'terrachip/raster';

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
  const months = monthsOf(area.interval);

  await createZarrGroup(output, {});
  await writeZarrGrid(output, area.geobox);
  await writeZarrTimes(
    output,
    months.map(({ start }) => start),
  );
  const archives = BANDS.map((band) => monthlyBand(join(output, band), months.length, area, tile));
  for (const archive of archives) await archive.create();
  for (const [step, month] of months.entries()) {
    const scenes = catalog.query({ interval: month });
    // Each tile is read, masked, combined and written before the next: memory stays that of one.
    for (const { geobox, window } of gridSampler(area, { size: tile, policy: 'clip' })) {
      const { data } = await loadRaster(scenes, geobox, {
        bands: BANDS,
        method: 'median',
        mask: { band: 'SCL', classes: SCL_CLOUDS },
      });
      for (const [k, archive] of archives.entries()) {
        const plane = data.subarray(k * geobox.pixelCount, (k + 1) * geobox.pixelCount);
        await archive.writeShard([step, window.y / tile, window.x / tile], plane);
      }
    }
  }
  await consolidateZarr(output);
  return months;
}

/** An array (time, y, x) whose files are the tiles of a month. */
function monthlyBand(path: string, steps: number, { geobox }: SampleArea, tile: number): ZarrShardWriter {
  return new ZarrShardWriter(path, {
    shape: [steps, geobox.height, geobox.width],
    shardShape: [1, tile, tile],
    chunkShape: [1, tile, tile],
    dtype: 'float32',
    fillValue: Number.NaN,
    dimensions: ['time', 'y', 'x'],
    attributes: cfAttributes('float32', Number.NaN),
    compression: 'zstd',
  });
}

function monthsOf({ start, end }: TimeInterval): TimeInterval[] {
  const months: TimeInterval[] = [];
  for (let time = start; time <= end; time = months[months.length - 1].end + 1)
    months.push(TimeInterval.parse(new Date(time).toISOString().slice(0, 7)));
  return months;
}
