// Sentinel-2 products: compares the reflectance of each band, from folders and zip files, with GDAL's reading.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openProduct } from 'terrachip/catalog';
import { python } from '../programs.js';

/** Relative tolerance: rounding of the scale and of the value to float32. */
const TOLERANCE = 2 ** -22;

export async function checkSafe(report, folder) {
  const own = join(folder, 'safe');
  await mkdir(own, { recursive: true });
  const made = await python('gdal/make_safe.py', { folder: own });
  let count = 0;
  for (const { path, zip, bands } of made) {
    for (const source of [path, zip]) {
      const product = await openProduct(source);
      for (const { band, size, side, nbits, truth } of bands) {
        const raw = await readFile(truth);
        const expected = new Float32Array(raw.buffer, raw.byteOffset, side * side);
        const { tensor } = await product.load([band]);
        const wrong = tensor.data.findIndex((value, i) => !agree(value, expected[i]));
        const title = `${source.split('/').at(-1)}: ${band} of ${size} m, ${nbits} bits`;
        const detail = `pixel ${wrong} is ${tensor.data[wrong]}, not ${expected[wrong]}`;
        report.check(title, wrong < 0 && tensor.data.length === expected.length, detail);
        count++;
      }
    }
  }
  console.log(
    `\nSentinel-2: ${count} bands of ${made.length} products, in folders and zip files, compared with GDAL`,
  );
}

function agree(value, expected) {
  if (Number.isNaN(expected)) return Number.isNaN(value);
  return Math.abs(value - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
