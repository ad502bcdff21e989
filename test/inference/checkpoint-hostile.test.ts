import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/inference/checkpoint/index.js';
import { MemorySource } from '../../src/io/index.js';
import { pickle, torchFile } from '../support/pickle.js';
import { buildZip } from '../support/zip.js';

const MIB = 2 ** 20;

/** The most memory that refusing one of these files may take, in addition to the file. */
const MOST_MIB = 160;

/** The error of opening a file, and the memory that it took. */
async function refusal(bytes: Uint8Array): Promise<{ code: string; message: string }> {
  const before = process.resourceUsage().maxRSS / 1024;
  const error = await openCheckpoint(new MemorySource(bytes, 'evil.pt')).catch((caught: unknown) => caught);
  expect(process.resourceUsage().maxRSS / 1024 - before).toBeLessThan(MOST_MIB + (3 * bytes.length) / MIB);
  return error as { code: string; message: string };
}

const system = pickle.call(pickle.global('posix', 'system'), pickle.text('echo pwned'));
const float4 = pickle.storage('FloatStorage', 4);
const good = pickle.tensor(float4, 0, [4], [1]);
const dictionary = pickle.dictionary;
const orderedDict = pickle.global('collections', 'OrderedDict');
const set = pickle.global('builtins', 'set');

/** A list of 2^16 pairs of different numbers, as item 0 of the memo. */
const manyPairs = `]q\0(${Array.from({ length: 60_000 }, (_, k) => `M${String.fromCharCode(k & 255, k >> 8)}N\x86`).join('')}e`;

/** Pickles that PyTorch would run or fail on, and their errors. */
const PICKLES: Readonly<Record<string, [value: string, code: string, message: string]>> = {
  'os.system': [
    system,
    'INVALID_INPUT',
    'builds posix.system, but only tensors and plain containers are read',
  ],
  'os.system beside weights': [
    dictionary({ state_dict: dictionary({ w: good }), extra: system }),
    'INVALID_INPUT',
    'builds posix.system, but',
  ],
  'os.system by protocol 4': [
    `${pickle.text('os')}${pickle.text('system')}\x93${pickle.text('true')}\x85R`,
    'INVALID_INPUT',
    'builds os.system, but',
  ],
  'eval as an argument of what is allowed': [
    pickle.call(orderedDict, pickle.call(pickle.global('builtins', 'eval'), pickle.text('1'))),
    'INVALID_INPUT',
    'builds builtins.eval, but',
  ],
  'getattr through a nested name': [
    `${pickle.text('torch')}${pickle.text('serialization.os.system')}\x93`,
    'INVALID_INPUT',
    'builds torch.serialization.os.system, but',
  ],
  'a name of Object.prototype': [
    pickle.call(pickle.global('torch', 'constructor')),
    'INVALID_INPUT',
    'builds torch.constructor, but',
  ],
  'control characters in a name': [
    pickle.global('os\x1b[2J', 'system'),
    'INVALID_INPUT',
    'builds os\\u001b[2J.system, but',
  ],
  'an endless name': [`c${'a'.repeat(100_000)}`, 'INVALID_INPUT', 'a global whose name is too long'],
  'an object of a class': [
    `${pickle.global('torch', 'FloatStorage')})\x81`,
    'INVALID_INPUT',
    'the instruction NEWOBJ (0x81), which weights do not need',
  ],
  'an instance by INST': ['(iposix\nsystem\n', 'INVALID_INPUT', 'the instruction INST (0x69)'],
  'an extension': ['\x82\x01', 'INVALID_INPUT', 'the instruction EXT1 (0x82)'],
  'the instruction DUP': ['}2', 'INVALID_INPUT', 'the instruction DUP (0x32)'],
  'an unknown instruction': ['\xff', 'INVALID_INPUT', 'the instruction 0xff, which does not exist'],
  'a later protocol': ['\x80\x06N', 'INVALID_INPUT', 'its pickle has protocol 6'],
  'nested calls': [
    pickle.call(pickle.call(orderedDict), pickle.text('a')),
    'INVALID_INPUT',
    'its pickle calls an object that is not a function',
  ],
  'a thousand nested calls': [
    `${orderedDict.repeat(1000)})R${'\x85R'.repeat(999)}`,
    'INVALID_INPUT',
    'its pickle calls a function with invalid arguments',
  ],
  'a call of a storage class': [
    pickle.call(pickle.global('torch', 'FloatStorage'), pickle.integer(2 ** 40)),
    'INVALID_INPUT',
    'its pickle calls a storage class with invalid arguments',
  ],
  'a call without arguments': [`${orderedDict}NR`, 'INVALID_INPUT', 'without a tuple of arguments'],
  'attributes of a tensor': [
    `${good}}b`,
    'INVALID_INPUT',
    'attributes of an object that is not a dictionary',
  ],
  'a tensor of an impossible storage': [
    pickle.tensor(pickle.text('s'), 0, [4], [1]),
    'INVALID_INPUT',
    'its pickle calls a function with invalid arguments',
  ],
  'a huge shape': [
    dictionary({ w: pickle.tensor(float4, 0, [2 ** 40, 2 ** 40], [0, 0]) }),
    'INVALID_INPUT',
    'elements that does not fit its storage of 4',
  ],
  'a shape beyond exact integers': [
    dictionary({ w: pickle.tensor(float4, 0, Array(64).fill(2 ** 50), Array(64).fill(0)) }),
    'INVALID_INPUT',
    'elements that does not fit its storage of 4',
  ],
  'a shape with a hole in its product': [
    dictionary({ w: pickle.tensor(float4, 0, [0, -1], [1, 1]) }),
    'INVALID_INPUT',
    'a tensor with an impossible shape',
  ],
  'a thousand axes': [
    dictionary({ w: pickle.tensor(float4, 0, Array(1000).fill(1), Array(1000).fill(1)) }),
    'INVALID_INPUT',
    'a tensor with an impossible shape',
  ],
  'strides that leave the storage': [
    dictionary({ w: pickle.tensor(float4, 0, [2, 2], [3, 1]) }),
    'INVALID_INPUT',
    'a tensor of 2 × 2 elements that does not fit its storage of 4',
  ],
  'an offset beyond the storage': [
    dictionary({ w: pickle.tensor(float4, 2 ** 50, [1], [1]) }),
    'INVALID_INPUT',
    'a tensor of 1 elements that does not fit its storage of 4',
  ],
  'an offset below the storage': [
    dictionary({ w: pickle.tensor(float4, -1, [1], [1]) }),
    'INVALID_INPUT',
    'a tensor with an impossible shape',
  ],
  'a storage larger than its entry': [
    dictionary({ w: pickle.tensor(pickle.storage('FloatStorage', 2 ** 40), 0, [2 ** 40], [1]) }),
    'INVALID_INPUT',
    'archive/data/0 has 16 bytes, which do not fit 1099511627776 elements of type float32',
  ],
  'a storage smaller than its entry': [
    dictionary({ w: pickle.tensor(pickle.storage('FloatStorage', 2), 0, [2], [1]) }),
    'INVALID_INPUT',
    'archive/data/0 has 16 bytes, which do not fit 2 elements of type float32',
  ],
  'a storage elsewhere': [
    pickle.storage('FloatStorage', 4, '../../etc/passwd'),
    'INVALID_INPUT',
    'its pickle has an invalid storage identifier',
  ],
  'a missing storage': [pickle.storage('FloatStorage', 4, '7'), 'INVALID_INPUT', 'it lacks archive/data/7'],
  'a memo item that was not stored': [
    'j\xff\xff\xff\xff',
    'INVALID_INPUT',
    'reads memo item 4294967295, which it did not store',
  ],
  'a text longer than the file': ['X\xff\xff\xff\xffabc', 'INVALID_INPUT', 'its pickle is truncated'],
  'a text of 2^63 bytes': [
    '\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc',
    'INVALID_INPUT',
    'its pickle is truncated',
  ],
  'a text of 2^32 bytes and three': [
    '\x8d\x03\0\0\0\x01\0\0\0abc',
    'INVALID_INPUT',
    'its pickle is truncated',
  ],
  'text that is not UTF-8': ['X\x01\0\0\0\xff', 'INVALID_INPUT', 'its pickle has text that is not UTF-8'],
  'an empty stack': ['\x86', 'INVALID_INPUT', 'its pickle reads from an empty stack'],
  'no mark': ['}u', 'INVALID_INPUT', 'its pickle misses a mark'],
  'half an item': [
    `}(${pickle.text('a')}u`,
    'INVALID_INPUT',
    'sets an item of an object that is not a dictionary',
  ],
  'an item of a list': [']NNs', 'INVALID_INPUT', 'sets an item of an object that is not a dictionary'],
  'an addition to a dictionary': [
    '}Na',
    'INVALID_INPUT',
    'its pickle appends to an object that is not a list',
  ],
  'an addition to a list as to a set': [
    '](N\x90',
    'INVALID_INPUT',
    'its pickle adds to an object that is not a set',
  ],
  // Ten tuples of ten of the previous one: ten thousand million items when expanded.
  'a memo bomb': [
    dictionary({ w: `${pickle.text('x')}q\0${`(${'h\0'.repeat(10)}tq\0`.repeat(10)}` }),
    'INVALID_INPUT',
    'holds no tensors by name',
  ],
  // Each call would copy the list: thousands of millions of items.
  'dictionaries of one list, again and again': [
    `${manyPairs}${orderedDict}q\x01${'h\x01h\0\x85R'.repeat(80_000)}`,
    'TOO_LARGE',
    'a pickle whose calls have more than 524288 items as arguments',
  ],
  'sets of one list, again and again': [
    `${manyPairs}${set}q\x01${'h\x01h\0\x85R'.repeat(80_000)}`,
    'TOO_LARGE',
    'a pickle whose calls have more than 524288 items as arguments',
  ],
  'bytes of one text, again and again': [
    `${pickle.text('x'.repeat(MIB / 4))}q\0${pickle.text('latin1')}q\x01${pickle.global('_codecs', 'encode')}q\x02${'h\x02h\0h\x01\x86R'.repeat(80_000)}`,
    'TOO_LARGE',
    'a pickle whose calls have more than 524288 items as arguments',
  ],
  'bytes outside of Latin-1': [
    pickle.call(pickle.global('_codecs', 'encode'), pickle.text('\xc4\x80'), pickle.text('latin1')),
    'INVALID_INPUT',
    'its pickle calls a function with invalid arguments',
  ],
  'bytes by another codec': [
    pickle.call(pickle.global('_codecs', 'encode'), pickle.text('x'), pickle.text('rot13')),
    'INVALID_INPUT',
    'its pickle calls a function with invalid arguments',
  ],
  // torch._utils sets this bit on the tensor: its values would be negated.
  'a tensor that is negated when it is read': [
    dictionary({
      w: pickle.call(
        pickle.global('torch._utils', '_rebuild_tensor_v2'),
        float4,
        pickle.integer(0),
        pickle.tuple(pickle.integer(4)),
        pickle.tuple(pickle.integer(1)),
        '\x89',
        pickle.call(orderedDict),
        dictionary({ neg: '\x88' }),
      ),
    }),
    'INVALID_INPUT',
    'its pickle calls a function with invalid arguments',
  ],
  'a list of itself': [']q\0h\0a', 'INVALID_INPUT', 'holds no tensors by name'],
  'a hundred thousand levels': [
    dictionary({ w: `${']'.repeat(100_000)}${'a'.repeat(99_999)}` }),
    'INVALID_INPUT',
    'holds no tensors by name',
  ],
  'a hundred thousand marks': ['('.repeat(100_000), 'INVALID_INPUT', 'its pickle reads from an empty stack'],
  'millions of containers': ['}'.repeat(4 * MIB), 'TOO_LARGE', 'a pickle of more than 524288 instructions'],
  'millions of stored items': [
    `}${'\x94'.repeat(4 * MIB)}`,
    'TOO_LARGE',
    'a pickle of more than 524288 instructions',
  ],
};

describe('pickles that build other objects than weights', () => {
  it.each(Object.entries(PICKLES))('%s', async (_, [value, code, message]) => {
    const error = await refusal(torchFile(value));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.message).toMatch(/^evil\.pt [^\n]*; [^\n]*\.$/);
  });

  it('the same file without them is read', async () => {
    const file = torchFile(dictionary({ state_dict: dictionary({ w: good }) }));
    const checkpoint = await openCheckpoint(new MemorySource(file));
    expect([...(await checkpoint.readFloat32('w'))]).toEqual([0, 0, 0, 0]);
  });

  it('tensor names are not paths or properties', async () => {
    const names = ['__proto__', 'constructor', '../../etc/passwd', ''];
    const file = torchFile(`}(${names.map((name) => pickle.text(name) + good).join('')}u`);
    const checkpoint = await openCheckpoint(new MemorySource(file));
    expect([...checkpoint.tensors.keys()]).toEqual(names);
  });
});

describe('zip files that are not checkpoints', () => {
  const weights = `\x80\x02${dictionary({ w: good })}.`;
  const data = { name: 'archive/data.pkl', bytes: Buffer.from(weights, 'latin1') };
  const storage = { name: 'archive/data/0', bytes: new Uint8Array(16) };

  it.each(['../evil', 'archive/../../evil', '/etc/passwd', 'C:/evil', 'archive\\..\\evil', 'a//b'])(
    'an entry at %s',
    async (name) => {
      const error = await refusal(buildZip([data, storage, { name, bytes: new Uint8Array(1) }]));
      expect(error).toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('leaves the store'),
      });
    },
  );

  it('a pickle that is a decompression bomb', async () => {
    const bomb = { ...data, bytes: new Uint8Array(200 * MIB), deflate: true };
    const error = await refusal(buildZip([bomb, storage]));
    expect(error.message).toBe(
      'evil.pt has the compressed entry archive/data.pkl, which torch.save does not write; save it with torch.save.',
    );
  });

  it.each([16, 2 ** 32 - 2])('a compressed storage that says it has %s bytes', async (size) => {
    const error = await refusal(buildZip([data, { ...storage, deflate: true, size }]));
    expect(error).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('compressed entry archive/data/0'),
    });
  });

  it('a storage that reaches beyond the file', async () => {
    const length = 2 ** 30 - 1;
    const tensor = pickle.tensor(pickle.storage('FloatStorage', length), 0, [length], [1]);
    const bytes = Buffer.from(`\x80\x02${dictionary({ w: tensor })}.`, 'latin1');
    const error = await refusal(
      buildZip([
        { ...data, bytes },
        { ...storage, size: 4 * length },
      ]),
    );
    expect(error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('cannot hold') });
  });

  it('a pickle that reaches beyond the file, or is too large', async () => {
    const beyond = await refusal(buildZip([storage, { ...data, size: 2 * MIB }]));
    expect(beyond).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('cannot hold') });
    const large = await refusal(buildZip([storage, { ...data, bytes: new Uint8Array(17 * MIB) }]));
    expect(large).toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining('a pickle of 17825792'),
    });
  });

  it('a directory that is too large', async () => {
    const parts = Array.from({ length: 300 }, (_, k) => ({
      name: `archive/${k}${'x'.repeat(30_000)}`,
      bytes: new Uint8Array(0),
    }));
    const error = await refusal(buildZip([data, storage, ...parts]));
    expect(error).toMatchObject({ code: 'TOO_LARGE', message: expect.stringContaining('a directory of') });
  });

  it.each([
    ['two roots', 'is a zip file, but not from torch.save', { ...data, name: 'other/data.pkl' }],
    [
      'an unknown byte order',
      'unknown byte order',
      { name: 'archive/byteorder', bytes: Buffer.from('middle') },
    ],
    ['a long byte order', 'unknown byte order', { name: 'archive/byteorder', bytes: Buffer.alloc(99, 'l') }],
  ])('%s', async (_, message, part) => {
    const error = await refusal(buildZip([data, storage, part]));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining(message) });
  });
});

describe('hostile safetensors files', () => {
  const F32 = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

  const file = (header: unknown, data = 8, length?: number | bigint): Uint8Array => {
    const text = typeof header === 'string' ? header : JSON.stringify(header);
    const bytes = Buffer.alloc(8 + Buffer.byteLength(text) + data);
    bytes.writeBigUInt64LE(BigInt(length ?? Buffer.byteLength(text)));
    bytes.write(text, 8);
    return bytes;
  };

  it.each<[name: string, bytes: Uint8Array, code: string, message: string]>([
    ['a header beyond the file', file({ w: F32 }, 8, 2n ** 63n), 'INVALID_INPUT', 'is truncated'],
    ['a large header', file(`{${' '.repeat(17 * MIB)}}`, 0), 'TOO_LARGE', 'a header of'],
    ['no JSON', file('{"w"'), 'INVALID_INPUT', 'is not JSON'],
    ['deep JSON', file(`{"w":${'['.repeat(5000)}${']'.repeat(5000)}}`), 'INVALID_INPUT', 'nested deeper'],
    ['another schema', file({ w: { ...F32, shape: 'all' } }), 'INVALID_INPUT', 'w.shape'],
    ['a fraction of an element', file({ w: { ...F32, shape: [1.5] } }), 'INVALID_INPUT', 'w.shape.0'],
    ['a negative length', file({ w: { ...F32, shape: [-2] } }), 'INVALID_INPUT', 'must not be negative'],
    [
      'a huge shape',
      file({ w: { ...F32, shape: [2 ** 52, 2 ** 52] } }),
      'INVALID_INPUT',
      'w has invalid data_offsets',
    ],
    [
      'a shape of nothing',
      file({ w: { ...F32, shape: [0, 2 ** 52] } }),
      'INVALID_INPUT',
      'w has invalid data_offsets',
    ],
    ['an unknown type', file({ w: { ...F32, dtype: 'F8_E4M3' } }), 'UNSUPPORTED', 'holds w as "F8_E4M3"'],
    ['a type of Object.prototype', file({ w: { ...F32, dtype: 'toString' } }), 'UNSUPPORTED', '"toString"'],
    ['overlapping tensors', file({ w: F32, u: F32 }), 'INVALID_INPUT', 'u has invalid data_offsets'],
    [
      'a hole',
      file({ w: { ...F32, data_offsets: [4, 12] } }, 12),
      'INVALID_INPUT',
      'w has invalid data_offsets',
    ],
    ['too many bytes', file({ w: F32 }, 9), 'INVALID_INPUT', 'bytes, not '],
    ['too few bytes', file({ w: F32 }, 7), 'INVALID_INPUT', 'bytes, not '],
    ['no tensors', file({ __metadata__: { format: 'pt' } }, 0), 'INVALID_INPUT', 'holds no tensors'],
  ])('%s', async (_, bytes, code, message) => {
    const error = await refusal(bytes);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('a valid file is read', async () => {
    const checkpoint = await openCheckpoint(new MemorySource(file({ w: F32, __proto__: null })));
    expect([...(await checkpoint.readFloat32('w'))]).toEqual([0, 0]);
  });
});
