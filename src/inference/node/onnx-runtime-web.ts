import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { missingPackage, type TerrachipError } from '../../errors.js';
import { webGpuGlobals } from '../../gpu/node/index.js';
import type { GpuRuntime } from '../gpu-graph.js';

/** The only file that loads the optional package `onnxruntime-web`. */

interface OnnxRuntimeWeb extends GpuRuntime {
  readonly env: { logLevel?: string; readonly wasm: { numThreads?: number } };
}

const PACKAGE = { name: 'onnxruntime-web', purpose: 'the provider webgpu-resident' };

/** An error if the package is not installed, otherwise null. Does not load it. */
export function onnxRuntimeWebProblem(): TerrachipError | null {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-web/webgpu');
    return null;
  } catch (cause) {
    return missingPackage(PACKAGE, cause);
  }
}

/** WebAssembly bytes that V8 runs before it optimises a function: its default since 2022, and a limit never reached. */
const TIERING_BUDGET = 1_800_000;
const UNREACHED_TIERING_BUDGET = 2_000_000_000;

/**
 * Loads onnxruntime-web. Changes `globalThis`, since the package expects the globals of a browser: call it only in a
 * dedicated thread.
 * @param gpu becomes `navigator.gpu`; it must be the origin of the sessions' device
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
    // With more threads, the runtime starts workers.
    runtime.env.wasm.numThreads = 1;
    return runtime;
  } catch (cause) {
    throw missingPackage(PACKAGE, cause);
  }
}

/**
 * Runs `task`, which instantiates the runtime's WebAssembly, without V8's optimising compiler. V8 would spend 45 s of CPU
 * time on functions of up to 150 KB that load a model and run once. The flag applies to the whole process, so it is reset.
 */
export async function withoutWasmOptimisation<T>(task: () => Promise<T>): Promise<T> {
  setFlagsFromString(`--wasm-tiering-budget=${UNREACHED_TIERING_BUDGET}`);
  try {
    return await task();
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`);
  }
}
