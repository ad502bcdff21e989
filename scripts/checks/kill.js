// npm run check:kill: jobs that are killed, stopped, run twice or in shards, or that meet a full disk or changed inputs, end
// with the bytes of an undisturbed run, or fail with an error that names the cause. `-- --seed N` repeats a run.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkFullDisk } from './kill/disk.js';
import { checkChanges, checkDamage, checkShards, checkTwoAtOnce } from './kill/faults.js';
import { makeJobs } from './kill/jobs.js';
import { copyFolder, finish, hashesOf, interrupt, randomOf, temporariesIn } from './kill/processes.js';
import { backendsHere, here, Report, run } from './programs.js';
import { installProject } from './support.js';

await installProject();

const { values } = parseArgs({
  options: { seed: { type: 'string' }, kills: { type: 'string', default: '30' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1e6);
const random = randomOf(seed);
console.log(`seed ${seed}`);

const report = new Report('check:kill');
const folder = mkdtempSync(join(tmpdir(), 'terrachip-kill-'));

/**
 * Kills jobs at random moments and resumes them until they end. Every other job overwrites an earlier result, which must be
 * complete, or completely replaced, whenever its last file exists.
 */
async function checkKills({ jobs }) {
  const names = Object.keys(jobs);
  const kills = Object.fromEntries(names.map((name) => [name, 0]));
  const total = () => names.reduce((sum, name) => sum + kills[name], 0);
  for (let k = 0; total() < Number(values.kills); k++) {
    const job = jobs[names[k % names.length]];
    const output = join(folder, `killed-${k}`);
    job.clear(output);
    const earlier = Math.floor(k / names.length) % 2 === 1 ? job.earlier : undefined;
    if (earlier !== undefined) copyFolder(earlier.folder, output);
    const moments = [];
    // Starts about when the program is loaded.
    let moment = job.seconds * (0.2 + 0.8 * random());
    let end = await interrupt(job.begin(output), moment);
    while (end.status === 'SIGKILL') {
      moments.push(end.used);
      checkPublished(job, output, earlier);
      moment = job.seconds * (0.2 + 1.6 * random());
      end = await interrupt(job.goOn(output), moment);
    }
    kills[job.name] += moments.length;
    const over = earlier === undefined ? '' : ' over an earlier result';
    const title = `${job.name}${over}, killed after ${moments.join(', ') || 'no'} processor seconds`;
    report.check(title, end.status === 0, `${end.status}\n${end.output}`);
    report.same(title, hashesOf(output), job.reference);
    report.same(`${title}: temporary files`, temporariesIn(folder), []);
    report.same(`${title}: remaining units`, existsSync(`${output}.run`), job.keepsUnits === true);
    console.log(title);
    rmSync(output, { recursive: true, force: true });
  }
  console.log(`${total()} runs killed: ${names.map((name) => `${kills[name]} of ${name}`).join(', ')}`);
  for (const name of names) report.check(`${name} was killed`, kills[name] > 0);
}

/** Readers find the earlier result, the new one, or none, but never files of both. Temporary files may be beside them. */
function checkPublished(job, output, earlier) {
  if (!existsSync(join(output, job.last))) return;
  const files = Object.entries(hashesOf(output)).filter(([name]) => !name.includes('.tmp'));
  const found = JSON.stringify(Object.fromEntries(files));
  const whole = [job.reference, ...(earlier === undefined ? [] : [earlier.hashes])];
  const claim = `${job.name} that was killed publishes all or nothing`;
  report.check(claim, whole.map((hashes) => JSON.stringify(hashes)).includes(found), found);
}

/** Stops jobs by SIGTERM and by Ctrl-C twice. */
async function checkStops({ jobs }) {
  for (const job of Object.values(jobs)) {
    for (const [name, signals, statuses] of [
      ['SIGTERM', ['SIGTERM'], [143]],
      ['Ctrl-C twice', ['SIGINT', 'SIGINT'], [130, 'SIGINT']],
    ]) {
      const output = join(folder, `stopped-${job.name}-${name.replaceAll(' ', '-')}`);
      job.clear(output);
      const moment = job.seconds * (0.3 + 0.6 * random());
      const end = await interrupt(job.begin(output), moment, signals);
      // A signal may arrive before the program listens, or after its end.
      report.check(
        `${job.name}: ${name}`,
        [0, ...signals, ...statuses].includes(end.status),
        `${end.status}`,
      );
      report.same(`${job.name}: temporary files after ${name}`, temporariesIn(folder), []);
      if (end.status !== 0) {
        checkPublished(job, output);
        const { status, output: text } = await finish(job.goOn(output));
        report.check(`${job.name} resumes after ${name}`, status === 0, text);
      }
      report.same(`${job.name} after ${name}`, hashesOf(output), job.reference);
      console.log(`${job.name}, ${name} after ${end.used} processor seconds: ${end.status}`);
    }
  }
}

/** Makes and disposes of backends 300 times. */
async function checkIdle() {
  for (const backend of await backendsHere(report)) {
    const script = join(here, 'kill', 'idle.js');
    const text = await run(process.execPath, ['--expose-gc', script, backend, '300']);
    const { before, after } = JSON.parse(text.trim().split('\n').at(-1));
    console.log(`${backend}: ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
    for (const counter of ['threads', 'files', 'handles']) {
      report.check(`${backend}: ${counter} of 300 backends`, after[counter] <= before[counter], text);
    }
    report.check(`${backend}: memory of 300 backends`, after.mebibytes <= before.mebibytes + 32, text);
  }
}

const SECTIONS = {
  kills: checkKills,
  stops: checkStops,
  shards: (made) => checkShards(report, made, folder, random),
  twice: (made) => checkTwoAtOnce(report, made, folder),
  damage: (made) => checkDamage(report, made, folder),
  changes: (made) => checkChanges(report, made, folder),
  disk: (made) => checkFullDisk(report, made, folder),
  idle: checkIdle,
};

try {
  const chosen = values.only?.split(',') ?? Object.keys(SECTIONS);
  const unknown = chosen.filter((name) => !(name in SECTIONS));
  if (unknown.length > 0) {
    throw new Error(`--only names ${unknown.join(', ')}; choose some of ${Object.keys(SECTIONS).join(', ')}`);
  }
  const made = chosen.every((name) => name === 'idle') ? null : await makeJobs(folder);
  for (const [name, check] of Object.entries(SECTIONS)) {
    if (!chosen.includes(name)) continue;
    console.log(`${name}:`);
    await check(made);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report.end();
