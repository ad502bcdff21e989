// Packages in the form of the flood notebooks: opens the arrays in NumPy and compares them with rasterio's.
import { join } from 'node:path';
import { PYTHON, printTable, python, run, terrachip } from '../programs.js';
import { root } from '../support.js';

/** Of the event of the fixtures, which is 25 × 21 pixels. */
const SCALE = '20';

/** Makes an event and packages it on each backend. */
export async function checkPackages(report, folder, backends) {
  const event = join(folder, 'event');
  await run(PYTHON, [join(root, 'scripts', 'truth', 'npy_package.py'), event, SCALE]);
  const rows = [];
  for (const backend of backends) {
    const output = join(folder, `package-${backend}`);
    const made = await terrachip(
      ...['package', join(event, 'manifest.json'), '-o', output],
      ...['--format', 'npy', '--backend', backend],
    );
    report.check(`package on ${backend}: windows`, made.chips.windows === 2, `${made.chips.windows}`);
    const names = {
      'S1RTC.npy': 'full_scene/S1RTC_full.npy',
      'S2L2A.npy': 'full_scene/S2L2A_full.npy',
      'DEM.npy': 'full_scene/DEM_full.npy',
      'label.npy': 'full_scene/luxembourg_label_max_flood.npy',
    };
    const compared = await python('gdal/compare_arrays.py', { expected: event, found: output, names });
    for (const [name, { shape, same, beyond, masksDiffer, largestShift }] of Object.entries(compared)) {
      report.check(`${name} on ${backend}`, same && beyond === 0, `${beyond} pixels beyond the tolerance`);
      rows.push([backend, name, shape.join(' × '), masksDiffer, largestShift]);
    }
  }
  console.log("\npackages of .npy arrays, compared with rasterio's reproject");
  printTable(['backend', 'array', 'shape', 'pixels of one mask', 'largest shift in pixels'], rows);
}
