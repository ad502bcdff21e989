/** Maps of images that are in memory. */
import { invalidInput, invalidOption } from '../errors.js';
import { createChipLayout, type GeoBox, GeoTensor } from '../geo/index.js';
import { type Backend, CpuBackend } from '../gpu/index.js';
import { channelsOf, type MapSpec, type ModelInput, timeSteps } from './model-spec.js';
import { runScene } from './runner.js';
import type { ModelSession } from './session.js';
import type { SceneImage } from './strip.js';

/** Options of `mapTensor`. */
export interface MapTensorOptions {
  /** Cuts, normalises and stitches chips (default: a CPU backend). */
  backend?: Backend;
  /** Chips per batch (default 4, or the only size that the model takes). */
  batchSize?: number;
  /** The quantity that is averaged where chips overlap (default `probability`). */
  blend?: 'probability' | 'logits';
  signal?: AbortSignal;
}

/**
 * Maps images in memory with a model: chips are cut, normalised, run and stitched as for a scene.
 * @param images for each input of the model by name, or one tensor for a model of one input: (band, y, x), or
 * (band, time, y, x) with the model's phases along time. Values are in the model's units; nodata and NaN are gaps. Bands are
 * found by `bandNames`, or are in the model's order
 * @returns float32 (class, y, x) from 0 to 1, or (band, y, x) for the values of a regression; NaN for gaps
 * @throws {TerrachipError} INVALID_INPUT for images that do not fit the model or one another
 */
export async function mapTensor(
  session: ModelSession<MapSpec>,
  images: GeoTensor | Readonly<Record<string, GeoTensor>>,
  options: MapTensorOptions = {},
): Promise<GeoTensor<'float32'>> {
  const { spec } = session;
  const byName = images instanceof GeoTensor ? { [spec.inputs[0].name]: images } : images;
  const { batchSize = session.fixedBatch ?? 4, blend = 'probability', signal } = options;
  const tensors = spec.inputs.map((input) => tensorFor(spec, input, byName));
  const [{ geobox }] = tensors;
  for (const tensor of tensors) requireSameGrid(tensor.geobox, geobox);
  const { width, height } = geobox;
  const channels = channelsOf(spec.output);
  const data = new Float32Array(channels * width * height);
  const backend = options.backend ?? new CpuBackend();
  try {
    await runScene(
      {
        backend,
        session,
        images: spec.inputs.flatMap((input, k) => imagesOf(backend, spec, input, tensors[k])),
        layout: createChipLayout(width, height, spec.chip.size, spec.chip.stride),
        batchSize,
        blend,
        minChipValid: 0,
        onRows: async (start, rows, values) => {
          const length = rows * width;
          for (let c = 0; c < channels; c++) {
            data.set(values.subarray(c * length, (c + 1) * length), (c * height + start) * width);
          }
        },
        signal,
      },
      { start: 0, end: height },
    );
  } finally {
    if (options.backend === undefined) backend.dispose();
  }
  const { output } = spec;
  return new GeoTensor<'float32'>({
    data,
    shape: [channels, height, width],
    dimensions: ['values' in output ? 'band' : 'class', 'y', 'x'],
    geobox,
    nodata: Number.NaN,
    bandNames: ('values' in output ? output.values : output.classes).map(({ name }) => name),
  });
}

function tensorFor(spec: MapSpec, input: ModelInput, images: Readonly<Record<string, GeoTensor>>): GeoTensor {
  if (!Object.hasOwn(images, input.name)) {
    const names = spec.inputs.map(({ name }) => name).join(', ');
    throw invalidOption('images', `lack ${input.name}`, `give a tensor for each of ${names}`);
  }
  const tensor = images[input.name];
  const steps = timeSteps(spec, input);
  const found = tensor.dimensions.includes('time') ? tensor.shape[tensor.dimensions.indexOf('time')] : 1;
  if (found === steps) return tensor;
  throw invalidInput(
    `the tensor for ${input.name}`,
    `has ${found} times, but the model takes ${steps} (${spec.phases.join(', ')})`,
    'give a time for each phase',
  );
}

function requireSameGrid(found: GeoBox, expected: GeoBox): void {
  if (found.equals(expected)) return;
  throw invalidInput('the images', `are on two grids: ${expected} and ${found}`, 'load them on one grid');
}

/** The images of an input, one for each phase. */
function imagesOf(backend: Backend, spec: MapSpec, input: ModelInput, tensor: GeoTensor): SceneImage[] {
  const { shape, dimensions, data, nodata } = tensor;
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const strideOf = (name: 'band' | 'time'): number => strides[dimensions.indexOf(name)] ?? 0;
  const bands = bandsOf(input, tensor);
  const phases = input.kind === 'static' ? [undefined] : spec.phases;
  return phases.map((phase, step) => ({
    input,
    phase,
    async readRows({ start, end }, planes, firstRow) {
      const { width } = tensor.geobox;
      for (const [k, plane] of planes.entries()) {
        const offset = bands[k] * strideOf('band') + step * strideOf('time');
        const stored = data.subarray(offset + start * width, offset + end * width);
        const values = Float32Array.from(stored, Number);
        if (nodata !== null) {
          for (const [i, value] of stored.entries()) if (Number(value) === nodata) values[i] = Number.NaN;
        }
        backend.write(plane, values, (start - firstRow) * width);
      }
    },
  }));
}

/** The position of each of the model's bands in a tensor. */
function bandsOf({ name, bands }: ModelInput, { shape, dimensions, bandNames }: GeoTensor): number[] {
  const places = bands.map((band) => bandNames?.indexOf(band) ?? -1);
  if (!places.includes(-1)) return places;
  const axis = dimensions.indexOf('band');
  const count = axis < 0 ? 1 : shape[axis];
  if (count === bands.length) return bands.map((_, k) => k);
  throw invalidInput(
    `the tensor for ${name}`,
    `has ${count} bands${bandNames === null ? '' : ` (${bandNames.join(', ')})`}, but the model takes ${bands.join(', ')}`,
    'give those bands',
  );
}
