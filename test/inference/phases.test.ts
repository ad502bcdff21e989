import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import type { Backend, DeviceTensor } from '../../src/gpu/index.js';
import {
  type MapSpec,
  type ModelSession,
  openModel,
  openSession,
  runScene,
} from '../../src/inference/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { FEATURES, phaseModel, writePhaseModel } from '../support/phase-model.js';
import { randomValues } from '../support/random.js';

const SIZE = 8;
const PIXELS = SIZE * SIZE;
const PHASES = ['pre-month', 'pre-event', 'event', 'post-event'];
const made = phaseModel(
  [
    { name: 'A', bands: ['x', 'y'], units: 'dB', kind: 'temporal' },
    { name: 'D', bands: ['z'], units: 'm', kind: 'static' },
  ],
  PHASES,
  SIZE,
);

const folder = await temporaryFolder();
let models = 0;

const writeModel = (): Promise<string> => writePhaseModel(join(folder, `model-${models++}`), made);

const model = await openModel(await writeModel());
const sessions: ModelSession<MapSpec>[] = [];
afterAll(async () => {
  for (const session of sessions) await session.dispose();
});

async function open(reusePhases?: boolean): Promise<ModelSession<MapSpec>> {
  const session = await openSession(model, {
    provider: 'cpu',
    ...(reusePhases === undefined ? {} : { reusePhases }),
  });
  sessions.push(session);
  return session;
}

/** A (chip, band, phase, pixel) and D (chip, pixel). */
interface Batch {
  a: Float32Array;
  d: Float32Array;
}

/** Random chips; the phases in `same` are equal to the event. */
function batchOf(chips: number, same: readonly number[] = []): Batch {
  const a = randomValues(3, chips * 2 * PHASES.length * PIXELS, -2, 2);
  for (let plane = 0; plane < chips * 2; plane++) {
    const start = plane * PHASES.length * PIXELS;
    const event = a.slice(start + 2 * PIXELS, start + 3 * PIXELS);
    for (const phase of same) a.set(event, start + phase * PIXELS);
  }
  return { a, d: randomValues(4, chips * PIXELS, -2, 2) };
}

async function run(
  backend: Backend,
  session: ModelSession<MapSpec>,
  batch: Batch,
  chips?: number,
): Promise<Float32Array> {
  const size = batch.d.length / PIXELS;
  const inputs = new Map<string, DeviceTensor<'float32'>>([
    ['A', backend.upload(batch.a, [size, 2 * PHASES.length, SIZE, SIZE])],
    ['D', backend.upload(batch.d, [size, 1, SIZE, SIZE])],
  ]);
  try {
    const logits = await session.run(backend, inputs, size, chips);
    inputs.set('logits', logits);
    return await backend.download(logits);
  } finally {
    for (const tensor of inputs.values()) tensor.dispose();
  }
}

/** The logits (chip, class, pixel) by the definition. */
function expected({ a, d }: Batch): Float32Array {
  const chips = d.length / PIXELS;
  const logits = new Float32Array(chips * 2 * PIXELS);
  for (let k = 0; k < chips * PIXELS; k++) {
    const [chip, pixel] = [Math.floor(k / PIXELS), k % PIXELS];
    const features = PHASES.flatMap((_, phase) => {
      const band = (b: number): number => a[((chip * 2 + b) * PHASES.length + phase) * PIXELS + pixel];
      const bands = [band(0), band(1), d[k]];
      return Array.from({ length: FEATURES }, (_, f) =>
        Math.max(
          0,
          bands.reduce((sum, value, b) => sum + value * made.encoder[f * 3 + b], 0),
        ),
      );
    });
    for (let c = 0; c < 2; c++) {
      logits[(chip * 2 + c) * PIXELS + pixel] = features.reduce(
        (sum, value, f) => sum + value * made.decoder[c * features.length + f],
        0,
      );
    }
  }
  return logits;
}

describeBackends('models in two graphs', (backend) => {
  it('run the encoder per phase with the static input', async () => {
    const session = await open();
    const batch = batchOf(2);
    expect(await run(backend(), session, batch)).toBeCloseToArray(expected(batch), 1e-5);
    expect(session.phases).toEqual({ phasesEncoded: 8, phasesReused: 0 });
  });

  it('encode equal phases once, to the same bits', async () => {
    const [reusing, each] = [await open(), await open(false)];
    const batch = batchOf(3, [1, 3]);
    const logits = await run(backend(), reusing, batch);
    expect(logits).toBeCloseToArray(expected(batch), 1e-5);
    expect(new Uint32Array(logits.buffer)).toEqual(
      new Uint32Array((await run(backend(), each, batch)).buffer),
    );
    expect(reusing.phases).toEqual({ phasesEncoded: 6, phasesReused: 6 });
    expect(each.phases).toEqual({ phasesEncoded: 12, phasesReused: 0 });
  });

  it('tell phases apart by a single bit, and by their static input', async () => {
    const session = await open();
    const batch = batchOf(1, [0, 1, 3]);
    // The second band's last pixel after the event.
    batch.a[2 * PHASES.length * PIXELS - 1] = Math.fround(
      batch.a[2 * PHASES.length * PIXELS - 1] * (1 + 2e-7),
    );
    const twice: Batch = { a: Float32Array.of(...batch.a, ...batch.a), d: batchOf(2).d };
    expect(await run(backend(), session, twice)).toBeCloseToArray(expected(twice), 1e-5);
    expect(session.phases).toEqual({ phasesEncoded: 4, phasesReused: 4 });
  });

  it('compare phases with the same hash by value', async () => {
    const session = await open();
    const batch = batchOf(1, [0, 1, 3]);
    const words = new Uint32Array(batch.a.buffer);
    // The hash after two words is ((h ^ first) * p ^ second) * p: the second word compensates another first.
    const start = 0x811c9dc5;
    const mixed = (word: number): number => Math.imul(start ^ word, 0x01000193);
    const event = 2 * PIXELS;
    const floats = new Float32Array(1);
    const word = new Uint32Array(floats.buffer);
    for (let first = 1; !(Math.abs(floats[0]) > 0.1 && Math.abs(floats[0]) < 10); first += 1e-3) {
      floats[0] = first;
      words[0] = word[0];
      word[0] = words[event + 1] ^ mixed(words[event]) ^ mixed(words[0]);
    }
    words[1] = word[0];
    expect(await run(backend(), session, batch)).toBeCloseToArray(expected(batch), 1e-5);
    expect(session.phases).toEqual({ phasesEncoded: 2, phasesReused: 2 });
  });

  it('do not encode batch padding', async () => {
    const session = await open();
    const batch = batchOf(3);
    const logits = await run(backend(), session, batch, 2);
    expect(logits.subarray(0, 4 * PIXELS)).toBeCloseToArray(expected(batch).subarray(0, 4 * PIXELS), 1e-5);
    expect(session.phases).toEqual({ phasesEncoded: 8, phasesReused: 0 });
  });

  it('map scenes whose phases share an image', async () => {
    const session = await open();
    const [width, height] = [20, 8];
    const plane = randomValues(5, width * height, -2, 2);
    const { inputs } = session.spec;
    const images = inputs.flatMap((input) =>
      (input.kind === 'static' ? [undefined] : PHASES).map((phase) => ({
        input,
        phase,
        async readRows(
          rows: { start: number; end: number },
          targets: readonly Parameters<Backend['write']>[0][],
          firstRow: number,
        ) {
          const scale = phase === 'post-event' || phase === 'event' ? 1 : PHASES.indexOf(phase ?? '') + 2;
          const values = plane.subarray(rows.start * width, rows.end * width).map((value) => value * scale);
          for (const target of targets) backend().write(target, values, (rows.start - firstRow) * width);
        },
      })),
    );
    const counters = await runScene(
      {
        backend: backend(),
        session,
        images,
        layout: createChipLayout(width, height, SIZE, SIZE),
        batchSize: 2,
        blend: 'probability',
        minChipValid: 0,
        onRows: async () => undefined,
      },
      { start: 0, end: height },
    );
    expect(counters).toEqual({ chipsRun: 3, chipsSkipped: 0, batches: 2, notFinite: 0 });
    expect(session.phases).toEqual({ phasesEncoded: 9, phasesReused: 3 });
  });
});

describe('folders of two-graph models', () => {
  it('must have both graphs', async () => {
    const path = await writeModel();
    await rename(join(path, 'decoder.onnx'), join(path, 'model.onnx'));
    await expect(openModel(path)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `${path} holds no decoder.onnx; give a complete model folder.`,
    });
  });

  it('are refused when the graphs are swapped', async () => {
    const path = await writeModel();
    const phaseGraphs = { encoder: 'decoder.onnx', decoder: 'encoder.onnx' };
    await writeFile(join(path, 'model.json'), JSON.stringify({ ...made.spec, phaseGraphs }));
    await expect(openSession(await openModel(path), { provider: 'cpu' })).rejects.toThrow(
      `${join(path, 'encoder.onnx')} has the inputs A, D, model.json features; correct model.json.`,
    );
  });

  it.each(['../encoder.onnx', '/encoder.onnx', 'encoder.pt', '.onnx'])('cannot name %s', async (encoder) => {
    const path = await writeModel();
    const phaseGraphs = { encoder, decoder: 'decoder.onnx' };
    await writeFile(join(path, 'model.json'), JSON.stringify({ ...made.spec, phaseGraphs }));
    await expect(openModel(path)).rejects.toThrow('phaseGraphs.encoder: must be the name of an ONNX file');
  });
});
