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
 * Dawn's instances in use. If V8 collects an instance too early, the process crashes at the next wait. Node exits once all
 * devices are destroyed and their instances are dropped.
 */
const instances = new Set<GPU>();

/** This machine's WebGPU adapter, to create a device of your own. */
export interface NodeAdapter extends Disposable {
  readonly adapter: GPUAdapter;
  /** As `navigator.gpu` in a page. */
  readonly gpu: GPU;
  /** Call it only after all devices of the adapter are destroyed. */
  dispose(): void;
}

/**
 * A WebGPU adapter of this machine, from the optional package `webgpu`.
 * @throws {TerrachipError} MISSING_DEPENDENCY without the package `webgpu` or without a Vulkan driver
 */
export async function requestNodeAdapter(): Promise<NodeAdapter> {
  const dawn = await loadDawn();
  const gpu = dawn.create([]);
  instances.add(gpu);
  const dispose = (): void => void instances.delete(gpu);
  const adapter = await gpu
    .requestAdapter({ powerPreference: 'high-performance' })
    .catch((cause: unknown) => {
      dispose();
      throw cause;
    });
  if (adapter === null) {
    dispose();
    throw new TerrachipError(
      'MISSING_DEPENDENCY',
      'no WebGPU adapter was found',
      'install a Vulkan driver (mesa-vulkan-drivers 23 or newer for a software one), or use `backend` cpu',
      { dependency: 'Vulkan driver' },
    );
  }
  return { adapter, gpu, dispose, [Symbol.dispose]: dispose };
}

/** WebGPU's classes and constants, which are globals in a page. */
export async function webGpuGlobals(): Promise<Readonly<Record<string, unknown>>> {
  return (await loadDawn()).globals;
}

/** A backend on a device of this machine's adapter. */
export async function createNodeWebGpuBackend(): Promise<WebGpuBackend> {
  const { adapter, dispose } = await requestNodeAdapter();
  try {
    return await WebGpuBackend.request(adapter, { onDispose: dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Checks for an adapter and releases it. */
export async function probeAdapter(): Promise<AdapterProbe> {
  try {
    const { adapter, dispose } = await requestNodeAdapter();
    const { info } = adapter;
    dispose();
    return { available: true, info };
  } catch (error) {
    if (error instanceof TerrachipError) {
      return { available: false, problem: error.message, remedy: error.remedy };
    }
    throw error;
  }
}
