import { describe, expect, it } from 'vitest';
import { chooseShard } from '../../src/cli/shard.js';

const auto = (env: Record<string, string>) => chooseShard('auto', env);
/** As set by Slurm 22.05 in an array of `count` elements from 0 on. */
const array = (id: number, count: number) => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_COUNT: String(count),
  SLURM_ARRAY_TASK_MIN: '0',
  SLURM_ARRAY_TASK_MAX: String(count - 1),
  SLURM_ARRAY_TASK_STEP: '1',
});
const batch = (tasks: number) => ({ SLURM_PROCID: '0', SLURM_NTASKS: String(tasks) });
const step = (rank: number, tasks: number) => ({
  SLURM_STEP_ID: '0',
  SLURM_PROCID: String(rank),
  SLURM_NTASKS: String(tasks),
});

describe('the shard of a process', () => {
  it('is that of the option, then of TERRACHIP_SHARD, then of the workload manager', () => {
    const env = { TERRACHIP_SHARD: '1/3', ...array(2, 4) };
    expect(chooseShard({ index: 0, count: 2 }, env)).toEqual({ index: 0, count: 2, by: '--shard' });
    expect(chooseShard(undefined, env)).toEqual({ index: 1, count: 3, by: 'TERRACHIP_SHARD' });
    expect(chooseShard(undefined, { ...env, TERRACHIP_SHARD: 'auto' })).toEqual({
      index: 2,
      count: 4,
      by: 'SLURM_ARRAY_TASK_ID',
    });
  });

  it('is the whole job unless variables of a workload manager are requested', () => {
    expect(chooseShard(undefined, { ...array(2, 4), ...step(1, 4), RANK: '1', WORLD_SIZE: '4' })).toBeNull();
    expect(auto(batch(1))).toEqual({ index: 0, count: 1, by: 'SLURM_PROCID' });
  });

  const found: [string, Record<string, string>, number, number, string][] = [
    ['a Slurm array', { ...array(2, 4), ...batch(1) }, 2, 4, 'SLURM_ARRAY_TASK_ID'],
    [
      'a batch script of several tasks in an array',
      { ...array(2, 4), ...batch(8) },
      2,
      4,
      'SLURM_ARRAY_TASK_ID',
    ],
    ['a Slurm step', step(3, 4), 3, 4, 'SLURM_PROCID'],
    // Element 2 of 4 with 8 tasks: 2 · 8 + 3 of 4 · 8.
    ['a step in an array', { ...array(2, 4), ...step(3, 8) }, 19, 32, 'SLURM_ARRAY_TASK_ID and SLURM_PROCID'],
    [
      'a step that sets PMI',
      { ...array(2, 4), ...step(3, 8), PMI_RANK: '3', PMI_SIZE: '8' },
      19,
      32,
      'SLURM_ARRAY_TASK_ID and SLURM_PROCID',
    ],
    [
      'one element of an array again',
      { ...array(0, 1), SLURM_ARRAY_TASK_ID: '2', TERRACHIP_SHARDS: '4' },
      2,
      4,
      'SLURM_ARRAY_TASK_ID',
    ],
    ['PBS', { PBS_ARRAY_INDEX: '3', TERRACHIP_SHARDS: '5' }, 3, 5, 'PBS_ARRAY_INDEX'],
    ['Torque', { PBS_ARRAYID: '3', TERRACHIP_SHARDS: '5' }, 3, 5, 'PBS_ARRAYID'],
    ['LSF', { LSB_JOBINDEX: '1', LSB_JOBINDEX_END: '4', LSB_JOBINDEX_STEP: '1' }, 0, 4, 'LSB_JOBINDEX'],
    [
      'Grid Engine',
      { SGE_TASK_ID: '4', SGE_TASK_FIRST: '1', SGE_TASK_LAST: '4', SGE_TASK_STEPSIZE: '1' },
      3,
      4,
      'SGE_TASK_ID',
    ],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '0', TERRACHIP_SHARDS: '2' }, 0, 2, 'JOB_COMPLETION_INDEX'],
    [
      'AWS Batch',
      { AWS_BATCH_JOB_ARRAY_INDEX: '9', AWS_BATCH_JOB_ARRAY_SIZE: '10' },
      9,
      10,
      'AWS_BATCH_JOB_ARRAY_INDEX',
    ],
    ['Google Batch', { BATCH_TASK_INDEX: '1', BATCH_TASK_COUNT: '2' }, 1, 2, 'BATCH_TASK_INDEX'],
    ['Cloud Run', { CLOUD_RUN_TASK_INDEX: '1', CLOUD_RUN_TASK_COUNT: '2' }, 1, 2, 'CLOUD_RUN_TASK_INDEX'],
    ['torchrun', { RANK: '5', WORLD_SIZE: '8', LOCAL_RANK: '1' }, 5, 8, 'RANK'],
    [
      'Open MPI',
      { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2', ...batch(1) },
      1,
      2,
      'OMPI_COMM_WORLD_RANK',
    ],
    ['PMI', { PMI_RANK: '1', PMI_SIZE: '2' }, 1, 2, 'PMI_RANK'],
    ['Flux', { FLUX_TASK_RANK: '1', FLUX_JOB_SIZE: '2' }, 1, 2, 'FLUX_TASK_RANK'],
    ['two engines that agree', { RANK: '1', WORLD_SIZE: '4', ...step(1, 4) }, 1, 4, 'SLURM_PROCID'],
  ];
  it.each(found)('of %s', (_, env, index, count, by) => {
    expect(auto(env)).toEqual({ index, count, by });
  });

  const refused: [string, Record<string, string>, RegExp][] = [
    [
      'no engine',
      {},
      /^--shard cannot be auto: no variables of an array job .* are set; write it as i\/n\.$/,
    ],
    ['an array outside of arrays', { SGE_TASK_ID: 'undefined', LSB_JOBINDEX: '0' }, /no variables/],
    [
      'two engines that disagree',
      { ...array(0, 4), RANK: '1', WORLD_SIZE: '4' },
      /SLURM_ARRAY_TASK_ID says 0\/4 and RANK says 1\/4/,
    ],
    [
      'some elements of an array',
      { ...array(0, 1), SLURM_ARRAY_TASK_MIN: '2', SLURM_ARRAY_TASK_MAX: '2', SLURM_ARRAY_TASK_ID: '2' },
      /SLURM_ARRAY_TASK_MIN is 2 instead of 0/,
    ],
    [
      'an array with gaps',
      { ...array(0, 2), SLURM_ARRAY_TASK_MAX: '4' },
      /SLURM_ARRAY_TASK_MAX is 4 instead of 1/,
    ],
    [
      'an array with a step',
      { ...array(0, 2), SLURM_ARRAY_TASK_STEP: '2' },
      /SLURM_ARRAY_TASK_STEP is 2 instead of 1/,
    ],
    [
      'an array that starts at 3',
      { SGE_TASK_ID: '3', SGE_TASK_FIRST: '3', SGE_TASK_LAST: '4', SGE_TASK_STEPSIZE: '1' },
      /SGE_TASK_FIRST is 3 instead of 1/,
    ],
    [
      'an engine without a count',
      { PBS_ARRAY_INDEX: '3' },
      /PBS does not say how many there are; set TERRACHIP_SHARDS/,
    ],
    ['a count that is not set', { RANK: '3' }, /RANK is set, but WORLD_SIZE is not set/],
    ['a count that is no number', { RANK: '3', WORLD_SIZE: 'all' }, /WORLD_SIZE cannot be "all"/],
    ['an index that is no number', { RANK: '-1', WORLD_SIZE: '2' }, /RANK cannot be "-1"/],
    ['an index beyond the count', { RANK: '4', WORLD_SIZE: '4' }, /RANK says 4 of 4, counted from 0/],
    ['an index beyond TERRACHIP_SHARDS', { ...array(3, 4), TERRACHIP_SHARDS: '2' }, /says 3 of 2/],
    [
      'a batch script of several tasks',
      batch(4),
      /in a batch script of 4 tasks, which runs once; start the command with srun/,
    ],
  ];
  it.each(refused)('is refused for %s', (_, env, problem) => {
    expect(() => auto(env)).toThrow(problem);
  });

  it('names the variable that it comes from', () => {
    expect(() => chooseShard(undefined, { TERRACHIP_SHARD: 'auto' })).toThrow(
      /^TERRACHIP_SHARD cannot be auto/,
    );
    expect(() => chooseShard(undefined, { TERRACHIP_SHARD: '4/4' })).toThrow(
      /^TERRACHIP_SHARD cannot be "4\/4"/,
    );
  });
});
