import { internalError } from '../../errors.js';
import { workerFile } from '../../gpu/node/worker-file.js';
import { WorkerPool } from '../../gpu/node/worker-pool.js';
import type { ArraySession, RuntimeOptions } from '../host-session.js';
import type { ModelReply, ModelRequest } from './onnx-worker.js';
import { settleAtExit, ThreadActivity } from './thread-activity.js';

/**
 * Threads that run graphs with ONNX Runtime, each one call at a time. A call in the main thread would block it, so that
 * nothing is read meanwhile. They end when the last graph is disposed of.
 */
export class ModelThreads {
  readonly #activity = new ThreadActivity();
  readonly #pool: WorkerPool<ModelRequest, ModelReply>;
  readonly #stop: () => void;
  #number = 0;
  #open = 0;

  private constructor(
    program: URL,
    /** The most calls at a time. */
    readonly calls: number,
  ) {
    this.#pool = new WorkerPool(program, calls, 1);
    this.#stop = settleAtExit(this.#activity);
  }

  /** @returns null without the worker's file, as in a bundle */
  static start(calls: number): ModelThreads | null {
    const program = workerFile(import.meta.url, 'inference/node/model-threads', './onnx-worker.js');
    return program === null ? null : new ModelThreads(program, calls);
  }

  /**
   * Loads an ONNX file in each thread.
   * @param options `threads` of one call
   * @throws {TerrachipError} INVALID_INPUT when it cannot be loaded; MISSING_DEPENDENCY
   */
  async load(path: string, options: RuntimeOptions): Promise<ArraySession> {
    const graph = this.#number++;
    const { buffer: activity } = this.#activity;
    this.#open++;
    const running = new Set<Promise<unknown>>();
    try {
      const [{ inputs, outputs }] = await this.#everywhere({ op: 'load', graph, path, options, activity });
      return {
        name: path,
        provider: options.provider,
        workers: this.calls,
        inputs,
        outputs,
        run: async (arrays, names) => {
          const { result } = this.#pool.run({ op: 'run', graph, inputs: arrays, outputs: names });
          running.add(result);
          return (await result.finally(() => running.delete(result))).results;
        },
        dispose: async () => {
          // A thread must not end during a call.
          await Promise.allSettled(running);
          await this.#unload(graph);
        },
      };
    } catch (error) {
      await this.#unload(graph);
      throw error;
    }
  }

  async #unload(graph: number): Promise<void> {
    await this.#everywhere({ op: 'unload', graph }).catch(() => undefined);
    this.#open--;
    if (this.#open > 0) return;
    this.#pool.dispose(internalError('ModelThreads', 'disposed while a model was running'));
    this.#stop();
  }

  /** Sends a request to each thread, when all are idle: each of them takes one. */
  async #everywhere(request: ModelRequest): Promise<ModelReply[]> {
    const replies = Array.from({ length: this.calls }, () => this.#pool.run(request).result);
    await Promise.allSettled(replies);
    return Promise.all(replies);
  }
}
