import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/gpu/index.js';
import { requestNodeAdapter } from '../../src/gpu/node/index.js';
import { webgpuProblem } from '../support/backends.js';

const folder = new URL('../../src/kernels/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const modules: object[] = await Promise.all(files.map((name) => import(new URL(name, folder).pathname)));
const exported = new Set<unknown>(modules.flatMap((module) => Object.values(module)));
const all: Kernel[] = [...exported].filter(isKernel);

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'object' && value !== null && 'workgroupSize' in value;
}

interface Declarations {
  storage: { name: string; binding: number; access: string }[];
  uniform: number;
  fields: { name: string; type: string }[];
  overrides: string[];
  workgroup: number[];
}

/** What a shader declares: its bindings, the fields of its uniform struct, overrides and workgroup size. */
function declarationsOf(code: string): Declarations {
  const plain = code.replace(/\/\/.*$/gm, '');
  const storage = [...plain.matchAll(/@group\(0\) @binding\((\d+)\) var<storage, (\w+)> (\w+):/g)].map(
    ([, binding, access, name]) => ({ name, binding: Number(binding), access }),
  );
  const uniform = /@binding\((\d+)\) var<uniform> parameters: Parameters;/.exec(plain)?.[1];
  const struct = /struct Parameters \{([^}]*)\}/.exec(plain)?.[1] ?? '';
  const fields = [...struct.matchAll(/(\w+): (\w+),/g)].map(([, name, type]) => ({ name, type }));
  const overrides = [...plain.matchAll(/override (\w+):/g)].map(([, name]) => name);
  const workgroup = /@compute @workgroup_size\(([^)]*)\)\s*fn main\(/.exec(plain)?.[1] ?? '';
  return {
    storage,
    uniform: Number(uniform),
    fields,
    overrides,
    workgroup: workgroup.split(',').map(Number),
  };
}

describe('kernels and their shaders', () => {
  it('are all listed', () => {
    expect(all.map((kernel) => kernel.name).sort()).toMatchInlineSnapshot(`
      [
        "area",
        "argmax",
        "chips",
        "decibel",
        "dilate",
        "equal-phases",
        "expression",
        "field-mask",
        "histogram",
        "mask-values",
        "mosaic",
        "nodata",
        "rescale",
        "row-distance",
        "softmax",
        "stitch",
        "valid-mask",
        "value-range",
        "votes",
        "warp",
      ]
    `);
  });

  it.each(all.map((kernel) => [kernel.name, kernel] as const))(
    '%s: the tables are equal to the WGSL',
    (_, kernel) => {
      const { storage, uniform, fields, overrides, workgroup } = declarationsOf(kernel.code);
      const declared = Object.entries(kernel.bindings).map(([name, { access }], binding) => ({
        name,
        binding,
        access: access === 'read' ? 'read' : 'read_write',
      }));
      expect(storage).toEqual(declared);
      expect(uniform).toBe(declared.length);
      const parameters = Object.entries(kernel.parameters).map(([name, type]) => ({ name, type }));
      expect(fields).toEqual([{ name: 'nan_bits', type: 'u32' }, ...parameters]);
      expect(overrides).toEqual(Object.keys(kernel.constants ?? {}));
      expect([...workgroup, 1, 1].slice(0, 3)).toEqual([...kernel.workgroupSize]);
    },
  );

  it.each(all.map((kernel) => [kernel.name, kernel] as const))(
    '%s: uses no built-in that differs between devices',
    (_, kernel) => {
      const code = kernel.code.replace(/\/\/.*$/gm, '');
      expect(code).not.toMatch(/\b(sin|cos|tan|pow|tanh|fma|textureSample\w*)\s*\(/);
    },
  );
});

describe.skipIf(webgpuProblem !== null)('shaders (webgpu)', async () => {
  const node = webgpuProblem === null ? await requestNodeAdapter() : null;
  // No limits are requested: these are WebGPU's defaults.
  const device = await node?.adapter.requestDevice();
  afterAll(() => device?.destroy());

  it.each(all.map((kernel) => [kernel.name, kernel] as const))(
    '%s compiles with default limits',
    async (_, kernel) => {
      if (device === undefined) throw new Error('no device');
      expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
      const module = device.createShaderModule({ code: kernel.code });
      const { messages } = await module.getCompilationInfo();
      expect(messages.map(({ message, lineNum }) => `${lineNum}: ${message}`)).toEqual([]);
      device.pushErrorScope('validation');
      const constants = Object.fromEntries(Object.keys(kernel.constants ?? {}).map((name) => [name, 1]));
      await device.createComputePipelineAsync({
        layout: 'auto',
        compute: { module, entryPoint: 'main', constants },
      });
      expect(await device.popErrorScope()).toBeNull();
    },
  );
});
