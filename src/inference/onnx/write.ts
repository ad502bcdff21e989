/** A writer of ONNX files. It holds one tensor in memory at a time. */
import { internalError } from '../../errors.js';
import { attributeFields, type Graph, type Initializer, type Value } from './graph.js';
import { DATA_TYPE, EXTERNAL, encodeMessage, fieldHeader } from './schema.js';

const IR_VERSION = 8;
const OPSET = 17;

/** The limit of protobuf, 2 GiB, less a margin for nodes and names. */
const LARGEST_MESSAGE = 2 ** 31 - 2 ** 24;

/** Runtimes map external data into memory by whole pages. */
const EXTERNAL_ALIGNMENT = 4096;

/** Runtimes require small tensors, such as scales and shapes, inside the file. */
const LEAST_EXTERNAL = 1024;

/** Appends bytes to a file. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/** Options of `writeGraph`. */
export interface WriteGraphOptions {
  signal?: AbortSignal;
  /** The file for external data: its name in the graph, and its writer. Used if the values exceed `externalAbove`. */
  external?: { name: string; write: Sink };
  /** Total length of the values, in bytes, above which they are external (default: just below 2 GiB). */
  externalAbove?: number;
}

/**
 * Writes a graph as an ONNX file.
 * @throws {TerrachipError} INTERNAL when `external` is needed and missing
 */
export async function writeGraph(graph: Graph, write: Sink, options: WriteGraphOptions = {}): Promise<void> {
  const { signal, external, externalAbove = LARGEST_MESSAGE } = options;
  const total = graph.initializers.reduce((sum, initializer) => sum + byteLength(initializer), 0);
  const outside = total > externalAbove ? external : undefined;
  if (total > externalAbove && outside === undefined) {
    throw internalError('writeGraph', `${graph.name} needs external data`);
  }
  const skeleton = encodeMessage('GraphProto', {
    name: graph.name,
    node: graph.nodes.map((node, k) => ({
      name: `${node.operator}_${k}`,
      opType: node.operator,
      input: node.inputs.map((input) => input?.name ?? ''),
      output: node.outputs.map((output) => output.name),
      attribute: Object.entries(node.attributes).map(([name, value]) => ({
        name,
        ...attributeFields(value),
      })),
    })),
    input: graph.inputs.map(valueInfo),
    output: graph.outputs.map(valueInfo),
  });
  const tensors: { initializer: Initializer; head: Uint8Array; padding: number; inside: boolean }[] = [];
  let offset = 0;
  for (const initializer of graph.initializers) {
    const inside = outside === undefined || byteLength(initializer) < LEAST_EXTERNAL;
    const padding = inside ? 0 : -offset & (EXTERNAL_ALIGNMENT - 1);
    const length = byteLength(initializer);
    const head = inside
      ? insideHead(initializer)
      : outsideHead(initializer, outside?.name ?? '', offset + padding);
    tensors.push({ initializer, head, padding, inside });
    if (!inside) offset += padding + length;
  }
  const graphLength = tensors.reduce(
    (sum, { initializer, head, inside }) => sum + head.length + (inside ? byteLength(initializer) : 0),
    skeleton.length,
  );
  await write(
    encodeMessage('ModelProto', {
      irVersion: IR_VERSION,
      producerName: 'terrachip',
      opsetImport: [{ domain: '', version: OPSET }],
    }),
  );
  await write(fieldHeader('ModelProto', 'graph', graphLength));
  await write(skeleton);
  for (const { initializer, head, padding, inside } of tensors) {
    signal?.throwIfAborted();
    const values = await initializer.load(signal);
    if (values.byteLength !== byteLength(initializer)) {
      const remedy = `${initializer.name} has ${values.length} values, not (${initializer.shape.join(', ')})`;
      throw internalError('writeGraph', remedy);
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await write(head);
    if (inside) await write(bytes);
    else {
      await outside?.write(new Uint8Array(padding));
      await outside?.write(bytes);
    }
  }
}

const BYTES = { float32: 4, float16: 2, int64: 8 } as const;

function byteLength({ dtype, shape }: Initializer): number {
  return shape.reduce((product, length) => product * length, BYTES[dtype]);
}

/** The bytes of an initializer that precede its values in the file. */
function insideHead(initializer: Initializer): Uint8Array {
  const length = byteLength(initializer);
  const tensor = concatenate(tensorFields(initializer), fieldHeader('TensorProto', 'rawData', length));
  return concatenate(fieldHeader('GraphProto', 'initializer', tensor.length + length), tensor);
}

function outsideHead(initializer: Initializer, location: string, offset: number): Uint8Array {
  const tensor = tensorFields(initializer, {
    dataLocation: EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(byteLength(initializer)) },
    ],
  });
  return concatenate(fieldHeader('GraphProto', 'initializer', tensor.length), tensor);
}

function tensorFields({ name, shape, dtype }: Initializer, more: Record<string, unknown> = {}): Uint8Array {
  return encodeMessage('TensorProto', { name, dims: [...shape], dataType: DATA_TYPE[dtype], ...more });
}

function valueInfo({ name, shape }: Value): Record<string, unknown> {
  const dim = shape.map((axis) => (typeof axis === 'number' ? { dimValue: axis } : { dimParam: axis }));
  return { name, type: { tensorType: { elemType: DATA_TYPE.float32, shape: { dim } } } };
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}
