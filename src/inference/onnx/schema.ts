/** The subset of ONNX's protobuf schema that terrachip reads and writes; field numbers from onnx.proto3, IR version 8. */
import protobuf from 'protobufjs';

const field = (id: number, type: string, rule?: 'repeated'): protobuf.IField =>
  rule === undefined ? { id, type } : { id, type, rule };

const ROOT = protobuf.Root.fromJSON({
  nested: {
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        ints: field(8, 'int64', 'repeated'),
        type: field(20, 'int32'),
      },
    },
    NodeProto: {
      fields: {
        input: field(1, 'string', 'repeated'),
        output: field(2, 'string', 'repeated'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: field(5, 'AttributeProto', 'repeated'),
      },
    },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    TensorProto: {
      fields: {
        dims: field(1, 'int64', 'repeated'),
        dataType: field(2, 'int32'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        externalData: field(13, 'StringStringEntryProto', 'repeated'),
        dataLocation: field(14, 'int32'),
      },
    },
    Dimension: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') },
    },
    TensorShapeProto: { fields: { dim: field(1, 'Dimension', 'repeated') } },
    TensorType: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorType') } },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    GraphProto: {
      fields: {
        node: field(1, 'NodeProto', 'repeated'),
        name: field(2, 'string'),
        initializer: field(5, 'TensorProto', 'repeated'),
        input: field(11, 'ValueInfoProto', 'repeated'),
        output: field(12, 'ValueInfoProto', 'repeated'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        producerVersion: field(3, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: field(8, 'OperatorSetIdProto', 'repeated'),
        metadataProps: field(14, 'StringStringEntryProto', 'repeated'),
      },
    },
  },
});

/** TensorProto.DataType of the types that models take and give. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** The type of a graph's tensor, by NumPy's names. */
export type OnnxType = keyof typeof DATA_TYPE;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** TensorProto.DataLocation: the values are in another file. */
export const EXTERNAL = 1;

type MessageName = 'GraphProto' | 'ModelProto' | 'TensorProto';

/** Encodes a message. @throws {TypeError} for an invalid document */
export function encodeMessage(name: MessageName, document: Record<string, unknown>): Uint8Array {
  const type = ROOT.lookupType(name);
  const problem = type.verify(document);
  if (problem !== null) throw new TypeError(`${name}: ${problem}`);
  return type.encode(type.fromObject(document)).finish();
}

/** Decodes a message into its fields; fields that the schema lacks are passed over. @throws {RangeError} if damaged */
export function decodeMessage(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = ROOT.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: Number, arrays: true });
}

/** Tag and length of the length-delimited field `fieldName`; they precede its bytes. */
export function fieldHeader(name: MessageName, fieldName: string, length: number): Uint8Array {
  const LENGTH_DELIMITED = 2;
  const { id } = ROOT.lookupType(name).fields[fieldName];
  return protobuf.Writer.create()
    .uint32((id << 3) | LENGTH_DELIMITED)
    .uint32(length)
    .finish();
}
