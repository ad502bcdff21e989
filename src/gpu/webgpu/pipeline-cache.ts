import { internalError } from '../../errors.js';
import type { KernelShader } from '../kernel.js';
import { COMPUTE_STAGE } from './usage.js';

export interface CachedPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** One pipeline a kernel and set of override constants, compiled at the first use. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, CachedPipeline>();
  readonly #modules = new Map<string, GPUShaderModule>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get(kernel: KernelShader, constants: Readonly<Record<string, number>>): CachedPipeline {
    const key = `${kernel.name} ${JSON.stringify(constants)}`;
    const known = this.#pipelines.get(key);
    if (known !== undefined) return known;
    if (kernel.bindings.length > this.#device.limits.maxStorageBuffersPerShaderStage) {
      throw internalError(
        kernel.name,
        `binds ${kernel.bindings.length} buffers, more than the device allows`,
      );
    }
    const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map(({ access }, binding) => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    entries.push({ binding: kernel.bindings.length, visibility: COMPUTE_STAGE, buffer: { type: 'uniform' } });
    const layout = this.#device.createBindGroupLayout({ label: kernel.name, entries });
    const pipeline = this.#device.createComputePipeline({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.#module(kernel), entryPoint: 'main', constants: { ...constants } },
    });
    const cached = { pipeline, layout };
    this.#pipelines.set(key, cached);
    return cached;
  }

  #module(kernel: KernelShader): GPUShaderModule {
    const known = this.#modules.get(kernel.name);
    if (known !== undefined) return known;
    const module = this.#device.createShaderModule({ label: kernel.name, code: kernel.code });
    this.#modules.set(kernel.name, module);
    return module;
  }
}
