/** A fault of ONNX Runtime's WebGPU provider, whose results would be wrong without an error. */
import { invalidInput } from '../errors.js';
import { MemorySource } from '../io/index.js';
import { type OnnxInfo, readOnnxInfo } from './onnx/index.js';

/**
 * The first convolution that ONNX Runtime's WebGPU provider computes wrongly (1.30; its issue 29651), or null. These are
 * convolutions of one group over one or two axes that are no product of matrices, of 6, 9, 15, 18, … input channels (a
 * multiple of 3 but not of 4, and not 3 itself), and with a multiple of 4 output channels. Measured against the provider
 * `cpu`.
 */
export function convolvedWrongly({ convolutions }: Pick<OnnxInfo, 'convolutions'>): string | null {
  const wrong = convolutions.find(({ weights, isPointwise }) => {
    const [outputs, inputs, ...sides] = weights;
    const isFlat = sides.length === 1 || sides.length === 2;
    return isFlat && !isPointwise && outputs % 4 === 0 && inputs > 3 && inputs % 3 === 0 && inputs % 4 !== 0;
  });
  return wrong === undefined ? null : `${wrong.name} (${wrong.weights.join(' × ')})`;
}

/** The error for a graph that a provider computes wrongly. @param convolution as `convolvedWrongly` names it */
export function wrongConvolution(graph: string, provider: string, convolution: string): Error {
  return invalidInput(
    graph,
    `has the convolution ${convolution}, which ONNX Runtime computes wrongly with the provider ${provider}`,
    'choose the provider cpu',
  );
}

/** @throws {TerrachipError} INVALID_INPUT for a graph in memory that a WebGPU provider computes wrongly */
export async function requireRightConvolutions(
  graph: string,
  bytes: Uint8Array,
  provider: string,
): Promise<void> {
  const convolution = convolvedWrongly(await readOnnxInfo(new MemorySource(bytes, graph)));
  if (convolution !== null) throw wrongConvolution(graph, provider, convolution);
}
