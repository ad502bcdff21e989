// A model folder on one chip of noise, as infer runs it: answers each line of its input with the seconds of a chip; at
// the end of its input it prints the peak memory in MiB.
//
//   node bench/peers/terramind.js FOLDER PROVIDER THREADS
import { createInterface } from 'node:readline';
import { CpuBackend, InlineExecutor } from '../../dist/gpu/index.js';
import { inputShape, openModel, openSession } from '../../dist/inference/index.js';

const [folder, provider, threads] = process.argv.slice(2);
const model = await openModel(folder);
const session = await openSession(model, { provider, threads: Number(threads) });
const backend = new CpuBackend(new InlineExecutor());
let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (4 * state) / 2 ** 32 - 2;
};
const inputs = new Map(
  model.manifest.inputs.map((input) => {
    const shape = inputShape(model.manifest, input, 1);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random);
    return [input.name, backend.upload(values, shape)];
  }),
);
for await (const _ of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const logits = await session.run(backend, inputs, 1);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (!logits.every(Number.isFinite)) throw new Error(`${folder} gives values that are not finite`);
  console.log(seconds);
}
console.log(process.resourceUsage().maxRSS / 1024);
await session.dispose();
backend.dispose();
