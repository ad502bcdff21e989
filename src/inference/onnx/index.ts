/** ONNX graphs: put together operator by operator, written tensor by tensor. */
export { type Axis, type Graph, GraphBuilder, type Value, type Weight } from './graph.js';
export { type HalfForm, halfPrecision } from './half.js';
export { type Sink, type WriteGraphOptions, writeGraph } from './write.js';
