// Maps a synthetic radar scene by a model, for Node and the page: row by row, and as a tensor in memory.
import { createChipLayout, GeoBox, GeoTensor } from 'terrachip/geo';
import { ModelSession, mapTensor, parseModelSpec, runScene } from 'terrachip/inference';

const [WIDTH, HEIGHT] = [300, 270];

/** Backscatter in dB: a lake, land with noise, and a nodata corner. */
function backscatter(band) {
  return Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    if (x < 40 && y < 30) return Number.NaN;
    const level = Math.hypot(x - 170, y - 120) < 60 ? -22 : -11;
    return level - 5 * band + ((x * 7919 + y * 104_729) % 64) / 32;
  });
}

/**
 * @param {import('terrachip/kernels').Backend} backend
 * @param {import('terrachip/inference').OnnxRuntime} runtime
 * @param {string} provider
 * @param {{ document: unknown, graph: Uint8Array }} model with radar of one date as its only input
 * @returns {Promise<Float32Array>} probabilities (class, y, x)
 */
export async function mapScene(backend, runtime, provider, { document, graph }) {
  const spec = parseModelSpec(document, 'model.json');
  const session = await ModelSession.create(runtime, graph, spec, { provider });
  const [input] = spec.inputs;
  const [phase] = spec.phases;
  const bands = input.bands.map((_, band) => backscatter(band));
  const readRows = async ({ start, end }, planes, firstRow) => {
    for (const [band, plane] of planes.entries()) {
      backend.write(plane, bands[band].subarray(start * WIDTH, end * WIDTH), (start - firstRow) * WIDTH);
    }
  };
  const classes = spec.output.classes.length;
  const map = new Float32Array(classes * WIDTH * HEIGHT);
  const options = {
    backend,
    session,
    images: [{ input, phase, readRows }],
    layout: createChipLayout(WIDTH, HEIGHT, spec.chip.size, spec.chip.stride),
    batchSize: 2,
    blend: 'probability',
    minChipValid: 0,
    async onRows(start, rows, values) {
      for (let k = 0; k < classes; k++) {
        map.set(values.subarray(k * rows * WIDTH, (k + 1) * rows * WIDTH), (k * HEIGHT + start) * WIDTH);
      }
    },
  };
  await runScene(options, { start: 0, end: HEIGHT });
  await session.dispose();
  return map;
}

/** As `mapScene`, by `mapTensor`. The tensor has -9999 for nodata, and its bands in another order than the model. */
export async function mapImage(backend, runtime, provider, { document, graph }) {
  const spec = parseModelSpec(document, 'model.json');
  const [{ name, bands }] = spec.inputs;
  const bandNames = bands.toReversed();
  const data = new Float32Array(bands.length * WIDTH * HEIGHT);
  for (const [k, band] of bandNames.entries()) {
    const values = backscatter(bands.indexOf(band)).map((value) => (Number.isNaN(value) ? -9999 : value));
    data.set(values, k * WIDTH * HEIGHT);
  }
  const image = new GeoTensor({
    data,
    shape: [bands.length, HEIGHT, WIDTH],
    dimensions: ['band', 'y', 'x'],
    geobox: GeoBox.fromSize([500_000, 5_000_000, 503_000, 5_002_700], 32632, WIDTH, HEIGHT),
    nodata: -9999,
    bandNames,
  });
  const session = await ModelSession.create(runtime, graph, spec, { provider });
  const map = await mapTensor(session, { [name]: image }, { backend, batchSize: 2 });
  await session.dispose();
  return map.data;
}
