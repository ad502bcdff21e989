import type { TypedArray } from '../../geo/index.js';
import type { Bindings, CpuKernel } from '../kernel.js';
import { answerRequests } from './worker-pool.js';

/** The rows of a kernel for one thread. */
export interface RowsRequest {
  readonly module: string;
  readonly tensors: Readonly<Record<string, TypedArray>>;
  readonly parameters: Readonly<Record<string, number>>;
  readonly start: number;
  readonly end: number;
}

type Run = CpuKernel<Bindings, string>['run'];

const loaded = new Map<string, Promise<{ run: Run }>>();

/** The kernel's module, always one named in a kernel definition of this process. */
function load(module: string): Promise<{ run: Run }> {
  const known = loaded.get(module) ?? (import(module) as Promise<{ run: Run }>);
  loaded.set(module, known);
  return known;
}

answerRequests(async ({ module, tensors, parameters, start, end }: RowsRequest) => {
  const { run } = await load(module);
  run(tensors, parameters, start, end);
  return { message: null };
});
