// Stitches 1189 chips of 256 × 256 with stride 208 into 6033 × 8449 pixels, compared with a NumPy accumulation: seconds
// of the whole call, from chips in memory to rows in memory.
//
//   node bench/stitch.js [ROUNDS] [cpu] [webgpu]
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compete, machine, report, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3';
const [WIDTH, HEIGHT, SIZE, STRIDE] = [6033, 8449, 256, 208];
const MEGAPIXELS = (WIDTH * HEIGHT) / 1e6;
const BACKENDS = ['cpu', 'webgpu'];
const rounds = Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 7);
const chosen = BACKENDS.filter((name) => process.argv.includes(name));
const backends = chosen.length > 0 ? chosen : BACKENDS;

const records = [];
for (const classes of [1, 2]) {
  const scene = [WIDTH, HEIGHT, SIZE, STRIDE, classes].map(String);
  const contestants = [
    ...backends.map((backend) => ({
      name: `terrachip, ${backend}`,
      command: [process.execPath, here('peers/stitch.js'), ...scene, backend],
    })),
    { name: 'NumPy', command: [PYTHON, here('peers/stitch.py'), ...scene, 'plain'] },
    {
      name: 'NumPy, leaving out what is not finite',
      command: [PYTHON, here('peers/stitch.py'), ...scene, 'missing'],
    },
  ];
  const results = compete(contestants, rounds, report);
  console.log(
    `| ${MEGAPIXELS.toFixed(0)} Mpixel, classes: ${classes} | median s | fastest s | Mpixel/s | time ÷ ours |`,
  );
  console.log('|---|---|---|---|---|');
  for (const { name, seconds, fastest, ratio } of results) {
    const rate = (MEGAPIXELS / seconds).toFixed(0);
    console.log(
      `| ${name} | ${seconds.toFixed(3)} | ${fastest.toFixed(3)} | ${rate} | ${ratio.toFixed(2)} |`,
    );
  }
  records.push({ classes, results });
}
const record = {
  schemaVersion: 1,
  benchmark: 'stitch',
  machine: machine(),
  versions: { numpy: version(PYTHON, '-c', 'import numpy; print(numpy.__version__)') },
  rounds,
  scenes: records,
};
// Only a run on all backends is recorded.
if (chosen.length === 0) writeFileSync(here('results/stitch.json'), `${JSON.stringify(record, null, 2)}\n`);
