// npm run check:fuzz: damaged and hostile TIFF, Zarr and .npy files, checkpoints, catalogs with their indexes, vector
// files and STAC items are read or refused with a clear error, in bounded time and memory. A case is a mutation of a seed
// file and depends only on its number and --seed: -- --cases 2000, or -- --case 1234 to repeat one.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serialize } from 'node:v8';
import { allSeeds, keptSeeds } from './fuzz/seeds.js';
import { installProject, root } from './support.js';

/** CPU time of one case; the wall-clock limit is for a case that waits forever. */
const MOST_CPU_MS = 5000;
const MOST_WALL_MS = 60_000;
const MOST_MIB = 512;

/** Cases per process. */
const RECYCLE = 1000;

const POLL_MS = 250;

/** Failures that are printed. */
const SHOWN = 20;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    case: { type: 'string' },
    seed: { type: 'string', default: '1' },
    causes: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const single = values.case === undefined ? null : Number(values.case);

await installProject();
const shm = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folder = mkdtempSync(join(shm, 'terrachip-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const failed = join(mkdtempSync(join(tmpdir(), 'terrachip-fuzz-failed-')));

const kept = keptSeeds();
const seeds = await allSeeds();
const seedsFile = join(folder, 'seeds');
writeFileSync(seedsFile, serialize({ kept, seeds }));
const digest = createHash('sha256').update(serialize(seeds)).digest('hex').slice(0, 12);
console.log(`${seeds.length} seeds (${digest}), ${kept.length} kept inputs; --seed ${seed}`);

const numbers =
  single !== null
    ? [single]
    : [...kept.map((_, k) => -1 - k), ...Array.from({ length: Number(values.cases) }, (_, k) => k)];

const totals = { cases: 0, opened: 0, readWhole: 0, codes: new Map(), causes: new Map() };
let slowest = { ms: 0, number: 0 };
let largest = { mib: 0, number: 0 };
const failures = [];

/** CPU time of another process in milliseconds; null without /proc. */
function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

function fail(number, name, path, problem) {
  const copy = join(failed, `${number}`);
  mkdirSync(copy, { recursive: true });
  if (path !== null) cpSync(path, join(copy, path.split('/').at(-1)), { recursive: true });
  failures.push({ number, problem });
  if (failures.length <= SHOWN) console.log(`FAIL  case ${number} (${name}): ${problem}`);
}

const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);

function note(result, name, path) {
  totals.cases++;
  if (result.opened) totals.opened++;
  if (result.codes.length === 0) totals.readWhole++;
  for (const code of new Set(result.codes)) count(totals.codes, code);
  for (const cause of result.causes) count(totals.causes, cause.split('\n').slice(0, 3).join('\n'));
  if (result.ms > slowest.ms) slowest = { ms: result.ms, number: result.number };
  if (result.peak > largest.mib) largest = { mib: result.peak, number: result.number };
  for (const problem of result.problems) fail(result.number, name, path, problem);
  if (result.ms > MOST_CPU_MS) fail(result.number, name, path, `took ${Math.round(result.ms)} ms`);
  if (result.peak > MOST_MIB) fail(result.number, name, path, `took ${Math.round(result.peak)} MiB`);
  if (single !== null) console.log(`${name}\n${result.messages.join('\n') || 'read without an error'}`);
}

/** Reads cases in one process until it is recycled or a case ends it. */
function runChild(next) {
  return new Promise((resolve) => {
    const child = fork(join(root, 'scripts', 'checks', 'fuzz', 'child.js'), [seedsFile, folder], {
      execArgv: ['--max-old-space-size=384'],
      // Otherwise each core of a large machine gets a decoding thread with its own heap.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let current = null;
    let served = 0;
    let why = null;
    const give = () => {
      const number = served < RECYCLE ? next() : undefined;
      served++;
      if (number === undefined) {
        current = null;
        child.disconnect();
        return;
      }
      current = { number, name: '', path: null, wall: performance.now(), cpu: cpuOf(child.pid) };
      child.send({ seed, number });
    };
    const watch = setInterval(() => {
      if (current === null || why !== null) return;
      const cpu = cpuOf(child.pid);
      if (cpu !== null && current.cpu !== null && cpu - current.cpu > MOST_CPU_MS)
        why = 'ran for more than 5 s';
      if (performance.now() - current.wall > MOST_WALL_MS) why = 'did not end within 60 s';
      if (why !== null) child.kill('SIGKILL');
    }, POLL_MS);
    child.on('message', (message) => {
      if (current === null) return;
      if (message.broken !== undefined) throw new Error(`case ${message.number}: ${message.broken}`);
      if (message.done !== true) {
        Object.assign(current, message, { wall: performance.now(), cpu: cpuOf(child.pid) });
        return;
      }
      note(message, current.name, current.path);
      // The peak is of the process, so that the next case needs a new one.
      if (message.peak > MOST_MIB) served = RECYCLE;
      give();
    });
    child.on('exit', (status, signal) => {
      clearInterval(watch);
      if (current !== null) {
        totals.cases++;
        fail(current.number, current.name, current.path, why ?? `ended the process (${signal ?? status})`);
      }
      resolve();
    });
    give();
  });
}

const started = performance.now();
let at = 0;
const next = () => {
  if (at > 0 && at % 2000 === 0) console.log(`${at} cases, ${failures.length} failures`);
  return numbers[at++];
};
const lanes = single === null ? Math.max(2, Math.min(4, availableParallelism())) : 1;
await Promise.all(
  Array.from({ length: lanes }, async () => {
    while (at < numbers.length) await runChild(next);
  }),
);

if (values.causes) {
  for (const [cause, times] of [...totals.causes].sort((a, b) => b[1] - a[1]))
    console.log(`${times} × ${cause}`);
}
const codes = [...totals.codes].sort((a, b) => b[1] - a[1]).map(([code, times]) => `${code} ${times}`);
const seconds = Math.round((performance.now() - started) / 1000);
if (failures.length > 0) console.log(`the inputs that failed are in ${failed}`);
else rmSync(failed, { recursive: true });
console.log(
  `check:fuzz: ${totals.cases} cases in ${seconds} s, ${totals.opened} opened, ${totals.readWhole} read whole, refused: ${codes.join(', ') || 'none'}; slowest ${Math.round(slowest.ms)} ms (case ${slowest.number}), largest process ${Math.round(largest.mib)} MiB (case ${largest.number}); ${failures.length} failures`,
);
process.exitCode = failures.length === 0 && totals.cases === numbers.length ? 0 : 1;
