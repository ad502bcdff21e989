/**
 * The device's thread: one GPU device, the kernels' backend on it, and the model's sessions on it. It is a thread of
 * its own because onnxruntime-web wants the globals of a page, and terrachip touches none where it is imported.
 */
import { access, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { internalError } from '../../errors.js';
import { type DeviceTensor, modelDevice, WebGpuBackend, watchDevice } from '../../gpu/index.js';
import { requestNodeAdapter } from '../../gpu/node/index.js';
import { BackendHost, describeError, type Envelope, READY, type Reply } from '../../gpu/remote/index.js';
import { GpuGraph } from '../gpu-graph.js';
import type { ModelGraph } from '../model-graph.js';
import { loadOnnxRuntimeWeb, withoutWasmOptimisation } from './onnx-runtime-web.js';
import { ResidentActivity } from './resident-activity.js';
import type { GraphAnswer, GraphNames, ResidentCommand, ResidentQuestion } from './resident-messages.js';

if (parentPort === null) throw internalError('resident-worker', 'is for a worker thread');
const port = parentPort;
const isStarted = workerData instanceof SharedArrayBuffer;
const activity = new ResidentActivity(isStarted ? workerData : undefined);
// Whoever started this thread has begun for it.
if (!isStarted) activity.begin();
await start()
  .catch(giveUp)
  .finally(() => activity.end());

/** Says that nothing more will come. */
function giveUp(error: unknown): void {
  reply({ question: READY, ok: false, error: describeError(error) });
}

async function start(): Promise<void> {
  const { adapter, gpu, dispose } = await requestNodeAdapter();
  const [runtime, device] = await Promise.all([
    loadOnnxRuntimeWeb(gpu),
    adapter.requestDevice(modelDevice(adapter)),
  ]).catch((error: unknown) => {
    dispose();
    throw error;
  });
  const meter = watchDevice(device);
  const host = new BackendHost(WebGpuBackend.adopt(device));
  const graphs = new Map<number, ModelGraph>();

  const load = async (path: string): Promise<ModelGraph> => {
    const data = `${path}.data`;
    const exists = await access(data).then(
      () => true,
      () => false,
    );
    const bytes = {
      name: path,
      model: await readFile(path),
      ...(exists ? { external: { path: basename(data), data: await readFile(data) } } : {}),
    };
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
        // The other side's type says so.
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

  /** What has been asked and not answered. */
  const underWay = new Set<Promise<unknown>>();
  let isClosing = false;

  const idle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };

  const close = async (): Promise<void> => {
    isClosing = true;
    // A session that is released, and a device that is destroyed, in the midst of a run take it along.
    await idle();
    for (const graph of graphs.values()) await graph.dispose();
    graphs.clear();
    host.backend.dispose();
    await end();
  };

  /** Dawn's instance must outlive its devices, and Node does not end before it is let go. */
  const end = async (): Promise<void> => {
    device.destroy();
    await device.lost;
    Reflect.deleteProperty(globalThis, 'navigator');
    dispose();
  };

  const answer = async (question: ResidentQuestion): Promise<unknown> => {
    switch (question.op) {
      case 'load': {
        const graph = await load(question.path);
        graphs.set(question.graph, graph);
        const { inputNames, outputNames } = graph;
        const outputShapes = outputNames.map((name) => graph.outputShape(name));
        return { inputNames, outputNames, outputShapes } satisfies GraphNames;
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

  // A thread that dies with a device alive takes the process along.
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
    const asked = message as ResidentQuestion;
    // Nobody waits for the answer: the process is about to end.
    if (isClosing || !activity.begin()) return;
    const answering = answer(asked);
    const waitsForOthers = asked.op === 'unload' || asked.op === 'close';
    if (!waitsForOthers) underWay.add(answering);
    try {
      reply({ question, ok: true, result: await answering });
    } catch (error) {
      reply({ question, ok: false, error: describeError(error) });
    } finally {
      underWay.delete(answering);
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
