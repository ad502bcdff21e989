// JPEG 2000: compares images as large as Sentinel-2 bands, by tile and at each resolution, with GDAL's OpenJPEG.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRaster } from 'terrachip/raster';
import { python } from '../programs.js';

/** Lossy wavelets are floats, which another build of OpenJPEG may round differently. */
const LOSSY_TOLERANCE = 1;

const sha256 = ({ buffer, byteOffset, byteLength }) =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');

export async function checkJpeg2000(report, folder) {
  const own = join(folder, 'jpeg2000');
  await mkdir(own, { recursive: true });
  const made = await python('gdal/make_jpeg2000.py', { folder: own });
  let levels = 0;
  for (const { path, lossy, levels: wanted } of made) {
    const name = path.split('/').at(-1);
    const raster = await openRaster(path);
    for (const [level, digest] of wanted.entries()) {
      const [plane] = await raster.readPlanes({ level });
      levels++;
      if (!lossy) report.same(`${name}, level ${level}: pixels`, sha256(plane), digest);
      else if (level === 0) {
        const raw = await readFile(`${path}.raw`);
        const truth = new Uint16Array(raw.buffer, raw.byteOffset, plane.length);
        const worst = plane.reduce((most, value, i) => Math.max(most, Math.abs(value - truth[i])), 0);
        report.check(`${name}: pixels`, worst <= LOSSY_TOLERANCE, `differ by up to ${worst}`);
      }
    }
    await raster.close();
  }
  console.log(`\nJPEG 2000: ${made.length} images at ${levels} resolutions compared with GDAL`);
}
