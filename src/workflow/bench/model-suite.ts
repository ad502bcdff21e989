/** Bare calls of the bundled models on chips of noise, from tensors to tensors of the backend. */
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import {
  bundledModel,
  inputShape,
  type ModelSpec,
  openExecution,
  openModel,
} from '../../inference/node/index.js';
import { chooseChipsAtOnce } from '../scene-memory.js';
import { madeUpPlane } from './made-up-raster.js';
import type { BenchCase, BenchContext } from './suite.js';

/** Chips of a batch, as in `infer`. */
const BATCH = 4;

export async function* modelSuite({
  backend: { info },
  provider,
  threads,
  quick,
}: BenchContext): AsyncGenerator<BenchCase, void> {
  for (const name of quick ? ['water-threshold'] : ['demo-flood', 'demo-water-s1']) {
    const model = await openModel(bundledModel(name));
    const { backend, session, dispose } = await openExecution(model, {
      backend: info.kind,
      provider,
      threads,
      chipsAtOnce: await chooseChipsAtOnce(model, { threads, batchSize: BATCH }),
    });
    try {
      const batch = session.fixedBatch ?? BATCH;
      const inputs = noiseFor(model.spec, backend, batch);
      yield {
        name: `${name} on ${session.provider}, batches of ${batch}`,
        amount: batch,
        unit: 'chips',
        async run() {
          const answer = await session.run(backend, inputs, batch);
          await backend.submit();
          answer.dispose();
        },
      };
      for (const tensor of inputs.values()) tensor.dispose();
    } finally {
      await dispose();
    }
  }
}

function noiseFor(spec: ModelSpec, backend: Backend, batch: number): Map<string, DeviceTensor<'float32'>> {
  return new Map(
    spec.inputs.map((input, k) => {
      const shape = inputShape(spec, input, batch);
      const width = shape[shape.length - 1];
      const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
      return [input.name, backend.upload(madeUpPlane(width, rows, k), shape)];
    }),
  );
}
