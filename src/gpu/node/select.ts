import { existsSync, readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { invalidOption } from '../../errors.js';
import type { Backend } from '../backend.js';
import { CpuBackend } from '../cpu/backend.js';
import { isSoftware } from '../webgpu/adapter.js';
import { BACKEND_CHOICES, type BackendChoice, isBackendChoice } from './choice.js';
import { createNodeWebGpuBackend, probeAdapter } from './webgpu-adapter.js';
import { WorkerExecutor } from './worker-executor.js';

/** Options of `createBackend`. */
export interface BackendOptions {
  /** Default: `auto`. */
  backend?: BackendChoice;
  /** Worker threads of the CPU backend (default: one per core); 0 runs on the calling thread. */
  threads?: number;
}

/**
 * Whether this machine may have a hardware GPU: on Linux, whether a device file of one exists. Asking Dawn takes half a
 * second, and its Vulkan loader writes warnings to stderr.
 */
function mayHaveGpu(): boolean {
  if (platform() !== 'linux') return true;
  const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return (
    names('/dev/dri').some((name) => name.startsWith('renderD')) ||
    names('/dev').some((name) => /^(nvidia\d|nvidiactl|dxg|kfd|mali)/.test(name))
  );
}

/** Creates a backend. Dispose of it when done. */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const choice = options.backend ?? 'auto';
  if (!isBackendChoice(choice)) {
    throw invalidOption('backend', `cannot be "${choice}"`, `choose one of ${BACKEND_CHOICES.join(', ')}`);
  }
  if (choice === 'webgpu') return createNodeWebGpuBackend();
  if (choice === 'auto' && mayHaveGpu()) {
    const probe = await probeAdapter();
    if (probe.available && !isSoftware(probe.info)) return createNodeWebGpuBackend();
  }
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 0)) {
    throw invalidOption('threads', `cannot be ${threads}`, 'give a whole number, 0 for none');
  }
  return new CpuBackend(WorkerExecutor.create(threads));
}
