/** Reading of ONNX files, also of damaged and hostile ones. */
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { readOnnxInfo } from '../../src/inference/onnx/index.js';
import { DATA_TYPE, EXTERNAL, encodeMessage } from '../../src/inference/onnx/schema.js';
import type { ByteSource } from '../../src/io/index.js';
import { onnxFile, pixelGraph, type TestGraph, type TestNode } from '../support/onnx.js';

/** A source that counts read bytes, and refuses reads beyond its end. */
function sourceOf(
  bytes: Uint8Array,
): ByteSource & { read: ByteSource['read']; readonly taken: () => number } {
  let taken = 0;
  return {
    name: 'model.onnx',
    size: bytes.length,
    taken: () => taken,
    read: async (offset: number, length: number) => {
      if (offset < 0 || offset + length > bytes.length) throw new RangeError('beyond the end');
      taken += length;
      return bytes.slice(offset, offset + length);
    },
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  } as unknown as ByteSource & { readonly taken: () => number };
}

const read = (bytes: Uint8Array) => readOnnxInfo(sourceOf(bytes));

const graph: TestGraph = {
  inputs: [
    { name: 'input_1:0', shape: ['batch', '', 64, 3], type: 'uint8' },
    { name: 'weights', shape: [2, 3, 1, 1] },
  ],
  outputs: [
    { name: 'probabilities', shape: [1, 2, 64, 64], type: 'float16' },
    { name: 'numbers', shape: null, type: 'int64' },
  ],
  nodes: [
    { operator: 'Conv', inputs: ['input_1:0', 'weights'], output: 'logits' },
    { operator: 'Softmax', inputs: ['logits'], output: 'soft' },
    { operator: 'Cast', inputs: ['soft'], output: 'probabilities' },
    { operator: 'ArgMax', inputs: ['logits'], output: 'numbers' },
  ],
  weights: [{ name: 'weights', shape: [2, 3, 1, 1], values: [1, 2, 3, 4, 5, 6] }],
  metadata: { bands: 'B02,B03,B04', ['__proto__']: 'x', constructor: 'y' },
};

describe('readOnnxInfo', () => {
  it('reads inputs without weights, types, free axes, last operators and metadata', async () => {
    const { metadata, ...info } = await read(onnxFile(graph));
    expect(info).toEqual({
      inputs: [{ name: 'input_1:0', type: 'uint8', shape: ['batch', '', 64, 3] }],
      outputs: [
        { name: 'probabilities', type: 'float16', shape: [1, 2, 64, 64] },
        { name: 'numbers', type: 'int64', shape: null },
      ],
      // A cast after the softmax is ignored.
      lastOperators: ['Softmax', 'ArgMax'],
      convolutions: [{ name: 'logits', weights: [2, 3, 1, 1], isPointwise: true }],
      externalFiles: [],
      producer: 'pytorch 2.4.0',
    });
    expect(Object.entries(metadata)).toEqual(Object.entries(graph.metadata ?? {}));
    expect(Object.hasOwn(metadata, 'constructor')).toBe(true);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it('takes the last of two entries of one name', async () => {
    const more = encodeMessage('ModelProto', { metadataProps: [{ key: 'bands', value: 'B08' }] });
    const { metadata } = await read(Buffer.concat([onnxFile(graph), more]));
    expect(metadata.bands).toBe('B08');
  });

  /** A protobuf message of fields that are texts, messages or numbers (onnx.proto3). */
  const message = (...fields: readonly (readonly [id: number, value: string | Uint8Array | number])[]) => {
    const writer = protobuf.Writer.create();
    for (const [id, value] of fields) {
      if (typeof value === 'number') writer.uint32(id << 3).uint32(value);
      else if (typeof value === 'string') writer.uint32((id << 3) | 2).string(value);
      else writer.uint32((id << 3) | 2).bytes(value);
    }
    return writer.finish();
  };
  /** A TensorProto whose values are in another file. */
  const outside = (location: string) =>
    message([8, 'w'], [13, message([1, 'location'], [2, location])], [14, EXTERNAL]);
  /** A NodeProto of a body, as `If` has two. */
  const branches = (...graphs: Uint8Array[]) =>
    message([2, 'y'], [4, 'If'], ...graphs.map((each) => [5, message([6, each])] as const));
  /** A ModelProto. */
  const modelOf = (node: Uint8Array, more: readonly [number, Uint8Array][] = []) =>
    message([1, 8], [7, message([1, node], [12, message([1, 'y'])])], ...more);

  it('lists external files of the bodies of operations, of sparse tensors and of functions', async () => {
    const body = message([5, outside('then.bin')]);
    const inner = message([1, branches(message([5, outside('deep.bin')]))]);
    const sparse = message([15, message([1, outside('values.bin')], [2, outside('places.bin')])]);
    const constant = message([7, message([4, 'Constant'], [5, message([5, outside('function.bin')])])]);
    const bytes = modelOf(branches(body, inner, sparse), [[25, constant]]);
    expect((await read(bytes)).externalFiles).toEqual([
      'deep.bin',
      'function.bin',
      'places.bin',
      'then.bin',
      'values.bin',
    ]);
    const hostile = modelOf(branches(message([5, outside('../then.bin')])));
    await expect(read(hostile)).rejects.toThrow(/has weights in "..\/then\.bin", outside of its folder/);
  });

  it('refuses endlessly nested bodies', async () => {
    let node = branches();
    for (let depth = 0; depth < 40; depth++) node = branches(message([1, node]));
    await expect(read(modelOf(node))).rejects.toThrow(/its graphs are nested too deeply/);
  });

  it('lists external files once, by name', async () => {
    const weights = ['b.bin', './a/c.bin', 'b.bin'].map((location, k) => ({
      name: `w${k}`,
      shape: [1],
      values: { location },
    }));
    const { externalFiles } = await read(onnxFile({ ...graph, weights }));
    expect(externalFiles).toEqual(['a/c.bin', 'b.bin']);
  });

  it('lists the external file of a constant in a node', async () => {
    const t = {
      dims: [1],
      dataType: DATA_TYPE.float32,
      dataLocation: EXTERNAL,
      externalData: [{ key: 'location', value: 'constants.bin' }],
    };
    const node = [{ opType: 'Constant', output: ['y'], attribute: [{ name: 'value', t, type: 4 }] }];
    const bytes = encodeMessage('ModelProto', { graph: { name: 'g', node, output: [{ name: 'y' }] } });
    expect((await read(bytes)).externalFiles).toEqual(['constants.bin']);
  });

  it.each([
    [['Conv', 'Sigmoid', 'Transpose', 'Cast', 'Squeeze', 'Identity'], 'Sigmoid'],
    [['Softmax', 'Resize'], 'Softmax'],
    [['Softmax', 'Conv'], 'Conv'],
    [['Identity'], null],
    [[], null],
  ])('takes %j as a graph that ends in %s', async (operators, last) => {
    const nodes = operators.map((operator, k): TestNode => {
      const output = k === operators.length - 1 ? 'y' : `t${k}`;
      return { operator, inputs: [k === 0 ? 'input_1:0' : `t${k - 1}`], output };
    });
    const { lastOperators } = await read(
      onnxFile({ ...graph, nodes, outputs: [{ name: 'y', shape: null }] }),
    );
    expect(lastOperators).toEqual([last]);
  });

  it('skips weights', async () => {
    const values = new Array<number>(3_000_000).fill(1);
    const bytes = onnxFile({ ...graph, weights: [{ name: 'weights', shape: [3_000_000], values }] });
    const source = sourceOf(bytes);
    await readOnnxInfo(source);
    // 12 MB of weights, of which a few windows of 64 KiB are read.
    expect(bytes.length).toBeGreaterThan(12e6);
    expect(source.taken()).toBeLessThan(1e6);
  });

  it.each([
    '../a',
    'a/../../b',
    '/etc/hostname',
    '\\\\server\\a',
    'C:\\a',
    '..\\a',
    '..',
    'a\0b',
    './../a',
    '',
  ])('refuses external data in %j', async (location) => {
    const weights = [{ name: 'w', shape: [1], values: { location } }];
    await expect(read(onnxFile({ ...graph, weights }))).rejects.toThrow(
      /^model\.onnx has weights in .*, outside of its folder; move the file into the folder/,
    );
  });
});

const plain = onnxFile(
  pixelGraph({ name: 'x', shape: ['n', 3, 8, 8] }, { name: 'y', shape: ['n', 1, 8, 8] }, [[1, 2, 3]]),
);

describe('readOnnxInfo of damaged files', () => {
  it('refuses every truncated file, except one that ends with the graph', async () => {
    const readable: number[] = [];
    for (let length = 0; length < plain.length; length++) {
      const error = await read(plain.slice(0, length)).then(
        () => null,
        (thrown: Error & { code?: string }) => thrown,
      );
      if (error === null) readable.push(length);
      else expect(error.code, `of ${length} bytes`).toBe('INVALID_INPUT');
    }
    // After the graph comes only the version of its operators, in four bytes: tag, length, and a field of two bytes.
    expect(readable).toEqual([plain.length - 4]);
  });

  it('never fails in other ways on changed bytes', async () => {
    for (let at = 0; at < plain.length; at++) {
      for (const value of [0x00, 0x7f, 0x80, 0xff, plain[at] ^ 1]) {
        const bytes = plain.slice();
        bytes[at] = value;
        const code = await read(bytes).then(
          () => 'INVALID_INPUT',
          (error: Error & { code?: string }) => error.code ?? error.message,
        );
        expect(code, `byte ${at} as ${value}`).toBe('INVALID_INPUT');
      }
    }
  });

  /** Field 7 (the graph) of `length` bytes that contain `content`. */
  const inGraph = (length: number[], content: number[]) => Uint8Array.of(0x3a, ...length, ...content);

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /it holds no graph/],
    ['text', new TextEncoder().encode('<html>not found</html>'), /is not an ONNX model, or is damaged/],
    ['a graph beyond the file', inGraph([0x7f], []), /a field ends beyond its message/],
    ['a graph of 4 GiB', inGraph([0xff, 0xff, 0xff, 0xff, 0x0f], []), /a field ends beyond its message/],
    // A node (field 1) of 9 bytes in a graph of 3.
    ['a node beyond its graph', inGraph([3], [0x0a, 9, 0, 0, 0, 0]), /a field ends beyond its message/],
    ['a weight beyond its graph', inGraph([3], [0x2a, 9, 0, 0, 0]), /a field ends beyond its message/],
    ['a group', Uint8Array.of(0x3b), /a field has an unknown type/],
    ['a number without an end', new Uint8Array(30).fill(0x80), /is damaged/],
    ['a graph without outputs', inGraph([2], [0x0a, 0]), /it holds no graph/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });

  it('ends for cyclic nodes', async () => {
    const nodes = [
      { operator: 'Identity', inputs: ['b'], output: 'a' },
      { operator: 'Identity', inputs: ['a'], output: 'b' },
    ];
    const outputs = [{ name: 'a', shape: null }];
    const { lastOperators } = await read(onnxFile({ ...graph, nodes, outputs }));
    expect(lastOperators).toEqual(['Identity']);
  });
});
