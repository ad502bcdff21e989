// Runs a model on chips of noise, as infer does, from tensors to tensors of the backend. Prints the wall-clock and processor
// seconds per chip for each input line, and the peak memory in MiB at the end of the input.
//
//   node bench/peers/terramind.js FOLDER PROVIDER THREADS BATCH
import { createInterface } from 'node:readline';
import { inputShape, openExecution, openModel } from '../../dist/inference/node/index.js';

const [folder, provider, threads, chips] = process.argv.slice(2);
const batch = Number(chips);
const model = await openModel(folder);
const { backend, session } = await openExecution(model, {
  provider,
  // Kernels on the model's device, so that copies are part of the comparison.
  backend: provider === 'cpu' ? 'cpu' : 'webgpu',
  threads: Number(threads),
});
let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (4 * state) / 2 ** 32 - 2;
};
const inputs = new Map(
  model.spec.inputs.map((input) => {
    const shape = inputShape(model.spec, input, batch);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random);
    return [input.name, backend.upload(values, shape)];
  }),
);
for await (const _ of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const cpuBefore = process.cpuUsage();
  const logits = await session.run(backend, inputs, batch);
  await backend.submit();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9 / batch;
  const { user, system } = process.cpuUsage(cpuBefore);
  const values = await backend.download(logits);
  logits.dispose();
  if (!values.every(Number.isFinite)) throw new Error(`${folder} gives values that are not finite`);
  console.log(`${seconds} ${(user + system) / 1e6 / batch}`);
}
console.log(process.resourceUsage().maxRSS / 1024);
await session.dispose();
backend.dispose();
