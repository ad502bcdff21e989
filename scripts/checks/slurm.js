// npm run check:slurm: a job with four shards on two nodes of a Slurm that it starts. One process is killed, one node is lost,
// one element requests a retry, and missing shards are submitted again. The map has the same bytes as with one process.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { attempt, here, Report, TERRACHIP, terrachip } from './programs.js';
import { makeRadarScene } from './radar-scene.js';
import { startSlurm } from './slurm/sandbox.js';
import { installProject, withTemporaryFolder } from './support.js';

const SHARDS = 4;
const NODES = 2;
/** Two or three units per shard. */
const SIZE = { width: 64, height: 2100 };
const SETTINGS = [
  '--model',
  'water-threshold',
  '--backend',
  'cpu',
  '--provider',
  'cpu',
  '--unit-rows',
  '256',
];
const PRODUCTS = ['probability.tif', 'classes.tif', 'polygons.geojson', 'statistics.json', 'quicklook.png'];

if (process.getuid?.() !== 0) {
  console.error('check:slurm: it needs root, which installs and starts Slurm; run it in a container as root');
  process.exit(2);
}
await installProject();
const report = new Report('check:slurm');

/** Reads a file; empty if it is missing. */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function filesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function sameProducts(claim, map, whole) {
  for (const name of PRODUCTS) {
    const bytes = textOf(join(map, name));
    report.check(`${claim}: ${name}`, bytes !== '' && bytes === textOf(join(whole, name)), 'other bytes');
  }
}

/** A job with all faults. Its processes wait after their first unit until the faults have happened. */
async function checkFaults(slurm, { folder, scene, whole, plan }) {
  const map = join(folder, 'map');
  const logs = `${map}.run/slurm`;
  const run = join(`${map}.run`, plan.fingerprint.slice(0, 16));
  const count = Math.ceil(plan.grid.height / plan.rowsPerUnit);
  const edge = (shard) => Math.floor((shard * count) / SHARDS);
  const claimOf = (shard) => join(run, 'owners', `${edge(shard)}-${edge(shard + 1)}.json`);
  const done = (shard) =>
    filesIn(join(run, 'done')).filter((name) => {
      const unit = Number(/^(\d+)\.json$/.exec(name)?.[1]);
      return unit >= edge(shard) && unit < edge(shard + 1);
    }).length;
  const submit = [
    'submit',
    scene,
    ...SETTINGS,
    '-o',
    map,
    '--shards',
    String(SHARDS),
    '--cpus',
    '2',
    '--json',
  ];
  const go = join(folder, 'go');
  const hold = { CHECK_GO: go, NODE_OPTIONS: `--import=${pathToFileURL(join(here, 'slurm', 'hold.js'))}` };
  const command = (...args) =>
    attempt(process.execPath, [TERRACHIP, ...args], { env: { ...slurm.env, ...hold } });
  const states = async (id) => {
    const lines = await slurm.ask('squeue', '-h', '-a', '-t', 'all', '-r', '-j', id, '-o', '%K %T %N');
    return new Map(lines.map((line) => line.split(' ')).map(([k, state, node]) => [k, { state, node }]));
  };

  // Another machine seems to compute the units of element 0, which leads to a retry.
  mkdirSync(join(run, 'owners'), { recursive: true });
  writeFileSync(claimOf(0), JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const first = await command(...submit);
  report.same('submit', [first.status, first.stderr], [0, '']);
  const { array, finalize, shards } = JSON.parse(first.stdout);
  report.same('all shards are submitted', shards, [0, 1, 2, 3]);

  await slurm.until('a unit of element 1', () => done(1) > 0, 120);
  process.kill(JSON.parse(textOf(claimOf(1))).pid, 'SIGKILL');
  let lost = null;
  const onSecond = async () => {
    const found = [...(await states(array.id))].find(
      ([k, { state, node }]) =>
        state === 'RUNNING' && node === 'n2' && k !== '0' && k !== '1' && done(Number(k)) > 0,
    );
    lost = found === undefined ? null : Number(found[0]);
    return lost !== null;
  };
  await slurm.until('a unit on node n2', onSecond, 120);
  const before = done(lost);
  await slurm.lose('n2');
  const begun = done(lost);
  report.check('the lost node had not finished', begun < edge(lost + 1) - edge(lost), `${begun} units`);
  report.check('a unit was finished before', before > 0);
  rmSync(claimOf(0));
  writeFileSync(go, '');
  const ended = async () =>
    [...(await states(finalize.id)).values()].every(({ state }) => /^(COMPLETED|FAILED)$/.test(state));
  await slurm.until('the job', ended, 240);

  const elements = await states(array.id);
  report.same(
    'the final states of the elements',
    [...elements].sort().map(([k, { state }]) => `${k} ${state}`),
    ['0 COMPLETED', '1 FAILED', '2 COMPLETED', '3 COMPLETED'],
  );
  report.same('the final node of the element of the lost node', elements.get(String(lost))?.node, 'n1');
  const log = textOf(join(logs, `${array.id}_0.log`));
  report.check('element 0 was busy, and is retried', /process 1 on elsewhere is computing/.test(log), log);
  const end = textOf(join(logs, `${finalize.id}_finalize.log`));
  report.check('finalize names the missing shards', /^missing shards of 4:\n1$/m.test(end), end);
  const missing = await command('missing', map, '--of', String(SHARDS));
  report.same('missing', [missing.status, missing.stdout.trim()], [3, '1']);
  report.check('no map is published', filesIn(map).length === 0, filesIn(map).join());

  const second = await command(...submit);
  const again = JSON.parse(second.stdout || '{}');
  report.same('shards that are submitted again', again.shards, [1]);
  await slurm.until(
    'the second job',
    async () => (await states(again.finalize.id)).get('N/A')?.state === 'COMPLETED',
    120,
  );
  report.same('then missing', (await command('missing', map)).stdout.trim(), 'none');
  sameProducts('after all faults', map, whole);
  return map;
}

/** Shards from the variables of an array, and of the tasks of a step. */
async function checkDetection(slurm, { folder, scene, whole }) {
  const command = (...args) => `${process.execPath} ${TERRACHIP} ${args.join(' ')}`;
  const cases = {
    array: [
      ['--array=0-1'],
      (output) => command('infer', output, '--shard', 'auto'),
      /^shard 1\/2, by SLURM_ARRAY_TASK_ID$/m,
    ],
    step: [
      ['--ntasks=2'],
      (output) => `srun ${command('infer', output, '--shard', 'auto')}`,
      /^shard 1\/2, by SLURM_PROCID$/m,
    ],
    alone: [['--ntasks=1'], (output) => command('infer', output), /chips in/],
  };
  for (const [name, [options, script, said]] of Object.entries(cases)) {
    const output = join(folder, name);
    await terrachip('plan', scene, ...SETTINGS, '-o', output);
    const log = join(folder, `${name}.log`);
    const args = ['--wait', ...options, `--output=${log}`, '--open-mode=append', '--wrap', script(output)];
    const { status, stderr } = await attempt('sbatch', args, { env: slurm.env });
    report.check(`${name}: the job`, status === 0, `${stderr}${textOf(log)}`);
    report.check(`${name}: the message`, said.test(textOf(log)), textOf(log));
    if (name !== 'alone') await terrachip('finalize', output);
    sameProducts(name, output, whole);
  }
}

await withTemporaryFolder(async (folder) => {
  const { scene } = await makeRadarScene(join(folder, 'scene'), SIZE);
  const whole = join(folder, 'whole');
  const { plan } = await terrachip('infer', scene, ...SETTINGS, '-o', whole);
  const place = join(folder, 'slurm');
  mkdirSync(place);
  const slurm = await startSlurm(place, NODES);
  try {
    await checkFaults(slurm, { folder, scene, whole, plan });
    await checkDetection(slurm, { folder, scene, whole });
  } finally {
    await slurm.stop();
  }
});
report.end();
