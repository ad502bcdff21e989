import { Worker } from 'node:worker_threads';
import { messageOf, TerrachipError } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { workerFile } from '../../gpu/node/worker-file.js';
import { Caller, type DeviceDescription, RemoteBackend, type Reply } from '../../gpu/remote/index.js';
import { RESIDENT } from '../gpu-graph.js';
import type { GraphInput, GraphResult, ModelGraph } from '../model-graph.js';
import { ResidentActivity, settleAtExit } from './resident-activity.js';
import type { GraphAnswer, GraphNames, ResidentCommand, ResidentQuestion } from './resident-messages.js';

type ResidentCaller = Caller<ResidentCommand | ResidentQuestion, ResidentQuestion>;

/** A GPU device in a thread of its own, with a backend for kernels and sessions for models that share its tensors. */
export class ResidentDevice {
  readonly #backend: RemoteBackend;
  readonly #caller: ResidentCaller;
  #graphs = 0;

  private constructor(caller: ResidentCaller, description: DeviceDescription) {
    this.#caller = caller;
    this.#backend = new RemoteBackend(caller, description, () => {
      // A thread that is gone has nothing to give back.
      void caller.ask({ op: 'close' }).catch(() => undefined);
    });
  }

  /** Disposing of it gives the device back, with all graphs, and ends the thread. */
  get backend(): Backend {
    return this.#backend;
  }

  /**
   * Starts the thread.
   * @throws {TerrachipError} MISSING_DEPENDENCY without `webgpu`, `onnxruntime-web` or a Vulkan driver
   */
  static async start(): Promise<ResidentDevice> {
    const program = workerFile(import.meta.url, 'inference/node/resident-device', './resident-worker.js');
    if (program === null) {
      throw new TerrachipError(
        'MISSING_DEPENDENCY',
        'the thread that holds a model on the GPU is not there, as in a bundle',
        'keep terrachip out of the bundle (external), or choose another provider',
        { dependency: 'terrachip' },
      );
    }
    const activity = new ResidentActivity();
    // Until it says that it is ready.
    activity.begin();
    const stop = settleAtExit(activity);
    // Flags of the main thread (--input-type, --inspect) are not for workers.
    const worker = new Worker(program, {
      execArgv: [],
      workerData: activity.buffer,
    });
    worker.once('exit', stop);
    return ResidentDevice.connect(worker);
  }

  /** `start` on a worker thread that the caller made of `resident-worker.js`, and must not end while it is at work. */
  static async connect(worker: Worker): Promise<ResidentDevice> {
    const caller: ResidentCaller = new Caller((envelope, transfer) =>
      worker.postMessage(envelope, [...transfer]),
    );
    worker.on('message', (reply: Reply) => caller.receive(reply));
    worker.on('error', (error) => caller.fail(threadEnded(messageOf(error), error)));
    worker.on('exit', (status) => caller.fail(threadEnded(`it ended with status ${status}`)));
    return new ResidentDevice(caller, await caller.ready<DeviceDescription>());
  }

  /**
   * Loads a graph's file, with what lies in `FILE.data` beside it.
   * @throws {TerrachipError} INVALID_INPUT for a graph that cannot be loaded, or needs what only the processor can do
   */
  async load(path: string): Promise<ModelGraph> {
    const graph = this.#graphs++;
    const caller = this.#caller;
    const backend = this.#backend;
    const { inputNames, outputNames, outputShapes } = await caller.ask<GraphNames>({
      op: 'load',
      graph,
      path,
    });
    return {
      name: path,
      provider: RESIDENT,
      sharesDevice: true,
      inputNames,
      outputNames,
      outputShape: (name) => outputShapes[outputNames.indexOf(name)] ?? [],
      async run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult> {
        const wanted = outputs.map((name) => ({ name, tensor: backend.reserve() }));
        const { shapes, readbackBytes } = await caller.ask<GraphAnswer>({
          op: 'graph',
          graph,
          inputs: [...inputs].map(([name, { tensor, shape }]) => ({
            name,
            tensor: backend.numberOf(tensor),
            shape: [...shape],
          })),
          outputs: wanted,
        });
        const tensors = wanted.map(({ name, tensor }, k) => {
          return [name, backend.adopt(tensor, shapes[k], 'float32')] as const;
        });
        return { outputs: new Map(tensors), readbackBytes };
      },
      async dispose(): Promise<void> {
        await caller.ask({ op: 'unload', graph });
      },
    };
  }
}

function threadEnded(reason: string, cause?: unknown): TerrachipError {
  return new TerrachipError(
    'DEVICE_LOST',
    `the thread that holds the GPU device is gone (${reason.split('\n')[0]})`,
    'run again, with `resume` where a map was under way, or use another `provider`',
    { reason },
    { cause },
  );
}
