import { afterAll, describe, expect, it } from 'vitest';
import { invalidInput, isTerrachipError, TerrachipError } from '../../src/errors.js';
import { defineKernel, type WebGpuBackend } from '../../src/gpu/index.js';
import {
  type BackendCommand,
  BackendHost,
  type BackendQuestion,
  Caller,
  describeError,
  type Envelope,
  RemoteBackend,
  type Reply,
} from '../../src/gpu/remote/index.js';
import { nodataToNaN, softmax } from '../../src/kernels/index.js';
import { sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';

type Message = BackendCommand | BackendQuestion;

/** A remote backend whose host is in this thread: messages pass the structured clone that threads would use. */
function connect(): { remote: RemoteBackend; host: BackendHost; caller: Caller<Message, BackendQuestion> } {
  const backend = sharedWebGpu() as WebGpuBackend;
  const host = new BackendHost(backend);
  const caller: Caller<Message, BackendQuestion> = new Caller((envelope, transfer) => {
    const { message, question } = structuredClone(envelope, { transfer: [...transfer] }) as Envelope<Message>;
    if (question === null) {
      host.execute(message as BackendCommand);
      return;
    }
    const reply = (answer: Reply): void => caller.receive(structuredClone(answer));
    host.answer(message as BackendQuestion).then(
      (result) => reply({ question, ok: true, result }),
      (error) => reply({ question, ok: false, error: describeError(error) }),
    );
  });
  const remote = new RemoteBackend(caller, { info: backend.info, limits: backend.limits }, () => undefined);
  return { remote, host, caller };
}

const NEGATE = defineKernel({
  name: 'test-negate',
  bindings: { values: { access: 'read_write', dtype: 'float32' } },
  parameters: { length: 'u32' },
  shader: '@compute @workgroup_size(64) fn main() { values[0] = -values[0]; }',
  grid: ({ length }) => [length, 1, 1],
  cpu: { run: () => undefined, rows: () => 1 },
});

describe.skipIf(webgpuProblem !== null)('a backend of another thread (webgpu)', () => {
  const opened: RemoteBackend[] = [];
  const open = () => {
    const connection = connect();
    opened.push(connection.remote);
    return connection;
  };
  afterAll(() => {
    for (const remote of opened) remote.dispose();
  });

  it('gives the same bytes as a backend of this thread', async () => {
    const { remote } = open();
    const values = randomValues(3, 3 * 70 * 90, -5, 5, 0.1);
    const results = [];
    for (const backend of [remote, sharedWebGpu()]) {
      const tensor = backend.upload(values, [1, 3, 70, 90]);
      softmax(backend, tensor);
      const part = backend.allocate([90], 'float32');
      backend.copy(tensor, 180, part, 0, 90);
      backend.write(part, Float32Array.of(1, 2), 4);
      results.push([await backend.download(tensor), await backend.download(part)]);
      tensor.dispose();
      part.dispose();
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0][1].slice(4, 6)).toEqual(Float32Array.of(1, 2));
  });

  it.each([
    ['uint8', Uint8Array.of(1, 2, 3, 4, 5)],
    ['uint16', Uint16Array.of(1, 2, 65535)],
    ['int16', Int16Array.of(-1, 2, 3)],
  ])('uploads %s as stored, and only the elements of a view', async (_, values) => {
    const { remote } = open();
    const all = remote.upload(values);
    expect(await remote.download(all)).toEqual(values);
    const part = remote.upload(values.subarray(1, 3));
    expect(await remote.download(part)).toEqual(values.slice(1, 3));
    const converted = nodataToNaN(remote, all, { nodata: values[0] });
    expect((await remote.download(converted))[0]).toBeNaN();
    for (const tensor of [all, part, converted]) tensor.dispose();
  });

  it('copies what is in shared memory at the time of the call', async () => {
    const { remote } = open();
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.fill(7);
    const tensor = remote.upload(shared);
    shared.fill(8);
    expect(await remote.download(tensor)).toEqual(new Float32Array(4).fill(7));
    const target = new Float32Array(4);
    expect(await remote.download(tensor, target)).toBe(target);
    expect(target).toEqual(new Float32Array(4).fill(7));
  });

  it("counts the device's work", async () => {
    const { remote } = open();
    const before = { ...sharedWebGpu().counters };
    const tensor = remote.upload(new Float32Array(100));
    await remote.download(tensor);
    expect(remote.counters.downloads).toBe(before.downloads + 1);
    expect(remote.counters.downloadedBytes).toBe(before.downloadedBytes + 400);
    expect(remote.counters.uploadedBytes).toBe(before.uploadedBytes + 400);
    const { allocatedBytes } = remote.counters;
    tensor.dispose();
    tensor.dispose();
    await remote.submit();
    expect(remote.counters.allocatedBytes).toBe(allocatedBytes - 400);
  });

  it('refuses tensors that are too large, disposed or of another backend before sending', () => {
    const { remote } = open();
    expect(() => remote.allocate([2 ** 40], 'uint8')).toThrow(/needs 1099511627776 bytes/);
    expect(() => remote.upload(new Float64Array(1))).toThrow(/float64/);
    const tensor = remote.allocate([4], 'float32');
    expect(() => remote.write(tensor, Float32Array.of(1), 4)).toThrow(/not whole words inside/);
    const foreign = sharedWebGpu().allocate([4], 'float32');
    expect(() => remote.copy(foreign, 0, tensor, 0, 4)).toThrow(/another backend/);
    foreign.dispose();
    tensor.dispose();
    expect(() => remote.copy(tensor, 0, tensor, 0, 4)).toThrow(/after its disposal/);
    remote.dispose();
    remote.dispose();
    expect(() => remote.allocate([4], 'float32')).toThrow(/after its disposal/);
  });

  it('reports a failed command with the next answer, and runs nothing after it', async () => {
    const { remote, host } = open();
    const tensor = remote.allocate([64], 'float32');
    host.execute({ op: 'release', tensor: 1000 });
    const later = remote.upload(new Float32Array(4));
    await expect(remote.submit()).rejects.toThrow(/there is no tensor 1000/);
    await expect(remote.download(later)).rejects.toThrow(/there is no tensor 1000/);
    expect(() =>
      remote.run(NEGATE, { tensors: { values: tensor }, parameters: { length: 64 } }),
    ).not.toThrow();
  });

  it('fails pending and later calls once the other thread is gone', async () => {
    const { remote, caller } = open();
    const tensor = remote.allocate([4], 'float32');
    const waiting = remote.submit();
    caller.fail(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(remote.download(tensor)).rejects.toThrow('gone');
    expect(() => remote.upload(new Float32Array(1))).toThrow('gone');
    tensor.dispose();
  });
});

describe('errors between threads', () => {
  const across = (error: unknown): unknown => {
    let received: unknown = null;
    const caller: Caller<string, string> = new Caller(({ question }) => {
      const reply = { question: question ?? 0, ok: false as const, error: describeError(error) };
      queueMicrotask(() => caller.receive(structuredClone(reply)));
    });
    return caller.ask('question').catch((cause: unknown) => {
      received = cause;
      return received;
    });
  };

  it('keep their code, fields and message', async () => {
    const error = invalidInput('scene.tif', 'is bad', 'give another');
    const received = await across(error);
    expect(received).toBeInstanceOf(TerrachipError);
    expect(received).toMatchObject({
      code: 'INVALID_INPUT',
      message: error.message,
      remedy: 'give another',
      fields: { source: 'scene.tif' },
      exitStatus: 2,
    });
  });

  it('of other kinds are internal errors', async () => {
    const received = await across(new RangeError('offset'));
    expect(isTerrachipError(received, 'INTERNAL')).toBe(true);
    expect(String(received)).toMatch(/offset/);
  });
});
