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
import { contents, temporaryFolder } from '../support/files.js';
import { startRangeServer } from '../support/http-server.js';
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
});

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

  it('is not planned again with other values', async () => {
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

describe('the plan of a job', () => {
  const bounded = join(folder, 'bounded');
  const plan = (memory?: number) => planMaps({ ...settings, memory, scenes: [scenes[0]], output: bounded });

  it('has the memory of a process and the space on the disk', async () => {
    const { scenes: planned, disk } = await plan();
    const { parts, limitBytes, blocksAgain } = planned[0].memory;
    // Two classes; a unit of 256 rows of 32 pixels, three times in memory.
    expect(parts.units).toBe(4 * 3 * 2 * 256 * 32);
    // Four chips of two bands, for the model, for its next run and for ONNX Runtime; two classes, twice.
    expect(parts.chips).toBe(4 * 4 * (3 * 2 + 2 * 2) * 256 ** 2);
    expect([limitBytes, blocksAgain]).toEqual([Infinity, 0]);
    // Two units, whose rows are stored in chunks of 256 columns; half of the products' bytes, and a third for overviews.
    expect(disk.bytes).toBe(2 * 2 * 256 * 256 * 4 + Math.ceil((2 * 4 + 1) * 32 * 300 * (2 / 3)));
  });

  it('refuses what does not fit, with the option that makes it fit', async () => {
    // 224 MiB of the program, 32 of ONNX Runtime; of a batch of four 4 × 4 × 256² × (96 + 2 × 3.5) bytes between layers.
    await expect(plan(360 * 2 ** 20)).rejects.toThrow(
      /300\.json needs about 37\d MiB of memory, and may take 360 MiB; give a smaller `batchSize`, at most 2\./,
    );
  });

  it('sets the memory of the processes, unless they have another option', async () => {
    const path = `${bounded}.run/job.json`;
    await plan(2 ** 31);
    expect(await readJson(path)).toMatchObject({ worker: { memory: 2 ** 31, threads: 0 } });
    await plan(2 ** 32);
    expect(await readJson(path)).toMatchObject({ worker: { memory: 2 ** 32, threads: 0 } });
    const job = (await readJson(path)) as Record<string, unknown>;
    await writeJson(path, { ...job, worker: { memory: 2 ** 24 } });
    await expect(inferPlanned(bounded, { threads: 0 })).rejects.toThrow(/may take 16 MiB/);
    expect(await inferPlanned(bounded, { threads: 0, memory: 2 ** 31 })).toHaveLength(1);
  });
});

describe('a job of scenes behind signatures', async () => {
  const [document, image] = [
    await startRangeServer(new Uint8Array(0)),
    await startRangeServer(new Uint8Array(0)),
  ];
  const secret = 'hidden-key';
  const signature = (n: number): string => `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${secret}-${n}`;
  const address = document.url.replace('file.tif', 'scene.json');
  let valid = 1;

  /** Serves the first scene with an address of its image, both behind the signature that is valid. */
  async function serve(): Promise<void> {
    const scene = (await readJson(scenes[0])) as { inputs: { S1RTC: { phases: Record<string, object> } } };
    const href = `${image.url}?sv=2024&sig=${secret}-${valid}`;
    scene.inputs.S1RTC.phases = { event: { VV: { href, band: 1 }, VH: { href, band: 2 } } };
    document.content = Buffer.from(JSON.stringify({ ...scene, phases: ['event'] }));
    image.content = await readFile(join(folder, 'sar', 's1-event.tif'));
    for (const server of [document, image]) {
      server.fault = ({ url = '' }, response) => {
        if (url.includes(`${secret}-${valid}`)) return false;
        response.writeHead(403).end();
        return true;
      };
    }
  }

  it('keeps their addresses without them, and gets them again', async () => {
    const maps = join(folder, 'signed');
    const signed = () => [`${address}?${signature(valid)}`];
    await serve();
    const first = await planMaps({ ...settings, scenes: signed(), output: maps });
    expect(first.scenes.map(({ scene }) => scene)).toEqual([address]);
    const shard = (index: number) => ({ shard: { index, count: 2 }, threads: 0 });
    await inferPlanned(maps, { ...shard(0), signedScenes: signed() });
    // Signatures end; new ones continue the job.
    valid = 2;
    await serve();
    await expect(inferPlanned(maps, shard(1))).rejects.toMatchObject({
      code: 'NETWORK',
      exitStatus: 2,
      message: expect.stringMatching(/^http:[^?]+scene\.json answered 403/),
    });
    await inferPlanned(maps, { ...shard(1), signedScenes: signed() });
    expect(await missingUnits(maps)).toEqual([]);
    const written = await contents(`${maps}.run`);
    expect(Object.keys(written)).toEqual(expect.arrayContaining(['job.json']));
    for (const [name, bytes] of Object.entries(written)) {
      expect([name, Buffer.from(bytes, 'base64').includes(secret)]).toEqual([name, false]);
    }
    const messageOf = (more: object): Promise<string> =>
      planMaps({ ...settings, scenes: signed(), output: maps, ...more }).then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await messageOf({ phases: ['none'] })).toMatch(/names none, which http:[^?]+scene\.json lacks/);
    expect(await messageOf({ memory: 2 ** 20 })).toMatch(/^http:[^?]+scene\.json needs about/);
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
