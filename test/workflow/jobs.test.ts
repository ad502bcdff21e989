import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readJson } from '../../src/io/node/json.js';
import { writeJson } from '../../src/io/node/output.js';
import {
  finalizeMaps,
  type InferReport,
  inferMaps,
  inferPlanned,
  missingShards,
  missingUnits,
  planMaps,
} from '../../src/workflow/index.js';
import { describeJob, partsOf } from '../../src/workflow/jobs/job.js';
import { temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const execution = { backend: 'cpu', threads: 0 } as const;
const settings = { model: 'models/water-threshold', rowsPerUnit: 256, ...execution };
const whole = join(folder, 'whole');
const output = join(folder, 'maps');
/** Scenes of 2 and 3 units. */
let scenes: string[] = [];
const PRODUCTS = ['probability.tif', 'classes.tif', 'polygons.geojson', 'statistics.json'];

/** A scene of a narrow grid with as many rows, over the same images: units are of 256 rows. */
async function narrow(id: string, height: number): Promise<string> {
  const document = (await readJson(join(folder, 'sar', 'scene.json'))) as Record<string, unknown>;
  const grid = { crs: 'EPSG:32631', transform: [10, 0, 691_000, 0, -10, 5_520_000], width: 32, height };
  const path = join(folder, 'sar', `${height}.json`);
  await writeJson(path, { ...document, id, grid });
  return path;
}

const filesOf = (map: string): Promise<Buffer[]> =>
  Promise.all(PRODUCTS.map((name) => readFile(join(map, name))));

beforeAll(async () => {
  await writeSarScene(join(folder, 'sar'), 3, 300);
  scenes = [await narrow('small', 300), await narrow('large', 520)];
  await inferMaps({ ...settings, scenes, output: whole });
}, 60_000);

describe('a job of several scenes', () => {
  it('is planned without being computed', async () => {
    const report = await planMaps({ ...settings, scenes, output });
    expect(report.units).toBe(5);
    expect(report.scenes.map((scene) => [scene.output, scene.units])).toEqual([
      [join(output, 'large'), 3],
      [join(output, 'small'), 2],
    ]);
    expect(await readdir(folder)).not.toContain('maps');
    expect(await missingUnits(output)).toEqual([0, 1, 2, 3, 4]);
    expect(await missingShards(output, 2)).toEqual([0, 1]);
    await expect(finalizeMaps(output)).rejects.toThrow(/2 of 2 maps in .*maps lack units, 5 in all; run the/);
  });

  it('is divided into shards by the units of all scenes', async () => {
    const shards: InferReport[][] = [];
    for (const index of [2, 0]) {
      shards.push(await inferPlanned(output, { shard: { index, count: 3 }, threads: 0 }));
    }
    // Of 5 units, shard 0 of 3 has unit 0, and shard 2 has 3 and 4.
    expect(shards.map((reports) => reports.map(({ unitsRun }) => unitsRun))).toEqual([[2], [1]]);
    expect(await missingUnits(`${output}/`)).toEqual([1, 2]);
    expect(await missingShards(output, 3)).toEqual([1]);
    // Shard 1 of 5 has unit 1, and shard 2 has unit 2.
    expect(await missingShards(output, 5)).toEqual([1, 2]);
    await expect(finalizeMaps(output)).rejects.toThrow(/1 of 2 maps in .* lack units, 2 in all/);
    expect(await filesOf(join(output, 'small'))).toEqual(await filesOf(join(whole, 'small')));
    await inferPlanned(output, { shard: { index: 1, count: 3 }, threads: 0 });
    expect(await finalizeMaps(output)).toHaveLength(2);
    expect(await filesOf(join(output, 'large'))).toEqual(await filesOf(join(whole, 'large')));
  });

  it('is not planned anew with other values', async () => {
    const other = { ...settings, scenes: [...scenes].reverse(), output };
    expect((await planMaps(other)).units).toBe(5);
    await expect(planMaps({ ...other, threshold: 0.7, minArea: 5000 })).rejects.toThrow(
      /job\.json plans a job with other values of `threshold`, `minArea`; give the same, another output, or `overwrite`/,
    );
    expect(await missingUnits(output)).toEqual([]);
    await planMaps({ ...other, threshold: 0.7, overwrite: true });
    expect(await missingUnits(output)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('a job', () => {
  const one = join(folder, 'one');
  it('of a scene writes into the folder itself', async () => {
    await planMaps({ ...settings, scenes: [scenes[0]], output: one });
    const [report] = await inferPlanned(one, { threads: 0 });
    expect(report.products?.files.run).toBe(join(one, 'run.json'));
    expect(await filesOf(one)).toEqual(await filesOf(join(whole, 'small')));
    expect(await missingUnits(one)).toEqual([]);
    expect(await finalizeMaps(one)).toHaveLength(1);
    expect((await inferPlanned(one, { threads: 0 }))[0].finishedBefore).toBe(true);
  });

  it('is refused without a plan, with a damaged one, and for a scene that changed', async () => {
    await expect(inferPlanned(join(folder, 'none'))).rejects.toThrow(/none has no planned job/);
    const bad = join(folder, 'bad');
    await mkdir(`${bad}.run`);
    const job = (await readJson(`${one}.run/job.json`)) as { scenes: object[] };
    const write = (change: object): Promise<void> =>
      writeFile(`${bad}.run/job.json`, JSON.stringify({ ...job, scenes: [{ ...job.scenes[0], ...change }] }));
    await write({ folder: '../elsewhere' });
    await expect(inferPlanned(bad)).rejects.toThrow(
      /job\.json is not valid: scenes\.0\.folder: must be a name/,
    );
    await write({ folder: '..' });
    await expect(missingUnits(bad)).rejects.toThrow(/scenes\.0\.folder: must be a name/);
    await write({ units: 3 });
    await expect(inferPlanned(bad, { shard: { index: 0, count: 2 }, threads: 0 })).rejects.toThrow(
      /300\.json has 2 units instead of 3; plan the job again/,
    );
  });

  it('needs scenes that can be told apart', async () => {
    await expect(describeJob({ ...settings, scenes: [scenes[0], scenes[0]], output: one })).rejects.toThrow(
      /has the id small of .*; give each scene its own id/,
    );
    const odd = await narrow('../up', 200);
    await expect(describeJob({ ...settings, scenes: [scenes[0], odd], output: one })).rejects.toThrow(
      /has the id "\.\.\/up", which cannot name a folder/,
    );
  });

  it('divides its units among shards of any number, each once', async () => {
    const job = { ...(await describeJob({ ...settings, scenes: [scenes[0]], output: one })) };
    const sizes = [3, 1, 7];
    job.scenes = sizes.map((units, k) => ({ folder: `s${k}`, path: '', units }));
    for (const ends of [
      [0, 11],
      [0, 2, 3, 4, 11],
      [0, 5, 5, 10, 11],
    ]) {
      const units = ends
        .slice(1)
        .flatMap((end, k) =>
          partsOf(job, { start: ends[k], end }).flatMap(({ scene, units }) =>
            Array.from({ length: units.end - units.start }, (_, u) => `${scene.folder}:${units.start + u}`),
          ),
        );
      expect(units).toEqual(
        sizes.flatMap((count, k) => Array.from({ length: count }, (_, u) => `s${k}:${u}`)),
      );
    }
  });
});
