import type { TypedArray } from '../../geo/index.js';
import type { Kernel } from '../kernel.js';

/** One kernel run on the CPU. */
export interface CpuTask {
  readonly kernel: Kernel;
  readonly tensors: Readonly<Record<string, TypedArray>>;
  readonly parameters: Readonly<Record<string, number>>;
  readonly rows: number;
}

/** Runs CPU kernels: on the calling thread, or in Node on a pool of workers. */
export interface CpuExecutor {
  readonly threads: number;
  readonly description: string;
  /** Whether tensors must be in shared memory. */
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
