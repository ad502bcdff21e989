import { join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { CpuBackend, type DeviceTensor } from '../../gpu/index.js';
import { replacementOf } from '../../inference/model-spec.js';
import {
  findModel,
  type HostProviderChoice,
  inputShape,
  type ModelInput,
  type ModelSpec,
  openSession,
  readModelSpec,
} from '../../inference/node/index.js';
import { requireRuntime } from '../../inference/node/onnx-runtime.js';
import { requireOutput } from '../../io/node/inputs.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import { openNpy, writeNpy } from '../../raster/node/index.js';

/** Options of `runModel`: a model, and its inputs as `.npy` files. */
export interface RunModelOptions extends OperationOptions {
  model: string;
  /** A .npy file for each input, by input name: (chip, band, y, x), or (chip, band, phase, y, x) for temporal inputs. */
  inputs: ReadonlyMap<string, string>;
  /** The .npy file to write: logits (chip, class, y, x), or embeddings (chip, token, channel). */
  output: string;
  /** Whether the values are normalised. If not (default), they are in the model's units and may have NaN. */
  normalized?: boolean;
  provider?: HostProviderChoice;
  /** Chips per batch (default 1). */
  batch?: number;
}

/** The result of `runModel`. */
export interface RunModelReport {
  readonly output: string;
  readonly shape: readonly number[];
  readonly provider: string;
  /** The number of NaN and infinities in the output. */
  readonly notFinite: number;
}

export async function runModel(options: RunModelOptions): Promise<RunModelReport> {
  await requireRuntime(options.provider);
  const folder = await findModel(options.model);
  const spec = await readModelSpec(folder);
  const { inputs, signal, batch: step = 1 } = options;
  checkInputs(spec, inputs);
  await requireOutput(options.output, { formats: ['NumPy'], inputs: [...inputs.values(), folder] });
  const arrays = new Map<string, Float32Array>();
  let count = 0;
  for (const input of spec.inputs) {
    const path = inputs.get(input.name) ?? '';
    const values = await readInput(spec, input, path, options);
    const chips = values.length / sizeOf(inputShape(spec, input, 1));
    if (chips === 0) throw invalidInput(path, 'holds no chips', 'give at least one');
    if (count !== 0 && chips !== count) {
      throw invalidInput(path, `holds ${chips} chips, other inputs ${count}`, 'give the same number of each');
    }
    count = chips;
    arrays.set(input.name, values);
  }
  const graphs = { whole: join(folder, 'model.onnx') };
  await using session = await openSession({ spec, graphs }, { provider: options.provider });
  using backend = new CpuBackend();
  const parts: Float32Array[] = [];
  for (let start = 0; start < count; start += step) {
    signal?.throwIfAborted();
    const chips = Math.min(step, count - start);
    const batch = spec.inputs.map(({ name }): [string, DeviceTensor<'float32'>] => {
      const values = arrays.get(name) ?? new Float32Array(0);
      const one = values.length / count;
      return [name, backend.upload(values.subarray(start * one, (start + chips) * one))];
    });
    const result = await session.run(backend, new Map(batch), chips);
    parts.push(await backend.download(result));
    for (const tensor of [result, ...batch.map(([, input]) => input)]) tensor.dispose();
    reportProgress(options, 'run', start + chips, count, 'chips');
  }
  const shape = [count, ...session.answerShape];
  await writeNpy(options.output, { shape, dtype: 'float32' }, parts);
  const notFinite = parts.reduce(
    (sum, part) => sum + part.reduce((n, x) => n + (Number.isFinite(x) ? 0 : 1), 0),
    0,
  );
  return { output: options.output, shape, provider: session.provider, notFinite };
}

function checkInputs(spec: ModelSpec, inputs: ReadonlyMap<string, string>): void {
  const names = spec.inputs.map(({ name }) => name);
  const missing = names.find((name) => !inputs.has(name));
  const unknown = [...inputs.keys()].find((name) => !names.includes(name));
  if (missing === undefined && unknown === undefined) return;
  throw invalidOption(
    'inputs',
    missing === undefined ? `name ${unknown}, which the model lacks` : `lack ${missing}`,
    `give NAME=FILE.npy for ${names.join(', ')}`,
  );
}

/** Reads the normalised values of an input, (chip, …). */
async function readInput(
  spec: ModelSpec,
  input: ModelInput,
  path: string,
  { normalized = false, signal }: RunModelOptions,
): Promise<Float32Array> {
  await using array = await openNpy(path);
  const { data, shape } = await array.read(undefined, { signal });
  const expected = inputShape(spec, input, 1);
  checkShape(path, input, shape, expected);
  const values = Float32Array.from(data, Number);
  const pixels = sizeOf(expected) / input.bands.length;
  for (let k = 0; k < values.length; k++) {
    if (normalized) {
      if (Number.isFinite(values[k])) continue;
      throw invalidInput(path, 'holds values that are not finite', 'replace them, or leave out `normalized`');
    }
    const band = Math.floor(k / pixels) % input.bands.length;
    const value = Number.isFinite(values[k]) ? values[k] : replacementOf(input, band);
    values[k] = (value - input.mean[band]) / input.std[band];
  }
  return values;
}

/** Accepts one chip or several; a static input may have a time axis of length 1. */
function checkShape(
  path: string,
  { name, kind }: ModelInput,
  shape: readonly number[],
  expected: readonly number[],
): void {
  const [, bands, ...rest] = expected;
  const forms = [[bands, ...rest], ...(kind === 'static' || rest.length === 2 ? [[bands, 1, ...rest]] : [])];
  const fits = forms.some(
    (form) => shape.join() === form.join() || (shape.length > 0 && shape.slice(1).join() === form.join()),
  );
  if (!fits) {
    throw invalidInput(
      path,
      `has the shape (${shape.join(', ')}), but ${name} must be (chip, ${[bands, ...rest].join(', ')})`,
      'give chips of the model’s size',
    );
  }
}
