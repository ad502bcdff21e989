/** Messages of the runtime in errors. */
import { expect, it } from 'vitest';
import { CpuBackend } from '../../src/gpu/index.js';
import { batchFailure, runtimeMessage } from '../../src/inference/graph-check.js';
import { parseModelSpec } from '../../src/inference/model-spec.js';
import { loadOnnxRuntime } from '../../src/inference/node/onnx-runtime.js';
import { ModelSession } from '../../src/inference/session.js';
import { onnxFile, pixelGraph } from '../support/onnx.js';

const runtime = await loadOnnxRuntime();
const spec = parseModelSpec(
  {
    schemaVersion: 1,
    name: 'm',
    inputs: [{ name: 'x', bands: ['a'], units: 'm', mean: [0], std: [1] }],
    chip: { size: 8, stride: 8 },
    output: { name: 'y', classes: [{ name: 'land' }, { name: 'water' }] },
  },
  'model.json',
);

it('repeats all lines of a message of ONNX Runtime, after the failed operation', async () => {
  const [image, map] = [
    { name: 'x', shape: [1, 1, 8, 8] },
    { name: 'y', shape: [1, 2, 8, 8] },
  ];
  const session = await ModelSession.create(runtime, onnxFile(pixelGraph(image, map, [[0], [1]])), spec, {
    provider: 'cpu',
  });
  const backend = new CpuBackend();
  const inputs = new Map([['x', backend.upload(new Float32Array(2 * 16), [2, 1, 8, 8])]]);
  // ONNX Runtime 1.30 writes four lines: "Got invalid dimensions for input: x for the following indices", " index: 0
  // Got: 2 Expected: 1", " Please fix either the inputs/outputs or the model." and an empty one.
  await expect(session.run(backend, inputs, 2)).rejects.toThrow(
    /^m\/model\.onnx fails on a batch of 2, for which ONNX Runtime says: .*invalid dimensions.* index: 0 Got: 2 Expected: 1 Please fix .*; check that model\.json describes it\.$/,
  );
  await session.dispose();
  backend.dispose();
});

it('repeats the reason why a graph cannot be loaded', async () => {
  const loading = ModelSession.create(runtime, Uint8Array.of(8, 9, 10), spec, { provider: 'cpu' });
  await expect(loading).rejects.toThrow(
    /^m\/model\.onnx cannot be loaded with the provider cpu, for which ONNX Runtime says: .*protobuf.*; check the file, or choose another provider\.$/i,
  );
});

it.each([
  [
    'lines and controls as one line',
    ' first\n\n\tsecond\u001b[31m\u202e third\r\n',
    'first second [31m third',
  ],
  ['4000 characters as they are', 'a'.repeat(4000), 'a'.repeat(4000)],
  ['the first 4000 characters of a longer one', 'b'.repeat(1e6), `${'b'.repeat(4000)}…`],
])('writes %s', (_, message, expected) => {
  expect(runtimeMessage(new Error(message))).toBe(expected);
  expect(batchFailure('g', 4, new Error(message)).message).toBe(
    `g fails on a batch of 4, for which ONNX Runtime says: ${expected}; check that model.json describes it.`,
  );
});
