import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../src/inference/checkpoint/index.js';
import { openCheckpointFile } from '../../src/inference/node/checkpoint-file.js';
import { type ByteSource, checkRange, MemorySource } from '../../src/io/index.js';
import { numberToHalf } from '../../src/raster/arrays/index.js';
import { disposable } from '../../src/resource.js';
import { startRangeServer } from '../support/http-server.js';
import { pickle, torchFile } from '../support/pickle.js';
import { buildZip, type ZipPart } from '../support/zip.js';

interface Truth {
  format: string;
  tensors: { name: string; dtype: string; shape: number[]; sha256?: string }[];
}

const FIXTURES = 'test/fixtures/checkpoints';
/** Made by scripts/truth/checkpoints.py with PyTorch. */
const truth: Record<string, Truth> = JSON.parse(readFileSync(join(FIXTURES, 'truth.json'), 'utf8'));
const bytesOf = (name: string): Uint8Array => readFileSync(join(FIXTURES, name));

const open = (bytes: Uint8Array, name = 'made.pt'): Promise<Checkpoint> =>
  openCheckpoint(new MemorySource(bytes, name));

/** The contents of a checkpoint, in the form of `truth.json`. */
async function describeCheckpoint(checkpoint: Checkpoint): Promise<Truth> {
  const tensors: Truth['tensors'] = [];
  for (const { name, dtype, shape } of checkpoint.tensors.values()) {
    const floats = dtype.includes('float');
    const sha256 = floats
      ? createHash('sha256')
          .update(new Uint8Array((await checkpoint.readFloat32(name)).buffer))
          .digest('hex')
      : undefined;
    tensors.push({ name, dtype, shape: [...shape], ...(sha256 === undefined ? {} : { sha256 }) });
  }
  return { format: checkpoint.format, tensors };
}

describe('checkpoints as PyTorch reads them', () => {
  it.each(Object.keys(truth))('%s', async (name) => {
    const checkpoint = await openCheckpointFile(join(FIXTURES, name));
    expect(await describeCheckpoint(checkpoint)).toEqual(truth[name]);
    await checkpoint.close();
  });

  it('are read from a web server by ranges', async () => {
    const server = await startRangeServer(bytesOf('strided.pt'));
    const checkpoint = await openCheckpointFile(server.url);
    expect(await describeCheckpoint(checkpoint)).toEqual(truth['strided.pt']);
    expect(server.ranges.every((range) => range !== undefined)).toBe(true);
  });

  it('refuse integers as float32, and missing names', async () => {
    const checkpoint = await open(bytesOf('types.safetensors'));
    await expect(checkpoint.readFloat32('int64')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'made.pt: int64 is of type int64; only floats are read as float32.',
    });
    await expect(checkpoint.readFloat32('bool')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(checkpoint.readFloat32('other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stop at an abort signal', async () => {
    const checkpoint = await open(bytesOf('module.pt'));
    await expect(checkpoint.readFloat32('conv.weight', AbortSignal.abort())).rejects.toThrow('abort');
    await expect(
      openCheckpoint(new MemorySource(bytesOf('module.pt')), { signal: AbortSignal.abort() }),
    ).rejects.toThrow('abort');
  });
});

describe('refused files', () => {
  const REFUSED: Readonly<Record<string, [code: string, message: string]>> = {
    'refused-big-endian.pt': ['INVALID_INPUT', 'was saved on a big-endian machine; save it again on'],
    'refused-deeper.pt': ['INVALID_INPUT', 'holds no tensors by name, at its root or under state_dict;'],
    'refused-expanded.pt': [
      'INVALID_INPUT',
      'has a tensor of 3 × 4 elements that does not fit its storage of 3;',
    ],
    'refused-legacy.pt': [
      'INVALID_INPUT',
      'is in the format of PyTorch before 1.6; load it with PyTorch and',
    ],
    'refused-module.pt': [
      'INVALID_INPUT',
      'builds __main__.Net, but only tensors and plain containers are read;',
    ],
    'refused-script.pt': ['INVALID_INPUT', 'is a TorchScript program, not a checkpoint;'],
    'refused-short.pt': ['UNSUPPORTED', 'holds a torch.ShortStorage; convert it to one of float32,'],
    'refused-sparse.pt': ['INVALID_INPUT', 'builds torch._utils._rebuild_sparse_tensor, but only tensors'],
  };

  it.each(Object.entries(REFUSED))('%s', async (name, [code, message]) => {
    const error = await open(bytesOf(name)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(`made.pt ${message}`) });
  });

  it('refuses a tensor that overlaps itself when it is read', async () => {
    const checkpoint = await open(bytesOf('refused-overlapping.pt'));
    await expect(checkpoint.readFloat32('overlapping')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'made.pt: overlapping overlaps itself; save it with .contiguous().',
    });
  });

  it('every refused kind has a fixture', async () => {
    const files = (await readdir(FIXTURES)).filter((name) => name.startsWith('refused-'));
    expect(files.sort()).toEqual([...Object.keys(REFUSED), 'refused-overlapping.pt'].sort());
  });

  it.each([0, 1, 7, 8, 9, 40, 700, 2000])('a file cut off after %s bytes', async (length) => {
    for (const name of ['module.pt', 'types.safetensors']) {
      const bytes = bytesOf(name);
      await expect(open(bytes.subarray(0, Math.min(length, bytes.length - 1)))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    }
  });

  it('another kind of file', async () => {
    await expect(open(Buffer.from('II*\0 is a TIFF'))).rejects.toThrow(
      'made.pt is neither a torch.save nor a safetensors file, or is truncated; give a checkpoint',
    );
    await expect(open(buildZip([{ name: 'zarr.json', bytes: Buffer.from('{}') }]))).rejects.toThrow(
      'made.pt is a zip file, but not from torch.save; give a checkpoint of PyTorch.',
    );
  });
});

/** A source that records its reads. */
function counting(size: number, read: (offset: number, length: number) => Uint8Array<ArrayBuffer>) {
  const counts = { longest: 0, total: 0 };
  const about = { name: 'large.safetensors', size, etag: null };
  const source: ByteSource = disposable(
    {
      ...about,
      async read(offset: number, length: number) {
        checkRange(about, offset, length);
        counts.longest = Math.max(counts.longest, length);
        counts.total += length;
        return read(offset, length);
      },
    },
    async () => undefined,
  );
  return { source, counts };
}

describe('objects allowed beside weights', () => {
  const tensor = pickle.tensor(pickle.storage('FloatStorage', 4), 0, [4], [1]);
  const none = pickle.call(pickle.global('collections', 'OrderedDict'));
  const counts = `}(K\x02K\x01K\x05K\x01u`;
  const latin1 = pickle.text('latin1');

  it.each([
    ['milestones of a schedule', pickle.call(pickle.global('collections', 'Counter'), counts)],
    ['bytes of protocol 2', pickle.call(pickle.global('_codecs', 'encode'), pickle.text('\xc3\xbf'), latin1)],
    ['no bytes', pickle.call(pickle.global('__builtin__', 'bytes'))],
    ['a frozen set of protocol 2', pickle.call(pickle.global('__builtin__', 'frozenset'), '](K\x01K\x02e')],
    ['a frozen set of protocol 4', '(K\x01K\x02\x91'],
    ['a parameter', pickle.call(pickle.global('torch._utils', '_rebuild_parameter'), tensor, '\x88', none)],
  ])('%s', async (_, value) => {
    const file = torchFile(pickle.dictionary({ state_dict: pickle.dictionary({ w: tensor }), extra: value }));
    expect([...(await open(file)).tensors.keys()]).toEqual(['w']);
  });
});

describe('zip files as PyTorch 2 pads and extends them', () => {
  const values = Float32Array.of(1, -2, 3, 4.5);
  const tensor = pickle.tensor(pickle.storage('FloatStorage', 4), 0, [4], [1]);
  const file = (part: Partial<ZipPart>): Uint8Array =>
    buildZip(
      [
        {
          name: 'model/data.pkl',
          bytes: Buffer.from(`\x80\x02${pickle.dictionary({ w: tensor })}.`, 'latin1'),
        },
        { name: 'model/.format_version', bytes: Buffer.from('1') },
        { name: 'model/.storage_alignment', bytes: Buffer.from('65536') },
        { name: 'model/byteorder', bytes: Buffer.from('little') },
        { name: 'model/data/0', bytes: new Uint8Array(values.buffer) },
        { name: 'model/version', bytes: Buffer.from('3\n') },
        { name: 'model/.data/serialization_id', bytes: Buffer.from('1'.repeat(40)) },
      ].map((each) => ({ ...each, ...part })),
    );

  it.each<[string, Partial<ZipPart>]>([
    ['as they are', {}],
    ['with padding', { padding: 60_000 }],
    ['with sizes of 64 bits', { zip64: true }],
    ['with both', { padding: 37, zip64: true }],
  ])('%s', async (_, part) => {
    expect([...(await (await open(file(part))).readFloat32('w'))]).toEqual([...values]);
  });
});

describe('large tensors', () => {
  const MIB = 2 ** 20;

  it('are read lazily, piece by piece', async () => {
    const elements = 10 * MIB + 3;
    const end = 4 * elements;
    const header = JSON.stringify({
      small: { dtype: 'F32', shape: [], data_offsets: [end, end + 4] },
      large: { dtype: 'F32', shape: [elements], data_offsets: [0, end] },
    });
    const head = Buffer.concat([Buffer.alloc(8), Buffer.from(header)]);
    head.writeUInt32LE(header.length);
    /** Element k is k. */
    const { source, counts } = counting(head.length + end + 4, (offset, length) => {
      if (offset < head.length) return new Uint8Array(head.subarray(offset, offset + length));
      const first = (offset - head.length) / 4;
      return new Uint8Array(Float32Array.from({ length: length / 4 }, (_, k) => first + k).buffer);
    });
    const checkpoint = await openCheckpoint(source);
    expect([...checkpoint.tensors.keys()]).toEqual(['large', 'small']);
    expect(counts.total).toBeLessThan(1000);
    const values = await checkpoint.readFloat32('large');
    expect(values).toHaveLength(elements);
    expect(values.every((value, k) => value === k)).toBe(true);
    expect(counts.longest).toBe(4 * MIB);
    expect(counts.total).toBeLessThan(end + 1000);
    expect([...(await checkpoint.readFloat32('small'))]).toEqual([elements]);
  });

  it('may have any strides across pieces', async () => {
    const [rows, columns] = [1700, 1500];
    const halves = Uint16Array.from({ length: rows * columns }, (_, k) => numberToHalf(k % 2048));
    const shape = [columns - 1, rows / 2];
    const tensor = pickle.tensor(pickle.storage('HalfStorage', rows * columns), 1, shape, [1, 2 * columns]);
    const file = torchFile(pickle.dictionary({ w: tensor }), new Uint8Array(halves.buffer));
    const values = await (await open(file)).readFloat32('w');
    const expected = Float32Array.from(
      { length: (columns - 1) * (rows / 2) },
      (_, k) => (1 + Math.floor(k / (rows / 2)) + 2 * columns * (k % (rows / 2))) % 2048,
    );
    expect(values).toBeCloseToArray(expected);
  });
});
