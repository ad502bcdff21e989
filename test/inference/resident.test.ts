import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { webgpuProblem } from '../support/backends.js';
import { builtInference, builtTerrachip } from '../support/built.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';
import { phaseModel, writePhaseModel } from '../support/phase-model.js';
import { randomValues } from '../support/random.js';
import { gridAt } from '../support/raster-rows.js';
import { writeSarScene } from '../support/sar-scene.js';

const { infer } = builtTerrachip;
const { openExecution, openModel, ResidentDevice } = builtInference;
const folder = await temporaryFolder();
const worker = join(
  createRequire(import.meta.url).resolve('terrachip/package.json'),
  '..',
  'dist/inference/node/resident-worker.js',
);
const SIZE = 32;

/** Two temporal bands in two phases, and one that is static. */
const INPUTS = [
  { name: 'A', bands: ['a', 'b'], kind: 'temporal' as const, weights: [0.5, -1, 2, 0.25] },
  { name: 'D', bands: ['d'], kind: 'static' as const, weights: [1.5] },
];

/** A model of hundreds of kernels of few kinds, so that a run takes a while and few shaders are compiled. */
const long = join(folder, 'long');

/** A scene for it, of 96 × 96 pixels. */
async function writeLongScene(): Promise<string> {
  const geobox = gridAt(500_000, 5_000_000, 96, 96);
  const bands: Record<string, number> = { before: 2, after: 2, dem: 1 };
  for (const [name, count] of Object.entries(bands)) {
    const planes = Array.from({ length: count }, (_, k) => randomValues(k + 1, geobox.pixelCount, -20, -5));
    await writeCog(join(folder, `${name}.tif`), planes, { geobox, bands: count, dtype: 'float32' });
  }
  const radar = (phase: string): object => ({
    VV: { href: `${phase}.tif`, band: 1 },
    VH: { href: `${phase}.tif`, band: 2 },
  });
  const path = join(folder, 'long.json');
  const inputs = {
    S1RTC: { units: 'dB', phases: { before: radar('before'), after: radar('after') } },
    DEM: { units: 'm', static: { DEM: { href: 'dem.tif' } } },
  };
  const scene = { schemaVersion: 1, grid: { like: 'dem.tif' }, phases: ['before', 'after'], inputs };
  await writeFile(path, JSON.stringify(scene));
  return path;
}

interface Outcome {
  code: number | null;
  signal: string | null;
  stdout: string;
}

/** The exit status and output of a Node process. */
function outcomeOf(args: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args);
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += String(data);
    });
    child.on('close', (code, signal) => done({ code, signal, stdout }));
  });
}

describe('webgpu-resident', () => {
  it.skipIf(webgpuProblem === null)('names what to install when there is no driver', async () => {
    const model = await openModel(await writeModel(join(folder, 'no-driver'), { inputs: INPUTS.slice(1) }));
    await expect(openExecution(model, { provider: 'webgpu-resident' })).rejects.toMatchObject({
      code: 'MISSING_DEPENDENCY',
      message: expect.stringMatching(/no WebGPU adapter was found; install a Vulkan driver/),
    });
  });

  it('is refused together with the CPU backend', async () => {
    const model = await openModel(await writeModel(join(folder, 'refused'), { inputs: INPUTS.slice(1) }));
    await expect(openExecution(model, { provider: 'webgpu-resident', backend: 'cpu' })).rejects.toThrow(
      /^provider cannot be webgpu-resident with the backend cpu/,
    );
  });
});

describe.skipIf(webgpuProblem !== null)('a model on the device of the kernels (webgpu)', () => {
  const before = new Set(Reflect.ownKeys(globalThis));
  let device: Awaited<ReturnType<typeof ResidentDevice.start>>;
  let whole = '';
  let split = '';

  beforeAll(async () => {
    whole = await writeModel(join(folder, 'whole'), { inputs: INPUTS, phases: ['pre', 'post'], window: 3 });
    split = await writePhaseModel(
      join(folder, 'split'),
      phaseModel(
        [
          { name: 'A', bands: ['a', 'b'], units: 'dB', kind: 'temporal' },
          { name: 'D', bands: ['d'], units: 'm', kind: 'static' },
        ],
        ['pre', 'post'],
        SIZE,
      ),
    );
    await writeModel(long, {
      inputs: [
        { name: 'S1RTC', bands: ['VV', 'VH'], kind: 'temporal', weights: [0.5, -1, 2, 0.25] },
        { name: 'DEM', bands: ['DEM'], kind: 'static', weights: [1.5], units: 'm' },
      ],
      phases: ['before', 'after'],
      stride: SIZE,
      signChanges: 400,
    });
    device = await ResidentDevice.start();
  });
  afterAll(() => device?.backend.dispose());

  /** A batch of three chips, one of them padding. */
  const batch = { A: randomValues(5, 3 * 4 * SIZE ** 2, -2, 2), D: randomValues(6, 3 * SIZE ** 2, -2, 2) };

  it.each([
    ['one graph', () => whole],
    ['an encoder and a decoder', () => split],
  ])('%s: gives the logits of the CPU provider without a readback', async (_, path) => {
    const model = await openModel(path());
    const results = [];
    const host = await openExecution(model, { backend: 'cpu', threads: 0, provider: 'cpu' });
    const resident = await openExecution(model, { provider: 'webgpu-resident' });
    expect(resident.session.provider).toBe('webgpu-resident');
    expect(resident.backend.info.kind).toBe('webgpu');
    for (const { backend, session } of [host, resident]) {
      const inputs = new Map([
        ['A', backend.upload(batch.A, [3, 4, SIZE, SIZE])],
        ['D', backend.upload(batch.D, [3, 1, SIZE, SIZE])],
      ]);
      const logits = await session.run(backend, inputs, 3, 2);
      expect(logits.shape).toEqual([3, 2, SIZE, SIZE]);
      const { downloadedBytes } = backend.counters;
      results.push((await backend.download(logits)).subarray(0, 2 * 2 * SIZE ** 2));
      // Two graphs: a number for each pair of the four phases of two chips.
      if (session === resident.session) expect(downloadedBytes).toBe(session.phases === null ? 0 : 6 * 4);
      await session.dispose();
      backend.dispose();
    }
    expect(resident.session.readbackBytes).toBe(0);
    expect(resident.session.phases?.phasesEncoded ?? 4).toBe(4);
    expect(results[1].some((value) => value !== 0)).toBe(true);
    expect(results[1]).toBeCloseToArray(results[0], 1e-5);
  });

  it('names a graph that does not fit, and continues', async () => {
    await expect(device.load(join(folder, 'nowhere.onnx'))).rejects.toThrow(/nowhere\.onnx/);
    await expect(device.load(join(whole, 'model.json'))).rejects.toThrow(/model\.json is not an ONNX model/);
    const graph = await device.load(join(whole, 'model.onnx'));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['A', 'D']);
    const tensor = device.backend.upload(new Float32Array(4));
    const feeds = new Map(graph.inputs.map(({ name }) => [name, { tensor, shape: [1, 1, 2, 2] }]));
    await expect(graph.run(feeds, ['logits'])).rejects.toThrow();
    tensor.dispose();
    await graph.dispose();
    await device.backend.submit();
  });

  it("gives the CPU's map; only finished rows and masks are downloaded", async () => {
    const { scene } = await writeSarScene(join(folder, 'scene'), 3, 96, 300);
    const model = await writeModel(join(folder, 'sar'), {
      inputs: [{ name: 'S1RTC', bands: ['VV', 'VH'], kind: 'temporal', weights: [-0.2, -0.1], units: 'dB' }],
      phases: ['event'],
      size: 64,
      stride: 48,
      window: 3,
      bias: -4,
    });
    const common = { scene, model, batchSize: 3, rowsPerUnit: 256 };
    const cpu = await infer({
      ...common,
      output: join(folder, 'cpu'),
      backend: 'cpu',
      threads: 0,
      provider: 'cpu',
    });
    const output = join(folder, 'resident');
    const resident = await infer({ ...common, output, provider: 'webgpu-resident' });
    const { plan, run } = resident;
    expect(plan.provider).toBe('webgpu-resident');
    expect(plan.backend.kind).toBe('webgpu');
    expect(plan.fingerprint).not.toBe(cpu.plan.fingerprint);
    const record = JSON.parse(await readFile(join(output, 'run.json'), 'utf8'));
    expect(record.provider).toBe('webgpu-resident');
    expect(record.counters.modelReadbackBytes).toBe(0);
    const { width, height } = plan.grid;
    const layout = createChipLayout(width, height, 64, 48);
    const strips = [...layout.rowStarts].map((start) => (Math.min(height, start + 64) - start) * width);
    const masks = strips.reduce((sum, bytes) => sum + bytes);
    expect(run.counters.downloadedBytes).toBe(4 * 2 * width * height + masks);
    expect(run.counters.chipsRun).toBe(cpu.run.counters.chipsRun);
    expect(cpu.run.counters.downloadedBytes).toBeGreaterThan(run.counters.downloadedBytes);
    const rasters = await Promise.all(
      [output, join(folder, 'cpu')].map((path) => openRaster(join(path, 'probability.tif'))),
    );
    const [ours, theirs] = await Promise.all(rasters.map((raster) => raster.readPlanes()));
    for (const band of [0, 1]) expect(ours[band]).toBeCloseToArray(theirs[band], 1e-4);
    for (const raster of rasters) await raster.close();
    // The same plan gives the same bytes.
    await infer({ ...common, output: join(folder, 'again'), provider: 'webgpu-resident' });
    const bytes = (path: string): Promise<Buffer> => readFile(join(path, 'probability.tif'));
    expect((await bytes(output)).equals(await bytes(join(folder, 'again')))).toBe(true);
  }, 180_000);

  it('leaves the globals of this thread unchanged', () => {
    expect(Reflect.ownKeys(globalThis).filter((key) => !before.has(key))).toEqual([]);
    expect(globalThis).not.toHaveProperty('GPUDevice');
  });

  it('a terminated thread is a lost device', async () => {
    const thread = new Worker(worker, { execArgv: [] });
    const { backend } = await ResidentDevice.connect(thread);
    const tensor = backend.upload(new Float32Array(4));
    await backend.submit();
    await thread.terminate();
    await expect(backend.download(tensor)).rejects.toMatchObject({
      code: 'DEVICE_LOST',
      exitStatus: 75,
      message: expect.stringMatching(/the thread that holds the GPU device is gone .*; run again/),
    });
    backend.dispose();
  });

  it('a thread that fails reports why, frees its device and ends', async () => {
    const script = `
      import(${JSON.stringify(worker)});
      const channel = new BroadcastChannel('boom');
      channel.onmessage = () => { throw new Error('boom'); };
      channel.unref();`;
    const thread = new Worker(script, { eval: true, execArgv: [] });
    const ended = new Promise<number>((resolve) => thread.once('exit', resolve));
    const { backend } = await ResidentDevice.connect(thread);
    const channel = new BroadcastChannel('boom');
    channel.postMessage(null);
    expect(await ended).toBe(0);
    channel.close();
    await expect(backend.submit()).rejects.toThrow(/boom/);
    backend.dispose();
  });

  it('the process exits after a failure', async () => {
    const program = `
      import { ResidentDevice } from 'terrachip/inference';
      const device = await ResidentDevice.start();
      await device.load(${JSON.stringify(join(whole, 'model.onnx'))});
      throw new Error('on purpose');`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 50_000,
    });
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/on purpose/) });
  });

  /** A program that runs a graph of many kernels; `rest` runs while they compile or run. */
  const amidRun = (rest: string): string => `
    import { setTimeout } from 'node:timers/promises';
    import { ResidentDevice } from 'terrachip/inference';
    const device = await ResidentDevice.start();
    const graph = await device.load(${JSON.stringify(join(long, 'model.onnx'))});
    const values = (count) => device.backend.upload(new Float32Array(count));
    let done = false;
    const running = graph.run(new Map([
      ['S1RTC', { tensor: values(2 * 2 * 32 * 32), shape: [1, 2, 2, 32, 32] }],
      ['DEM', { tensor: values(32 * 32), shape: [1, 1, 32, 32] }],
    ]), ['logits']).finally(() => { done = true; });
    running.catch(() => undefined);
    await setTimeout(20);
    if (done) console.log('too late');
    ${rest}`;

  it.each<[string, string, { code: number | null; signal?: string; stdout: string }]>([
    ['leaving', 'process.exit(5);', { code: 5, stdout: '' }],
    ['an error', "throw new Error('on purpose');", { code: 1, stdout: '' }],
    [
      'disposing',
      `device.backend.dispose();
       const { outputs } = await running;
       console.log([...outputs.keys()].join());`,
      { code: 0, stdout: 'logits' },
    ],
    [
      'giving the graph back',
      `await graph.dispose();
       const { outputs } = await running;
       console.log(outputs.get('logits').shape.join());
       device.backend.dispose();`,
      { code: 0, stdout: '1,2,32,32' },
    ],
  ])('%s during a run waits for it', async (_, rest, expected) => {
    const { code, signal, stdout } = await outcomeOf(['--input-type=module', '-e', amidRun(rest)]);
    expect({ code, signal, stdout: stdout.trim() }).toEqual({ signal: null, ...expected });
  });

  it('closing during startup of the thread waits for it', async () => {
    const program = `
      import { ResidentDevice } from 'terrachip/inference';
      ResidentDevice.start();
      setTimeout(() => process.exit(5), Number(process.argv[1]));`;
    for (const delay of [200, 600]) {
      const { code, signal } = await outcomeOf(['--input-type=module', '-e', program, String(delay)]);
      expect({ delay, code, signal }).toEqual({ delay, code: 5, signal: null });
    }
  });

  it.each([
    ['once', 1, { code: 130, signal: null }],
    ['twice', 2, { code: null, signal: 'SIGINT' }],
  ])('Ctrl-C %s during the first chips ends infer', async (_, times, expected) => {
    const args = [
      '--model',
      long,
      '--provider',
      'webgpu-resident',
      '-o',
      join(folder, `interrupted-${times}`),
    ];
    const child = spawn(process.execPath, ['bin/terrachip.js', 'infer', await writeLongScene(), ...args]);
    const ended = new Promise<{ code: number | null; signal: string | null }>((done) =>
      child.on('exit', (code, signal) => done({ code, signal })),
    );
    const started = new Promise<void>((done) => {
      let text = '';
      child.stderr.on('data', (data: Buffer) => {
        text += String(data);
        if (/^infer$/m.test(text)) done();
      });
    });
    await Promise.race([started, ended]);
    await setTimeout(100);
    for (let k = 0; k < times; k++) {
      child.kill('SIGINT');
      await setTimeout(10);
    }
    expect(await ended).toEqual(expected);
  });
});
