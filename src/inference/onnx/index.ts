/** ONNX graphs: a builder, half precision, and a writer. */
export { type Axis, type Graph, GraphBuilder, type Value, type Weight } from './graph.js';
export { type HalfForm, halfPrecision } from './half.js';
export { type OnnxInfo, type OnnxTensorInfo, readOnnxInfo } from './read.js';
export type { OnnxType } from './schema.js';
export { type Sink, type WriteGraphOptions, writeGraph } from './write.js';
