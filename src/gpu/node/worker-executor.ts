import { availableParallelism, cpus } from 'node:os';
import { internalError, isTerrachipError, messageOf } from '../../errors.js';
import { type CpuExecutor, type CpuTask, InlineExecutor } from '../cpu/executor.js';
import type { RowsRequest } from './worker.js';
import { workerFile } from './worker-file.js';
import { WorkerPool } from './worker-pool.js';

/** Up to this many invocations a kernel runs on the calling thread, which is faster than sending it to a worker. */
const INLINE_INVOCATIONS = 1 << 15;

/** Most pieces of work per thread, to balance the load, and the fewest invocations for each of several. */
const PIECES_PER_THREAD = 4;
const PIECE_INVOCATIONS = 1 << 16;

/**
 * Runs kernels on a pool of worker threads, which write their rows directly into shared memory. Workers start with the
 * first large kernel. Idle workers do not keep the process alive.
 */
export class WorkerExecutor implements CpuExecutor {
  readonly description: string;
  readonly needsSharedMemory = true;
  readonly #pool: WorkerPool<RowsRequest, null>;

  private constructor(
    program: URL,
    readonly threads: number,
  ) {
    this.#pool = new WorkerPool(program, threads, 1);
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
    const each = Math.floor(invocations / (this.threads * PIECE_INVOCATIONS));
    const pieces = this.threads * Math.max(1, Math.min(PIECES_PER_THREAD, each));
    const piece = Math.max(step, Math.ceil(rows / pieces / step) * step);
    const jobs: Promise<null>[] = [];
    for (let start = 0; start < rows; start += piece) {
      const end = Math.min(rows, start + piece);
      jobs.push(this.#pool.run({ module, tensors, parameters, start, end }).result);
    }
    await Promise.all(jobs).catch((cause: unknown) => {
      throw isTerrachipError(cause) ? cause : internalError('worker', messageOf(cause));
    });
  }

  dispose(): void {
    this.#pool.dispose(internalError('WorkerExecutor', 'disposed while a kernel was running'));
  }
}
