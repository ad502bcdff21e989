/** A reader of ONNX files: what a graph takes and gives. Weights are passed over, so that its memory is small. */
import protobuf from 'protobufjs';
import * as v from 'valibot';
import { invalidInput, messageOf } from '../../errors.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { DATA_TYPE, decodeMessage, EXTERNAL, type OnnxType } from './schema.js';

/** An input or output of an ONNX graph. */
export interface OnnxTensorInfo {
  readonly name: string;
  /** Null for a type that is none of tensors of numbers. */
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
  /** Names of the files with external data, relative to the folder of the graph. */
  readonly externalFiles: readonly string[];
  /** `pytorch 2.4.0`, or empty. */
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Field numbers of onnx.proto3 on the way to what is read. */
const MODEL = { producerName: 2, producerVersion: 3, graph: 7, metadata: 14 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const TENSOR = { name: 8, externalData: 13, dataLocation: 14 };

const WINDOW_BYTES = 2 ** 16;
/** Nodes and declarations are far shorter; a constant of a node may be long, and is rare. */
const LONGEST_MESSAGE = 2 ** 26;
/** Tag and length of a field. */
const LONGEST_HEAD = 20;

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
const Constant = v.object({ externalData: v.array(Entry), dataLocation: v.optional(v.number()) });
const Node = v.object({
  input: v.array(v.string()),
  output: v.array(v.string()),
  opType: v.optional(v.string(), ''),
  attribute: v.array(v.object({ t: v.optional(Constant) })),
});

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
  const externalFiles = new Set<string>();
  const makers = new Map<string, v.InferOutput<typeof Node>>();
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
          const node = await file.message('NodeProto', Node, part);
          for (const name of node.output) makers.set(name, node);
          for (const { t } of node.attribute) {
            const location = t?.externalData.find(({ key }) => key === 'location')?.value;
            if (t?.dataLocation === EXTERNAL && location !== undefined) {
              externalFiles.add(externalPath(file, location));
            }
          }
        } else if (part.id === GRAPH.initializer) {
          const { name, location } = await readInitializer(file, part);
          weights.add(name);
          if (location !== null) externalFiles.add(location);
        }
      }
    }
  }
  if (!hasGraph || outputs.length === 0) throw file.damaged('it holds no graph');
  return {
    // Files of IR version 3 and older list weights among the inputs.
    inputs: inputs.filter(({ name }) => !weights.has(name)),
    outputs,
    lastOperators: outputs.map(({ name }) => lastOperator(name, makers)),
    externalFiles: [...externalFiles].sort(),
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

function lastOperator(
  output: string,
  makers: ReadonlyMap<string, v.InferOutput<typeof Node>>,
): string | null {
  let node = makers.get(output);
  for (let steps = 0; node !== undefined && PASSING.has(node.opType) && steps < makers.size; steps++) {
    node = makers.get(node.input[0]);
  }
  return node?.opType ?? null;
}

async function readInitializer(
  file: OnnxFile,
  field: Range,
): Promise<{ name: string; location: string | null }> {
  let name = '';
  let location: string | null = null;
  let external = false;
  for await (const part of file.fields(field)) {
    if (part.id === TENSOR.name) name = await file.text(part);
    else if (part.id === TENSOR.dataLocation) external = part.value === EXTERNAL;
    else if (part.id === TENSOR.externalData) {
      const { key, value } = await file.message('StringStringEntryProto', Entry, part);
      if (key === 'location') location = value;
    }
  }
  return { name, location: external && location !== null ? externalPath(file, location) : null };
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

/** Positions in the file. */
interface Range {
  readonly start: number;
  readonly end: number;
}

interface Field extends Range {
  readonly id: number;
  /** The value of a field that is a number; else 0. */
  readonly value: number;
}

/** Walks through the fields of a protobuf file without reading long ones. */
class OnnxFile {
  readonly name: string;
  readonly #source: ByteSource;
  readonly #options: ReadOptions;
  #window = new Uint8Array(0);
  #from = 0;

  constructor(source: ByteSource, options: ReadOptions) {
    this.name = source.name;
    this.#source = source;
    this.#options = options;
  }

  damaged(why: string): Error {
    return invalidInput(this.name, `is not an ONNX model, or is damaged (${why})`, 'give an .onnx file');
  }

  /** The fields of a message, in the order of the file. */
  async *fields({ start, end }: Range): AsyncGenerator<Field> {
    for (let at = start; at < end; ) {
      const head = await this.#bytes(at, Math.min(LONGEST_HEAD, end - at));
      const field = this.#head(head, at);
      if (field.end > end) throw this.damaged('a field ends beyond its message');
      yield field;
      at = field.end;
    }
  }

  async text(field: Range): Promise<string> {
    return new TextDecoder().decode(await this.#whole(field));
  }

  async message<Schema extends v.GenericSchema>(
    type: string,
    schema: Schema,
    field: Range,
  ): Promise<v.InferOutput<Schema>> {
    const bytes = await this.#whole(field);
    try {
      return v.parse(schema, decodeMessage(type, bytes));
    } catch (cause) {
      throw this.damaged(messageOf(cause));
    }
  }

  #head(bytes: Uint8Array, at: number): Field {
    try {
      const reader = protobuf.Reader.create(bytes);
      const tag = reader.uint32();
      const id = tag >>> 3;
      switch (tag & 7) {
        case 0: {
          const value = Number(reader.uint64());
          return { id, value, start: at, end: at + reader.pos };
        }
        case 1:
          return { id, value: 0, start: at + reader.pos, end: at + reader.pos + 8 };
        case 2: {
          const length = reader.uint32();
          return { id, value: 0, start: at + reader.pos, end: at + reader.pos + length };
        }
        case 5:
          return { id, value: 0, start: at + reader.pos, end: at + reader.pos + 4 };
      }
    } catch (cause) {
      throw this.damaged(messageOf(cause));
    }
    throw this.damaged('a field has an unknown type');
  }

  async #whole({ start, end }: Range): Promise<Uint8Array> {
    if (end - start > LONGEST_MESSAGE) throw this.damaged('a node or a name is too long');
    return this.#bytes(start, end - start);
  }

  async #bytes(offset: number, length: number): Promise<Uint8Array> {
    const inside = offset >= this.#from && offset + length <= this.#from + this.#window.length;
    if (!inside) {
      const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.#source.size - offset));
      this.#window = await this.#source.read(offset, wanted, this.#options);
      this.#from = offset;
    }
    return this.#window.subarray(offset - this.#from, offset - this.#from + length);
  }
}
