import { afterAll, describe, expect, it } from 'vitest';
import { CpuBackend } from '../../src/gpu/index.js';
import { HostGraph } from '../../src/inference/host-graph.js';
import { loadOnnxRuntime } from '../../src/inference/node/onnx-runtime.js';
import { DATA_TYPE, encodeMessage, type OnnxType } from '../../src/inference/onnx/schema.js';

const runtime = await loadOnnxRuntime();
const backend = new CpuBackend();
afterAll(() => backend.dispose());

/** A graph that takes `input_1:0` in one type, and gives `Identity:0` in another. */
function castGraph(
  from: OnnxType,
  to: OnnxType,
  axis: Record<string, unknown> = { dimParam: 'n' },
): Uint8Array {
  const value = (name: string, type: OnnxType) => ({
    name,
    type: { tensorType: { elemType: DATA_TYPE[type], shape: { dim: [axis] } } },
  });
  return encodeMessage('ModelProto', {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'cast',
      node: [
        {
          opType: 'Cast',
          input: ['input_1:0'],
          output: ['Identity:0'],
          attribute: [{ name: 'to', i: DATA_TYPE[to], type: 2 }],
        },
      ],
      input: [value('input_1:0', from)],
      output: [value('Identity:0', to)],
    },
  });
}

async function through(from: OnnxType, to: OnnxType, values: readonly number[]) {
  const graph = await HostGraph.load(runtime, castGraph(from, to), 'm', { provider: 'cpu' });
  try {
    const tensor = backend.upload(Float32Array.from(values));
    const inputs = new Map([['input_1:0', { tensor, shape: [values.length] }]]);
    const result = await graph.run(inputs, ['Identity:0']);
    const output = result.outputs.get('Identity:0');
    expect(output?.dtype).toBe('float32');
    const downloaded = output === undefined ? [] : [...(await backend.download(output))];
    expect([...(result.values?.get('Identity:0') ?? [])]).toEqual(downloaded);
    return downloaded;
  } finally {
    await graph.dispose();
  }
}

describe('inputs of a graph', () => {
  const values = [-3e9, -200, -1.5, -0.5, 0.5, 1.5, 2.4, 2.6, 300, 40_000, 70_000, 3e9];

  it.each<[OnnxType, number[]]>([
    ['float32', values],
    ['float64', values],
    // Halves as nearest, ties to even: 2.4 is 1229/512, 2.6 is 1331/512, and 65520 and above are infinite.
    [
      'float16',
      [-Infinity, -200, -1.5, -0.5, 0.5, 1.5, 1229 / 512, 1331 / 512, 300, 40_000, Infinity, Infinity],
    ],
    // Whole numbers as numpy.rint, limited to the range of the type.
    ['uint8', [0, 0, 0, 0, 0, 2, 2, 3, 255, 255, 255, 255]],
    ['int8', [-128, -128, -2, 0, 0, 2, 2, 3, 127, 127, 127, 127]],
    ['uint16', [0, 0, 0, 0, 0, 2, 2, 3, 300, 40_000, 65_535, 65_535]],
    ['int16', [-32_768, -200, -2, 0, 0, 2, 2, 3, 300, 32_767, 32_767, 32_767]],
    // 2³¹ − 1 is 2³¹ in float32.
    ['int32', [-(2 ** 31), -200, -2, 0, 0, 2, 2, 3, 300, 40_000, 70_000, 2 ** 31]],
    ['int64', [-3e9, -200, -2, 0, 0, 2, 2, 3, 300, 40_000, 70_000, 3e9]],
  ])('are given as %s', async (type, expected) => {
    const found = await through(type, 'float32', values);
    expect(found.map((value) => value + 0)).toEqual(expected.map(Math.fround));
  });

  it('are limited to the range of int64', async () => {
    expect(await through('int64', 'float32', [1e30, -1e30])).toEqual([2 ** 63, -(2 ** 63)]);
  });

  it('are refused in other types', async () => {
    await expect(through('bool', 'float32', [1])).rejects.toThrow(
      /^m takes input_1:0 as bool, which is not supported; convert the model\.$/,
    );
  });
});

describe('outputs of a graph', () => {
  it.each<[OnnxType, number[], number[]]>([
    ['float32', [0.1, -2, 1e30], [Math.fround(0.1), -2, Math.fround(1e30)]],
    ['float64', [0.1, -2, 1e30], [Math.fround(0.1), -2, Math.fround(1e30)]],
    // 0.1 is nearest to 1638/16384.
    ['float16', [0.1, -2, 65_504, 1e-7], [1638 / 16_384, -2, 65_504, 2 ** -23]],
    ['uint8', [0, 200, 255], [0, 200, 255]],
    ['int8', [-128, 127], [-128, 127]],
    ['uint16', [0, 65_535], [0, 65_535]],
    ['int16', [-32_768, 32_767], [-32_768, 32_767]],
    ['int32', [-(2 ** 31), 2 ** 24], [-(2 ** 31), 2 ** 24]],
    ['uint32', [0, 2 ** 31], [0, 2 ** 31]],
    ['int64', [-(2 ** 40), 2 ** 40], [-(2 ** 40), 2 ** 40]],
    ['uint64', [0, 2 ** 40], [0, 2 ** 40]],
    ['bool', [0, 1, 7], [0, 1, 1]],
  ])('are numbers for %s', async (type, values, expected) => {
    expect(await through('float32', type, values)).toEqual(expected);
  });
});

describe('what a graph declares', () => {
  it.each([
    ['a fixed axis', { dimValue: 4 }, [4]],
    ['an axis with a name', { dimParam: 'unk__42' }, ['unk__42']],
    ['an axis without a name', {}, ['']],
  ])('is %s', async (_, axis, shape) => {
    const graph = await HostGraph.load(runtime, castGraph('uint8', 'int64', axis), 'm', { provider: 'cpu' });
    expect(graph.inputs).toEqual([{ name: 'input_1:0', type: 'uint8', shape }]);
    expect(graph.outputs).toEqual([{ name: 'Identity:0', type: 'int64', shape }]);
    await graph.dispose();
  });
});
