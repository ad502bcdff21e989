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
  type ZarrArrayOptions,
  ZarrShardWriter,
} from 'terrachip/raster';

const DAY = 86_400_000;

/** @returns the months, in the order of the archive */
export async function monthlyArchive(
  folder: string,
  output: string,
  { crs, resolution, tile = 1024 }: { crs: CrsLike; resolution: number; tile?: number },
): Promise<TimeInterval[]> {
  const { catalog } = await buildRasterCatalog(`${folder}/*.tif`, {
    filenameRegex: /^S2_(?<date>\d{8})_(?<band>\w+)\.tif$/,
  });
  const area = SampleArea.of(catalog, { crs, resolution });
  const { width, height } = area.geobox;
  const months = monthsOf(area.interval);

  await createZarrGroup(output, {});
  await writeZarrGrid(output, area.geobox);
  await writeTimes(join(output, 'time'), months);
  const options: ZarrArrayOptions = {
    shape: [months.length, height, width],
    shardShape: [1, tile, tile],
    chunkShape: [1, tile, tile],
    dtype: 'float32',
    fillValue: Number.NaN,
    dimensions: ['time', 'y', 'x'],
    attributes: cfAttributes('float32', Number.NaN),
    compression: 'zstd',
  };
  const red = new ZarrShardWriter(join(output, 'B04'), options);
  await red.create();
  for (const [step, month] of months.entries()) {
    const scenes = catalog.query({ interval: month });
    // Each tile is read, masked, combined and written before the next: memory stays that of one.
    for (const { geobox, window } of gridSampler(area, { size: tile, policy: 'clip' })) {
      const { data } = await loadRaster(scenes, geobox, {
        bands: ['B04'],
        method: 'median',
        mask: { band: 'SCL', classes: SCL_CLOUDS },
      });
      await red.writeShard([step, window.y / tile, window.x / tile], data);
    }
  }
  await consolidateZarr(output);
  return months;
}

function monthsOf({ start, end }: TimeInterval): TimeInterval[] {
  const months: TimeInterval[] = [];
  for (let time = start; time <= end; time = months[months.length - 1].end + 1)
    months.push(TimeInterval.parse(new Date(time).toISOString().slice(0, 7)));
  return months;
}

async function writeTimes(folder: string, months: readonly TimeInterval[]): Promise<void> {
  const size = [months.length];
  const writer = new ZarrShardWriter(folder, {
    shape: size,
    shardShape: size,
    chunkShape: size,
    dtype: 'float64',
    fillValue: Number.NaN,
    dimensions: ['time'],
    attributes: { standard_name: 'time', units: 'days since 1970-01-01', calendar: 'proleptic_gregorian' },
  });
  await writer.create();
  await writer.writeShard(
    [0],
    Float64Array.from(months, ({ start }) => start / DAY),
  );
}
