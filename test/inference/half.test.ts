import * as onnxruntime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type HalfForm, halfPrecision, type Weight } from '../../src/inference/onnx/index.js';
import { detectArchitecture, wholeGraph } from '../../src/inference/terramind/index.js';
import { float32ToHalves, halvesToFloat32 } from '../../src/raster/arrays/index.js';
import { encodeGraph } from '../support/models.js';
import { smallFlood } from '../support/terramind.js';

const constant = (shape: readonly number[], values: readonly number[]): Weight => ({
  shape,
  load: async () => Float32Array.from(values),
});

async function run(
  model: Uint8Array,
  feeds: Record<string, onnxruntime.Tensor>,
): Promise<Record<string, onnxruntime.Tensor>> {
  const session = await onnxruntime.InferenceSession.create(model, { executionProviders: ['cpu'] });
  const results = await session.run(feeds);
  await session.release();
  return results;
}

describe('float32 as float16', () => {
  it('round-trips every half', () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, k) => k);
    const notANumber = (half: number): boolean => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
    const back = float32ToHalves(halvesToFloat32(bits));
    expect(
      bits.filter((half, k) => (notANumber(half) ? !notANumber(back[k]) : back[k] !== half)),
    ).toHaveLength(0);
  });

  it('rounds to the nearest, ties to even', () => {
    const cases: [number, number][] = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
      [2047.5, 2048],
      [65519.99, 65504],
      [65520, Infinity],
      [-1e6, -Infinity],
      [2 ** -25, 0],
      [3 * 2 ** -26, 2 ** -24],
      [2 ** -14 - 2 ** -25, 2 ** -14],
      [5 * 2 ** -25, 2 ** -23],
    ];
    const values = halvesToFloat32(float32ToHalves(Float32Array.from(cases, ([value]) => value)));
    expect([...values]).toEqual(cases.map(([, half]) => half));
  });
});

/** x · identity, as an output and through an addition in float32. */
function product(weight: number): GraphBuilder {
  const graph = new GraphBuilder('product');
  const x = graph.input('x', ['row', 2]);
  const result = graph.matMul(x, graph.weight('identity', constant([2, 2], [1, 0, 0, weight])));
  const sum = graph.full(graph.add(result, graph.weight('small', constant([2], [2 ** -14, 2 ** -14]))));
  graph.output('product', result);
  graph.output('sum', sum);
  return graph;
}

describe('a graph in half precision', () => {
  const x = new onnxruntime.Tensor('float32', Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11), [1, 2]);

  it('rounds inputs and outputs of products, except marked ones', async () => {
    const rounded = await run(await encodeGraph(halfPrecision(product(1), 'rounded', 'here')), { x });
    expect([...rounded.product.data]).toEqual([1, 1 + 2 ** -9]);
    expect([...rounded.sum.data]).toEqual([1 + 2 ** -14, 1 + 2 ** -9 + 2 ** -14]);
  });

  it('takes and gives float32', async () => {
    const session = await onnxruntime.InferenceSession.create(
      await encodeGraph(halfPrecision(product(1), 'float16', 'here')),
    );
    const types = [...session.inputMetadata, ...session.outputMetadata].map((value) =>
      value.isTensor ? value.type : 'none',
    );
    expect(types).toEqual(['float32', 'float32', 'float32']);
    await session.release();
  });

  it('refuses weights that float16 cannot hold, by name', async () => {
    await expect(encodeGraph(halfPrecision(product(70000), 'float16', 'big.pt'))).rejects.toThrow(
      /big\.pt has 70000 in identity, beyond 65504/,
    );
    expect((await encodeGraph(halfPrecision(product(65504), 'float16', 'big.pt'))).length).toBeGreaterThan(0);
  });
});

describe('a TerraMind model in half precision', async () => {
  const SIZE = 32;
  const checkpoint = smallFlood();
  const wave = (count: number, step: number): Float32Array =>
    Float32Array.from({ length: count }, (_, k) => Math.sin(k * step));
  const feeds = {
    S1RTC: new onnxruntime.Tensor('float32', wave(4 * SIZE * SIZE, 0.37), [1, 2, 2, SIZE, SIZE]),
    DEM: new onnxruntime.Tensor('float32', wave(SIZE * SIZE, 0.011), [1, 1, SIZE, SIZE]),
  };
  const build = (): GraphBuilder =>
    wholeGraph(checkpoint, detectArchitecture(checkpoint), { height: SIZE, width: SIZE }).graph;
  const full = await encodeGraph(build());
  const { data: expected } = (await run(full, feeds)).logits;
  const logits = expected as Float32Array;

  it.each<[HalfForm, number]>([
    ['float16', 1e-5],
    ['rounded', 2e-5],
  ])('(%s) stays close to float32, and differs', async (form, least) => {
    const { data } = (await run(await encodeGraph(halfPrecision(build(), form, 'small')), feeds)).logits;
    const differences = (data as Float32Array).map((value, k) => Math.abs(value - logits[k]));
    expect(Math.max(...differences)).toBeLessThan(0.01 * Math.max(...logits.map(Math.abs)));
    expect(Math.max(...differences)).toBeGreaterThan(least);
  });

  it('has little more than half the bytes', async () => {
    const half = await encodeGraph(halfPrecision(build(), 'float16', 'small'));
    // The patch embedding and the tokens' embedding stay in float32.
    expect(half.length).toBeLessThan(0.65 * full.length);
  });

  it('normalises, softmaxes and classifies in float32', () => {
    const { nodes, initializers } = halfPrecision(build(), 'float16', 'small');
    const halves = new Set(
      nodes.flatMap(({ operator, attributes, outputs }) =>
        operator === 'Cast' && attributes.to === 10 ? outputs.map(({ name }) => name) : [],
      ),
    );
    for (const { dtype, name } of initializers) if (dtype === 'float16') halves.add(name);
    const takesHalves = (operator: string): boolean[] =>
      nodes
        .filter((node) => node.operator === operator)
        .map(({ inputs }) => inputs.some((input) => input !== null && halves.has(input.name)));
    for (const operator of ['LayerNormalization', 'Softmax', 'Erf']) {
      expect(takesHalves(operator).length).toBeGreaterThan(0);
      expect(takesHalves(operator)).not.toContain(true);
    }
    expect(takesHalves('MatMul')).toContain(true);
    expect(takesHalves('ConvTranspose')).not.toContain(false);
    // The patches of two modalities, and the head.
    expect(takesHalves('Conv').filter((half) => !half)).toHaveLength(3);
  });
});
