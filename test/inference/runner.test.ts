import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createChipLayout, type RowRange } from '../../src/geo/index.js';
import type { Backend } from '../../src/gpu/index.js';
import {
  type MapSpec,
  type ModelSession,
  openModel,
  openSession,
  type RunnerCounters,
  type RunnerOptions,
  runScene,
  type SceneImage,
} from '../../src/inference/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { type TestModel, writeModel } from '../support/models.js';
import { randomValues } from '../support/random.js';

const folder = await temporaryFolder();
const sessions: ModelSession<MapSpec>[] = [];
let models = 0;
afterAll(async () => {
  for (const session of sessions) await session.dispose();
});

async function openTestSession(model: TestModel): Promise<ModelSession<MapSpec>> {
  const session = await openSession(
    await openModel(await writeModel(join(folder, `model-${models++}`), model)),
    { provider: 'cpu' },
  );
  sessions.push(session);
  return session;
}

/** Images of a scene in memory; records the requested rows. */
function imagesOf(
  backend: Backend,
  session: ModelSession<MapSpec>,
  width: number,
  planes: Record<string, Float32Array[]>,
  asked: RowRange[] = [],
): SceneImage[] {
  const { spec } = session;
  return spec.inputs.flatMap((input) => {
    const phases = input.kind === 'static' ? [undefined] : spec.phases;
    return phases.map(
      (phase): SceneImage => ({
        input,
        phase,
        async readRows(rows, targets, firstRow) {
          asked.push(rows);
          const sources = planes[phase === undefined ? input.name : `${input.name}/${phase}`];
          for (const [i, target] of targets.entries()) {
            const values = sources[i].subarray(rows.start * width, rows.end * width);
            backend.write(target, values, (rows.start - firstRow) * width);
          }
        },
      }),
    );
  });
}

interface Run {
  probability: Float32Array;
  counters: RunnerCounters;
}

async function run(
  backend: Backend,
  session: ModelSession<MapSpec>,
  scene: { width: number; height: number; planes: Record<string, Float32Array[]> },
  ranges: RowRange[],
  options: Partial<RunnerOptions> = {},
  asked: RowRange[] = [],
): Promise<Run> {
  const { width, height, planes } = scene;
  const { size, stride } = session.spec.chip;
  const probability = new Float32Array(2 * width * height).fill(-1);
  const total: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0, notFinite: 0 };
  for (const range of ranges) {
    let next = range.start;
    const counters = await runScene(
      {
        backend,
        session,
        images: imagesOf(backend, session, width, planes, asked),
        layout: createChipLayout(width, height, size, stride),
        batchSize: 3,
        blend: 'probability',
        minChipValid: 0,
        async onRows(start, rows, values) {
          expect(start).toBe(next);
          next = start + rows;
          for (let c = 0; c < 2; c++) {
            probability.set(
              values.subarray(c * rows * width, (c + 1) * rows * width),
              (c * height + start) * width,
            );
          }
        },
        ...options,
      },
      range,
    );
    expect(next).toBe(range.end);
    total.chipsRun += counters.chipsRun;
    total.chipsSkipped += counters.chipsSkipped;
    total.batches += counters.batches;
  }
  return { probability, counters: total };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const all = (height: number): RowRange[] => [{ start: 0, end: height }];

describeBackends('runScene', (backend) => {
  it('with a per-pixel model gives every pixel its own value, edges and gaps included', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [2], mean: [1], std: [4] }],
    });
    const [width, height] = [75, 61];
    const plane = randomValues(1, width * height, -8, 8, 0.1);
    const { probability, counters } = await run(
      backend(),
      session,
      { width, height, planes: { 'A/event': [plane] } },
      all(height),
    );
    const expected = Float64Array.from(plane, (v) => sigmoid((2 * (v - 1)) / 4));
    expect(probability.subarray(width * height)).toBeCloseToArray(expected, 1e-5);
    expect(probability.subarray(0, width * height)).toBeCloseToArray(
      expected.map((p) => 1 - p),
      1e-5,
    );
    const layout = createChipLayout(width, height, 32, 24);
    expect(counters.chipsRun).toBe(layout.columnStarts.length * layout.rowStarts.length);
  });

  it('gives the same bytes for any split of rows, and reads each row once per range', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
      window: 5,
    });
    const [width, height] = [90, 150];
    const planes = { 'A/event': [randomValues(2, width * height, -3, 3, 0.02)] };
    const asked: RowRange[] = [];
    const whole = await run(backend(), session, { width, height, planes }, all(height), {}, asked);
    expect(asked.reduce((sum, rows) => sum + rows.end - rows.start, 0)).toBe(height);
    const pieces = await run(backend(), session, { width, height, planes }, [
      { start: 0, end: 7 },
      { start: 7, end: 80 },
      { start: 80, end: 81 },
      { start: 81, end: 150 },
    ]);
    expect(
      Buffer.compare(Buffer.from(pieces.probability.buffer), Buffer.from(whole.probability.buffer)),
    ).toBe(0);
  });

  it('cuts chips during the runs of a slow model, with the same result', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
      window: 5,
    });
    // Two rows of seven chips, in batches of 3, 3 and 1.
    const [width, height] = [170, 56];
    const scene = { width, height, planes: { 'A/event': [randomValues(3, width * height, -3, 3, 0.02)] } };
    const quick = await run(backend(), session, scene, all(height));
    let isRunning = false;
    let cutDuringRuns = 0;
    const original = session.run.bind(session);
    vi.spyOn(session, 'run').mockImplementation(async (...batch) => {
      isRunning = true;
      await setTimeout(400);
      const answer = await original(...batch);
      isRunning = false;
      return answer;
    });
    const onTime = (stage: string): void => {
      if (stage === 'chips' && isRunning) cutDuringRuns++;
    };
    const slow = await run(backend(), session, scene, all(height), { onTime });
    expect(slow).toEqual(quick);
    // In the second row, all batches but the first.
    expect(cutDuringRuns).toBe(2);
  });

  it('keeps the order of phases, bands and static inputs', async () => {
    const session = await openTestSession({
      phases: ['before', 'after'],
      inputs: [
        { name: 'A', bands: ['x', 'y'], kind: 'temporal', weights: [1, 10, 100, 1000] },
        { name: 'D', bands: ['z'], kind: 'static', weights: [10000] },
      ],
    });
    const [width, height] = [20, 20];
    const flat = (value: number): Float32Array => new Float32Array(width * height).fill(value);
    // Bands before time: x before, x after, y before, y after.
    const planes = {
      'A/before': [flat(1e-5), flat(3e-5)],
      'A/after': [flat(2e-5), flat(4e-5)],
      D: [flat(5e-5)],
    };
    const { probability } = await run(backend(), session, { width, height, planes }, all(height));
    const logit = 1e-5 * (1 * 1 + 2 * 10 + 3 * 100 + 4 * 1000 + 5 * 10000);
    expect(probability[width * height]).toBeCloseTo(sigmoid(logit), 5);
  });

  it('skips chips without a valid pixel, and on request those below a share', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
    });
    const [width, height] = [128, 32];
    // Valid from column 60 on: chips start at 0, 24, 48, 72, 96.
    const plane = Float32Array.from({ length: width * height }, (_, i) => (i % width < 60 ? Number.NaN : 1));
    const scene = { width, height, planes: { 'A/event': [plane] } };
    const every = await run(backend(), session, scene, all(height));
    expect(every.counters).toEqual({ chipsRun: 3, chipsSkipped: 2, batches: 1, notFinite: 0 });
    const gaps = Array.from(every.probability.subarray(0, width), Number.isNaN);
    expect(gaps).toEqual(gaps.map((_, x) => x < 60));
    const strict = await run(backend(), session, scene, all(height), { minChipValid: 0.8 });
    expect(strict.counters.chipsRun).toBe(2);
    // Pixels under skipped chips only are nodata, never 0.
    expect(Number.isNaN(strict.probability[65])).toBe(true);
    expect(strict.probability[80]).toBeCloseTo(1 - sigmoid(1), 5);
  });

  it('takes validity from the listed inputs only, and fills the gaps of others', async () => {
    const session = await openTestSession({
      inputs: [
        { name: 'A', bands: ['x'], kind: 'temporal', weights: [1] },
        { name: 'B', bands: ['y'], kind: 'static', weights: [1], nodataReplacement: 3 },
      ],
      validity: [{ input: 'A' }],
    });
    const [width, height] = [40, 8];
    const a = new Float32Array(width * height);
    const b = new Float32Array(width * height).fill(Number.NaN);
    a[5] = Number.NaN;
    const { probability } = await run(
      backend(),
      session,
      { width, height, planes: { 'A/event': [a], B: [b] } },
      all(height),
    );
    const yes = probability.subarray(width * height);
    expect(Number.isNaN(yes[5])).toBe(true);
    expect(yes[6]).toBeCloseTo(sigmoid(3), 5);
  });

  it('blends logits on request', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
      window: 3,
    });
    const [width, height] = [56, 30];
    const planes = { 'A/event': [randomValues(4, width * height, -9, 9)] };
    const scene = { width, height, planes };
    const logits = await run(backend(), session, scene, all(height), { blend: 'logits' });
    const probabilities = await run(backend(), session, scene, all(height));
    // Outside overlaps both are equal; windows, and so blends, differ at chip edges.
    let different = 0;
    for (let i = 0; i < width * height; i++)
      if (Math.abs(logits.probability[i] - probabilities.probability[i]) > 1e-6) different++;
    expect(different).toBeGreaterThan(0);
    expect(different).toBeLessThan((width * height) / 2);
    for (let i = 0; i < width * height; i++) {
      expect(logits.probability[i] + logits.probability[width * height + i]).toBeCloseTo(1, 5);
    }
  });

  it('stops when aborted, and frees its tensors', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
    });
    const scene = { width: 40, height: 200, planes: { 'A/event': [new Float32Array(8000)] } };
    const before = backend().counters.allocatedBytes;
    const abort = new AbortController();
    const stopped = run(backend(), session, scene, all(200), {
      signal: abort.signal,
      onTime: () => abort.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(backend().counters.allocatedBytes).toBe(before);
  });
});

describe('sessions', () => {
  it('refuse a graph that does not fit its spec', async () => {
    const path = await writeModel(join(folder, 'mismatch'), {
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
    });
    const model = await openModel(path);
    const [input] = model.spec.inputs;
    const renamed = { ...model, spec: { ...model.spec, inputs: [{ ...input, name: 'B' }] } };
    await expect(openSession(renamed, { provider: 'cpu' })).rejects.toThrow(/has the inputs A, model.json B/);
    const output = {
      ...model,
      spec: { ...model.spec, output: { ...model.spec.output, name: 'mask' } } as MapSpec,
    };
    await expect(openSession(output, { provider: 'cpu' })).rejects.toThrow(/has no output mask, but logits/);
  });

  it('refuse an incomplete model folder', async () => {
    await expect(openModel(join(folder, 'none'))).rejects.toThrow(/does not exist/);
    await expect(openModel(folder)).rejects.toThrow(/holds no model\.json/);
  });

  it('report their provider', async () => {
    const session = await openTestSession({
      inputs: [{ name: 'A', bands: ['x'], kind: 'temporal', weights: [1] }],
    });
    expect(session.provider).toBe('cpu');
    const path = join(folder, 'mismatch');
    await expect(openSession(await openModel(path), { provider: 'cuda' })).rejects.toThrow(/provider cuda/);
  });
});
