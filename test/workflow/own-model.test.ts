/** Maps of models that are not bundled: quantities, several labels, classes of any name, graphs that fail. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, Crs, createTransform, GeoBox } from '../../src/geo/node/index.js';
import { GraphBuilder, type Value } from '../../src/inference/onnx/index.js';
import { unpackPlanes } from '../../src/page/report/unpack.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { readAreas } from '../../src/vector/node/index.js';
import { findPositive } from '../../src/workflow/evaluate/positive-class.js';
import { assessMap, evaluateMap, type InferOptions, infer, writeReport } from '../../src/workflow/index.js';
import type { ReportDocument } from '../../src/workflow/report/document.js';
import { temporaryFolder } from '../support/files.js';
import { encodeGraph } from '../support/models.js';

const folder = await temporaryFolder();
const SIZE = 64;
const [width, height] = [100, 90];
const geobox = new GeoBox(32633, new Affine(10, 0, 500_000, 0, -10, 5_300_000), width, height);
let made = 0;

/** Writes a scene of one band, `v`, in metres. */
async function writeScene(
  at: (x: number, y: number) => number,
): Promise<{ scene: string; values: Float32Array }> {
  const values = Float32Array.from({ length: width * height }, (_, i) =>
    at(i % width, Math.floor(i / width)),
  );
  const name = `scene-${made++}`;
  await writeCog(join(folder, `${name}.tif`), [values], { geobox, bands: 1, dtype: 'float32' });
  const document = {
    schemaVersion: 1,
    grid: { like: `${name}.tif` },
    phases: ['event'],
    inputs: { x: { units: 'm', phases: { event: { v: { href: `${name}.tif`, band: 1 } } } } },
  };
  const scene = join(folder, `${name}.json`);
  await writeFile(scene, JSON.stringify(document));
  return { scene, values };
}

/** Writes a model whose only input is `v` as it is stored. */
async function writeModel(output: object, build: (graph: GraphBuilder, x: Value) => Value): Promise<string> {
  const path = join(folder, `model-${made++}`);
  const graph = new GraphBuilder('test');
  graph.output('y', build(graph, graph.input('x', ['n', 1, SIZE, SIZE])));
  const card = {
    schemaVersion: 1,
    name: 'own',
    inputs: [{ name: 'x', bands: ['v'], units: 'm', mean: [0], std: [1], nodataReplacement: 0 }],
    phases: ['event'],
    chip: { size: SIZE, stride: 48 },
    output: { name: 'y', ...output },
    limitations: 'Not for decisions.',
  };
  await mkdir(path);
  await writeFile(join(path, 'model.onnx'), await encodeGraph(graph));
  await writeFile(join(path, 'model.json'), JSON.stringify(card));
  return path;
}

/** A linear model: channel k is weights[k] · v + biases[k]. */
function linear(weights: readonly number[], biases: readonly number[]) {
  return (graph: GraphBuilder, x: Value): Value =>
    graph.convolution(
      x,
      graph.weight('w', { shape: [weights.length, 1, 1, 1], load: async () => Float32Array.from(weights) }),
      graph.weight('b', { shape: [biases.length], load: async () => Float32Array.from(biases) }),
    );
}

async function map(scene: string, model: string, options: Partial<InferOptions> = {}) {
  const output = join(folder, `map-${made++}`);
  const report = await infer({ scene, model, output, backend: 'cpu', threads: 0, ...options });
  return { output, report };
}

async function planes(path: string): Promise<Float32Array[]> {
  await using raster = await openRaster(path);
  return (await raster.readPlanes()).map((plane) => Float32Array.from(plane));
}

async function json(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}

const HEIGHT = { task: 'regression', values: [{ name: 'height', units: 'm' }] };

describe('a regression', () => {
  it('gives a map of values with units, statistics, a picture and an item', async () => {
    const { scene, values } = await writeScene((x, y) => ((7 * x + 13 * y) % 301) / 10);
    const { output, report } = await map(scene, await writeModel(HEIGHT, linear([0.5], [5])));
    expect((await readdir(output)).sort()).toEqual([
      'item.json',
      'quicklook.png',
      'run.json',
      'statistics.json',
      'values.tif',
    ]);
    // height = 0.5 · v + 5 at each pixel, wherever chips overlap.
    const expected = values.map((v) => 0.5 * v + 5);
    const [found] = await planes(join(output, 'values.tif'));
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-5);
    const { values: described, validShare } = await json(join(output, 'statistics.json'));
    const mean = expected.reduce((a, b) => a + b) / expected.length;
    const std = Math.sqrt(expected.reduce((sum, v) => sum + (v - mean) ** 2, 0) / expected.length);
    expect(described).toMatchObject([{ name: 'height', units: 'm', pixels: 9000 }]);
    expect(validShare).toBe(1);
    // v goes from 0 to 30, in steps of 0.1.
    expect(described[0].min).toBeCloseTo(5, 5);
    expect(described[0].max).toBeCloseTo(20, 5);
    expect(described[0].mean).toBeCloseTo(mean, 5);
    expect(described[0].std).toBeCloseTo(std, 5);
    const item = await json(join(output, 'item.json'));
    expect(item.properties['terrachip:limitations']).toBe('Not for decisions.');
    expect(item.assets.values.bands).toEqual([
      { name: 'height', data_type: 'float32', nodata: 'nan', unit: 'm' },
    ]);
    expect(report.products?.pixels).toEqual({ height: 9000, nodata: 0 });
    const bytes = (await readFile(join(output, 'values.tif'))).toString('latin1');
    expect(bytes).toContain('<Item name="UNITTYPE" sample="0" role="unittype">m</Item>');
    expect(bytes).toContain('<Item name="TERRACHIP_LIMITATIONS">Not for decisions.</Item>');
  });

  it('blends by the mean of the chips', async () => {
    const { scene } = await writeScene(() => 0);
    // The value is the column within the chip.
    const columns = Float32Array.from({ length: SIZE ** 2 }, (_, i) => i % SIZE);
    const model = await writeModel(HEIGHT, (graph, x) =>
      graph.add(x, graph.weight('columns', { shape: [1, 1, SIZE, SIZE], load: async () => columns })),
    );
    const { output } = await map(scene, model);
    const [found] = await planes(join(output, 'values.tif'));
    // Chips begin at columns 0 and 36. Column 20 is in the first alone, 90 in the second alone.
    expect(found[20]).toBeCloseTo(20, 5);
    expect(found[90]).toBeCloseTo(54, 5);
    // Columns 49 and 50 are the middle of the overlap: the weights of one are those of the other, exchanged. With the
    // share a, 49 a + 13 (1 − a) and 50 (1 − a) + 14 a, together 63.
    expect(found[49] + found[50]).toBeCloseTo(63, 3);
  });

  it('is scored against a raster, beside the mean', async () => {
    const { scene, values } = await writeScene((x, y) => (x + 3 * y) % 40);
    const { output } = await map(scene, await writeModel(HEIGHT, linear([1], [0])));
    // The label is 2 more than the map in every other pixel, and unknown in the first row.
    const truth = values.map((v, i) => (i < width ? Number.NaN : v + (i % 2) * 2));
    const label = join(folder, 'label.tif');
    await writeCog(label, [truth], { geobox, bands: 1, dtype: 'float32', nodata: Number.NaN });
    const { values: scores, metrics } = await assessMap({ map: output, label });
    const known = truth.filter((value) => !Number.isNaN(value));
    const mean = known.reduce((a, b) => a + b) / known.length;
    const variance = known.reduce((sum, v) => sum + (v - mean) ** 2, 0) / known.length;
    const deviation = known.reduce((sum, v) => sum + Math.abs(v - mean), 0) / known.length;
    expect(metrics).toBeNull();
    const [score] = scores ?? [];
    expect(score).toMatchObject({ name: 'height', units: 'm', pixels: 8900 });
    // Differences are 0 and −2, half each.
    expect(score.rmse).toBeCloseTo(Math.SQRT2, 6);
    expect(score.mae).toBeCloseTo(1, 6);
    expect(score.bias).toBeCloseTo(-1, 6);
    expect(score.r2).toBeCloseTo(1 - 2 / variance, 6);
    expect(score.baseline.value).toBeCloseTo(mean, 6);
    expect(score.baseline.rmse).toBeCloseTo(Math.sqrt(variance), 6);
    expect(score.baseline.mae).toBeCloseTo(deviation, 6);
    expect((await json(join(output, 'metrics.json'))).values).toEqual(scores);
    await expect(evaluateMap({ map: output, label })).rejects.toThrow(/is a map of values, not of classes/);
    await expect(assessMap({ map: output, label, labelMap: { 1: 'a' } })).rejects.toThrow(
      /^labelMap has no meaning for a map of values/,
    );
  });

  it('refuses options for classes only', async () => {
    const { scene } = await writeScene(() => 0);
    const model = await writeModel(HEIGHT, linear([1], [0]));
    await expect(map(scene, model, { threshold: 0.4 })).rejects.toThrow(
      /^threshold has no meaning for values without classes/,
    );
    await expect(map(scene, model, { minArea: 100 })).rejects.toThrow(/^minArea has no meaning/);
    await expect(map(scene, model, { blend: 'logits' })).rejects.toThrow(/^blend cannot be logits/);
  });
});

describe('several labels', () => {
  it('have a probability and a band each, at the threshold of the card', async () => {
    const { scene, values } = await writeScene((x, y) => (x + y) % 11);
    const output = { task: 'multilabel', threshold: 0.8, classes: [{ name: 'wet' }, { name: 'green' }] };
    const model = await writeModel(output, linear([1, 1], [-5, -2]));
    const { output: path, report } = await map(scene, model);
    const probability = await planes(join(path, 'probability.tif'));
    const classes = await planes(join(path, 'classes.tif'));
    expect(classes).toHaveLength(2);
    let [wet, green] = [0, 0];
    for (const [i, v] of values.entries()) {
      // The sigmoids of v − 5 and v − 2; softmax would give 0.047 and 0.953 everywhere.
      expect(probability[0][i]).toBeCloseTo(1 / (1 + Math.exp(5 - v)), 5);
      expect(probability[1][i]).toBeCloseTo(1 / (1 + Math.exp(2 - v)), 5);
      // The sigmoid of 1 is 0.73, that of 2 is 0.88.
      expect([classes[0][i], classes[1][i]]).toEqual([v >= 7 ? 1 : 0, v >= 4 ? 1 : 0]);
      if (v >= 7) wet++;
      if (v >= 4) green++;
    }
    expect(report.products?.pixels).toEqual({ wet, green, nodata: 0 });
    const { classes: areas, validShare } = await json(join(path, 'statistics.json'));
    expect(validShare).toBe(1);
    expect(areas[0].share).toBeCloseTo(wet / 9000, 3);
    const polygons = await readAreas(join(path, 'polygons.geojson'));
    const counted = (name: string): number =>
      polygons.features
        .filter(({ properties }) => properties.class === name)
        .reduce((sum, { properties }) => sum + Number(properties.pixels), 0);
    expect([counted('wet'), counted('green')]).toEqual([wet, green]);
    // The map's wet is v ≥ 7 and green v ≥ 4; the label's v ≥ 6 and v ≥ 4, unknown in the first row.
    const truth = [6, 4].map((least) => values.map((v, i) => (i < width ? Number.NaN : v >= least ? 1 : 0)));
    const label = join(folder, 'labels.tif');
    await writeCog(label, truth, { geobox, bands: 2, dtype: 'float32', nodata: Number.NaN });
    const { metrics, labels } = await assessMap({ map: path, label });
    expect(metrics).toBeNull();
    const known = [...values].filter((_, i) => i >= width);
    const count = (least: number): number => known.filter((v) => v >= least).length;
    const [sevens, sixes, fours] = [count(7), count(6), count(4)];
    expect(labels).toMatchObject([
      {
        name: 'wet',
        pixels: 8900,
        counts: {
          truePositives: sevens,
          falsePositives: 0,
          falseNegatives: sixes - sevens,
          trueNegatives: 8900 - sixes,
        },
        iou: sevens / sixes,
        precision: 1,
        recall: sevens / sixes,
        f1: (2 * sevens) / (sevens + sixes),
        // 5 of 11 values are 6 or more.
        baseline: { everywhere: false, iou: 0, recall: 0, precision: null, accuracy: (8900 - sixes) / 8900 },
      },
      { name: 'green', iou: 1, f1: 1, baseline: { everywhere: true, iou: fours / 8900, recall: 1 } },
    ]);
    expect((await json(join(path, 'metrics.json'))).classes).toEqual(labels);
    // A file of one class: the others are not scored.
    const one = join(folder, 'wet.tif');
    await writeCog(one, [truth[0]], { geobox, bands: 1, dtype: 'float32', nodata: Number.NaN });
    const { labels: some } = await assessMap({ map: path, labels: { wet: one } });
    expect(some?.[0]).toEqual(labels?.[0]);
    expect(some?.[1]).toMatchObject({ name: 'green', pixels: 0, iou: null, accuracy: null });
    await expect(assessMap({ map: path, label: one })).rejects.toThrow(
      /wet\.tif has 1 bands?, and the map has the classes wet, green; give a band per class, or a file per class with `labels`/,
    );
    await expect(assessMap({ map: path, labels: { dry: one } })).rejects.toThrow(/^labels cannot be "dry"/);
    await expect(assessMap({ map: path, label, positiveClass: 'wet' })).rejects.toThrow(
      /^positiveClass has no meaning for a map whose classes do not exclude each other/,
    );
    await expect(evaluateMap({ map: path, label })).rejects.toThrow(/has several classes a pixel/);
    const { statistics } = await assessMap({ map: path });
    expect(statistics.classes.map(({ pixels }) => pixels)).toEqual([wet, green]);
  });
});

describe('the positive class', () => {
  it.each<[classes: string[], positive: number | null]>([
    [['land', 'water'], 1],
    [['water', 'land'], 0],
    [['no_water', 'water'], 1],
    [['no water', 'Water'], 1],
    [['Water', 'Non-water'], 0],
    [['non-flooded', 'flooded'], 1],
    [['flooded', 'unflooded'], 0],
    [['nodata', 'flood'], 1],
    [['land', 'permanent_water', 'flood'], 2],
    [['land', 'flood', 'permanent water'], 1],
    [['land', 'permanent water', 'snow'], 1],
    [['burned', 'unburned'], 0],
    [['fire', 'background'], 0],
    [['forest', 'clearing'], 1],
    [['forest', 'crops', 'town'], null],
  ])('of %j is number %j', (classes, positive) => {
    expect(findPositive(classes, undefined)).toBe(positive);
  });

  it('is required if several are possible', () => {
    const classes = ['land', 'water', 'flooded_vegetation'];
    expect(() => findPositive(classes, undefined)).toThrow(
      /^positiveClass is not clear: water and flooded_vegetation may be meant, of the classes land, water, flooded_vegetation; name one/,
    );
    expect(findPositive(classes, 'flooded_vegetation')).toBe(2);
  });

  it('is that of polygons without a class', async () => {
    const inside = (x: number, y: number): boolean => x >= 30 && x < 60 && y >= 20 && y < 70;
    const { scene } = await writeScene((x, y) => (inside(x, y) ? 10 : -10));
    const classes = [{ name: 'no_water' }, { name: 'water' }];
    const { output } = await map(scene, await writeModel({ classes }, linear([0, 1], [0, 0])));
    const { forward } = createTransform(geobox.crs, Crs.wgs84);
    const corners = [30, 20, 60, 20, 60, 70, 30, 70, 30, 20];
    const ring = [0, 2, 4, 6, 8].map((k) => forward(...geobox.transform.apply(corners[k], corners[k + 1])));
    const label = join(folder, 'water.geojson');
    await writeFile(label, JSON.stringify({ type: 'Polygon', coordinates: [ring] }));
    const metrics = await evaluateMap({ map: output, label });
    expect(metrics.positiveClass).toBe('water');
    // 30 × 50 pixels, and the map is the label.
    expect(metrics.confusion.counts).toEqual([
      [7500, 0],
      [0, 1500],
    ]);
  });
});

describe('values of labels', () => {
  it('are classes by a map, and numbers from 1 are noticed', async () => {
    const { scene } = await writeScene((x) => (x < 40 ? 10 : -10));
    const classes = [{ name: 'land' }, { name: 'water' }];
    const { output } = await map(scene, await writeModel({ classes }, linear([0, 1], [0, 0])));
    const label = async (value: (x: number) => number): Promise<string> => {
      const values = Uint8Array.from({ length: width * height }, (_, i) => value(i % width));
      const path = join(folder, `label-${made++}.tif`);
      await writeCog(path, [values], { geobox, bands: 1, dtype: 'uint8', nodata: 255 });
      return path;
    };
    const fromOne = await label((x) => (x < 40 ? 2 : 1));
    await expect(evaluateMap({ map: output, label: fromOne })).rejects.toThrow(
      /has the values 1 to 2, and the classes of the map are numbered from 0 to 1; say what its values are with `labelMap`: 1=land,2=water/,
    );
    const mapped = await evaluateMap({ map: output, label: fromOne, labelMap: { 1: 'land', 2: 'water' } });
    expect(mapped.meanIou).toBe(1);
    // 60 columns of land, 30 of water, 10 of a value that the map of values leaves out.
    const other = await label((x) => (x < 10 ? 7 : x < 40 ? 20 : 30));
    const part = await evaluateMap({ map: output, label: other, labelMap: { 20: 'water', 30: 'land' } });
    expect(part.confusion.counts).toEqual([
      [5400, 0],
      [0, 2700],
    ]);
    expect(part.excludedShare.otherClass).toBeCloseTo(0.1, 10);
    const unmapped = await evaluateMap({ map: output, label: await label((x) => (x < 40 ? 5 : 0)) });
    expect(unmapped.findings.join(' ')).toMatch(
      /The label has the values 5, which are no classes of the map/,
    );
    await expect(evaluateMap({ map: output, label: fromOne, labelMap: { 1: 'ice' } })).rejects.toThrow(
      /^labelMap cannot be "ice"; choose one of land, water/,
    );
  });
});

describe('graphs that fail', () => {
  const classes = [{ name: 'land' }, { name: 'water' }];
  /** 1 below the limit, and NaN from it on: 0 / 0. */
  const limit = (graph: GraphBuilder, x: Value): Value => {
    const below = graph.relu(graph.subtract(graph.scalar(256), x));
    return graph.divide(below, below);
  };
  const logits = (graph: GraphBuilder, x: Value, factor: Value): Value => {
    const water = graph.multiply(x, factor);
    return graph.concat([graph.subtract(graph.scalar(0), water), water], 1);
  };
  /** 50 × 40 pixels without a value of the graph. */
  const bright = (x: number, y: number): number => (x >= 40 && x < 90 && y >= 40 && y < 80 ? 500 : 100);

  it('warn of valid pixels without a result, and count them', async () => {
    const { scene } = await writeScene(bright);
    const model = await writeModel({ classes }, (graph, x) => logits(graph, x, limit(graph, x)));
    const warnings: string[] = [];
    const { output, report } = await map(scene, model, {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(warnings.join()).toMatch(/2000 valid pixels/);
    expect((await json(join(output, 'run.json'))).counters.notFinite).toBe(2000);
    expect(report.products?.pixels).toEqual({ land: 0, water: 7000, nodata: 2000 });
  });

  it('are an error when a whole chip has no result', async () => {
    const { scene } = await writeScene(bright);
    const message = /returns NaN or infinite values for all pixels of a chip/;
    const chip = await writeModel({ classes }, (graph, x) =>
      logits(graph, x, graph.reshape(graph.mean(graph.mean(limit(graph, x), 3), 2), ['n', 1, 1, 1])),
    );
    await expect(map(scene, chip)).rejects.toThrow(message);
    const all = await writeModel({ classes }, (graph, x) => {
      const zero = graph.subtract(x, x);
      return logits(graph, x, graph.divide(zero, zero));
    });
    await expect(map(scene, all)).rejects.toThrow(message);
  });

  it('refuse a threshold for three classes', async () => {
    const { scene } = await writeScene((x) => x - 50);
    const three = ['a', 'b', 'c'].map((name) => ({ name }));
    const model = await writeModel({ classes: three }, linear([0, 1, -1], [0, 0, 0]));
    await expect(map(scene, model, { threshold: 0.99 })).rejects.toThrow(
      /^threshold has no meaning for 3 classes, of which the most probable is taken; leave it out/,
    );
  });
});

describe('products of classes', () => {
  it('have names and colours for GDAL, and polygons on request', async () => {
    // Land with 5 × 5 pixels of water, 2500 m², and 30 × 30.
    const wet = (x: number, y: number): boolean =>
      (x < 5 && y < 5) || (x >= 50 && x < 80 && y >= 40 && y < 70);
    const { scene } = await writeScene((x, y) => (wet(x, y) ? 10 : -10));
    const classes = [{ name: 'dry land' }, { name: 'water & ice', colour: '#0000ff' }];
    const model = await writeModel({ classes }, linear([0, 1], [0, 0]));
    const { output, report } = await map(scene, model, { minArea: 3000 });
    const table = await readFile(join(output, 'classes.tif.aux.xml'), 'utf8');
    expect(table).toContain('<Category>water &amp; ice</Category>');
    expect(table).toContain('<Row index="1"><F>1</F><F>water &amp; ice</F><F>0</F><F>0</F><F>255</F></Row>');
    const polygons = await readAreas(join(output, 'polygons.geojson'));
    expect(polygons.features.map(({ properties }) => properties.pixels).sort()).toEqual([8075, 900]);
    expect(report.products?.statistics.classes[1]).toMatchObject({ pixels: 925 });
    // Rectangles have no redundant corner, but the outline of a triangle of stairs does.
    const slope = await writeScene((x, y) => (x < y ? 10 : -10));
    const [all, few] = await Promise.all(
      [undefined, 1].map(async (simplify) => {
        const { output } = await map(slope.scene, model, { simplify });
        return (await readAreas(join(output, 'polygons.geojson'))).features;
      }),
    );
    expect(all[0].polygons[0][0].length).toBeGreaterThan(170);
    expect(few[0].polygons[0][0].length).toBeLessThan(10);
    expect(few.map(({ properties }) => properties)).toEqual(all.map(({ properties }) => properties));
    const none = await map(scene, model, { polygons: false });
    expect(await readdir(none.output)).not.toContain('polygons.geojson');
    expect((await json(join(none.output, 'item.json'))).assets).not.toHaveProperty('polygons');
    await expect(map(scene, model, { polygons: false, minArea: 1 })).rejects.toThrow(
      /^minArea has no meaning/,
    );
    await expect(map(scene, model, { minArea: -1 })).rejects.toThrow(/^minArea cannot be -1/);
    await expect(map(scene, model, { simplify: 0 })).rejects.toThrow(/^simplify cannot be 0/);
  });
});

describe('a report', () => {
  /** The document of a report's page, and the page. */
  async function reportOf(output: string, zones?: string) {
    const { destination } = await writeReport({ map: output, destination: `${output}.html`, zones });
    const page = await readFile(destination, 'utf8');
    const [, text] = /id="report-document">(.*?)<\/script>/s.exec(page) ?? [];
    return { page, document: JSON.parse(text) as ReportDocument };
  }

  it('has the quantities of a regression, and their means by zone', async () => {
    const { scene } = await writeScene((x) => x);
    const { output } = await map(scene, await writeModel(HEIGHT, linear([1], [0])));
    // Columns 10 to 19; the mean of their values is 14.5.
    const [x0, x1] = [500_100, 500_200];
    const [y0, y1] = geobox.bounds.filter((_, k) => k % 2 === 1);
    const ring = [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ];
    const zones = `${output}.geojson`;
    await writeFile(
      zones,
      JSON.stringify({
        type: 'Feature',
        properties: { name: 'strip' },
        crs: { type: 'name', properties: { name: 'EPSG:32633' } },
        geometry: { type: 'Polygon', coordinates: [ring] },
      }),
    );
    const { page, document } = await reportOf(output, zones);
    expect(page).toContain('<th scope="row">strip</th><td>14.500</td>');
    const [{ title, pixels, style }] = document.rasters;
    expect([title, style.kind === 'ramp' && style.label]).toEqual(['height', 'height (m)']);
    const [values] = await unpackPlanes(pixels);
    // The middle of the page's grid is the middle of the map's, between columns 49 and 50.
    const middle = values[Math.floor(pixels.height / 2) * pixels.width + Math.floor(pixels.width / 2)];
    expect([49, 50]).toContain(Math.round(middle));
    const shown = new Set(values.filter((value) => !Number.isNaN(value)).map(Math.round));
    expect(shown.size).toBeGreaterThan(95);
    expect(document.outlines.map((each) => each.title)).toEqual(['Zones', 'Chips of the model']);
  });

  it('has a layer and a probability for each of several labels', async () => {
    const { scene, values: stored } = await writeScene((x, y) => (x + y) % 11);
    const output = { task: 'multilabel', threshold: 0.8, classes: [{ name: 'wet' }, { name: 'green' }] };
    const { output: path } = await map(scene, await writeModel(output, linear([1, 1], [-5, -2])));
    const { page, document } = await reportOf(path);
    expect(page).toContain('Classes may overlap.');
    expect(document.rasters.map(({ title }) => title)).toEqual([
      'wet',
      'green',
      'Probability of wet',
      'Probability of green',
    ]);
    // Wet is v ≥ 7 and green v ≥ 4: 4 and 7 of 11 values.
    for (const [k, least] of [7, 4].entries()) {
      const [plane] = await unpackPlanes(document.rasters[k].pixels);
      const valid = Array.from(plane).filter((value) => value !== 255);
      const share = stored.filter((v) => v >= least).length / stored.length;
      expect(valid.reduce((sum, value) => sum + value, 0) / valid.length).toBeCloseTo(share, 1);
    }
  });
});
