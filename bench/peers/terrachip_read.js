// Reads a raster with terrachip three times and prints the median seconds: terrachip_read.js PATH [--window]
// With --window, reads the central 1024 × 1024 pixels once and prints the peak memory in bytes.
import { openRaster } from 'terrachip/raster';
import { median } from '../../dist/workflow/bench/measure.js';

const [path, option] = process.argv.slice(2);
const read = async () => {
  const raster = await openRaster(path);
  const middle = { x: (raster.width >> 1) - 512, y: (raster.height >> 1) - 512, width: 1024, height: 1024 };
  await raster.readPlanes(option === '--window' ? { window: middle } : {});
  await raster.dispose();
};
if (option === '--window') {
  await read();
  console.log(process.resourceUsage().maxRSS * 1024);
} else {
  const taken = [];
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    await read();
    taken.push((performance.now() - start) / 1000);
  }
  console.log(median(taken));
}
