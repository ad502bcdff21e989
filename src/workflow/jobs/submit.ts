/** Submits a planned job to a cluster. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { codeOf, invalidInput, TerrachipError } from '../../errors.js';
import { makeFolder, writeFileAtomically } from '../../io/node/output.js';
import { shellWords } from '../../text.js';
import { missingShards } from '../run-folder.js';
import { runsFolder } from '../run-owner.js';
import { bareFolder, requireJob } from './job.js';
import {
  arrayScript,
  checkSlurmOptions,
  finalizeScript,
  type SlurmOptions,
  type SlurmScript,
} from './slurm.js';

/** Options of `submitJob`. */
export interface SubmitOptions extends SlurmOptions {
  /** The folder of a job that was planned. */
  output: string;
  /** Write and submit nothing. */
  dryRun?: boolean;
}

/** A submitted job. */
export interface SubmittedJob {
  readonly script: string;
  readonly content: string;
  /** The command that submits it. */
  readonly command: string;
  /** Its number; null for a dry run. */
  readonly id: string | null;
}

/** The result of `submitJob`. */
export interface SubmitReport {
  readonly output: string;
  /** The shards with missing units. */
  readonly shards: readonly number[];
  /** Null where no unit is missing. */
  readonly array: SubmittedJob | null;
  readonly finalize: SubmittedJob;
}

export async function submitJob(options: SubmitOptions): Promise<SubmitReport> {
  checkSlurmOptions(options);
  const job = await requireJob(options.output);
  const output = resolve(bareFolder(options.output));
  const folder = join(runsFolder(output), 'slurm');
  const shards = await missingShards(output, options.shards);
  const isOpen = (job.settings.backend ?? 'auto') === 'auto';
  const backend = isOpen && (options.gpus ?? 0) > 0 ? 'webgpu' : null;
  const isDry = options.dryRun === true;
  if (!isDry) await makeFolder(folder);
  const submit = async (name: string, { content, args }: SlurmScript): Promise<SubmittedJob> => {
    const script = join(folder, name);
    const id = isDry ? null : await sbatch(script, content, args);
    return { script, content, command: shellWords(['sbatch', ...args, script]), id };
  };
  const array =
    shards.length === 0 ? null : await submit('array.sh', arrayScript(options, output, shards, backend));
  const after = array === null ? null : (array.id ?? 'ARRAY_JOB');
  try {
    const finalize = await submit('finalize.sh', finalizeScript(options, output, after));
    return { output, shards, array, finalize };
  } catch (error) {
    // The array is cancelled if the second job is refused.
    if (array?.id) await run('scancel', [array.id]).catch(() => undefined);
    throw error;
  }
}

/** Writes and submits a script. @returns the number of the job */
async function sbatch(script: string, content: string, args: readonly string[]): Promise<string> {
  await writeFileAtomically(script, content);
  const answer = await run('sbatch', [...args, script]);
  // With several clusters it is followed by `;` and the name of the cluster.
  const id = /^(\d+)(?:;|$)/m.exec(answer)?.[1];
  if (id !== undefined) return id;
  throw invalidInput('sbatch', `answers "${answer.trim()}", which names no job`, 'check the cluster');
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(command, args, (cause, stdout, stderr) => {
      if (cause === null) done(stdout);
      else if (codeOf(cause) === 'ENOENT') {
        const problem = `${command} was not found`;
        const remedy = 'submit on a machine of the cluster, or write the scripts with `dryRun`';
        fail(new TerrachipError('MISSING_DEPENDENCY', problem, remedy, { dependency: command }));
      } else {
        const said = stderr.trim().split('\n').join(', ');
        fail(invalidInput(command, `refuses the job (${said})`, 'correct the options', cause));
      }
    });
  });
}
