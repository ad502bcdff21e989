/** ONNX graphs: put together operator by operator, written tensor by tensor. */
export { type Axis, GraphBuilder, type Value, type Weight } from './graph.js';
export { type Sink, type WriteGraphOptions, writeGraph } from './write.js';
