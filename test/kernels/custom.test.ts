import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Bindings,
  CpuBackend,
  defineKernel,
  type Kernel,
  type ParameterTable,
  type WebGpuBackend,
} from '../../src/gpu/index.js';
import * as kernels from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';

/** The two examples of the page: a kernel, and its use. */
const [definition, use] = [
  ...(readFileSync('docs/kernels.md', 'utf8')
    .split('## Write your own kernel')[1]
    ?.matchAll(/```ts\n([\s\S]*?)```/g) ?? []),
].map(([, code]) => code.replace(/^import .*$/gm, ''));

const documented: Kernel = new Function(...Object.keys(kernels), `${definition}; return depthKernel;`)(
  ...Object.values(kernels),
);

const AsyncFunction = (async () => undefined).constructor as FunctionConstructor;

describeBackends('the kernel of the documentation', (backend) => {
  it('prints the output on the page', async () => {
    const printed: unknown[] = [];
    const given = {
      depthKernel: documented,
      createBackend: () => backend(),
      console: { log: (value: unknown) => printed.push(value) },
    };
    await new AsyncFunction(...Object.keys(given), use)(...Object.values(given));
    // 3 − 1; 0.05, below the threshold of 0.1; 2.5 − 2; no level.
    expect(printed).toEqual([Float32Array.of(2, NaN, 0.5, NaN)]);
  });

  it('computes differences above the threshold, bit for bit', async () => {
    // More than a row of flatGrid.
    const count = 70_001;
    const [high, low] = [randomValues(1, count, 0, 4, 0.1), randomValues(2, count, 0, 4, 0.1)];
    const [level, ground] = [backend().upload(high), backend().upload(low)];
    const depth = backend().allocate([count], 'float32');
    backend().run(documented, { tensors: { level, ground, depth }, parameters: { count, least: 0.3 } });
    const expected = high.map((value, i) => {
      const difference = Math.fround(value - low[i]);
      return difference >= Math.fround(0.3) ? difference : Number.NaN;
    });
    expect(await depth.download()).toEqual(expected);
    for (const tensor of [level, ground, depth]) tensor.dispose();
  });
});

/** A kernel that sets each value to a constant, by its formula in WGSL and in JavaScript. */
function setting(formula: string, value: number, name = 'test-setting') {
  return defineKernel({
    name,
    bindings: {
      values: { access: 'write', dtype: 'float32' },
      extra: { access: 'read', dtype: 'int32', optional: true },
    },
    parameters: { count: 'u32', shift: 'i32', factor: 'f32' },
    constants: { variant: 'u32' },
    shader: `@compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < parameters.count) { values[id.x] = ${formula} + f32(variant) + f32(extra[0] & 0); }
      }`,
    grid: ({ count }) => [count, 1, 1],
    cpu: {
      rows: ({ count }) => count,
      run: ({ values }, { variant }, start, end) => void values.fill(value + variant, start, end),
    },
  });
}

describeBackends('user kernels', (backend) => {
  const parameters = { count: 3, shift: -1, factor: 1, variant: 1 };

  it('can share a name, and omit options', async () => {
    const results = [];
    for (const kernel of [setting('1.0', 1), setting('5.0', 5), setting('1.0', 1)]) {
      const values = backend().allocate([3], 'float32');
      backend().run(kernel, { tensors: { values, extra: null }, parameters });
      results.push([...(await values.download())]);
      values.dispose();
    }
    expect(results).toEqual([
      [2, 2, 2],
      [6, 6, 6],
      [2, 2, 2],
    ]);
  });

  it('get the length of the tensor', async () => {
    const lengths = defineKernel({
      name: 'test-lengths',
      bindings: { values: { access: 'read', dtype: 'uint8' }, words: { access: 'write', dtype: 'uint32' } },
      parameters: {},
      shader: '@compute @workgroup_size(1) fn main() { words[0] = arrayLength(&values); }',
      grid: () => [1, 1, 1],
      cpu: {
        rows: () => 1,
        run({ values, words }) {
          words[0] = Math.ceil(values.length / 4);
        },
      },
    });
    const [values, words] = [backend().upload(new Uint8Array(13)), backend().allocate([1], 'uint32')];
    backend().run(lengths, { tensors: { values, words }, parameters: {} });
    expect([...(await words.download())]).toEqual([4]);
  });

  it.each<[string, object, object, RegExp]>([
    ['a missing tensor', { values: undefined }, {}, /kernel "test-setting" was given no tensor values/],
    ['an unknown tensor', { value: null }, {}, /has no binding value; give values, extra\./],
    [
      'a missing parameter',
      {},
      { shift: undefined },
      /no number for the parameter shift; give one of the type i32/,
    ],
    [
      'an unknown parameter',
      {},
      { Count: 3 },
      /has no parameter Count; give count, shift, factor, variant\./,
    ],
    ['a fraction for u32', {}, { count: 2.5 }, /cannot take 2\.5 for count, which is u32/],
    ['a negative u32', {}, { count: -1 }, /cannot take -1 for count/],
    ['what i32 cannot hold', {}, { shift: 2 ** 31 }, /cannot take 2147483648 for shift, which is i32/],
    ['a text for a number', {}, { factor: '2' }, /no number for the parameter factor/],
    ['infinity in float32', {}, { factor: 1e39 }, /cannot take 1e\+39 for factor/],
    ['a fraction for a constant', {}, { variant: 0.5 }, /cannot take 0\.5 for variant/],
    ['an empty grid', {}, { count: 0 }, /has a grid of 0 × 1 × 1 invocations/],
  ])('are not run with %s', (_, tensors, changed, message) => {
    const values = backend().allocate([3], 'float32');
    const args = {
      tensors: { values, extra: null, ...tensors },
      parameters: { ...parameters, ...changed },
    };
    expect(() => backend().run(setting('1.0', 1), args)).toThrow(message);
    values.dispose();
  });

  it('are refused for a tensor of another type or backend, or a disposed one', () => {
    const run = (values: kernels.DeviceTensor) =>
      backend().run(setting('1.0', 1), { tensors: { values, extra: null }, parameters });
    expect(() => run(backend().allocate([3], 'int32'))).toThrow(
      /a values of the wrong type, int32; give one of float32/,
    );
    expect(() => run(new CpuBackend().allocate([3], 'float32'))).toThrow(/another backend/);
    const gone = backend().allocate([3], 'float32');
    gone.dispose();
    expect(() => run(gone)).toThrow(/after its disposal/);
  });
});

describe('defineKernel', () => {
  const sound: kernels.KernelDefinition<Bindings, ParameterTable, ParameterTable> = {
    name: 'k',
    bindings: { values: { access: 'read_write', dtype: 'float32' } },
    parameters: { count: 'u32' },
    constants: { variant: 'u32' },
    shader: '@compute @workgroup_size(8, 8) fn main() { values[0] = f32(parameters.count); }',
    grid: () => [1, 1, 1],
    cpu: { rows: () => 1, run: () => undefined },
  };
  const define = (changes: object) => defineKernel({ ...sound, ...changes });
  const main = (body: string, size = '64') =>
    `@compute @workgroup_size(${size}) fn main() { values[0] = 1.0; ${body} }`;

  it('reads the size of workgroups', () => {
    expect(define({}).workgroupSize).toEqual([8, 8, 1]);
  });

  it('generates the declarations of hand-written shaders', () => {
    expect(define({}).code.split('\n').slice(1)).toEqual([
      'struct Parameters {',
      '  nan_bits: u32,',
      '  count: u32,',
      '}',
      '@group(0) @binding(0) var<storage, read_write> values: array<f32>;',
      '@group(0) @binding(1) var<uniform> parameters: Parameters;',
      'override variant: u32;',
      '',
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['no bindings', { bindings: {} }, /kernel "k" has 0 bindings; give 1 to 8/],
    [
      'an unused binding',
      { bindings: { ...sound.bindings, mask: { access: 'read', dtype: 'uint8' } } },
      /a binding mask that its shader never uses/,
    ],
    [
      'an unknown access',
      { bindings: { values: { access: 'readwrite', dtype: 'float32' } } },
      /access "readwrite"/,
    ],
    ['float64', { bindings: { values: { access: 'read', dtype: 'float64' } } }, /dtype "float64"/],
    [
      'atomic floats',
      { bindings: { values: { access: 'atomic', dtype: 'float32' } } },
      /atomic binding values of float32/,
    ],
    [
      'a parameter of another type',
      { parameters: { count: 'f64' } },
      /parameter count of the type "f64"; choose u32, i32 or f32/,
    ],
    [
      'a parameter that the table lacks',
      { shader: main('values[0] = parameters.scale;') },
      /reads parameters\.scale; add it/,
    ],
    ['a constant of a parameter’s name', { constants: { count: 'u32' } }, /two things of the name "count"/],
    ['a constant of a binding’s name', { constants: { values: 'u32' } }, /two things of the name "values"/],
    [
      'a reserved name',
      { parameters: { count: 'u32', nan_bits: 'u32' } },
      /cannot have "nan_bits" among its parameters/,
    ],
    ['a name that is no identifier', { parameters: { count: 'u32', 'a-b': 'u32' } }, /cannot have "a-b"/],
    [
      'declarations of its own',
      { shader: `@group(0) @binding(0) var<storage> x: array<f32>; ${main('')}` },
      /declares "@group" by itself/,
    ],
    ['no entry point', { shader: 'fn main() { values[0] = 1.0; }' }, /without an entry point/],
    ['a workgroup that is too large', { shader: main('', '16, 32') }, /of 1 to 256 invocations/],
    ['a workgroup without a size in numbers', { shader: main('', 'N') }, /1 to 256 invocations in numbers/],
    ['no CPU function', { cpu: { rows: () => 1 } }, /no function cpu\.run/],
    ['no grid', { grid: undefined }, /no function grid/],
  ])('refuses %s', (_, changes, message) => {
    expect(() => define(changes)).toThrow(message);
  });
});

describe.skipIf(webgpuProblem !== null)('a shader that does not compile (webgpu)', () => {
  let backend: WebGpuBackend;
  beforeAll(async () => {
    const { createNodeWebGpuBackend } = await import('../../src/gpu/node/index.js');
    backend = await createNodeWebGpuBackend();
    return () => backend.dispose();
  });

  it('is reported at the next wait, with the kernel’s name and the shader’s line numbers', async () => {
    const values = backend.allocate([3], 'float32');
    const broken = setting('nonsense(1.0)', 1, 'broken');
    backend.run(broken, {
      tensors: { values, extra: null },
      parameters: { count: 3, shift: 0, factor: 1, variant: 0 },
    });
    const failure = await values.download().catch((error: unknown) => error);
    expect(String(failure)).toMatch(/the kernel "broken" has a shader that the device refuses/);
    // The third line of the shader in `setting`.
    expect(String(failure)).toMatch(/:3:\d+ error: unresolved call target 'nonsense'/);
    expect(failure).toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('does not affect other backends', async () => {
    const tensor = sharedWebGpu().upload(Float32Array.of(1));
    expect([...(await tensor.download())]).toEqual([1]);
    tensor.dispose();
  });
});
