import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { shellWords } from '../../src/text.js';
import {
  arrayScript,
  checkSlurmOptions,
  finalizeScript,
  ranges,
  type SlurmOptions,
} from '../../src/workflow/jobs/slurm.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const programs = join(folder, 'bin');
/** The arguments of each call of the fake programs, one line per call. */
const calls = join(folder, 'calls');
/** A name that a shell would split. */
const output = join(folder, `it's $(touch x); a "map"`);

/** Makes a program that records its arguments and runs a script. */
async function program(name: string, does: string): Promise<void> {
  const note = `printf '${name}' >> '${calls}'; printf ' <%s>' "$@" >> '${calls}'; echo >> '${calls}'`;
  await writeFile(join(programs, name), `#!/bin/bash\n${note}\n${does}\n`);
  await chmod(join(programs, name), 0o755);
}

/** Runs a script. @returns its status and the recorded calls */
async function runScript(
  content: string,
  env: Record<string, string> = {},
): Promise<{ status: number | null; stdout: string; called: string[] }> {
  await rm(calls, { force: true });
  const { status, stdout } = spawnSync('/bin/bash', ['-c', content], {
    env: { PATH: `${programs}:/usr/bin:/bin`, SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '2', ...env },
    encoding: 'utf8',
    cwd: folder,
  });
  const lines = (await readFile(calls, 'utf8')).trim().split('\n');
  return { status, stdout, called: lines };
}

const scriptOf = (options: Partial<SlurmOptions>, backend: string | null = null) =>
  arrayScript({ shards: 4, ...options }, output, [0, 1, 2, 3], backend);

beforeAll(async () => {
  await mkdir(programs);
  await program('scontrol', '');
  await program('terrachip', 'exit $TERRACHIP_STATUS');
  await program('apptainer', '');
  // Runs its command once for each task, as srun does.
  await program('srun', 'shift 3; for k in 0 1; do SLURM_PROCID=$k "$@" || exit; done');
});

describe('the script of an array', () => {
  it('computes the shard of its element', async () => {
    const { status, called } = await runScript(scriptOf({ cpus: 8 }, 'webgpu').content);
    expect(status).toBe(0);
    expect(called).toEqual([
      `terrachip <infer> <${output}> <--backend> <webgpu> <--threads> <8> <--shard> <2/4>`,
    ]);
  });

  it('computes a shard in each task', async () => {
    const { called } = await runScript(scriptOf({ shards: 6, tasks: 2 }).content);
    // Element 2 of 3 has shards 4 and 5 of 6.
    expect(called.slice(1)).toEqual([
      `terrachip <infer> <${output}> <--shard> <4/6>`,
      `terrachip <infer> <${output}> <--shard> <5/6>`,
    ]);
  });

  it('runs in a container', async () => {
    const { called } = await runScript(
      scriptOf({ container: '/an image.sif', bind: ['/data'], gpus: 1 }).content,
    );
    expect(called).toEqual([
      `apptainer <exec> <--nv> <--bind> </data> </an image.sif> <terrachip> <infer> <${output}> <--shard> <2/4>`,
    ]);
  });

  const statuses: [string, Record<string, string>, number, boolean][] = [
    ['worth a retry', { TERRACHIP_STATUS: '75' }, 75, true],
    ['worth a retry, too often', { TERRACHIP_STATUS: '75', SLURM_RESTART_COUNT: '3' }, 75, false],
    ['wrong input', { TERRACHIP_STATUS: '2' }, 2, false],
    ['success', {}, 0, false],
  ];
  it.each(statuses)('ends after %s', async (_, env, expected, isRequeued) => {
    const { status, called } = await runScript(scriptOf({}).content, env);
    expect(status).toBe(expected);
    expect(called.slice(1)).toEqual(isRequeued ? ['scontrol <requeue> <7_2>'] : []);
  });

  it('stops the process in order before its time ends, and is requeued', async () => {
    const command = [
      'bash',
      '-c',
      `trap 'kill $!; echo stopped >> "${calls}"; exit 143' TERM; kill -USR1 $PPID; sleep 9 & wait`,
      '-',
    ];
    const { status, called } = await runScript(scriptOf({ command }).content);
    expect([status, called]).toEqual([75, ['stopped', 'scontrol <requeue> <7_2>']]);
  });

  it('requests the resources of the options', () => {
    const { args } = scriptOf({
      partition: 'gpu',
      account: 'p1',
      qos: 'short',
      gpus: 1,
      time: '1:00:00',
      memory: '16G',
      throttle: 2,
      sbatch: ['--constraint=a100'],
    });
    expect(args).toEqual(
      expect.arrayContaining([
        '--array=0-3%2',
        '--partition=gpu',
        '--account=p1',
        '--qos=short',
        '--gpus-per-task=1',
        '--time=1:00:00',
        '--mem=16G',
        '--requeue',
      ]),
    );
    expect(args.at(-1)).toBe('--constraint=a100');
    expect(scriptOf({ restarts: 0 }).args).toContain('--no-requeue');
    expect(arrayScript({ shards: 8, tasks: 2 }, '/100%/map', [1, 6, 7], null).args).toEqual(
      expect.arrayContaining(['--array=0,3', '--output=/100%%/map.run/slurm/%A_%a.log', '--ntasks=2']),
    );
  });
});

describe('the script that writes the products', () => {
  it('lists the missing shards', async () => {
    await program('terrachip', '[ "$1" = finalize ] && exit 3; echo 1,3');
    const { content, args } = finalizeScript({ shards: 4, gpus: 1 }, output, '7');
    const { status, stdout, called } = await runScript(content);
    expect([status, stdout]).toEqual([3, 'missing shards of 4:\n1,3\n']);
    expect(called).toEqual([
      `terrachip <finalize> <${output}>`,
      `terrachip <missing> <${output}> <--of> <4>`,
    ]);
    expect(args).toContain('--dependency=afterany:7');
    expect(args.join()).not.toContain('gpus');
  });
});

it('words are quoted as a shell reads them', () => {
  const words = ['a', '', "it's", '$HOME', '`x`', 'a b', 'new\nline', '*', '~', '\\'];
  const printed = execFileSync('/bin/bash', ['-c', `printf '%s\\0' ${shellWords(words)}`], {
    encoding: 'utf8',
  });
  expect(printed.split('\0').slice(0, -1)).toEqual(words);
});

it('elements are listed as ranges', () => {
  expect([ranges([3, 0, 1, 2, 7]), ranges([5])]).toEqual(['0-3,7', '5']);
});

it('numbers are checked', () => {
  expect(() => checkSlurmOptions({ shards: 6, tasks: 4 })).toThrow(
    /shards cannot be 6 with 4 tasks; give a multiple/,
  );
  expect(() => checkSlurmOptions({ shards: 1, gpus: 1.5 })).toThrow(/gpus cannot be 1.5/);
});
