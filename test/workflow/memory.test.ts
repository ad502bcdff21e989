import { mkdir, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSize } from '../../src/cli/arguments.js';
import { memoryOf } from '../../src/cli/shared-options.js';
import { formatDisk, formatMemory } from '../../src/cli/table.js';
import { createChipLayout } from '../../src/geo/index.js';
import { requireSpace } from '../../src/io/node/disk-space.js';
import { availableMemory } from '../../src/workflow/available-memory.js';
import { freshRows, planMemory, sceneParts } from '../../src/workflow/memory.js';
import type { TilePlan } from '../../src/workflow/tile-plan.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const MIB = 2 ** 20;
const CPU = { kind: 'cpu', adapter: 'any', adapterClass: 'cpu', threads: 0 } as const;

/** Ten blocks of 1 MiB, of which three must be held; four are needed twice. */
const tiles: TilePlan = {
  blocks: 10,
  cacheBytes: 3 * MIB,
  largestBytes: MIB,
  windowBytes: MIB,
  again: (bytes) => (bytes < 3 * MIB ? 4 : 0),
};

const job = {
  layout: createChipLayout(1000, 900, 256, 208),
  bands: [2, 12],
  bandsApart: 12,
  answerValues: 2 * 256 ** 2,
  layers: 2,
  batchSize: 4,
  chipsAtOnce: null,
  unitValues: 2 * 256 * 1000,
  mosaicValues: 3 * 12 * 256 * 1000,
  modelBytes: 5 * MIB,
  backend: CPU,
};

describe('the memory of a scene', () => {
  it('has the rows that each strip reads once', () => {
    // Chips start at 0, 208, 416, 624 and 644, and end 256 rows below.
    expect(freshRows(job.layout)).toEqual([
      { start: 0, end: 256 },
      { start: 256, end: 464 },
      { start: 464, end: 672 },
      { start: 672, end: 880 },
      { start: 880, end: 900 },
    ]);
  });

  it('is the sum of its parts', () => {
    const { host, deviceBytes } = sceneParts(job, tiles);
    // Two strips of 14 bands and 256 rows, 208 new rows of the 12 bands that are computed apart, two masks of a byte.
    expect(host.strips).toBe(4 * (2 * 14 * 256 * 1000 + 12 * 208 * 1000) + 2 * 256 * 1000);
    // Chips of five columns, in the three rows that may cover a pixel, with two classes.
    expect(host.predictions).toBe(4 * 2 * 256 ** 2 * 3 * 5);
    // ONNX Runtime, the weights twice, and 96 values a pixel between layers with 3.5 for each of 14 bands, in four chips.
    expect(host.model).toBe(32 * MIB + 2 * 5 * MIB + 4 * (96 + 3.5 * 14) * 256 ** 2 * 4);
    // Two chips at a time: two threads of 16 MiB, the runtime and the weights of two sessions, and the values of two chips.
    const { model, chips } = sceneParts({ ...job, chipsAtOnce: 2 }, tiles).host;
    expect(model).toBe(2 * (16 + 32 + 2 * 5) * MIB + 4 * (96 + 3.5 * 14) * 256 ** 2 * 2);
    // 14 bands of two batches of four that run, of the next one, and of two chips for ONNX Runtime; two classes of the two
    // batches, twice.
    expect(chips).toBe(4 * (3 * 4 * 14 + 2 * 14 + 2 * 2 * 4 * 2) * 256 ** 2);
    // Embeddings: one batch, and two chips for ONNX Runtime.
    const embedding = sceneParts({ ...job, layers: 0, chipsAtOnce: 2 }, tiles).host;
    expect(embedding.chips).toBe(4 * (4 * 14 + 2 * 14 + 2 * 4 * 2) * 256 ** 2);
    expect(sceneParts({ ...job, backend: { ...CPU, threads: 3 } }, tiles).host.runtime).toBe(
      (224 + 3 * 16) * MIB,
    );
    // Three files of 12 bands that overlap.
    expect(host.mosaics).toBe(4 * 3 * 12 * 256 * 1000);
    // A batch of four chips: 14 bands of this batch, of the next one and for ONNX Runtime; two classes, twice.
    expect(host.chips).toBe(4 * 4 * (3 * 14 + 2 * 2) * 256 ** 2);
    // A block of 1 MiB as it is stored, and as it is stored and decoded in WebAssembly: in one thread, in three, and in ten
    // that decode ten blocks.
    const decodersOf = (threads: number) =>
      sceneParts({ ...job, backend: { ...CPU, threads } }, tiles).host.decoders;
    expect([0, 3, 16].map(decodersOf)).toEqual([3 * MIB, 9 * MIB, 30 * MIB]);
    expect(deviceBytes).toBe(0);
    const parts = { host, deviceBytes };
    const plan = planMemory('a scene', parts, tiles, { memory: 4096 * MIB });
    expect(plan.parts.blocks).toBe(3 * MIB);
    expect(plan.bytes).toBe(Object.values(plan.parts).reduce((sum, bytes) => sum + bytes, 0));
    expect([plan.cacheBytes, plan.blocks, plan.blocksAgain]).toEqual([3 * MIB, 10, 0]);
  });

  it('of tensors on a GPU is not that of the process', () => {
    const gpu = { kind: 'webgpu', adapter: 'any', adapterClass: 'hardware', threads: 0 } as const;
    const { host, deviceBytes } = sceneParts({ ...job, backend: gpu }, tiles);
    const cpu = sceneParts(job, tiles).host;
    expect([host.strips, host.predictions]).toEqual([undefined, undefined]);
    const { strips = 0, mosaics = 0, predictions = 0 } = cpu;
    // The chips of two batches, and the output of one.
    expect(deviceBytes).toBe(strips + mosaics + predictions + 4 * 4 * (2 * 14 + 2) * 256 ** 2);
  });

  it('is printed by part, the largest first', () => {
    const parts = { host: { runtime: 100 * MIB, chips: 1536 * MIB, masks: 0 }, deviceBytes: 2 * MIB };
    expect(formatMemory(planMemory('s.json', parts, tiles, { memory: Infinity }))).toBe(
      'memory: about 1.60 GiB (chips 1.50 GiB, runtime 100 MiB, blocks 3 MiB), and 2 MiB on the GPU\n' +
        'blocks to decode: at most 10, none of them again',
    );
    expect(formatDisk({ folder: '/maps', bytes: 5 * MIB, freeBytes: 2048 * MIB })).toBe(
      'disk: about 5 MiB, of 2.00 GiB that are free',
    );
  });

  it('does not depend on the height', () => {
    const high = { ...job, layout: createChipLayout(1000, 9000, 256, 208) };
    expect(sceneParts(high, tiles)).toEqual(
      sceneParts({ ...job, layout: createChipLayout(1000, 2250, 256, 208) }, tiles),
    );
  });

  it('that does not fit is refused, with the option that makes it fit', () => {
    const parts = { host: { runtime: 100 * MIB, chips: 80 * MIB }, deviceBytes: 0 };
    const half = { host: { runtime: 100 * MIB, chips: 40 * MIB }, deviceBytes: 0 };
    const smaller = [{ remedy: 'give a smaller `batchSize`, at most 2', parts: half }];
    const plan = (memory: number) => planMemory('s.json', parts, tiles, { memory }, smaller);
    expect(() => plan(150 * MIB)).toThrow(
      's.json needs about 181 MiB of memory, and may take 150 MiB; give a smaller `batchSize`, at most 2.',
    );
    expect(() => plan(120 * MIB)).toThrow(/take a machine with more memory/);
    // Nine tenths of 201 MiB leave 0.9 MiB: one block, and four are decoded again.
    expect(plan(201 * MIB)).toMatchObject({ cacheBytes: MIB, blocksAgain: 4, bytes: 181 * MIB });
  });
});

describe('available memory', () => {
  it('is the free memory of the control group, and the files in memory', async () => {
    const group = join(folder, 'v2/sys/fs/cgroup/jobs/one');
    await mkdir(group, { recursive: true });
    await mkdir(join(folder, 'v2/proc/self'), { recursive: true });
    await writeFile(join(folder, 'v2/proc/self/cgroup'), '0::/jobs/one\n');
    await writeFile(join(group, 'memory.max'), `${300 * MIB}\n`);
    await writeFile(join(group, 'memory.current'), `${280 * MIB}\n`);
    await writeFile(join(group, 'memory.stat'), `anon 1\ninactive_file ${50 * MIB}\n`);
    const free = (await availableMemory(join(folder, 'v2'))) - process.memoryUsage.rss();
    // 300 - 280 + 50; the process may grow a little between the two measurements.
    expect(Math.abs(free - 70 * MIB)).toBeLessThan(20 * MIB);
  });

  it('is the free memory of the machine without a limit', async () => {
    const available = await availableMemory(join(folder, 'nothing'));
    expect(available).toBeGreaterThan(process.memoryUsage.rss());
    expect(available).toBeLessThan(4 * (freemem() + process.memoryUsage.rss()));
  });

  it('is given in bytes, or with a unit; for a job, it is given by Slurm', () => {
    const sizes = ['8GB', '7.5GiB', '800M', '1024', '2 TiB'].map((text) => parseSize(text, '--memory'));
    expect(sizes).toEqual([8e9, 7.5 * 2 ** 30, 800 * MIB, 1024, 2 ** 41]);
    for (const text of ['8 parsecs', '-1', '', '1e9']) {
      expect(() => parseSize(text, '--memory')).toThrow(/--memory cannot be/);
    }
    expect(memoryOf(undefined, { SLURM_MEM_PER_NODE: '2048' })).toBe(2 ** 31);
    expect(memoryOf(5, { SLURM_MEM_PER_NODE: '2048' })).toBe(5);
    expect(memoryOf(undefined, { SLURM_MEM_PER_NODE: '0' })).toBeUndefined();
    expect(memoryOf(undefined, { SLURM_MEM_PER_CPU: '100', SLURM_CPUS_PER_TASK: '3' })).toBe(300 * MIB);
  });

  it('is shared by the tasks of a step on a node, not by a batch script', () => {
    const step = (tasks: string) => ({
      SLURM_MEM_PER_NODE: '2400',
      SLURM_STEP_ID: '0',
      SLURM_STEP_TASKS_PER_NODE: tasks,
    });
    expect(['4', '4(x2)', '3,2(x4)'].map((tasks) => memoryOf(undefined, step(tasks)))).toEqual([
      600 * MIB,
      600 * MIB,
      800 * MIB,
    ]);
    expect(memoryOf(undefined, { ...step('4'), SLURM_STEP_ID: undefined })).toBe(2400 * MIB);
  });
});

describe('space on the disk', () => {
  it('that is missing is refused before any work, with status 75', async () => {
    const place = join(folder, 'not', 'there');
    await expect(requireSpace(place, 2 ** 60)).rejects.toMatchObject({
      code: 'DISK',
      exitStatus: 75,
      message: expect.stringMatching(
        new RegExp(
          `^the disk of ${folder} has \\d+ bytes free, and about ${2 ** 60} are needed; free some space`,
        ),
      ),
    });
    expect(await requireSpace(place, 1)).toMatchObject({ folder, bytes: 1 });
    expect((await requireSpace('s3://bucket/key', 2 ** 60)).freeBytes).toBeNull();
  });
});
