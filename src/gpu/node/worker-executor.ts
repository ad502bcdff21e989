import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { internalError } from '../../errors.js';
import { type CpuExecutor, type CpuTask, InlineExecutor } from '../cpu/executor.js';
import type { WorkerReply, WorkerRequest } from './worker.js';
import { workerFile } from './worker-file.js';

/** Up to this many invocations a kernel runs on the calling thread, which is faster than sending it to a worker. */
const INLINE_INVOCATIONS = 1 << 15;

/** Pieces of work per thread, to balance the load. */
const PIECES_PER_THREAD = 4;

interface Job {
  readonly request: WorkerRequest;
  readonly settle: (error: unknown) => void;
}

/**
 * Runs kernels on a pool of worker threads, which write their rows directly into shared memory. Workers start with the
 * first large kernel. Idle workers do not keep the process alive.
 */
export class WorkerExecutor implements CpuExecutor {
  readonly description: string;
  readonly needsSharedMemory = true;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #started = 0;
  #disposed = false;

  private constructor(
    private readonly program: URL,
    readonly threads: number,
  ) {
    this.description = cpus()[0]?.model.trim() ?? 'unknown processor';
  }

  /**
   * @param threads number of workers (default: one per core available to this process)
   * @returns an `InlineExecutor` for 0 threads, or if the worker's file is missing
   */
  static create(threads: number = availableParallelism()): CpuExecutor {
    const program =
      threads === 0 ? null : workerFile(import.meta.url, 'gpu/node/worker-executor', './worker.js');
    return program === null ? new InlineExecutor() : new WorkerExecutor(program, threads);
  }

  async execute(task: CpuTask): Promise<void> {
    const { kernel, tensors, parameters, rows } = task;
    const invocations = kernel.grid(parameters).reduce((product, n) => product * n, 1);
    const { module } = kernel.cpu;
    if (invocations <= INLINE_INVOCATIONS || module === undefined) {
      kernel.cpu.run(tensors, parameters, 0, rows);
      return;
    }
    const step = kernel.cpu.rowStep ?? 1;
    const piece = Math.max(step, Math.ceil(rows / (this.threads * PIECES_PER_THREAD) / step) * step);
    const jobs: Promise<void>[] = [];
    for (let start = 0; start < rows; start += piece) {
      const end = Math.min(rows, start + piece);
      jobs.push(this.#submit({ module, tensors, parameters, start, end }));
    }
    await Promise.all(jobs);
  }

  dispose(): void {
    this.#disposed = true;
    for (const worker of [...this.#idle, ...this.#busy.keys()]) void worker.terminate();
    const stopped = internalError('WorkerExecutor', 'disposed while a kernel was running');
    for (const job of [...this.#busy.values(), ...this.#waiting.splice(0)]) job.settle(stopped);
    this.#idle.length = 0;
    this.#busy.clear();
  }

  #submit(request: WorkerRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        request,
        settle: (error) => (error === null ? resolve() : reject(error)),
      });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#started < this.threads ? this.#start() : undefined);
      if (worker === undefined) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#busy.set(worker, job);
      worker.ref();
      worker.postMessage(job.request);
    }
  }

  #start(): Worker {
    this.#started++;
    // Without the flags of the main thread, such as --input-type and --inspect.
    const worker = new Worker(this.program, { execArgv: [] });
    worker.on('message', (reply: WorkerReply) => {
      this.#finish(worker, reply.ok ? null : internalError('worker', reply.message));
    });
    worker.on('error', (error) => {
      this.#started--;
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      job?.settle(error);
    });
    return worker;
  }

  #finish(worker: Worker, error: unknown): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    if (this.#disposed) return;
    worker.unref();
    this.#idle.push(worker);
    job?.settle(error);
    this.#dispatch();
  }
}
