// Writes training data for train.py: simulated events, packaged like any scene, as .npy stacks.
//   node scripts/train/make-data.js FOLDER [SPLIT …]
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PHASES } from '../../dist/demo/event/index.js';
import { makeEvent, readBands, SPLITS } from '../events.js';

const [folder, ...splits] = process.argv.slice(2);
if (folder === undefined) throw new Error('give a folder for the data');

for (const split of splits.length > 0 ? splits : Object.keys(SPLITS)) {
  const { firstSeed, count } = SPLITS[split];
  mkdirSync(join(folder, split), { recursive: true });
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const stack = join(folder, split, String(seed));
    if (existsSync(`${stack}_label.npy`)) continue;
    const scratch = join(folder, 'scratch', String(seed));
    await stackEvent(await makeEvent(seed, SPLITS[split], scratch), stack);
    rmSync(scratch, { recursive: true, force: true });
    process.stdout.write(`${split} ${seed}\n`);
  }
}

async function stackEvent({ folder, truth }, stack) {
  const file = (name) => join(folder, 'package', `${name}.tif`);
  const phases = async (modality) => {
    const images = [];
    for (const phase of PHASES) images.push(await readBands(file(`${modality}-${phase}`)));
    return images;
  };
  const radar = await phases('S1RTC');
  const optical = await phases('S2L2A');
  const dem = await readBands(file('DEM'));
  const label = await readBands(truth);
  const { width, height } = dem;
  // (band, phase, y, x): radar in hundredths of a decibel, optical in digital numbers; the lowest value is nodata.
  const interleave = (images, convert, Values) => {
    const bands = images[0].planes.length;
    const values = new Values(bands * images.length * width * height);
    for (let band = 0; band < bands; band++) {
      for (const [t, { planes }] of images.entries()) {
        const at = (band * images.length + t) * width * height;
        planes[band].forEach((value, k) => {
          values[at + k] = convert(value);
        });
      }
    }
    return { values, shape: [bands, images.length, height, width] };
  };
  const centibel = (power) =>
    Number.isNaN(power) ? -32768 : Math.max(-32767, Math.round(1000 * Math.log10(power)));
  const digital = (value) => (Number.isNaN(value) ? 0 : Math.max(1, Math.round(value)));
  const s1 = interleave(radar, centibel, Int16Array);
  const s2 = interleave(optical, digital, Uint16Array);
  writeNpy(`${stack}_S1RTC.npy`, '<i2', s1.shape, s1.values);
  writeNpy(`${stack}_S2L2A.npy`, '<u2', s2.shape, s2.values);
  writeNpy(`${stack}_DEM.npy`, '<f4', [1, height, width], dem.planes[0]);
  const truthValues = new Uint8Array(label.planes.length * width * height);
  label.planes.forEach((plane, band) => {
    truthValues.set(plane, band * width * height);
  });
  writeNpy(`${stack}_label.npy`, '|u1', [label.planes.length, height, width], truthValues);
}

/** Writes an .npy file in format 1.0 (numpy.lib.format). */
function writeNpy(path, descr, shape, values) {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const text = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10 + text.length);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  head.write(text, 10, 'latin1');
  writeFileSync(
    path,
    Buffer.concat([head, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]),
  );
}
