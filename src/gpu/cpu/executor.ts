import type { TypedArray } from '../../geo/index.js';
import type { Kernel } from '../kernel.js';

/** One kernel run on the CPU: plain data, so that it can cross threads. */
export interface CpuTask {
  readonly kernel: Kernel;
  readonly tensors: Readonly<Record<string, TypedArray>>;
  readonly parameters: Readonly<Record<string, number>>;
  readonly rows: number;
}

/** Runs CPU kernels; the portable one uses the calling thread, Node's a pool of workers. */
export interface CpuExecutor {
  readonly threads: number;
  readonly description: string;
  /** Whether tensors must lie in shared memory for the executor to reach them. */
  readonly needsSharedMemory: boolean;
  execute(task: CpuTask): Promise<void>;
  dispose(): void;
}

/** Runs every kernel on the calling thread. */
export class InlineExecutor implements CpuExecutor {
  readonly threads = 0;
  readonly description = 'one thread';
  readonly needsSharedMemory = false;

  async execute(task: CpuTask): Promise<void> {
    task.kernel.cpu.run(task.tensors, task.parameters, 0, task.rows);
  }

  dispose(): void {}
}
