import { loadPackage, TerrachipError } from '../../errors.js';
import { WebGpuBackend } from '../webgpu/backend.js';

/** The only file that loads the optional package `webgpu` (Dawn for Node). */

interface DawnModule {
  create(options: string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** The WebGPU adapter of this machine, or why there is none. */
export type AdapterProbe =
  | { available: true; info: GPUAdapterInfo }
  | { available: false; problem: string; remedy: string };

const loadDawn = (): Promise<DawnModule> =>
  loadPackage({
    name: 'webgpu',
    purpose: 'the GPU',
    repair: 'use a system with glibc 2.34 and libstdc++ 12 or newer',
    load: async () => (await import('webgpu')) as DawnModule,
  });

/**
 * Dawn's only instance in this thread, as `navigator.gpu` is in a page. An instance for each device leaks threads and
 * memory, and crashes the process if V8 collects it too early. Node exits once all devices are destroyed.
 */
let instance: GPU | undefined;

/** This machine's WebGPU adapter, to create a device of your own. It makes one device. */
export interface NodeAdapter {
  readonly adapter: GPUAdapter;
  /** As `navigator.gpu` in a page. */
  readonly gpu: GPU;
}

/**
 * A WebGPU adapter of this machine, from the optional package `webgpu`.
 * @throws {TerrachipError} MISSING_DEPENDENCY without the package `webgpu` or without a Vulkan driver
 */
export async function requestNodeAdapter(): Promise<NodeAdapter> {
  const dawn = await loadDawn();
  instance ??= dawn.create([]);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new TerrachipError(
      'MISSING_DEPENDENCY',
      'no WebGPU adapter was found',
      'install a Vulkan driver (mesa-vulkan-drivers 23 or newer for a software one), or use `backend` cpu',
      { dependency: 'Vulkan driver' },
    );
  }
  return { adapter, gpu: instance };
}

/** WebGPU's classes and constants, which are globals in a page. */
export async function webGpuGlobals(): Promise<Readonly<Record<string, unknown>>> {
  return (await loadDawn()).globals;
}

/** A backend on a device of this machine's adapter. */
export async function createNodeWebGpuBackend(): Promise<WebGpuBackend> {
  const { adapter } = await requestNodeAdapter();
  return WebGpuBackend.request(adapter);
}

/** Checks for an adapter. */
export async function probeAdapter(): Promise<AdapterProbe> {
  try {
    const { adapter } = await requestNodeAdapter();
    return { available: true, info: adapter.info };
  } catch (error) {
    if (error instanceof TerrachipError) {
      return { available: false, problem: error.message, remedy: error.remedy };
    }
    throw error;
  }
}
