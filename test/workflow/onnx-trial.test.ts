/** What `importModel` finds by running an ONNX graph on a synthetic chip. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openModel } from '../../src/inference/node/index.js';
import { type ImportOptions, importModel } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { onnxFile, pixelGraph, type TestGraph, type TestNode, type TestTensor } from '../support/onnx.js';

const folder = await temporaryFolder();
let count = 0;

async function imported(graph: TestGraph, options: Partial<ImportOptions> = {}) {
  const base = join(folder, String(count++));
  await mkdir(base);
  const checkpoint = join(base, 'unet.onnx');
  await writeFile(checkpoint, onnxFile(graph));
  const warnings: string[] = [];
  const output = join(base, 'model');
  const report = importModel({
    checkpoint,
    output,
    bands: ['a', 'b'],
    onProgress: (event) => void (event.type === 'warning' && warnings.push(event.message)),
    ...options,
  });
  return { output, warnings, report };
}

const SIZE = 16;
const image: TestTensor = { name: 'x', shape: ['n', 2, SIZE, SIZE] };
const two: TestTensor = { name: 'y', shape: ['n', 2, SIZE, SIZE] };
const one: TestTensor = { name: 'y', shape: ['n', 1, SIZE, SIZE] };

/** Logits of a convolution, then other operators one after the other. */
function graphOf(output: TestTensor, operators: readonly Omit<TestNode, 'inputs' | 'output'>[]): TestGraph {
  const classes = Number(output.shape?.[1]);
  const weights = Array.from({ length: classes }, (_, c) => [c === 0 ? 2 : 0, c]);
  const names = ['logits', ...operators.map((_, k) => (k + 1 === operators.length ? 'y' : `t${k}`))];
  return pixelGraph(image, output, weights, {
    nodes: [
      { operator: 'Conv', inputs: ['x', 'weights'], output: names[0] },
      ...operators.map((node, k) => ({ ...node, inputs: [names[k]], output: names[k + 1] })),
    ],
  });
}

const softmax = { operator: 'Softmax', attributes: { axis: 1 } };
/** Leaves probabilities as they are. */
const abs = { operator: 'Abs' };
const identity = { operator: 'Identity' };

it('a softmax before the last operator is found by the values', async () => {
  const { report, output, warnings } = await imported(graphOf(two, [softmax, abs]));
  const { spec, assumed } = await report;
  expect(spec.output).toMatchObject({ activation: 'none' });
  expect(assumed.filter((sentence) => sentence.includes('`activation`'))).toEqual([
    'y are probabilities, since they sum to 1 over the classes of a made-up chip (`activation` none)',
  ]);
  expect((await openModel(output)).spec).toEqual(spec);
  expect(spec.provenance.assumed).toEqual(assumed);
  expect(warnings).toEqual([]);
  // Without the run, the last operator decides.
  const { report: unseen } = await imported(graphOf(two, [softmax, abs]), { skipTrial: true });
  expect((await unseen).spec.output).toMatchObject({ activation: 'softmax' });
});

it('a softmax that is requested nevertheless causes a warning', async () => {
  const { report, warnings } = await imported(graphOf(two, [softmax, abs]), { activation: 'softmax' });
  expect((await report).spec.output).toMatchObject({ activation: 'softmax' });
  expect(warnings).toEqual([
    expect.stringMatching(/unet\.onnx gives values from 0 to 1 that sum to 1 .* `activation` none leaves/),
  ]);
});

it('one channel of probabilities or logits needs an activation', async () => {
  const graph = graphOf(one, [{ operator: 'Sigmoid' }, abs]);
  const { report, output } = await imported(graph);
  await expect(report).rejects.toThrow(
    /unet\.onnx gives values from 0 to 1 for a made-up chip, which may be probabilities or logits; set `activation` to none for probabilities, to sigmoid for logits\.$/,
  );
  expect(existsSync(join(output, 'model.json'))).toBe(false);
  const { report: none, warnings } = await imported(graph, { activation: 'none' });
  expect((await none).spec.output).toMatchObject({ activation: 'none' });
  expect(warnings).toEqual([]);
});

it('logits stay logits, and are not probabilities', async () => {
  const { report, warnings } = await imported(graphOf(two, [identity]));
  expect((await report).spec.output).toMatchObject({ activation: 'softmax' });
  expect(warnings).toEqual([]);
  const { report: none, warnings: told } = await imported(graphOf(two, [identity]), { activation: 'none' });
  expect((await none).spec.output).toMatchObject({ activation: 'none' });
  expect(told).toEqual([
    expect.stringMatching(/unet\.onnx gives -?\d.*, which is no probability, and `activation` is none$/),
  ]);
});

it('a graph with another output shape than declared is refused', async () => {
  // The convolution has two channels, and the file declares three.
  const graph = {
    ...pixelGraph(image, two, [
      [1, 0],
      [0, 1],
    ]),
    outputs: [{ ...two, shape: null }],
  };
  const { report, output } = await imported(graph, { classes: ['a', 'b', 'c'] });
  await expect(report).rejects.toThrow(
    /unet\.onnx does not run as its card says: .*the shape \(1, 2, \d+, \d+\), not \(1, 3, .*; correct the options or the model, or set `skipTrial`\.$/,
  );
  expect(existsSync(output)).toBe(false);
});

it("a graph that cannot be loaded is refused, with ONNX Runtime's whole message", async () => {
  const { report } = await imported(graphOf(two, [{ operator: 'NoSuchOperator' }]));
  await expect(report).rejects.toThrow(
    /unet\.onnx does not run as its card says: it cannot be loaded with the provider cpu, for which ONNX Runtime says: .*NoSuchOperator.*; correct the options/,
  );
});

it('values that are not finite are refused, or cause a warning if others are finite', async () => {
  // The mean and the deviation of values without statistics are 0 and 1: about half of them have no logarithm.
  const { report, warnings } = await imported(graphOf(one, [{ operator: 'Log' }]), { task: 'regression' });
  await report;
  const [, share] = /gives NaN or infinite values for (\S+) % of a made-up chip$/.exec(warnings[0]) ?? [];
  expect(Number(share)).toBeGreaterThan(5);
  expect(Number(share)).toBeLessThan(95);
  const negative = [{ operator: 'Abs' }, { operator: 'Neg' }, { operator: 'Log' }];
  const { report: never } = await imported(graphOf(one, negative), { task: 'regression' });
  await expect(never).rejects.toThrow(/unet\.onnx gives NaN or infinite values for all of a made-up chip;/);
});

it('a graph of a fixed batch gets one', async () => {
  const shape = [3, 2, SIZE, SIZE];
  const graph = pixelGraph({ name: 'x', shape }, { name: 'y', shape }, [
    [1, 0],
    [0, 1],
  ]);
  const { report, warnings } = await imported(graph);
  expect((await report).spec.output).toMatchObject({ activation: 'softmax' });
  expect(warnings).toEqual([]);
});
