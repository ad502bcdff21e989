import { messageOf, TerrachipError } from '../../errors.js';
import { WebGpuBackend } from '../webgpu/backend.js';

/** The only file that loads the optional package `webgpu` (Dawn for Node). */

interface DawnModule {
  create(options: string[]): GPU;
}

/** What stands in the way of WebGPU on this machine, or what there is. */
export type AdapterProbe =
  | { available: true; info: GPUAdapterInfo }
  | { available: false; problem: string; remedy: string };

async function loadDawn(): Promise<DawnModule> {
  try {
    return (await import('webgpu')) as DawnModule;
  } catch (cause) {
    const message = messageOf(cause);
    const missing = /Cannot find package/.test(message);
    throw new TerrachipError(
      'MISSING_DEPENDENCY',
      missing
        ? 'the optional package webgpu is not installed'
        : `the package webgpu cannot be loaded (${message.split('\n')[0]})`,
      missing ? 'run npm install webgpu' : 'use a system with glibc 2.34 and libstdc++ 12 or newer',
      { dependency: 'webgpu' },
      { cause },
    );
  }
}

/** Dawn's adapter, with the instance that must outlive every device made from it. */
async function requestAdapter(): Promise<{ gpu: GPU; adapter: GPUAdapter }> {
  const dawn = await loadDawn();
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new TerrachipError(
      'MISSING_DEPENDENCY',
      'no WebGPU adapter was found',
      'install a Vulkan driver (mesa-vulkan-drivers 23 or newer for a software one), or use --backend cpu',
      { dependency: 'Vulkan driver' },
    );
  }
  return { gpu, adapter };
}

/**
 * A backend on this machine's adapter. V8 may collect Dawn's instance once nothing refers to it, and the process
 * then dies at the next wait; so the backend's disposal callback holds it until the device is destroyed.
 */
export async function createNodeWebGpuBackend(): Promise<WebGpuBackend> {
  const { gpu, adapter } = await requestAdapter();
  let instance: GPU | null = gpu;
  const backend = await WebGpuBackend.request(adapter, {
    onDispose: () => {
      if (instance !== null) keptInstances.delete(instance);
      instance = null;
    },
  });
  keptInstances.add(gpu);
  return backend;
}

/** Instances of living devices. A module-level set alone keeps them; Node still exits once devices are destroyed. */
const keptInstances = new Set<GPU>();

/** Looks for an adapter without keeping anything. */
export async function probeAdapter(): Promise<AdapterProbe> {
  try {
    const { adapter } = await requestAdapter();
    return { available: true, info: adapter.info };
  } catch (error) {
    if (error instanceof TerrachipError) {
      return { available: false, problem: error.message, remedy: error.remedy };
    }
    throw error;
  }
}
