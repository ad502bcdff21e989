// Reads a raster by rows and writes it as a COG, like gdal_translate -of COG.
import { availableParallelism } from 'node:os';

// As in the terrachip command; it must be set before imports.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));
const { CogWriter, openRaster } = await import('terrachip/raster');

const ROWS = 512;
const [source, target, compression, level] = process.argv.slice(2);
const raster = await openRaster(source);
const { width, height, geobox, bands } = raster;
const writer = await CogWriter.create(target, {
  geobox,
  bands: bands.length,
  dtype: bands[0].dtype,
  nodata: bands[0].nodata,
  compression,
  ...(level === undefined ? {} : { level: Number(level) }),
});
const readRows = (y) => {
  const rows = raster.readPlanes({ window: { x: 0, y, width, height: Math.min(ROWS, height - y) } });
  rows.catch(() => undefined);
  return rows;
};
let next = readRows(0);
for (let y = 0; y < height; y += ROWS) {
  const rows = await next;
  if (y + ROWS < height) next = readRows(y + ROWS);
  await writer.writeRows(rows);
}
await writer.finish();
await raster.dispose();
