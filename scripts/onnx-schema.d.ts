/** Types of onnx-schema.js, for tests that build models. */
export interface Attribute {
  name: string;
  type: number;
  ints?: number[];
}
export interface Node {
  opType: string;
  name?: string;
  input: string[];
  output: string[];
  attribute?: Attribute[];
}
export interface Graph {
  name: string;
  node: Node[];
  initializer: object[];
  input: object[];
  output: object[];
}
export const INTS: number;
export function encodeModel(graph: Graph, opset: number): Uint8Array;
export function tensor(name: string, dims: number[], values: ArrayLike<number>): object;
export function integers(name: string, values: number[]): object;
export function value(name: string, dims: (number | string)[]): object;
