import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { TypedArray } from '../../geo/index.js';
import type { Bindings, CpuKernel } from '../kernel.js';

export interface WorkerRequest {
  readonly module: string;
  readonly tensors: Readonly<Record<string, TypedArray>>;
  readonly parameters: Readonly<Record<string, number>>;
  readonly start: number;
  readonly end: number;
}

export type WorkerReply = { ok: true } | { ok: false; message: string };

type Run = CpuKernel<Bindings, string>['run'];

const loaded = new Map<string, Promise<{ run: Run }>>();

/** The kernel's module, always one named in a kernel definition of this process. */
function load(module: string): Promise<{ run: Run }> {
  const known = loaded.get(module) ?? (import(module) as Promise<{ run: Run }>);
  loaded.set(module, known);
  return known;
}

parentPort?.on('message', async ({ module, tensors, parameters, start, end }: WorkerRequest) => {
  let reply: WorkerReply;
  try {
    const { run } = await load(module);
    run(tensors, parameters, start, end);
    reply = { ok: true };
  } catch (error) {
    reply = { ok: false, message: messageOf(error) };
  }
  parentPort?.postMessage(reply);
});
