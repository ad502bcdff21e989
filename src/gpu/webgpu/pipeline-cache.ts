import type { KernelShader } from '../kernel.js';
import type { DeviceState } from './device-state.js';
import { COMPUTE_STAGE } from './usage.js';

export interface CachedPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines by shader code and override constants, compiled at the first use. */
export class PipelineCache {
  readonly #shaders = new Map<string, { module: GPUShaderModule; pipelines: Map<string, CachedPipeline> }>();

  constructor(
    private readonly device: GPUDevice,
    private readonly state: DeviceState,
  ) {}

  get(kernel: KernelShader, parameters: Readonly<Record<string, number>>): CachedPipeline {
    const { name, code } = kernel;
    const constants = Object.fromEntries(
      Object.keys(kernel.constants ?? {}).map((constant) => [constant, parameters[constant]]),
    );
    let shader = this.#shaders.get(code);
    if (shader === undefined) {
      const module = this.state.compile(name, () => this.device.createShaderModule({ label: name, code }));
      shader = { module, pipelines: new Map() };
      this.#shaders.set(code, shader);
    }
    const key = JSON.stringify(constants);
    const known = shader.pipelines.get(key);
    if (known !== undefined) return known;
    const cached = this.#compile(kernel, shader.module, constants);
    shader.pipelines.set(key, cached);
    return cached;
  }

  #compile(
    { name, bindings }: KernelShader,
    module: GPUShaderModule,
    constants: Record<string, number>,
  ): CachedPipeline {
    const entries: GPUBindGroupLayoutEntry[] = Object.values(bindings).map(({ access }, binding) => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    entries.push({ binding: entries.length, visibility: COMPUTE_STAGE, buffer: { type: 'uniform' } });
    return this.state.compile(name, () => {
      const layout = this.device.createBindGroupLayout({ label: name, entries });
      const pipeline = this.device.createComputePipeline({
        label: name,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main', constants },
      });
      return { pipeline, layout };
    });
  }
}
