import { loadPackage } from '../../errors.js';
import { RESIDENT } from '../gpu-graph.js';
import type { OnnxRuntime } from '../host-session.js';
import type { HostProviderChoice, ProviderChoice } from './provider-choice.js';

/** The only file that loads the optional package `onnxruntime-node`. */

interface OnnxRuntimeNode extends OnnxRuntime {
  listSupportedBackends(): { name: string; bundled: boolean }[];
}

/**
 * Loads the optional package `onnxruntime-node`.
 * @throws {TerrachipError} MISSING_DEPENDENCY
 */
export function loadOnnxRuntime(): Promise<OnnxRuntimeNode> {
  return loadPackage({
    name: 'onnxruntime-node',
    purpose: 'running a model',
    install: 'npm install --ignore-scripts onnxruntime-node',
    load: async () => (await import('onnxruntime-node')) as OnnxRuntimeNode,
  });
}

/**
 * Call this before any work for a model, since its session opens late.
 * @throws {TerrachipError} MISSING_DEPENDENCY for a provider that needs `onnxruntime-node`, if it is not installed
 */
export async function requireRuntime(provider: ProviderChoice = 'auto'): Promise<void> {
  if (provider !== RESIDENT) await loadOnnxRuntime();
}

/** The providers that `openSession` tries, in order. */
export function providersToTry(
  choice: HostProviderChoice,
  available: readonly string[],
  hasHardwareGpu: boolean,
): string[] {
  if (choice !== 'auto') return [choice];
  return [
    ...(available.includes('cuda') ? ['cuda'] : []),
    // On a software adapter, webgpu is far slower than cpu.
    ...(available.includes('webgpu') && hasHardwareGpu ? ['webgpu'] : []),
    'cpu',
  ];
}

/** The providers of the installed `onnxruntime-node`. */
export async function availableProviders(): Promise<string[]> {
  const runtime = await loadOnnxRuntime();
  return runtime.listSupportedBackends().flatMap(({ name, bundled }) => (bundled ? [name] : []));
}
