// Inputs of the demo's flood model as files, and its map in Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GeoBox, GeoTensor } from 'terrachip/geo';
import { ModelSession, mapTensor, parseModelSpec } from 'terrachip/inference';
import { writeCog } from 'terrachip/raster';
import { root } from '../support.js';

const FOLDER = join(root, 'models', 'demo-flood');
const [WIDTH, HEIGHT] = [300, 280];
const geobox = GeoBox.fromSize([500_000, 5_000_000, 503_000, 5_002_800], 32632, WIDTH, HEIGHT);

const spec = parseModelSpec(JSON.parse(readFileSync(join(FOLDER, 'model.json'), 'utf8')), 'model.json');

/** Each input in each of its phases: its title in the app, and its file with the same name. */
export const INPUTS = spec.inputs.flatMap((input, k) =>
  (input.kind === 'static' ? [null] : spec.phases).map((phase, time) => ({
    input,
    k,
    time,
    // The units of the file: the app must convert them.
    units: input.units === 'dB' ? 'linear_power' : input.units,
    title: phase === null ? input.name : `${input.name} ${phase}`,
    file: phase === null ? `${input.name}.tif` : `${input.name}-${phase}.tif`,
  })),
);

/** Values around the input's means with noise, and a dark lake from the third phase on. */
function plane({ input, k, time }, band) {
  const isFlooded = time >= 2;
  return Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    if (x < 30 && y < 20) return Number.NaN;
    const isLake = isFlooded && Math.hypot(x - 170, y - 130) < 70;
    const noise = ((x * 7919 + y * 104_729 + 31 * band + 17 * k) % 64) / 64 - 0.5;
    if (input.name === 'DEM') return 300 - (Math.hypot(x - 170, y - 130) < 90 ? 60 : 0) + noise;
    const share = isLake ? -2.2 : 0.2;
    const value = input.mean[band] + (share + 0.2 * noise) * input.std[band];
    return input.units === 'dB' ? value : Math.max(1, Math.round(value));
  });
}

export async function writeFloodInputs(folder) {
  for (const image of INPUTS) {
    const { bands } = image.input;
    const isPower = image.units === 'linear_power';
    const planes = bands.map((_, band) => {
      const values = plane(image, band);
      return isPower ? values.map((decibels) => 10 ** (decibels / 10)) : values;
    });
    await writeCog(join(folder, image.file), planes, {
      geobox,
      bands: bands.length,
      dtype: 'float32',
      nodata: Number.NaN,
      descriptions: bands,
    });
  }
}

/** @returns {Promise<Float32Array>} probabilities (class, y, x), by onnxruntime-node */
export async function floodMap() {
  const size = WIDTH * HEIGHT;
  const images = {};
  for (const input of spec.inputs) {
    const phases = INPUTS.filter((image) => image.input === input);
    const data = new Float32Array(input.bands.length * phases.length * size);
    for (const [time, image] of phases.entries()) {
      for (const band of input.bands.keys())
        data.set(plane(image, band), (band * phases.length + time) * size);
    }
    const isStatic = input.kind === 'static';
    images[input.name] = new GeoTensor({
      data,
      shape: [input.bands.length, ...(isStatic ? [] : [phases.length]), HEIGHT, WIDTH],
      dimensions: ['band', ...(isStatic ? [] : ['time']), 'y', 'x'],
      geobox,
      nodata: Number.NaN,
      bandNames: input.bands,
    });
  }
  const runtime = await import('onnxruntime-node');
  const graph = readFileSync(join(FOLDER, 'model.onnx'));
  const session = await ModelSession.create(runtime, graph, spec, { provider: 'cpu' });
  const { data } = await mapTensor(session, images, { batchSize: 1 });
  await session.dispose();
  return data;
}
