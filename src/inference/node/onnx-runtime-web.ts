import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { messageOf, TerrachipError } from '../../errors.js';
import { webGpuGlobals } from '../../gpu/node/index.js';
import type { GpuRuntime } from '../gpu-graph.js';

/** The only file that loads the optional package `onnxruntime-web`. */

interface OnnxRuntimeWeb extends GpuRuntime {
  readonly env: { logLevel?: string; readonly wasm: { numThreads?: number } };
}

/** What stands in the way of the package, or null. Looks for it without loading it. */
export function onnxRuntimeWebProblem(): TerrachipError | null {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-web/webgpu');
    return null;
  } catch (cause) {
    return unusable('the optional package onnxruntime-web is not installed', cause);
  }
}

function unusable(problem: string, cause: unknown): TerrachipError {
  const dependency = { dependency: 'onnxruntime-web' };
  return new TerrachipError('MISSING_DEPENDENCY', problem, 'run npm install onnxruntime-web', dependency, {
    cause,
  });
}

/** V8's own default since 2022, and one that nothing reaches: bytes of WebAssembly run before a function is optimised. */
const TIERING_BUDGET = 1_800_000;
const ENDLESS_TIERING_BUDGET = 2_000_000_000;

/**
 * Makes this thread look like a page, which onnxruntime-web expects, and loads it. For a thread that does nothing
 * else: it changes `globalThis`.
 * @param gpu `navigator.gpu`, whose adapters the sessions' devices come from
 * @throws {TerrachipError} MISSING_DEPENDENCY
 */
export async function loadOnnxRuntimeWeb(gpu: GPU): Promise<GpuRuntime> {
  Object.assign(globalThis, await webGpuGlobals());
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, userAgent: 'Node.js' },
    configurable: true,
  });
  try {
    const runtime = (await import('onnxruntime-web/webgpu')) as OnnxRuntimeWeb;
    runtime.env.logLevel = 'error';
    // More would start workers of its own.
    runtime.env.wasm.numThreads = 1;
    return runtime;
  } catch (cause) {
    const [reason] = messageOf(cause).split('\n');
    throw (
      onnxRuntimeWebProblem() ?? unusable(`the package onnxruntime-web cannot be loaded (${reason})`, cause)
    );
  }
}

/**
 * Runs what instantiates the runtime's WebAssembly. Its functions are up to 150 KB long, and V8 would spend 45 s of
 * processor time on optimising those that load a model, which run once: so they are left as first compiled. The flag
 * holds for the whole process, so it is put back.
 */
export async function withoutWasmOptimisation<T>(task: () => Promise<T>): Promise<T> {
  setFlagsFromString(`--wasm-tiering-budget=${ENDLESS_TIERING_BUDGET}`);
  try {
    return await task();
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`);
  }
}
