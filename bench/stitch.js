// Stitches 1189 chips of 256 × 256 with stride 208 into 6033 × 8449 pixels, compared with a NumPy accumulation: seconds
// of the whole call, from chips in memory to rows in memory.
//
//   node bench/stitch.js [ROUNDS] [cpu] [webgpu]
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../scripts/checks/programs.js';
import { compete, load, machine, publish, report, roundsIn, version } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const [WIDTH, HEIGHT, SIZE, STRIDE] = [6033, 8449, 256, 208];
const BACKENDS = ['cpu', 'webgpu'];
const rounds = roundsIn(process.argv.slice(2), 7);
const before = load();
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
  records.push({ classes, results });
}
const record = {
  schemaVersion: 1,
  benchmark: 'stitch',
  machine: machine(),
  load: [before, load()],
  versions: { numpy: version(PYTHON, '-c', 'import numpy; print(numpy.__version__)') },
  rounds,
  scenes: records,
};
// Only a run on all backends is recorded.
publish(record, chosen.length === 0 ? here('results/stitch.json') : null);
