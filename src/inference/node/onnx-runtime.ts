import { isNotInstalled, messageOf, TerrachipError } from '../../errors.js';
import { RESIDENT } from '../gpu-graph.js';
import type { OnnxRuntime } from '../host-graph.js';
import type { HostProviderChoice, ProviderChoice } from './provider-choice.js';

/** The only file that loads the optional package `onnxruntime-node`. */

interface OnnxRuntimeNode extends OnnxRuntime {
  listSupportedBackends(): { name: string; bundled: boolean }[];
}

/**
 * Loads the optional package `onnxruntime-node`.
 * @throws {TerrachipError} MISSING_DEPENDENCY
 */
export async function loadOnnxRuntime(): Promise<OnnxRuntimeNode> {
  try {
    const module = await import('onnxruntime-node');
    return module as OnnxRuntimeNode;
  } catch (cause) {
    const missing = isNotInstalled(cause);
    throw new TerrachipError(
      'MISSING_DEPENDENCY',
      missing
        ? 'the optional package onnxruntime-node is not installed'
        : `the package onnxruntime-node cannot be loaded (${messageOf(cause).split('\n')[0]})`,
      'run npm install --ignore-scripts onnxruntime-node',
      { dependency: 'onnxruntime-node' },
      { cause },
    );
  }
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
