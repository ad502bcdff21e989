/**
 * The device's thread: a GPU device with the kernels' backend and the model's sessions. It is a worker thread because
 * onnxruntime-web needs the globals of a browser, which terrachip must not set in the importing thread.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { internalError } from '../../errors.js';
import { type DeviceTensor, modelDevice, WebGpuBackend, watchDevice } from '../../gpu/index.js';
import { requestNodeAdapter } from '../../gpu/node/index.js';
import { BackendHost, describeError, type Envelope, READY, type Reply } from '../../gpu/remote/index.js';
import { GpuGraph } from '../gpu-graph.js';
import type { ModelGraph } from '../model-graph.js';
import { readGraphFile } from './model-folder.js';
import { loadOnnxRuntimeWeb, withoutWasmOptimisation } from './onnx-runtime-web.js';
import type { GraphAnswer, GraphNames, ResidentCommand, ResidentQuestion } from './resident-messages.js';
import { ThreadActivity } from './thread-activity.js';

if (parentPort === null) throw internalError('resident-worker', 'is for a worker thread');
const port = parentPort;
const isStarted = workerData instanceof SharedArrayBuffer;
const activity = new ThreadActivity(isStarted ? workerData : undefined);
// `ResidentDevice.start` has called `begin` already.
if (!isStarted) activity.begin();
await start()
  .catch(giveUp)
  .finally(() => activity.end());

/** Reports an error that ends the thread. */
function giveUp(error: unknown): void {
  reply({ question: READY, ok: false, error: describeError(error) });
}

async function start(): Promise<void> {
  const { adapter, gpu } = await requestNodeAdapter();
  const [runtime, device] = await Promise.all([
    loadOnnxRuntimeWeb(gpu),
    adapter.requestDevice(modelDevice(adapter)),
  ]);
  const meter = watchDevice(device);
  const host = new BackendHost(WebGpuBackend.adopt(device));
  const graphs = new Map<number, ModelGraph>();

  const load = async (path: string): Promise<ModelGraph> => {
    const { externalFiles } = await readGraphFile(path);
    const external = externalFiles.map(async (name) => ({
      path: name,
      data: await readFile(join(dirname(path), name)),
    }));
    const bytes = { name: path, model: await readFile(path), external: await Promise.all(external) };
    return withoutWasmOptimisation(() => GpuGraph.load(runtime, host.backend, meter, bytes));
  };

  const graphOf = (number: number): ModelGraph => {
    const graph = graphs.get(number);
    if (graph === undefined) throw internalError('resident-worker', `there is no graph ${number}`);
    return graph;
  };

  const runGraph = async (question: ResidentQuestion & { op: 'graph' }): Promise<GraphAnswer> => {
    const inputs = new Map(
      question.inputs.map(({ name, tensor: number, shape }) => {
        // `GraphInput` has only float32 tensors.
        const tensor = host.tensor(number) as DeviceTensor<'float32'>;
        return [name, { tensor, shape }];
      }),
    );
    const names = question.outputs.map(({ name }) => name);
    const { outputs, readbackBytes } = await graphOf(question.graph).run(inputs, names);
    const shapes = question.outputs.map(({ name, tensor: number }) => {
      const tensor = outputs.get(name);
      if (tensor === undefined) throw internalError('resident-worker', `no output ${name}`);
      host.keep(number, tensor);
      return tensor.shape;
    });
    return { shapes, readbackBytes };
  };

  const unanswered = new Set<Promise<unknown>>();
  let isClosing = false;

  const idle = async (): Promise<void> => {
    while (unanswered.size > 0) await Promise.allSettled(unanswered);
  };

  const close = async (): Promise<void> => {
    isClosing = true;
    // A session or device must not be released during a run.
    await idle();
    for (const graph of graphs.values()) await graph.dispose();
    graphs.clear();
    host.backend.dispose();
    await end();
  };

  /** Node ends the thread once the device is destroyed. */
  const end = async (): Promise<void> => {
    device.destroy();
    await device.lost;
  };

  const answer = async (question: ResidentQuestion): Promise<unknown> => {
    switch (question.op) {
      case 'load': {
        const graph = await load(question.path);
        graphs.set(question.graph, graph);
        const { inputs, outputs } = graph;
        return { inputs, outputs } satisfies GraphNames;
      }
      case 'graph':
        host.requireSound();
        return runGraph(question);
      case 'unload':
        await idle();
        await graphs.get(question.graph)?.dispose();
        graphs.delete(question.graph);
        return null;
      case 'close':
        return close();
      default:
        return host.answer(question);
    }
  };

  // If the thread ended with a live device, Dawn would abort the process.
  process.on('uncaughtException', async (error) => {
    giveUp(error);
    await end();
    port.close();
  });
  port.on('message', async ({ message, question }: Envelope<ResidentCommand | ResidentQuestion>) => {
    if (question === null) {
      host.execute(message as ResidentCommand);
      return;
    }
    const request = message as ResidentQuestion;
    // No answer is needed: the process is about to end.
    if (isClosing || !activity.begin()) return;
    const answering = answer(request);
    const waitsForOthers = request.op === 'unload' || request.op === 'close';
    if (!waitsForOthers) unanswered.add(answering);
    try {
      reply({ question, ok: true, result: await answering });
    } catch (error) {
      reply({ question, ok: false, error: describeError(error) });
    } finally {
      unanswered.delete(answering);
      activity.end();
    }
    if (message.op === 'close') port.close();
  });
  const { info, limits } = host.backend;
  reply({ question: READY, ok: true, result: { info, limits } });
}

function reply(message: Reply): void {
  const data = message.ok
    ? (message.result as { data?: { buffer: ArrayBufferLike } } | null)?.data
    : undefined;
  port.postMessage(message, data?.buffer instanceof ArrayBuffer ? [data.buffer] : []);
}
