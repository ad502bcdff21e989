import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceTensor } from '../../src/gpu/index.js';
import type { ModelSpec } from '../../src/inference/node/index.js';
import { builtInference } from '../support/built.js';
import { temporaryFolder } from '../support/files.js';
import { type TestModel, writeModel } from '../support/models.js';
import { onnxFile } from '../support/onnx.js';
import { phaseModel, writePhaseModel } from '../support/phase-model.js';
import { randomValues } from '../support/random.js';

const { inputShape, openExecution, openModel } = builtInference;
const folder = await temporaryFolder();
const SIZE = 32;
const PIXELS = SIZE ** 2;
/** The logit of the second class is 2a − b/2 + 1/4, of single pixels. */
const MODEL: TestModel = {
  inputs: [{ name: 'A', bands: ['a', 'b'], kind: 'static', weights: [2, -0.5] }],
  bias: 0.25,
};
const plain = await writeModel(join(folder, 'plain'), MODEL);

interface Call {
  /** Chips at a time; undefined for a session in this thread. */
  readonly chipsAtOnce?: number;
  readonly threads?: number;
  readonly batch: number;
  readonly chips?: number;
}

/** Runs a model on random values, each input with its own. @returns the logits, and what the session says about itself */
async function run(path: string, { batch, chips, ...options }: Call) {
  const model = await openModel(path);
  const execution = await openExecution(model, { backend: 'cpu', provider: 'cpu', threads: 2, ...options });
  const { backend, session, dispose } = execution;
  try {
    const inputs = inputsOf(model.spec, batch);
    const tensors = [...inputs].map(([name, values]): [string, DeviceTensor<'float32'>] => [
      name,
      backend.upload(values),
    ]);
    // Twice at a time, as scenes are mapped.
    const results = await Promise.all([0, 1].map(() => session.run(backend, new Map(tensors), batch, chips)));
    const [logits, again] = await Promise.all(results.map((each) => backend.download(each)));
    expect(again).toEqual(logits);
    return { logits, shape: results[0].shape, chipsAtOnce: session.chipsAtOnce, phases: session.phases };
  } finally {
    await dispose();
  }
}

function inputsOf(spec: ModelSpec, batch: number): Map<string, Float32Array> {
  return new Map(
    spec.inputs.map((input, k) => {
      const count = inputShape(spec, input, batch).reduce((product, length) => product * length, 1);
      return [input.name, randomValues(k + 1, count, -2, 2)];
    }),
  );
}

describe('a model in threads', () => {
  it('gives the values of its definition for each chip, and zeros for padding', async () => {
    const { logits, shape, chipsAtOnce } = await run(plain, { chipsAtOnce: 2, batch: 4, chips: 3 });
    const { spec } = await openModel(plain);
    const values = inputsOf(spec, 4).get('A') ?? new Float32Array(0);
    const expected = new Float32Array(4 * 2 * PIXELS);
    for (let chip = 0; chip < 3; chip++) {
      for (let k = 0; k < PIXELS; k++) {
        const [a, b] = [values[2 * chip * PIXELS + k], values[(2 * chip + 1) * PIXELS + k]];
        expected[(2 * chip + 1) * PIXELS + k] = 2 * a - b / 2 + 0.25;
      }
    }
    expect([...shape]).toEqual([4, 2, SIZE, SIZE]);
    expect(logits).toBeCloseToArray(expected, 1e-6);
    expect(chipsAtOnce).toBe(2);
  });

  it.each([
    ['in one graph', () => Promise.resolve(plain)],
    [
      'in two graphs',
      () => {
        const inputs = [
          { name: 'A', bands: ['a', 'b'], units: 'dB', kind: 'temporal' },
          { name: 'D', bands: ['d'], units: 'm', kind: 'static' },
        ] as const;
        return writePhaseModel(
          join(folder, 'split'),
          phaseModel(
            inputs.map((input) => ({ ...input, bands: [...input.bands] })),
            ['before', 'after'],
            SIZE,
          ),
        );
      },
    ],
  ])('gives the bits of a session in the calling thread: a model %s', async (_, make) => {
    const path = await make();
    const expected = await run(path, { batch: 5 });
    expect(expected.chipsAtOnce).toBeNull();
    for (const options of [
      { chipsAtOnce: 1, threads: 2 },
      { chipsAtOnce: 3, threads: 1 },
      // Without threads, the tensors of the backend are not in shared memory.
      { chipsAtOnce: 2, threads: 0 },
    ]) {
      const { logits, phases, chipsAtOnce } = await run(path, { ...options, batch: 5 });
      expect(logits).toEqual(expected.logits);
      expect(phases).toEqual(expected.phases);
      expect(chipsAtOnce).toBe(options.chipsAtOnce);
    }
  });

  it('runs whole batches of a graph that takes batches of one size, in one thread', async () => {
    const path = await writeModel(join(folder, 'fixed'), MODEL);
    const value = (name: string, channels: number) => ({ name, shape: [4, channels, SIZE, SIZE] });
    const graph = onnxFile({
      inputs: [value('A', 2)],
      outputs: [value('logits', 2)],
      nodes: [{ operator: 'Neg', inputs: ['A'], output: 'logits' }],
    });
    await writeFile(join(path, 'model.onnx'), graph);
    const { logits, chipsAtOnce } = await run(path, { chipsAtOnce: 2, batch: 4 });
    expect(chipsAtOnce).toBeNull();
    const values = inputsOf((await openModel(path)).spec, 4).get('A') ?? new Float32Array(0);
    expect(logits).toEqual(values.map((value) => -value));
  });

  it('runs whole batches of a graph that drops axes of length 1', async () => {
    // Of one chip (1, 1, y, x), Squeeze drops two axes, of four chips one.
    const path = await writeModel(join(folder, 'squeezed'), {
      inputs: [{ name: 'A', bands: ['a'], kind: 'static', weights: [1] }],
    });
    const graph = onnxFile({
      inputs: [{ name: 'A', shape: ['chip', 1, SIZE, SIZE] }],
      outputs: [{ name: 'logits', shape: null }],
      nodes: [{ operator: 'Squeeze', inputs: ['A'], output: 'logits' }],
    });
    await writeFile(join(path, 'model.onnx'), graph);
    const expected = await run(path, { batch: 4 });
    const { logits, shape } = await run(path, { chipsAtOnce: 2, batch: 4 });
    expect(logits).toEqual(expected.logits);
    expect(shape).toEqual(expected.shape);
  });

  it('names a graph that cannot be loaded', async () => {
    const path = await writeModel(join(folder, 'damaged'), MODEL);
    const model = await openModel(path);
    await writeFile(
      join(path, 'model.onnx'),
      onnxFile({ inputs: [], outputs: [], nodes: [] }).subarray(0, 9),
    );
    await expect(
      openExecution(model, { backend: 'cpu', provider: 'cpu', chipsAtOnce: 2 }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

/** The exit status and output of a program that runs the bundled water model on 64 chips. */
function amidRun(rest: string): Promise<{ code: number | null; signal: string | null; stdout: string }> {
  const program = `
    import { setTimeout } from 'node:timers/promises';
    import { bundledModel, inputShape, openExecution, openModel } from 'terrachip/inference';
    const model = await openModel(bundledModel('demo-water-s1'));
    const options = { backend: 'cpu', provider: 'cpu', threads: 2, chipsAtOnce: 2 };
    const { backend, session, dispose } = await openExecution(model, options);
    const inputs = new Map(model.spec.inputs.map((input) => {
      const shape = inputShape(model.spec, input, 64);
      return [input.name, backend.upload(new Float32Array(shape.reduce((a, b) => a * b)), shape)];
    }));
    let done = false;
    const running = session.run(backend, inputs, 64).finally(() => { done = true; });
    running.catch(() => undefined);
    await setTimeout(100);
    if (done) console.log('too late');
    ${rest}`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += String(data);
    });
    child.on('close', (code, signal) => resolve({ code, signal, stdout: stdout.trim() }));
  });
}

describe('threads during a run', () => {
  it.each([
    ['leaving', 'process.exit(5);', { code: 5, stdout: '' }],
    ['an error', "throw new Error('on purpose');", { code: 1, stdout: '' }],
    [
      'disposing',
      "await dispose(); console.log(await running.then(() => 'answered', (error) => error.code));",
      { code: 0, stdout: 'answered' },
    ],
  ])('%s waits for the model', async (_, rest, expected) => {
    expect(await amidRun(rest)).toEqual({ signal: null, ...expected });
  });
});
