/** `importModel` of ONNX files: information from the graph, requested options, and assumptions. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openModel } from '../../src/inference/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { type ImportOptions, importModel, infer } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { onnxFile, pixelGraph, type TestGraph, type TestTensor } from '../support/onnx.js';
import { writeSafetensors } from '../support/terramind.js';

const folder = await temporaryFolder();
let files = 0;
const newPath = (name = ''): string => join(folder, `${files++}${name}`);

/** Writes a graph to a file in a new folder. */
async function written(graph: TestGraph, name = 'unet.onnx'): Promise<string> {
  const path = newPath();
  await mkdir(path);
  await writeFile(join(path, name), onnxFile(graph));
  return join(path, name);
}

/** A graph of three bands and two logits, 0 and the sum of the bands. */
const SUM = [
  [0, 0, 0],
  [1, 1, 1],
];
const image: TestTensor = { name: 'x', shape: ['batch', 3, 64, 64] };
const logits: TestTensor = { name: 'y', shape: ['batch', 2, 64, 64] };
const plain = pixelGraph(image, logits, SUM);
const BANDS = ['B02', 'B03', 'B04'];

/** A graph that is only read, never run. */
const shapes = (inputs: TestTensor[], outputs: TestTensor[], operator = 'Conv'): TestGraph => ({
  inputs,
  outputs,
  nodes: outputs.map(({ name }) => ({ operator, inputs: [inputs[0]?.name ?? ''], output: name })),
});

async function imported(graph: TestGraph, options: Partial<ImportOptions> = {}, name = 'unet.onnx') {
  const output = newPath();
  const checkpoint = await written(graph, name);
  // Graphs that are only read have no weights, and are not run.
  const given = graph.weights === undefined ? { ...options, skipTrial: true } : options;
  return importModel({ checkpoint, output, bands: BANDS, ...given });
}

describe('the card of an ONNX model', () => {
  it('has the information of the graph, and assumptions', async () => {
    const report = await imported(plain);
    expect(report.files).toEqual(['model.onnx', 'model.json']);
    expect(report.spec).toMatchObject({
      name: 'unet',
      inputs: [
        {
          ...{ name: 'x', tensor: 'x', bands: BANDS, units: 'none', kind: 'temporal', layout: 'NCHW' },
          ...{ mean: [0, 0, 0], std: [1, 1, 1], nodataReplacement: [0, 0, 0] },
        },
      ],
      phases: ['scene'],
      // Three quarters of 64.
      chip: { size: 64, stride: 48 },
      output: { name: 'y', layout: 'NCHW', task: 'segmentation', activation: 'softmax' },
      licence: 'unknown',
      limitations: 'not stated',
    });
    expect(report.spec.output).toMatchObject({ classes: [{ name: 'class_0' }, { name: 'class_1' }] });
    expect(report.assumed).toEqual([
      'the axes of x (batch, 3, 64, 64) are NCHW (`layout`)',
      'x takes values as they are stored (`units`)',
      'the `mean` of x is 0',
      'the `std` of x is 1',
      'chips are 64 × 64 pixels, as the graph takes them',
      'a chip begins every 48 pixels (`stride`)',
      'its classes are called class_0, class_1 (`classes`)',
      'y are logits, since the graph ends in Conv (`activation` softmax)',
    ]);
    const { spec } = await openModel(report.output);
    expect(spec).toEqual(report.spec);
    expect(spec.provenance).toMatchObject({
      source: { file: 'unet.onnx', format: 'onnx', sha256: report.sha256 },
      producer: 'pytorch 2.4.0',
      assumed: report.assumed,
    });
    const graph = await readFile(join(report.output, 'model.onnx'));
    expect(createHash('sha256').update(graph).digest('hex')).toBe(report.sha256);
  });

  it('has the options, and then assumes only the size of chips', async () => {
    const { spec, assumed } = await imported(plain, {
      ...{ name: 'water-3', units: 'dn_harmonised', mean: [0.1, 0.2, 0.3], std: [0.5], scale: 0.0001 },
      ...{ activation: 'softmax', classes: ['dry land', 'open water'], chip: 64, stride: 32 },
      ...{ layout: 'NCHW', pixelSize: 10, phases: ['event'], task: 'segmentation' },
    });
    expect(assumed).toEqual([]);
    expect(spec).toMatchObject({
      name: 'water-3',
      // The model sees (value · 0.0001 − 0.1) / 0.5 = (value − 1000) / 5000.
      inputs: [{ mean: [1000, 2000, 3000], std: [5000, 5000, 5000], units: 'dn_harmonised' }],
      chip: { size: 64, stride: 32 },
      pixelSize: 10,
      phases: ['event'],
      output: { classes: [{ name: 'dry land' }, { name: 'open water' }] },
    });
  });

  it('names its input and itself by files and options', async () => {
    const strange = { name: 'serving_default_input_1:0', shape: ['unk__1', 64, 64, 3] };
    const graph = shapes([strange], [{ name: 'Identity:0', shape: ['unk__2', 64, 64, 5] }]);
    const one = await imported(graph, {}, 'model.onnx');
    expect(one.spec.inputs[0]).toMatchObject({
      name: 'serving_default_input_1',
      tensor: strange.name,
      layout: 'NHWC',
    });
    expect(one.spec.output).toMatchObject({ name: 'Identity:0', layout: 'NHWC' });
    // The name `model.onnx` is not informative: that of the folder is used.
    expect(join(folder, one.spec.name)).toBe(one.output);
    const two = await imported(graph, { bands: { S2L2A: BANDS } });
    expect(two.spec.inputs[0]).toMatchObject({ name: 'S2L2A', bands: BANDS });
  });

  it.each<[string, TestTensor['shape'], Partial<ImportOptions>, object]>([
    ['no shape', null, {}, { layout: 'NCHW' }],
    ['one date', [1, 3, 1, 64, 64], {}, { layout: 'NCTHW' }],
    ['one date before the bands', ['n', 1, 3, 64, 64], {}, { layout: 'NTCHW' }],
    ['two dates, bands last', ['n', 2, 64, 64, 3], {}, { layout: 'NTHWC' }],
    ['channels last, a free size', ['n', 'h', 'w', 3], {}, { layout: 'NHWC' }],
    ['dates in the channels', ['n', 6, 64, 64], { phases: ['a', 'b'] }, { layout: 'NCHW', kind: 'temporal' }],
    ['an order that is said', ['n', 'a', 'b', 'c'], { layout: 'NHWC' }, { layout: 'NHWC' }],
  ])('has the layout of %s', async (_, shape, options, expected) => {
    const graph = shapes([{ name: 'x', shape }], [{ name: 'y', shape: ['n', 2, 'h', 'w'] }]);
    expect((await imported(graph, options)).spec.inputs[0]).toMatchObject(expected);
  });

  it('names dates, and finds inputs that have none', async () => {
    const graph = shapes(
      [
        { name: 'radar', shape: ['n', 2, 3, 64, 64] },
        { name: 'dem', shape: ['n', 1, 64, 64] },
      ],
      [logits],
    );
    const { spec, assumed } = await imported(graph, { bands: { radar: ['VV', 'VH'], dem: ['DEM'] } });
    expect(spec.phases).toEqual(['phase_1', 'phase_2', 'phase_3']);
    expect(spec.inputs.map(({ name, kind, layout }) => [name, kind, layout])).toEqual([
      ['radar', 'temporal', 'NCTHW'],
      ['dem', 'static', 'NCHW'],
    ]);
    expect(assumed).toContain('its dates are called phase_1, phase_2, phase_3, first to last (`phases`)');
    expect(assumed).toContain('dem is one image for all dates');
  });

  it.each<[string, TestTensor, string, Partial<ImportOptions>, object]>([
    ['one logit', { name: 'y', shape: ['n', 1, 64, 64] }, 'Conv', {}, { activation: 'sigmoid' }],
    [
      'one probability',
      { name: 'y', shape: ['n', 64, 64] },
      'Sigmoid',
      {},
      { activation: 'none', layout: 'NHW' },
    ],
    ['probabilities', { name: 'y', shape: ['n', 4, 64, 64] }, 'Softmax', {}, { activation: 'none' }],
    [
      'class numbers',
      { name: 'y', shape: ['n', 64, 64], type: 'int64' },
      'ArgMax',
      { classes: ['a', 'b', 'c'] },
      { activation: 'none', layout: 'NHW', classes: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
    ],
    [
      'labels',
      { name: 'y', shape: ['n', 3, 64, 64] },
      'Conv',
      { task: 'multilabel' },
      { task: 'multilabel', activation: 'sigmoid' },
    ],
    [
      'a quarter of the side',
      { name: 'y', shape: ['n', 3, 16, 16] },
      'Conv',
      {},
      { layout: 'NCHW', activation: 'softmax' },
    ],
    [
      'one named class',
      { name: 'y', shape: ['n', 1, 64, 64] },
      'Conv',
      { classes: ['water'] },
      { classes: [{ name: 'background' }, { name: 'water' }] },
    ],
    [
      'a regression',
      { name: 'y', shape: ['n', 1, 64, 64] },
      'Conv',
      { values: [{ name: 'height', units: 'm' }] },
      { task: 'regression', values: [{ name: 'height', units: 'm' }] },
    ],
    [
      'a regression without names',
      { name: 'y', shape: ['n', 2, 64, 64] },
      'Conv',
      { task: 'regression' },
      { task: 'regression', values: [{ name: 'value_1' }, { name: 'value_2' }] },
    ],
    ['tokens', { name: 'y', shape: ['n', 16, 192] }, 'Conv', {}, { tokens: 16, channels: 192 }],
  ])('has the output of %s', async (_, output, operator, options, expected) => {
    const { spec } = await imported(shapes([image], [output], operator), options);
    expect(spec.output).toMatchObject(expected);
  });

  it('takes bands, units, statistics and classes of another model', async () => {
    const { spec, assumed } = await imported(shapes([{ name: 'input', shape: ['n', 2, 64, 64] }], [logits]), {
      bands: undefined,
      like: 'water-threshold',
    });
    const water = (await openModel('water-threshold')).spec;
    const [{ bands, units, mean, std, nodataReplacement }] = water.inputs;
    expect(spec.inputs).toMatchObject([
      { name: 'S1RTC', tensor: 'input', bands, units, mean, std, nodataReplacement },
    ]);
    expect(spec.output).toMatchObject({ classes: 'classes' in water.output ? water.output.classes : [] });
    expect(assumed.join()).not.toMatch(/classes|mean|units/);
    // Bands in another order take their own statistics.
    const turned = await imported(shapes([{ name: 'input', shape: ['n', 2, 64, 64] }], [logits]), {
      like: 'water-threshold',
      bands: bands.toReversed(),
    });
    expect(turned.spec.inputs[0].mean).toEqual(mean.toReversed());
  });

  it('takes valid metadata of the file', async () => {
    const metadata = {
      bands: '["B08", "B04", "B03"]',
      mean: '[1, 2, 3]',
      std: '4,5,6',
      class_names: '{"0": "dry land", "1": "water"}',
      units: 'reflectance',
      pixel_size: '10',
      licence: 'MIT',
      scale: 'a lot',
    };
    const { spec } = await imported({ ...plain, metadata }, { bands: undefined });
    expect(spec).toMatchObject({
      inputs: [{ bands: ['B08', 'B04', 'B03'], mean: [1, 2, 3], std: [4, 5, 6], units: 'reflectance' }],
      output: { classes: [{ name: 'dry land' }, { name: 'water' }] },
      pixelSize: 10,
      licence: 'MIT',
    });
    const wrong = { mean: '[1, 2]', std: '0', classes: '["a"]', units: 'furlongs' };
    const other = (await imported({ ...plain, metadata: wrong })).spec;
    expect(other.inputs[0]).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1], units: 'none' });
    expect(other.output).toMatchObject({ classes: [{ name: 'class_0' }, { name: 'class_1' }] });
  });
});

describe('the import of an ONNX model is refused', () => {
  it.each<[string, TestGraph, Partial<ImportOptions>, RegExp]>([
    [
      'without bands and a choice of outputs: both are told',
      shapes([image], [logits, { name: 'aux', shape: ['n', 2, 32, 32] }]),
      { bands: undefined },
      /unet\.onnx cannot be imported: `bands` is missing: the names of its 3 bands, in the order of x \(batch, 3, 64, 64\); `outputName` is missing: the graph gives y \(batch, 2, 64, 64\) and aux \(n, 2, 32, 32\); correct the options or the model\./,
    ],
    ['for another number of bands', plain, { bands: ['B02'] }, /`bands` names 1, but x takes 3/],
    [
      'for bands of an unknown input',
      plain,
      { bands: { x: BANDS, z: BANDS } },
      /`bands` names z, .* inputs x/,
    ],
    ['for too many means', plain, { mean: [1, 2] }, /`mean` has 2 values for the 3 bands of x/],
    ['for no deviation', plain, { std: [0] }, /`std` of x must be positive/],
    ['for an impossible scale', plain, { scale: 0 }, /`scale` cannot be 0: it must be positive/],
    ['for chips of another size', plain, { chip: 128 }, /`chip` cannot be 128: the graph takes 64 × 64/],
    [
      'for tiny chips',
      shapes([{ name: 'x', shape: [1, 3, 4, 4] }], [{ name: 'y', shape: [1, 2, 4, 4] }]),
      {},
      /the card of .*unet\.onnx is not valid: chip\.size/,
    ],
    ['for a name with spaces', plain, { name: 'my model' }, /name: must be a name/],
    ['for a class that stands twice', plain, { classes: ['a', 'a'] }, /names the class a twice/],
    ['for gaps', plain, { stride: 65 }, /`stride` cannot be 65 for chips of 64 pixels/],
    [
      'for too many classes',
      plain,
      { classes: ['a', 'b', 'c'] },
      /`classes` names 3, but y .* tells 2 apart/,
    ],
    ['for a layout of other axes', plain, { layout: 'NCTHW' }, /`layout` cannot be NCTHW for x/],
    ['for an unknown output', plain, { outputName: 'z' }, /`outputName` cannot be z: the graph gives y/],
    [
      'for an activation that cannot be',
      plain,
      { activation: 'sigmoid' },
      /`activation` cannot be sigmoid for classes that exclude each other/,
    ],
    [
      'for chips that are not square',
      shapes([{ name: 'x', shape: [1, 3, 64, 128] }], [{ name: 'y', shape: [1, 2, 'h', 'w'] }]),
      {},
      /takes chips of 64 × 128 pixels, which are not square/,
    ],
    [
      'for text',
      shapes([{ ...image, type: 'bool' }], [logits]),
      {},
      /takes x \(batch, 3, 64, 64\) as bool, not as pixels/,
    ],
    [
      'for vectors',
      shapes([{ name: 'x', shape: ['n', 3] }], [logits]),
      {},
      /takes x \(n, 3\), which is no image/,
    ],
    [
      'for a class of the whole chip',
      shapes([image], [{ name: 'y', shape: ['n', 10] }]),
      {},
      /gives y \(n, 10\), which is no map/,
    ],
    [
      'for a part of the chip',
      shapes([image], [{ name: 'y', shape: ['n', 2, 60, 60] }]),
      {},
      /whose 60 pixels are no whole fraction of a chip’s 64/,
    ],
    [
      'for class numbers without names',
      shapes([image], [{ name: 'y', shape: ['n', 64, 64], type: 'uint8' }]),
      {},
      /`classes` is missing: y \(n, 64, 64\) does not say how many it has/,
    ],
    [
      'for options of checkpoints',
      plain,
      { heads: 3 },
      /heads is for checkpoints, and the file is an ONNX model/,
    ],
  ])('%s', async (_, graph, options, message) => {
    const output = newPath();
    const checkpoint = await written(graph);
    const task = importModel({ checkpoint, output, bands: BANDS, ...options });
    await expect(task).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });

  it('for a folder with several', async () => {
    const path = await written(plain);
    await cp(path, path.replace('unet', 'other'));
    const checkpoint = join(path, '..');
    await expect(importModel({ checkpoint, output: newPath() })).rejects.toThrow(
      /holds several: other\.onnx, unet\.onnx/,
    );
  });

  it('with the options of ONNX models for a checkpoint', async () => {
    const one = { weight: { shape: [1], values: Float32Array.of(1) } };
    const checkpoint = await writeSafetensors(newPath('.safetensors'), one);
    await expect(importModel({ checkpoint, output: newPath(), bands: BANDS })).rejects.toThrow(
      /^bands is not for checkpoints of TerraMind; leave it out\.$/,
    );
  });

  it('over its own files', async () => {
    const checkpoint = await written(plain, 'model.onnx');
    await expect(importModel({ checkpoint, output: join(checkpoint, '..'), bands: BANDS })).rejects.toThrow(
      /is also an input/,
    );
  });
});

/** A scene of one image with three bands of `values`, 100 columns wide, in the units of digital numbers. */
async function writeScene(values: (band: number, pixel: number) => number, rows = 100): Promise<string> {
  const path = newPath();
  await mkdir(path);
  const geobox = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 100, rows);
  const bands = [0, 1, 2].map((band) =>
    Uint16Array.from({ length: 100 * rows }, (_, pixel) => values(band, pixel)),
  );
  const raster = join(path, 's2.tif');
  await writeCog(raster, bands, { geobox, bands: 3, dtype: 'uint16', overviews: 'none' });
  const phase = Object.fromEntries(BANDS.map((band, k) => [band, { href: 's2.tif', band: k + 1 }]));
  const scene = {
    schemaVersion: 1,
    grid: { like: 's2.tif' },
    phases: ['scene'],
    inputs: { x: { units: 'dn_harmonised', phases: { scene: phase } } },
  };
  await writeFile(join(path, 'scene.json'), JSON.stringify(scene));
  return join(path, 'scene.json');
}

const CPU = { backend: 'cpu', provider: 'cpu', threads: 0 } as const;

async function probabilities(scene: string, model: string) {
  const output = newPath();
  await infer({ scene, model, output, ...CPU });
  const raster = await openRaster(join(output, 'probability.tif'));
  const planes = await raster.readPlanes();
  await raster.close();
  return planes;
}

describe('an imported ONNX model', () => {
  it('maps a scene (case model-undocumented-card)', async () => {
    const scene = await writeScene((band, pixel) => 1000 * (band + 1) + pixel);
    const { output } = await imported(plain, { mean: [6000], std: [1], scale: 1 });
    const [, second] = await probabilities(scene, output);
    for (const pixel of [0, 1, 5050, 9999]) {
      // Bands of 1000, 2000 and 3000 + pixel, each less 6000: far below 0 at the first pixels, far above at the last.
      const sum = 3 * pixel - 12_000;
      expect(second[pixel]).toBeCloseTo(1 / (1 + Math.exp(-sum)), 5);
    }
    const scaled = await imported(plain, { scale: 0.0001 });
    const [, small] = await probabilities(scene, scaled.output);
    // At pixel 5050: (1000 + 2000 + 3000 + 3 · 5050) / 10 000 = 2.115.
    expect(small[5050]).toBeCloseTo(1 / (1 + Math.exp(-2.115)), 5);
  });

  it('warns of a scene with another pixel size than in training', async () => {
    const scene = await writeScene(() => 1000);
    // Pixels of 10 m: 9.5 is within 10 per cent of them, 20 is not.
    const warnings: string[][] = [];
    for (const pixelSize of [9.5, 20]) {
      const { output: model } = await imported(plain, { pixelSize });
      const told: string[] = [];
      const onProgress: ImportOptions['onProgress'] = (event) => {
        if (event.type === 'warning') told.push(event.message);
      };
      await infer({ scene, model, output: newPath(), ...CPU, onProgress });
      warnings.push(told);
    }
    expect(warnings).toEqual([[], ['the pixels of the scene are 10.0 m wide, and unet was trained on 20 m']]);
  });

  it('is found in a folder, and gets a card that the folder lacked', async () => {
    const path = await written(plain, 'weights.onnx');
    const output = newPath();
    const report = await importModel({ checkpoint: join(path, '..'), output, bands: BANDS });
    expect(report.files).toEqual(['model.onnx', 'model.json']);
    expect(readdirSync(output).sort()).toEqual(['model.json', 'model.onnx']);
  });

  it('needs a card, and the error tells how to get one', async () => {
    const path = await written(plain, 'model.onnx');
    const remedy = /give a folder with model\.json, which terrachip model import makes of an ONNX file/;
    await expect(openModel(path)).rejects.toThrow(remedy);
    await expect(openModel(join(path, '..'))).rejects.toThrow(remedy);
  });

  it('has a name without the extension .onnx', async () => {
    const path = await written(plain, 'weights.bin');
    const report = await importModel({ checkpoint: path, output: newPath(), bands: BANDS });
    expect(report.spec.name).toBe('weights');
  });

  describe('with external data (case model-external-data)', () => {
    const external = (location: string): TestGraph => ({
      ...plain,
      weights: [{ name: 'weights', shape: [2, 3, 1, 1], values: { location } }],
    });
    /** Logits 0 and `factor` times the sum of the bands. */
    const weights = (factor: number) =>
      new Uint8Array(Float32Array.from([0, 0, 0, factor, factor, factor]).buffer);

    it.each(['model.onnx_data', 'weights.bin', 'parts/0.bin', './unet.onnx.data'])(
      'copies %s as a part of the model',
      async (location) => {
        const path = await written(external(location));
        const data = join(path, '..', location);
        await mkdir(join(data, '..'), { recursive: true });
        await writeFile(data, weights(1));
        const options = { checkpoint: path, output: newPath(), bands: BANDS, scale: 0.0001 };
        const report = await importModel(options);
        const name = location.replace('./', '');
        expect(report.files).toEqual(['model.onnx', name, 'model.json']);
        const one = await openModel(report.output);
        const scene = await writeScene(() => 1000);
        // Three bands of 0.1.
        expect((await probabilities(scene, report.output))[1][0]).toBeCloseTo(1 / (1 + Math.exp(-0.3)), 5);
        await writeFile(join(report.output, name), weights(5));
        const other = await openModel(report.output);
        expect(other.sha256).not.toBe(one.sha256);
        expect((await probabilities(scene, report.output))[1][0]).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 5);
        // Another model in the same folder leaves no data of the first behind, apart from folders.
        await importModel({ ...options, checkpoint: await written(plain) });
        expect(existsSync(join(report.output, name))).toBe(location === 'parts/0.bin');
      },
    );

    it('uses separate runs for shards with other weights', async () => {
      const path = await written(external('model.onnx_data'));
      await writeFile(join(path, '..', 'model.onnx_data'), weights(1));
      const { output: model } = await importModel({ checkpoint: path, output: newPath(), bands: BANDS });
      const scene = await writeScene(() => 1000, 600);
      const output = newPath();
      const first = await infer({
        scene,
        model,
        output,
        ...CPU,
        rowsPerUnit: 256,
        shard: { index: 0, count: 2 },
      });
      await writeFile(join(model, 'model.onnx_data'), weights(5));
      const second = await infer({
        scene,
        model,
        output,
        ...CPU,
        rowsPerUnit: 256,
        shard: { index: 1, count: 2 },
      });
      // Other weights are another model, whose run has a folder of its own.
      expect(second.runFolder).not.toBe(first.runFolder);
    });

    it.each([
      ['../weights.bin', /has weights in "\.\.\/weights\.bin", outside of its folder/],
      ['/etc/hostname', /has weights in "\/etc\/hostname", outside of its folder/],
      ['C:\\weights.bin', /outside of its folder/],
      ['a/../../b', /outside of its folder/],
      ['model.json', /has weights in model\.json, a name of terrachip’s own/],
      ['missing.bin', /missing\.bin does not exist/],
    ])('refuses %s', async (location, message) => {
      const path = await written(external(location));
      const output = newPath();
      await expect(importModel({ checkpoint: path, output, bands: BANDS })).rejects.toThrow(message);
      expect(existsSync(output)).toBe(false);
    });
  });
});
