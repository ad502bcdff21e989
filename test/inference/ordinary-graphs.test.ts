/** Graphs as written by exporters, on the runtime: cases of `npm run check:onnx` with numbers computed here. */
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, GeoTensor } from '../../src/geo/index.js';
import { mapTensor } from '../../src/inference/map-tensor.js';
import { type MapSpec, parseModelSpec } from '../../src/inference/model-spec.js';
import { loadOnnxRuntime } from '../../src/inference/node/onnx-runtime.js';
import { DATA_TYPE, type OnnxType } from '../../src/inference/onnx/schema.js';
import { ModelSession } from '../../src/inference/session.js';
import { onnxFile, type TestGraph, type TestNode, type TestTensor } from '../support/onnx.js';

const runtime = await loadOnnxRuntime();

const SIZE = 8;
const [WIDTH, HEIGHT] = [19, 13];
const PIXELS = WIDTH * HEIGHT;

/** Two bands, in eighths, which half precision holds exactly, and a gap. */
const bands = [0, 1].map((band) =>
  Float32Array.from({ length: PIXELS }, (_, k) => ((k * (band + 3)) % 41) / 8),
);
const GAP = 5 * WIDTH + 9;
bands[1][GAP] = Number.NaN;

/** The logit of all graphs here, from normalised bands. */
const logit = (a: number, b: number) => a - 2 * b;
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

interface Case {
  readonly graph: Omit<TestGraph, 'weights'>;
  readonly input?: object;
  readonly output?: object;
  readonly classes?: number;
}

/** The map of a scene of 19 × 13 pixels with overlapping chips of 8 × 8. */
async function mapOf(
  { graph, input, output, classes = 2 }: Case,
  planes = bands,
  [width, height] = [WIDTH, HEIGHT],
) {
  const weights = [
    { name: 'one', shape: [1, 2, 1, 1], values: [1, -2] },
    { name: 'two', shape: [2, 2, 1, 1], values: [0, 0, 1, -2] },
    { name: 'dated', shape: [2, 2, 1, 1, 1], values: [0, 0, 1, -2] },
  ].filter(({ name }) => graph.nodes.some(({ inputs }) => inputs.includes(name)));
  const document = {
    schemaVersion: 1,
    name: 'm',
    inputs: [
      { name: 'image', tensor: 'x', bands: ['a', 'b'], units: 'm', mean: [0, 0], std: [1, 1], ...input },
    ],
    chip: { size: SIZE, stride: 6 },
    output: {
      name: 'y',
      ...(classes === 0
        ? {}
        : { classes: Array.from({ length: classes }, (_, k) => ({ name: `class ${k}` })) }),
      ...output,
    },
  };
  const spec = parseModelSpec(document, 'model.json') as MapSpec;
  const session = await ModelSession.create(runtime, onnxFile({ ...graph, weights }), spec, {
    provider: 'cpu',
  });
  try {
    const data = new Float32Array(2 * width * height);
    for (const [k, plane] of planes.entries()) data.set(plane, k * width * height);
    const image = new GeoTensor({
      data,
      shape: [2, height, width],
      dimensions: ['band', 'y', 'x'],
      geobox: new GeoBox('EPSG:32632', new Affine(10, 0, 0, 0, -10, 0), width, height),
      nodata: Number.NaN,
    });
    const map = await mapTensor(session, image);
    return Array.from({ length: map.shape[0] }, (_, c) =>
      map.data.slice(c * width * height, (c + 1) * width * height),
    );
  } finally {
    await session.dispose();
  }
}

/** A value for each pixel; gaps stay gaps. */
const eachPixel = (value: (a: number, b: number) => number) =>
  Float32Array.from({ length: PIXELS }, (_, k) => (k === GAP ? Number.NaN : value(bands[0][k], bands[1][k])));

const node = (operator: string, inputs: string, output: string, attributes = {}): TestNode => ({
  operator,
  inputs: inputs.split(' '),
  output,
  attributes,
});
const planesOf = (name: string, channels: number, type: OnnxType = 'float32', batch: number | string = 'n') =>
  ({ name, shape: [batch, channels, SIZE, SIZE], type }) satisfies TestTensor;
const cast = (input: string, output: string, to: OnnxType) =>
  node('Cast', input, output, { to: DATA_TYPE[to] });
const x = planesOf('x', 2);
const y = planesOf('y', 2);

const probabilities: Record<string, Case> = {
  'a fixed batch, which the last batch does not fill': {
    graph: {
      inputs: [planesOf('x', 2, 'float32', 5)],
      outputs: [planesOf('y', 2, 'float32', 5)],
      nodes: [node('Conv', 'x two', 'y')],
    },
  },
  'weights among the inputs': {
    graph: {
      inputs: [x, { name: 'two', shape: [2, 2, 1, 1] }],
      outputs: [y],
      nodes: [node('Conv', 'x two', 'y')],
    },
  },
  'no declared sides': {
    graph: {
      inputs: [{ name: 'x', shape: ['', 2, 'h', 'w'] }],
      outputs: [{ name: 'y', shape: null }],
      nodes: [node('Conv', 'x two', 'y')],
    },
  },
  'one logit': {
    graph: { inputs: [x], outputs: [planesOf('y', 1)], nodes: [node('Conv', 'x one', 'y')] },
  },
  'a sigmoid, and no axis of channels': {
    graph: {
      inputs: [x],
      outputs: [{ name: 'y', shape: ['n', SIZE, SIZE] }],
      nodes: [
        node('Conv', 'x one', 'z'),
        node('Sigmoid', 'z', 'p'),
        node('ReduceMax', 'p', 'y', { axes: [1], keepdims: 0 }),
      ],
    },
    output: { activation: 'none' },
  },
  'a softmax': {
    graph: {
      inputs: [x],
      outputs: [y],
      nodes: [node('Conv', 'x two', 'z'), node('Softmax', 'z', 'y', { axis: 1 })],
    },
    output: { activation: 'none' },
  },
  'channels last': {
    graph: {
      inputs: [{ name: 'x', shape: ['n', SIZE, SIZE, 2] }],
      outputs: [{ name: 'y', shape: ['n', SIZE, SIZE, 2] }],
      nodes: [
        node('Transpose', 'x', 'p', { perm: [0, 3, 1, 2] }),
        node('Conv', 'p two', 'z'),
        node('Transpose', 'z', 'y', { perm: [0, 2, 3, 1] }),
      ],
    },
    input: { layout: 'NHWC' },
    output: { layout: 'NHWC' },
  },
  'half precision in and out': {
    graph: {
      inputs: [planesOf('x', 2, 'float16')],
      outputs: [planesOf('y', 2, 'float16')],
      nodes: [cast('x', 'f', 'float32'), node('Conv', 'f two', 'z'), cast('z', 'y', 'float16')],
    },
  },
  'double precision in and out': {
    graph: {
      inputs: [planesOf('x', 2, 'float64')],
      outputs: [planesOf('y', 2, 'float64')],
      nodes: [cast('x', 'f', 'float32'), node('Conv', 'f two', 'z'), cast('z', 'y', 'float64')],
    },
  },
  'two outputs, of which the first is another': {
    graph: {
      inputs: [x],
      outputs: [planesOf('aux', 1), y],
      nodes: [node('Conv', 'x one', 'aux'), node('Conv', 'x two', 'y')],
    },
  },
  'an axis of one date': {
    graph: {
      inputs: [{ name: 'x', shape: ['n', 2, 1, SIZE, SIZE] }],
      outputs: [y],
      nodes: [node('Conv', 'x dated', 'z'), node('ReduceMax', 'z', 'y', { axes: [2], keepdims: 0 })],
    },
    input: { layout: 'NCTHW' },
  },
};

describe('a graph with', () => {
  it.each(Object.entries(probabilities))('%s', async (_, each) => {
    const [negative, positive] = await mapOf(each);
    expect(positive).toBeCloseToArray(
      eachPixel((a, b) => sigmoid(logit(a, b))),
      1e-6,
    );
    expect(negative).toBeCloseToArray(
      eachPixel((a, b) => sigmoid(-logit(a, b))),
      1e-6,
    );
  });

  it('values instead of classes', async () => {
    const graph = { inputs: [x], outputs: [planesOf('y', 1)], nodes: [node('Conv', 'x one', 'y')] };
    const output = { task: 'regression', values: [{ name: 'height' }] };
    const [values] = await mapOf({ graph, output, classes: 0 });
    // At most 15 in size, in float32.
    expect(values).toBeCloseToArray(eachPixel(logit), 1e-5);
  });

  it('several labels', async () => {
    const graph = { inputs: [x], outputs: [y], nodes: [node('Conv', 'x two', 'y')] };
    const [first, second] = await mapOf({ graph, output: { task: 'multilabel' } });
    expect(first).toBeCloseToArray(
      eachPixel(() => 0.5),
      1e-6,
    );
    expect(second).toBeCloseToArray(
      eachPixel((a, b) => sigmoid(logit(a, b))),
      1e-6,
    );
  });

  it('bytes in', async () => {
    const graph = {
      inputs: [planesOf('x', 2, 'uint8')],
      outputs: [y],
      nodes: [cast('x', 'f', 'float32'), node('Conv', 'f two', 'y')],
    };
    // 0 to 20, and −2.5 to 5.5, as bytes: rounded, ties to even, and not below 0.
    const input = { mean: [0, 2.5], std: [0.25, 0.5] };
    const byte = (value: number) => {
      const [below, rest] = [Math.floor(value), value - Math.floor(value)];
      return Math.max(0, rest === 0.5 ? below + (below % 2) : Math.round(value));
    };
    const [, positive] = await mapOf({ graph, input });
    const expected = eachPixel((a, b) => sigmoid(logit(byte(a / 0.25), byte((b - 2.5) / 0.5))));
    expect(positive).toBeCloseToArray(expected, 1e-6);
  });

  it('numbers of classes out', async () => {
    const graph = {
      inputs: [x],
      outputs: [{ name: 'y', shape: ['n', SIZE, SIZE], type: 'int64' as const }],
      nodes: [node('Conv', 'x two', 'z'), node('ArgMax', 'z', 'y', { axis: 1, keepdims: 0 })],
    };
    const [first, second, third] = await mapOf({ graph, classes: 3 });
    // For equal logits, ArgMax takes the first.
    expect(second).toBeCloseToArray(
      eachPixel((a, b) => (logit(a, b) > 0 ? 1 : 0)),
      1e-6,
    );
    expect(first).toBeCloseToArray(
      eachPixel((a, b) => (logit(a, b) > 0 ? 0 : 1)),
      1e-6,
    );
    expect(third).toBeCloseToArray(eachPixel(() => 0));
  });

  it('a quarter of the side', async () => {
    const graph = {
      inputs: [x],
      outputs: [{ name: 'y', shape: ['n', 1, 2, 2] }],
      nodes: [
        node('Conv', 'x one', 'z'),
        node('AveragePool', 'z', 'y', { kernel_shape: [4, 4], strides: [4, 4] }),
      ],
    };
    // The left half is 0, the right half 4, so that the rows of the graph's output are (0, 4).
    const left = Float32Array.from({ length: SIZE * SIZE }, (_, k) => (k % SIZE < 4 ? 0 : 4));
    const [, positive] = await mapOf({ graph }, [left, new Float32Array(SIZE * SIZE)], [SIZE, SIZE]);
    // Centres of pixels lie at (k + ½) / 4 − ½ of the two: −3/8, −1/8, 1/8, …, 11/8.
    const row = [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4].map(sigmoid);
    const expected = Array.from({ length: SIZE }, () => row).flat();
    expect(positive).toBeCloseToArray(expected, 1e-6);
  });
});
