// npm run check:onnx: thirteen common ONNX models in the form of PyTorch's and TensorFlow's exporters. Each is
// imported by one command and maps a Sentinel-2 tile: a scene of one chip, and one of several chips with gaps. Each map
// is compared with ONNX Runtime and NumPy in Python (onnx/compare_maps.py).
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Report, terrachip } from './programs.js';
import { installProject, root } from './support.js';
import { openTrixie } from './trixie.js';

const CHIP = 64;
const STRIDE = 48;
const TOLERANCE = 1e-5;
/** For a model in half precision, whose results are rounded at other steps. */
const HALF_TOLERANCE = 2e-3;
const TILE = join(
  process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'),
  'data/eo/IBM__terramind/S2L2A/38D_378R_2_3.tif',
);

const BANDS = ['B02', 'B03', 'B04', 'B08'];
const LAND = ['land', 'water', 'cloud'];
const WATER = ['dry land', 'water'];

/** Options of the import besides bands and statistics (`options`), and how Python runs the model (`oracle`). */
const CASES = {
  'batch-fixed': { classes: LAND, oracle: { input: 'input.1', output: '191' } },
  'batch-dynamic': { classes: LAND },
  'one-logit': { classes: WATER, oracle: { input: 'image', output: 'mask', head: 'sigmoid' } },
  'sigmoid-in-graph': { classes: WATER, oracle: { input: 'pixel_values', output: 'probs', head: 'none' } },
  'softmax-in-graph': {
    classes: [...LAND, 'snow'],
    oracle: { input: 'x', output: 'softmax', head: 'none' },
  },
  nhwc: {
    classes: LAND,
    scale: 1e-4,
    oracle: { input: 'input_1:0', output: 'Identity:0', layout: 'NHWC' },
  },
  float16: { classes: LAND, tolerance: HALF_TOLERANCE },
  'external-data': { classes: LAND },
  'quarter-logits': { classes: LAND, oracle: { input: 'pixel_values', output: 'logits' } },
  'two-outputs': { classes: LAND, options: ['--output-name', 'out'], oracle: { output: 'out' } },
  regression: { values: ['canopy height'], oracle: { head: 'values' } },
  'one-date': { classes: LAND, oracle: { layout: 'NCTHW' } },
  // After division by 39, no whole number is halfway between two others.
  uint8: { classes: WATER, bands: ['B04', 'B03', 'B02'], scale: 1 / 39, oracle: { input: 'image' } },
};

await installProject();
const { folder, python, close } = await openTrixie();
const report = new Report('check:onnx');

/** Imports a model and maps a scene. @returns the requests for Python about the maps */
async function mapScenes(name, statistics) {
  const { classes, values, bands = BANDS, scale, options = [], oracle = {}, tolerance } = CASES[name];
  const model = join(folder, name, 'model.onnx');
  const card = join(folder, `${name}-card`);
  const numbers = (key) => bands.map((band) => statistics[key][band]);
  const scaled = scale === undefined ? null : { mean: bands.map(() => 0), std: bands.map(() => 1 / scale) };
  const { mean, std } = scaled ?? { mean: numbers('mean'), std: numbers('std') };
  await terrachip(
    ...['model', 'import', model, '-o', card, '--units', 'dn_harmonised', '--bands', ...bands],
    ...(scaled ? ['--scale', `${scale}`] : ['--mean', ...mean.map(String), '--std', ...std.map(String)]),
    ...(classes ? ['--classes', ...classes] : ['--values', ...values]),
    ...['--chip', `${CHIP}`, '--stride', `${STRIDE}`, ...options],
  );
  const { inputs, phases } = JSON.parse(readFileSync(join(card, 'model.json'), 'utf8'));
  const requests = [];
  for (const place of ['one-chip', 'several-chips']) {
    const raster = join(folder, `${place}.tif`);
    const scene = join(folder, `${name}.json`);
    writeFileSync(scene, JSON.stringify(sceneOf(raster, inputs[0].name, phases?.[0] ?? 'scene')));
    const map = join(folder, `${name}-${place}`);
    await terrachip('infer', scene, '--model', card, '-o', map, '--backend', 'cpu', '--provider', 'cpu');
    requests.push({
      ...{ name, tolerance: tolerance ?? TOLERANCE, input: 'input', output: 'output', layout: 'NCHW' },
      ...{ head: 'softmax', ...oracle },
      ...{ model, raster, mean, std, chip: CHIP, stride: STRIDE },
      bands: bands.map((band) => BANDS.indexOf(band) + 1),
      product: join(map, values === undefined ? 'probability.tif' : 'values.tif'),
    });
  }
  return requests;
}

function sceneOf(raster, input, phase) {
  const bands = Object.fromEntries(BANDS.map((band, k) => [band, { href: raster, band: k + 1 }]));
  return {
    schemaVersion: 1,
    grid: { like: raster },
    phases: [phase],
    inputs: { [input]: { units: 'dn_harmonised', phases: { [phase]: bands } } },
  };
}

try {
  let tile = null;
  if (existsSync(TILE)) {
    tile = join(folder, 'tile.tif');
    cpSync(TILE, tile);
  } else console.log(`${TILE} is not there: the scene is made up`);
  const { onnx } = await python('onnx/make_models.py', { folder });
  const statistics = await python('onnx/make_scenes.py', { folder, tile, chip: CHIP });
  const cases = [];
  for (const name of Object.keys(CASES)) {
    try {
      cases.push(...(await mapScenes(name, statistics)));
    } catch (error) {
      report.check(name, false, error.message.trim().split('\n').at(-1));
    }
  }
  const { results, onnxruntime, numpy } = await python('onnx/compare_maps.py', { cases });
  console.log(`onnx ${onnx}, ONNX Runtime ${onnxruntime}, NumPy ${numpy}`);
  for (const name of new Set(cases.map((each) => each.name))) {
    const own = results.filter((_, k) => cases[k].name === name);
    const worst = Math.max(...own.map(({ difference }) => difference ?? Number.NaN));
    const { tolerance } = cases.find((each) => each.name === name);
    report.check(`${name}: largest difference`, worst <= tolerance, `${JSON.stringify(own)}`);
    report.same(
      `${name}: pixels with wrong gaps`,
      own.map(({ wrongGaps }) => wrongGaps),
      [0, 0],
    );
    // A constant map would not test anything.
    report.check(
      `${name}: the map varies`,
      own.every(({ range }) => range > 0.1),
      JSON.stringify(own),
    );
    console.log(`${name}: ${worst.toExponential(1)}, at most ${tolerance}`);
  }
} finally {
  close();
}
report.end();
