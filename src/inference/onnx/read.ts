/** A reader of ONNX files: what a graph takes and gives. Weights are passed over, so that its memory is small. */
import * as v from 'valibot';
import { invalidInput } from '../../errors.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { Convolutions, type OnnxConvolution } from './convolutions.js';
import { OnnxFile, type Range } from './onnx-file.js';
import { DATA_TYPE, EXTERNAL, type OnnxType } from './schema.js';

/** An input or output of an ONNX graph. */
export interface OnnxTensorInfo {
  readonly name: string;
  /** Null for a type other than tensors of numbers. */
  readonly type: OnnxType | null;
  /** Lengths of the axes, names for free ones (empty for an unnamed one); null if the graph does not declare them. */
  readonly shape: readonly (number | string)[] | null;
}

/** What an ONNX file says about its graph. */
export interface OnnxInfo {
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  /** The operator that computes each output, in their order; casts and changes of shape behind it do not count. */
  readonly lastOperators: readonly (string | null)[];
  /** Convolutions of one group whose weights are constants, also those in bodies of operations and functions. */
  readonly convolutions: readonly OnnxConvolution[];
  /** Names of the files with external data, relative to the folder of the graph. */
  readonly externalFiles: readonly string[];
  /** `pytorch 2.4.0`, or empty. */
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Field numbers of onnx.proto3 that lead to the parts that are read. */
const MODEL = { producerName: 2, producerVersion: 3, graph: 7, metadata: 14, functions: 25 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparse: 15 };
const FUNCTION = { node: 7 };
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 };
/** Tensors and graphs of an attribute, one or several; of sparse ones, values and indices are tensors. */
const ATTRIBUTE = { tensors: [5, 10], graphs: [6, 11], sparse: [22, 23] };
const SPARSE = { values: 1, indices: 2 };
const TENSOR = { dims: 1, name: 8, externalData: 13, dataLocation: 14 };

/** Deepest nesting of bodies of `If` and `Loop`. */
const DEEPEST_GRAPH = 32;

const Entry = v.object({ key: v.optional(v.string(), ''), value: v.optional(v.string(), '') });
const Dimension = v.object({ dimValue: v.optional(v.number()), dimParam: v.optional(v.string()) });
const ValueInfo = v.object({
  name: v.optional(v.string(), ''),
  type: v.optional(
    v.object({
      tensorType: v.optional(
        v.object({
          elemType: v.optional(v.number()),
          shape: v.optional(v.object({ dim: v.array(Dimension) })),
        }),
      ),
    }),
  ),
});
/** An operation of a graph. */
interface Node {
  readonly inputs: readonly string[];
  readonly operator: string;
}

/** Results from all parts of a graph. */
interface Found {
  readonly external: Set<string>;
  readonly convolutions: Convolutions;
}

/** Operators that change neither values nor their order along the class axis in a way that matters here. */
const PASSING = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Reshape',
  'Resize',
  'Flatten',
]);

/**
 * Reads the inputs, outputs, external files and metadata of an ONNX file.
 * @throws {TerrachipError} INVALID_INPUT for a file that is not an ONNX model, is damaged, or names external data outside
 * of its folder; any error of the source
 */
export async function readOnnxInfo(source: ByteSource, options: ReadOptions = {}): Promise<OnnxInfo> {
  const file = new OnnxFile(source, options);
  const inputs: OnnxTensorInfo[] = [];
  const outputs: OnnxTensorInfo[] = [];
  const weights = new Set<string>();
  const found: Found = { external: new Set(), convolutions: new Convolutions() };
  const makers = new Map<string, Node>();
  const producer: string[] = [];
  const metadata: Record<string, string> = {};
  let hasGraph = false;
  for await (const field of file.fields({ start: 0, end: source.size })) {
    if (field.id === MODEL.producerName || field.id === MODEL.producerVersion) {
      producer.push(await file.text(field));
    } else if (field.id === MODEL.metadata) {
      const { key, value } = await file.message('StringStringEntryProto', Entry, field);
      Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true });
    } else if (field.id === MODEL.graph) {
      hasGraph = true;
      for await (const part of file.fields(field)) {
        if (part.id === GRAPH.input || part.id === GRAPH.output) {
          const info = await file.message('ValueInfoProto', ValueInfo, part);
          (part.id === GRAPH.input ? inputs : outputs).push(tensorInfo(info));
        } else if (part.id === GRAPH.node) {
          const { outputs: made, ...node } = await readNode(file, part, found);
          for (const name of made) makers.set(name, node);
        } else if (part.id === GRAPH.initializer) {
          weights.add((await readTensor(file, part, found)).name);
        } else if (part.id === GRAPH.sparse) {
          await readSparse(file, part, found);
        }
      }
    } else if (field.id === MODEL.functions) {
      for await (const part of file.fields(field)) {
        if (part.id === FUNCTION.node) await readNode(file, part, found);
      }
    }
  }
  if (!hasGraph || outputs.length === 0) throw file.damaged('it holds no graph');
  return {
    // Files of IR version 3 and older list weights among the inputs.
    inputs: inputs.filter(({ name }) => !weights.has(name)),
    outputs,
    lastOperators: outputs.map(({ name }) => lastOperator(name, makers)),
    convolutions: found.convolutions.list(),
    externalFiles: [...found.external].sort(),
    producer: producer.filter((word) => word !== '').join(' '),
    metadata,
  };
}

function tensorInfo({ name, type }: v.InferOutput<typeof ValueInfo>): OnnxTensorInfo {
  const tensor = type?.tensorType;
  const known = Object.entries(DATA_TYPE).find(([, code]) => code === tensor?.elemType);
  return {
    name,
    type: known === undefined ? null : (known[0] as OnnxType),
    shape: tensor?.shape?.dim.map(({ dimValue, dimParam }) => dimParam ?? dimValue ?? '') ?? null,
  };
}

function lastOperator(output: string, makers: ReadonlyMap<string, Node>): string | null {
  let node = makers.get(output);
  for (let steps = 0; node !== undefined && PASSING.has(node.operator) && steps < makers.size; steps++) {
    node = makers.get(node.inputs[0]);
  }
  return node?.operator ?? null;
}

/** Reads an operation, and the names of external files in its attributes and the graphs in them. */
async function readNode(
  file: OnnxFile,
  field: Range,
  found: Found,
  depth = 0,
): Promise<Node & { readonly outputs: readonly string[] }> {
  if (depth > DEEPEST_GRAPH) throw file.damaged('its graphs are nested too deeply');
  const [inputs, outputs]: string[][] = [[], []];
  const attributes: Range[] = [];
  let [operator, name] = ['', ''];
  let constant: readonly number[] = [];
  for await (const part of file.fields(field)) {
    if (part.id === NODE.input) inputs.push(await file.text(part));
    else if (part.id === NODE.output) outputs.push(await file.text(part));
    else if (part.id === NODE.operator) operator = await file.text(part);
    else if (part.id === NODE.name) name = await file.text(part);
    else if (part.id === NODE.attribute) {
      attributes.push(part);
      for await (const value of file.fields(part)) {
        if (ATTRIBUTE.tensors.includes(value.id)) constant = (await readTensor(file, value, found)).shape;
        else if (ATTRIBUTE.sparse.includes(value.id)) await readSparse(file, value, found);
        else if (ATTRIBUTE.graphs.includes(value.id)) await readBody(file, value, found, depth + 1);
      }
    }
  }
  const node = { name, operator, inputs, outputs, constant };
  await found.convolutions.add(node, file, attributes);
  return { inputs, outputs, operator };
}

/** Reads the names of external files in a graph that is part of an operation. */
async function readBody(file: OnnxFile, field: Range, found: Found, depth: number): Promise<void> {
  for await (const part of file.fields(field)) {
    if (part.id === GRAPH.node) await readNode(file, part, found, depth);
    else if (part.id === GRAPH.initializer) await readTensor(file, part, found);
    else if (part.id === GRAPH.sparse) await readSparse(file, part, found);
  }
}

async function readSparse(file: OnnxFile, field: Range, found: Found): Promise<void> {
  for await (const part of file.fields(field)) {
    if (part.id === SPARSE.values || part.id === SPARSE.indices) await readTensor(file, part, found);
  }
}

/** Reads the name and shape of a tensor, and the name of the file with its values if they are external. */
async function readTensor(
  file: OnnxFile,
  field: Range,
  found: Found,
): Promise<{ name: string; shape: readonly number[] }> {
  let name = '';
  const shape: number[] = [];
  let location: string | null = null;
  let isExternal = false;
  for await (const part of file.fields(field)) {
    if (part.id === TENSOR.name) name = await file.text(part);
    else if (part.id === TENSOR.dims) shape.push(...(await file.numbers(part)));
    else if (part.id === TENSOR.dataLocation) isExternal = part.value === EXTERNAL;
    else if (part.id === TENSOR.externalData) {
      const { key, value } = await file.message('StringStringEntryProto', Entry, part);
      if (key === 'location') location = value;
    }
  }
  if (isExternal && location !== null) found.external.add(externalPath(file, location));
  found.convolutions.addWeight(name, shape);
  return { name, shape };
}

/** The path of a file with external data. @throws {TerrachipError} INVALID_INPUT for one outside of the folder */
function externalPath(file: OnnxFile, location: string): string {
  const path = location.replace(/^(\.\/)+/, '');
  if (path === '' || /^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)|\0/.test(path)) {
    throw invalidInput(
      file.name,
      `has weights in ${JSON.stringify(location)}, outside of its folder`,
      'move the file into the folder and save the model again',
    );
  }
  return path;
}
