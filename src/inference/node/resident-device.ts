import { Worker } from 'node:worker_threads';
import { messageOf, TerrachipError } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { workerFile } from '../../gpu/node/worker-file.js';
import { Caller, type DeviceDescription, RemoteBackend, type Reply } from '../../gpu/remote/index.js';
import { RESIDENT } from '../gpu-graph.js';
import type { GraphInput, GraphResult, ModelGraph } from '../model-graph.js';
import type { GraphAnswer, GraphNames, ResidentCommand, ResidentQuestion } from './resident-messages.js';
import { settleAtExit, ThreadActivity } from './thread-activity.js';

type ResidentCaller = Caller<ResidentCommand | ResidentQuestion, ResidentQuestion>;

/** A GPU device in a worker thread, with a backend for kernels, and sessions for models that use its tensors. */
export class ResidentDevice {
  readonly #backend: RemoteBackend;
  #graphs = 0;

  private constructor(
    private readonly caller: ResidentCaller,
    description: DeviceDescription,
  ) {
    this.#backend = new RemoteBackend(caller, description, () => {
      // Rejected if the thread has ended, which has freed everything.
      void caller.ask({ op: 'close' }).catch(() => undefined);
    });
  }

  /** Its disposal also frees the device and all graphs, and ends the thread. */
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
        'the worker file of the provider webgpu-resident is missing, as in a bundle',
        'mark terrachip as external in the bundler, or choose another `provider`',
        { dependency: 'terrachip' },
      );
    }
    const activity = new ThreadActivity();
    // The worker ends this operation when it is ready.
    activity.begin();
    const stop = settleAtExit(activity);
    // Without the main thread's flags, such as --input-type or --inspect.
    const worker = new Worker(program, {
      execArgv: [],
      workerData: activity.buffer,
    });
    worker.once('exit', stop);
    return ResidentDevice.connect(worker);
  }

  /** Connects to a worker that the caller started from `resident-worker.js`. The caller must not end it during a call. */
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
   * Loads an ONNX file, and its external data from the files that it names.
   * @throws {TerrachipError} INVALID_INPUT as `GpuGraph.load`
   */
  async load(path: string): Promise<ModelGraph> {
    const graph = this.#graphs++;
    const caller = this.caller;
    const backend = this.#backend;
    const declared = await caller.ask<GraphNames>({ op: 'load', graph, path });
    return {
      name: path,
      provider: RESIDENT,
      sharesDevice: true,
      ...declared,
      async run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult> {
        const wanted = outputs.map((name) => ({ name, tensor: backend.number() }));
        const { shapes, readbackBytes } = await caller.ask<GraphAnswer>({
          op: 'graph',
          graph,
          inputs: [...inputs].map(([name, { tensor, shape }]) => ({
            name,
            tensor: backend.memoryOf(tensor),
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
