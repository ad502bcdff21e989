/** `terrachip model import`: the forms of its options, and what it prints. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { onnxFile, pixelGraph } from '../support/onnx.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);
const logits = { name: 'y', shape: ['n', 2, 64, 64] };
const weights = [
  [0, 0, 0],
  [1, 1, 1],
];
await writeFile(
  join(folder, 'one.onnx'),
  onnxFile(pixelGraph({ name: 'x', shape: ['n', 3, 64, 64] }, logits, weights)),
);
await writeFile(
  join(folder, 'two.onnx'),
  onnxFile({
    inputs: [
      { name: 'radar', shape: ['n', 2, 64, 64] },
      { name: 'dem', shape: ['n', 1, 64, 64] },
    ],
    outputs: [{ name: 'y', shape: ['n', 3, 64, 64] }],
    nodes: [{ operator: 'Concat', inputs: ['radar', 'dem'], output: 'y', attributes: { axis: 1 } }],
  }),
);

async function cardOf(output: string) {
  return JSON.parse(await readFile(join(folder, output, 'model.json'), 'utf8'));
}

describe('terrachip model import', () => {
  it('takes lists with commas and spaces, fractions and negative numbers, and prints its assumptions', async () => {
    const args = ['one.onnx', '-o', 'one', '--bands', 'B02,B03', 'B04', '--classes', 'dry land, water'];
    const { status, stdout } = await terrachip(
      ...['model', 'import', ...args, '--scale', '1/255', '--mean', '-1,0,1', '--std', '0.5'],
    );
    expect(status).toBe(0);
    expect(await cardOf('one')).toMatchObject({
      // (value / 255 + 1) / 0.5 = (value + 255) / 127.5.
      inputs: [{ bands: ['B02', 'B03', 'B04'], mean: [-255, 0, 255], std: [127.5, 127.5, 127.5] }],
      output: { classes: [{ name: 'dry land' }, { name: 'water' }] },
    });
    expect(stdout).toContain('assumed: the axes of x (n, 3, 64, 64) are NCHW (--layout)\n');
    expect(stdout).toContain('assumed: x takes values as they are stored (--units)\n');
    expect(stdout).toContain('assumed: a chip begins every 48 pixels (--stride)\n');
  });

  it.each([
    [['--bands', 'radar=VV,VH;dem=DEM', '--units', 'radar=dB;dem=m', '--mean', 'radar=-12,-20;dem=500']],
    [
      [
        '--bands',
        'radar=VV,VH',
        'dem=DEM',
        '--units',
        'radar=dB',
        'dem=m',
        '--mean',
        'radar=-12,-20',
        'dem=500',
      ],
    ],
  ])('takes values of each input: %j', async (args) => {
    const { status, stderr } = await terrachip('model', 'import', 'two.onnx', '-o', 'two', ...args);
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect((await cardOf('two')).inputs).toMatchObject([
      { name: 'radar', bands: ['VV', 'VH'], units: 'dB', mean: [-12, -20] },
      { name: 'dem', bands: ['DEM'], units: 'm', mean: [500] },
    ]);
  });

  it('takes values of a regression with their units', async () => {
    const args = ['--bands', 'B02,B03,B04', '--values', 'canopy height=m', 'cover'];
    expect((await terrachip('model', 'import', 'one.onnx', '-o', 'values', ...args)).status).toBe(0);
    expect((await cardOf('values')).output).toMatchObject({
      task: 'regression',
      values: [{ name: 'canopy height', units: 'm' }, { name: 'cover' }],
    });
  });

  it('takes a checkpoint of Prithvi-EO', async () => {
    const own = { mean: [1, 2, 3, 4, 5, 6], std: [1, 1, 1, 1, 1, 1] };
    await writeFile(join(folder, 'statistics.json'), JSON.stringify({ S2L2A: own }));
    const { status, stdout } = await terrachip(
      ...['model', 'import', resolve('test/fixtures/prithvi/small.pt'), '-o', 'prithvi', '--heads', '1'],
      ...['--bands', 'S2L2A=B02,B03,B04,B8A,B11,B12', '--statistics', 'statistics.json'],
    );
    expect(status).toBe(0);
    expect(stdout).toContain('assumed: coordinates in time and space are not given to the model');
    expect((await cardOf('prithvi')).inputs).toMatchObject([
      { name: 'S2L2A', units: 'dn_harmonised', ...own },
    ]);
  });

  it.each<[string[], RegExp]>([
    [[], /one\.onnx cannot be imported: --bands is missing: the names of its 3 bands, in the order of x/],
    [['--bands', 'a,b,c', '--output-name', 'z'], /--output-name cannot be z: the graph gives y/],
    [['--bands', 'a,b,c', '--mean', 'much'], /--mean cannot be "much"; give a number/],
    [['--bands', 'a,b,c', '--scale', '1/2/3'], /--scale cannot be "1\/2\/3"; give a number/],
    [
      ['--bands', 'a,b,c', '--units', 'furlongs'],
      /--units cannot be "furlongs"; choose one of dn_harmonised/,
    ],
    [['--bands', 'x=a,b,c', 'd'], /--bands cannot be "d"; write NAME=VALUES/],
  ])('says what is wrong with %j by its flags', async (args, message) => {
    const { status, stderr } = await terrachip('model', 'import', 'one.onnx', '-o', 'wrong', ...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
