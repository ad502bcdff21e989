/** `readOnnxInfo`: what ONNX files say of their graphs, without their weights. */
import { describe, expect, it } from 'vitest';
import { TerrachipError } from '../../src/errors.js';
import { type OnnxInfo, readOnnxInfo } from '../../src/inference/onnx/index.js';
import { DATA_TYPE, encodeMessage } from '../../src/inference/onnx/schema.js';
import { MemorySource, wrapSource } from '../../src/io/byte-source.js';
import { onnxFile, pixelGraph, type TestGraph, type TestNode, type TestTensor } from '../support/onnx.js';

const image: TestTensor = { name: 'input_1:0', shape: ['unk__42', 64, 64, 3] };
const logits: TestTensor = { name: 'Identity:0', shape: ['', 2] };
const plain = pixelGraph(image, logits, [
  [0, 0, 0],
  [1, 1, 1],
]);

function read(graph: TestGraph | Uint8Array): Promise<OnnxInfo> {
  const bytes = graph instanceof Uint8Array ? graph : onnxFile(graph);
  return readOnnxInfo(new MemorySource(bytes, 'm.onnx'));
}

describe('an ONNX file', () => {
  it('says what its graph takes and gives', async () => {
    const info = await read({
      ...plain,
      inputs: [image, { name: 'dem', shape: null, type: 'uint8' }],
      outputs: [logits, { name: 'aux', shape: [1, 2, 3], type: 'int64' }],
      metadata: { bands: 'B02,B03' },
    });
    expect(info).toMatchObject({
      inputs: [
        { name: 'input_1:0', type: 'float32', shape: ['unk__42', 64, 64, 3] },
        { name: 'dem', type: 'uint8', shape: null },
      ],
      outputs: [
        { name: 'Identity:0', type: 'float32', shape: ['', 2] },
        { name: 'aux', type: 'int64', shape: [1, 2, 3] },
      ],
      externalFiles: [],
      producer: 'pytorch 2.4.0',
      metadata: { bands: 'B02,B03' },
    });
  });

  it.each(Object.keys(DATA_TYPE) as (keyof typeof DATA_TYPE)[])('names the type %s', async (type) => {
    const { inputs } = await read({ ...plain, inputs: [{ ...image, type }] });
    expect(inputs[0].type).toBe(type);
  });

  it('has no inputs of weights, which files of IR version 3 list', async () => {
    const { inputs } = await read({ ...plain, inputs: [image, { name: 'weights', shape: [2, 3, 1, 1] }] });
    expect(inputs.map(({ name }) => name)).toEqual(['input_1:0']);
  });

  it('keeps keys of metadata that objects have by themselves', async () => {
    const metadataProps = [{ key: '__proto__', value: 'x' }];
    const graph = { name: 'g', output: [{ name: 'y' }] };
    const { metadata, outputs } = await read(encodeMessage('ModelProto', { graph, metadataProps }));
    expect(Object.getOwnPropertyDescriptor(metadata, '__proto__')?.value).toBe('x');
    expect(outputs).toEqual([{ name: 'y', type: null, shape: null }]);
  });
});

describe('the last operator of an output', () => {
  async function lastOf(...operators: string[]) {
    const nodes = operators.map((operator, k): TestNode => {
      const output = k === operators.length - 1 ? 'Identity:0' : `t${k}`;
      return { operator, inputs: [k === 0 ? 'input_1:0' : `t${k - 1}`], output };
    });
    return (await read({ ...plain, nodes })).lastOperators;
  }

  it.each([
    [['Conv', 'Softmax'], 'Softmax'],
    [['Conv', 'Sigmoid', 'Transpose', 'Cast', 'Squeeze', 'Identity'], 'Sigmoid'],
    [['Softmax', 'Resize'], 'Softmax'],
    [['Softmax', 'Conv'], 'Conv'],
    [['Conv', 'ArgMax'], 'ArgMax'],
    [['Identity'], null],
    [[], null],
  ])('of %j is %j', async (operators, last) => {
    expect(await lastOf(...operators)).toEqual([last]);
  });

  it('is found in a graph whose nodes go round', async () => {
    const nodes = [
      { operator: 'Cast', inputs: ['a'], output: 'Identity:0' },
      { operator: 'Cast', inputs: ['Identity:0'], output: 'a' },
    ];
    expect((await read({ ...plain, nodes })).lastOperators).toEqual(['Cast']);
  });
});

describe('external data', () => {
  const filesOf = async (...locations: string[]) => {
    const weights = locations.map((location, k) => ({ name: `w${k}`, shape: [1], values: { location } }));
    return (await read({ ...plain, weights })).externalFiles;
  };

  it('is in the files that the graph names, whatever they are called', async () => {
    expect(
      await filesOf('model.onnx_data', 'a b/weights.bin', './model.onnx_data', '.hidden', '..w'),
    ).toEqual(['..w', '.hidden', 'a b/weights.bin', 'model.onnx_data']);
  });

  it.each([
    '../w',
    'a/../../w',
    './../w',
    '/etc/passwd',
    '//server/w',
    '\\w',
    '..\\w',
    'C:\\w',
    'c:w',
    'a/..',
    '',
    './',
    'a\0b',
  ])('in %j is refused', async (location) => {
    await expect(filesOf(location)).rejects.toThrow(
      /^m\.onnx has weights in ".*", outside of its folder; move the file into the folder and save the model again\.$/,
    );
  });

  it('of a constant of a node is in a file, too', async () => {
    const tensor = {
      name: 'c',
      dims: [1],
      dataType: DATA_TYPE.float32,
      dataLocation: 1,
      externalData: [{ key: 'location', value: 'constants.bin' }],
    };
    const nodes = [{ opType: 'Constant', output: ['y'], attribute: [{ name: 'value', t: tensor, type: 4 }] }];
    const graph = { name: 'g', node: nodes, output: [{ name: 'y' }] };
    expect((await read(encodeMessage('ModelProto', { graph }))).externalFiles).toEqual(['constants.bin']);
  });
});

describe('a reader', () => {
  it('passes over weights', async () => {
    const values = new Array<number>(2_000_000).fill(0.5);
    const bytes = onnxFile({ ...plain, weights: [{ name: 'weights', shape: [2_000_000], values }] });
    let count = 0;
    const source = new MemorySource(bytes, 'm.onnx');
    const counted = wrapSource(source, (offset, length) => {
      count += length;
      return source.read(offset, length);
    });
    const { outputs } = await readOnnxInfo(counted);
    expect(outputs).toHaveLength(1);
    expect(bytes.length).toBeGreaterThan(8_000_000);
    expect(count).toBeLessThan(300_000);
  });

  it('refuses files that end early, and those that are no models', async () => {
    const bytes = onnxFile({ ...plain, metadata: { a: 'b' } });
    let refused = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        await read(bytes.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(TerrachipError);
        expect((error as Error).message).toMatch(/^m\.onnx is not an ONNX model, or is damaged/);
        refused++;
      }
    }
    // After the graph, a file may end at the end of a field: the graph, and the metadata behind it.
    expect(bytes.length - refused).toBeLessThan(4);
    for (const text of ['<!doctype html>', '{"a": 1}', 'version https://git-lfs.github.com/spec/v1']) {
      await expect(read(Buffer.from(text))).rejects.toThrow(/^m\.onnx is not an ONNX model/);
    }
  });

  it('survives any damaged byte', async () => {
    const bytes = onnxFile(plain);
    for (let k = 0; k < bytes.length; k++) {
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const damaged = bytes.slice();
        damaged[k] = value;
        try {
          await read(damaged);
        } catch (error) {
          expect(error, `byte ${k}: ${value}`).toBeInstanceOf(TerrachipError);
        }
      }
    }
  });
});
