import { ATTRIBUTE_TYPE, DATA_TYPE, encodeMessage, type OnnxType } from '../../src/inference/onnx/schema.js';

/** An input or output of a test graph. */
export interface TestTensor {
  readonly name: string;
  /** Null to declare none. */
  readonly shape: readonly (number | string)[] | null;
  /** Default: float32. */
  readonly type?: OnnxType;
}

/** A node of a test graph. */
export interface TestNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** Weights of a test graph: in the file, or in another one from its start. */
export interface TestWeights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[] | { readonly location: string };
}

/** A graph as an exporter writes it. */
export interface TestGraph {
  readonly inputs: readonly TestTensor[];
  readonly outputs: readonly TestTensor[];
  readonly nodes: readonly TestNode[];
  readonly weights?: readonly TestWeights[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file. */
export function onnxFile({ inputs, outputs, nodes, weights = [], metadata = {} }: TestGraph): Uint8Array {
  return encodeMessage('ModelProto', {
    irVersion: 8,
    producerName: 'pytorch',
    producerVersion: '2.4.0',
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'main_graph',
      input: inputs.map(declaration),
      output: outputs.map(declaration),
      node: nodes.map(({ operator, inputs: input, output, attributes = {} }) => ({
        opType: operator,
        input: [...input],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) =>
          typeof value === 'number'
            ? { name, type: ATTRIBUTE_TYPE.int, i: value }
            : { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] },
        ),
      })),
      initializer: weights.map(({ name, shape, values }) => ({
        name,
        dims: [...shape],
        dataType: DATA_TYPE.float32,
        ...('location' in values
          ? {
              dataLocation: 1,
              externalData: [{ key: 'location', value: values.location }],
            }
          : { rawData: new Uint8Array(Float32Array.from(values).buffer) }),
      })),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

function declaration({ name, shape, type = 'float32' }: TestTensor): Record<string, unknown> {
  const dim = shape?.map((axis) => (typeof axis === 'number' ? { dimValue: axis } : { dimParam: axis }));
  return {
    name,
    type: { tensorType: { elemType: DATA_TYPE[type], ...(dim === undefined ? {} : { shape: { dim } }) } },
  };
}

/** A graph of one convolution of one pixel: each channel is a weighted sum of the bands. */
export function pixelGraph(
  input: TestTensor,
  output: TestTensor,
  weights: readonly (readonly number[])[],
  more: Partial<TestGraph> = {},
): TestGraph {
  return {
    inputs: [input],
    outputs: [output],
    nodes: [{ operator: 'Conv', inputs: [input.name, 'weights'], output: output.name }],
    weights: [{ name: 'weights', shape: [weights.length, weights[0].length, 1, 1], values: weights.flat() }],
    ...more,
  };
}
