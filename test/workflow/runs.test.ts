import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeJson } from '../../src/io/node/output.js';
import { sweepTemporaries, temporaryPath } from '../../src/io/node/temporaries.js';
import { finalizeRun, type InferOptions, infer, missingUnits } from '../../src/workflow/index.js';
import { publishTogether } from '../../src/workflow/publish.js';
import { claimRows } from '../../src/workflow/run-owner.js';
import { temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const output = join(folder, 'map');
let scene = '';
let run = '';
/** The only shard of a unit. */
const shardOf = (unit: number): string => join(run, 'map.zarr', 'probability', 'c', '0', String(unit), '0');
const markerOf = (unit: number): string => join(run, 'done', `00000${unit}.json`);
let products: Buffer;
const base = (): InferOptions => ({
  scene,
  model: 'models/water-threshold',
  output,
  backend: 'cpu',
  threads: 0,
  rowsPerUnit: 256,
  keepRun: true,
});
const PROBABILITY = join(output, 'probability.tif');

/** A process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((done) => child.on('exit', done));
  return child.pid ?? 0;
}

beforeAll(async () => {
  ({ scene } = await writeSarScene(join(folder, 'scene'), 3, 300));
  run = (await infer(base())).runFolder;
  products = await readFile(PROBABILITY);
}, 60_000);

describe('a damaged unit', () => {
  const cases: [string, (shard: string) => Promise<unknown>, RegExp, boolean][] = [
    ['removed', (shard) => rm(shard), /0 is gone/, true],
    ['emptied', (shard) => truncate(shard, 0), /0 has 0 bytes instead of \d+/, true],
    ['cut', async (shard) => truncate(shard, (await stat(shard)).size - 1), /0 has \d+ bytes instead/, true],
    [
      'changed by a byte',
      async (shard) => {
        const bytes = await readFile(shard);
        bytes[bytes.length >> 1] ^= 4;
        await writeFile(shard, bytes);
      },
      /0 has changed since it was written/,
      false,
    ],
    [
      'replaced by another',
      async (shard) => writeFile(shard, await readFile(shardOf(1))),
      /0 has changed since it was written/,
      false,
    ],
  ];

  it.each(cases)('%s is refused by finalize', async (_, damage, problem, isShort) => {
    const shard = await readFile(shardOf(0));
    await damage(shardOf(0));
    expect(await missingUnits(output)).toEqual(isShort ? [0] : []);
    await expect(finalizeRun(output, join(folder, 'other'))).rejects.toThrow(problem);
    await writeFile(shardOf(0), shard);
  });

  it('is computed again, to the same bytes', async () => {
    const [emptied, changed] = [cases[1], cases[3]];
    await emptied[1](shardOf(0));
    await changed[1](shardOf(1));
    await rm(join(output, 'run.json'));
    const warnings: string[] = [];
    const onProgress: InferOptions['onProgress'] = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const report = await infer({ ...base(), resume: true, onProgress });
    expect(warnings).toEqual([expect.stringMatching(emptied[2]), expect.stringMatching(/changed since/)]);
    expect(report.unitsRun).toBe(2);
    expect(await readFile(PROBABILITY)).toEqual(products);
  });

  it('has the marker of another', async () => {
    const marker = await readFile(markerOf(0));
    await writeFile(markerOf(0), await readFile(markerOf(1)));
    await expect(finalizeRun(run, join(folder, 'other'))).rejects.toThrow(/is the marker of other rows/);
    await writeFile(markerOf(0), marker);
  });

  it.each<[string, (marker: string) => string]>([
    ['is empty', () => ''],
    ['is cut', (marker) => marker.slice(0, -3)],
    ['names a file outside of the run', (marker) => marker.replace('map.zarr', '../map.zarr')],
  ])('has a marker that %s', async (_, change) => {
    const marker = await readFile(markerOf(0), 'utf8');
    await writeFile(markerOf(0), change(marker));
    expect(await missingUnits(run)).toEqual([0]);
    await expect(finalizeRun(run, join(folder, 'other'))).rejects.toThrow(
      /^unit 0 of .* is damaged: .*000000\.json is not a marker of a finished unit; run it again with `resume`/,
    );
    await rm(join(output, 'run.json'));
    expect((await infer({ ...base(), resume: true })).unitsRun).toBe(1);
    expect(await readFile(PROBABILITY)).toEqual(products);
  });
});

describe('a run', () => {
  it('keeps finished units unless an option says to compute them again', async () => {
    await expect(infer(base())).rejects.toThrow(
      /has 2 finished units of 2 of this plan; give `resume` to keep them, or `overwrite` to compute them again\.$/,
    );
    expect((await infer({ ...base(), overwrite: true })).unitsRun).toBe(2);
    expect(await readFile(PROBABILITY)).toEqual(products);
  });

  it('of one shard computes again only its own units', async () => {
    const before = await readFile(markerOf(1));
    const report = await infer({ ...base(), overwrite: true, shard: { index: 0, count: 2 } });
    expect(report).toMatchObject({ unitsRun: 1, unitsMissing: 0 });
    expect(await readFile(markerOf(1))).toEqual(before);
  });

  it('belongs to one process at a time', async () => {
    const claim = await claimRows(run, { start: 0, end: 2 });
    const busy = new RegExp(`^process ${process.pid} on ${hostname()} is computing units 0 to 1 of `);
    await expect(infer({ ...base(), overwrite: true })).rejects.toMatchObject({
      code: 'BUSY',
      exitStatus: 75,
      message: expect.stringMatching(busy),
    });
    await expect(claimRows(run, { start: 1, end: 2 })).rejects.toThrow('is computing unit 1 of');
    await claim[Symbol.asyncDispose]();
    const [first, second] = await Promise.all([
      claimRows(run, { start: 0, end: 1 }),
      claimRows(run, { start: 1, end: 2 }),
    ]);
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    expect(await readdir(join(run, 'owners'))).toEqual([]);
  });

  it('is taken over from processes that have ended', async () => {
    const owner = join(run, 'owners', '0-2.json');
    await writeJson(owner, { host: hostname(), pid: await endedProcess() });
    await (await claimRows(run, { start: 0, end: 2 }))[Symbol.asyncDispose]();
    await writeJson(owner, { host: 'another', pid: 1 });
    await expect(claimRows(run, { start: 0, end: 1 })).rejects.toThrow('process 1 on another');
    const past = new Date(Date.now() - 61_000);
    await utimes(owner, past, past);
    await (await claimRows(run, { start: 0, end: 1 }))[Symbol.asyncDispose]();
  });

  it('is taken over by one of several processes', async () => {
    const owners = join(run, 'owners');
    const pid = await endedProcess();
    for (let k = 0; k < 20; k++) {
      await writeFile(join(owners, '0-2.json'), JSON.stringify({ host: hostname(), pid }));
      // They check the file one after the other, at several delays.
      const claims = await Promise.allSettled(
        [0, 1, 2, 3].map(async (place) => {
          for (let ticks = place * (k % 5); ticks > 0; ticks--) await setImmediate();
          return claimRows(run, { start: 0, end: 2 });
        }),
      );
      const claimed = claims.filter(({ status }) => status === 'fulfilled');
      for (const claim of claims) {
        if (claim.status === 'fulfilled') await claim.value[Symbol.asyncDispose]();
        else expect(claim.reason).toMatchObject({ code: 'BUSY' });
      }
      expect(claimed).toHaveLength(1);
    }
    expect(await readdir(owners)).toEqual([]);
  });

  it('refuses a plan that was changed', async () => {
    const plan = join(run, 'plan.json');
    const text = await readFile(plan, 'utf8');
    await writeFile(plan, text.replace('"threshold": 0.5', '"threshold": 0.4'));
    await expect(missingUnits(run)).rejects.toThrow(/plan\.json has been changed: it does not match/);
    await writeFile(plan, text);
  });

  it('is found by the folder of its map, unless there are several', async () => {
    expect(await missingUnits(`${output}/`)).toEqual([]);
    expect(await missingUnits(`${output}.run`)).toEqual([]);
    await mkdir(join(`${output}.run`, 'second'));
    await writeJson(join(`${output}.run`, 'second', 'plan.json'), {});
    await expect(missingUnits(output)).rejects.toThrow(/has several runs: .*second/);
    await rm(join(`${output}.run`, 'second'), { recursive: true });
    await expect(missingUnits(folder)).rejects.toThrow(/has no run: neither it nor .*\.run holds a plan/);
  });
});

describe('products', () => {
  it('replace those of an earlier run together, with its scores', async () => {
    const target = join(folder, 'together');
    await mkdir(target);
    for (const name of ['a', 'b', 'last', 'scores', 'own']) await writeFile(join(target, name), 'old');
    const make = async (stage: string) => {
      for (const name of ['a', 'last']) await writeFile(join(stage, name), 'new');
      // Until all are finished, the earlier ones are unchanged.
      expect(await readFile(join(target, 'a'), 'utf8')).toBe('old');
      return { files: ['a', 'last'] };
    };
    await publishTogether(target, 'last', ['a', 'b', 'scores'], make);
    expect((await readdir(target)).sort()).toEqual(['a', 'last', 'own']);
    expect(await readFile(join(target, 'last'), 'utf8')).toBe('new');
    await expect(stat(`${target}.run`)).rejects.toThrow();
  });

  it('that cannot be made leave the earlier ones unchanged', async () => {
    const target = join(folder, 'failing');
    await mkdir(target);
    await writeFile(join(target, 'last'), 'old');
    const make = async (stage: string) => {
      await writeFile(join(stage, 'last'), 'half');
      throw new Error('stopped');
    };
    await expect(publishTogether(target, 'last', [], make)).rejects.toThrow('stopped');
    expect(await readdir(target)).toEqual(['last']);
    expect(await readFile(join(target, 'last'), 'utf8')).toBe('old');
  });
});

describe('temporary files', () => {
  it('of ended processes are removed by the next run; those of others stay', async () => {
    const place = join(folder, 'sweep');
    await mkdir(place);
    const own = temporaryPath(join(place, 'own.tif'));
    const [tag] = /[0-9a-f]{6}-\d+\.[0-9a-f]{8}\.tmp$/.exec(own) ?? [''];
    const of = (host: string, pid: number): string => `x.tif.${host}-${pid}.01234567.tmp`;
    const dead = of(tag.slice(0, 6), await endedProcess());
    const [foreign, old] = [of('ffffff', 1), of('fffffe', 1)];
    for (const name of [dead, foreign, old, 'mine.tmp']) await writeFile(join(place, name), '');
    await writeFile(own, '');
    const past = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(join(place, old), past, past);
    await sweepTemporaries(place);
    const kept = await readdir(place);
    expect(kept).toHaveLength(3);
    expect(kept).toEqual(expect.arrayContaining([foreign, 'mine.tmp']));
  });
});

it('units of a finished map, left by a process that was killed, are removed with `resume`', async () => {
  expect((await infer({ ...base(), resume: true })).finishedBefore).toBe(true);
  expect(await readdir(run)).toContain('done');
  const { keepRun: _, ...options } = base();
  expect((await infer({ ...options, resume: true })).finishedBefore).toBe(true);
  await expect(stat(run)).rejects.toThrow('ENOENT');
});
