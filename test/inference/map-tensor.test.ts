import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Dimension, GeoBox, GeoTensor } from '../../src/geo/node/index.js';
import { mapTensor, openModel, openSession } from '../../src/inference/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { type TestModel, writeModel } from '../support/models.js';
import { randomValues } from '../support/random.js';

const folder = await temporaryFolder();
const geobox = GeoBox.fromSize([500_000, 4_999_500, 500_700, 5_000_000], 'EPSG:32632', 70, 50);
const PIXELS = 70 * 50;

async function sessionOf(name: string, model: TestModel) {
  return openSession(await openModel(await writeModel(join(folder, name), model)), { provider: 'cpu' });
}

function tensorOf(planes: readonly Float32Array[], dimensions: Dimension[], rest = {}): GeoTensor<'float32'> {
  const data = new Float32Array(planes.length * PIXELS);
  for (const [k, plane] of planes.entries()) data.set(plane, k * PIXELS);
  const shape = dimensions.length === 3 ? [planes.length, 50, 70] : [planes.length / 2, 2, 50, 70];
  return new GeoTensor<'float32'>({ data, shape, dimensions, geobox, ...rest });
}

const planes = [1, 2, 3, 4].map((seed) => randomValues(seed, PIXELS, -3, 3));

describe('mapTensor', () => {
  it('finds bands by name, normalises, and leaves gaps', async () => {
    const inputs = [
      {
        name: 'S2',
        bands: ['red', 'nir'],
        kind: 'temporal' as const,
        weights: [2, -1],
        mean: [1, 0],
        std: [2, 4],
      },
    ];
    await using session = await sessionOf('single', { inputs });
    const [nir, , red] = planes.map((plane) => plane.slice());
    nir[7] = -9999;
    const tensor = tensorOf([nir, planes[1], red], ['band', 'y', 'x'], {
      nodata: -9999,
      bandNames: ['nir', 'swir', 'red'],
    });
    const map = await mapTensor(session, tensor);
    expect(map).toMatchObject({
      shape: [2, 50, 70],
      dimensions: ['class', 'y', 'x'],
      bandNames: ['no', 'yes'],
      geobox,
    });
    // The logits are 0 and z, so the second probability is 1 / (1 + exp(-z)).
    const expected = red.map((value, k) => 1 / (1 + Math.exp(-(2 * ((value - 1) / 2) - nir[k] / 4))));
    expected[7] = Number.NaN;
    expect(map.data.subarray(PIXELS)).toBeCloseToArray(expected, 1e-6);
  });

  it('takes phases along time, and static inputs', async () => {
    const inputs = [
      { name: 'radar', bands: ['VV', 'VH'], kind: 'temporal' as const, weights: [1, 2, 3, 4] },
      { name: 'DEM', bands: ['z'], kind: 'static' as const, weights: [5] },
    ];
    await using session = await sessionOf('phases', { inputs, phases: ['before', 'after'] });
    const radar = tensorOf(planes, ['band', 'time', 'y', 'x']);
    const [height] = planes;
    const map = await mapTensor(session, { radar, DEM: tensorOf([height], ['band', 'y', 'x']) });
    const expected = height.map((value, k) => {
      const z = planes.reduce((sum, plane, c) => sum + (c + 1) * plane[k], 5 * value);
      return 1 / (1 + Math.exp(-z));
    });
    expect(map.data.subarray(PIXELS)).toBeCloseToArray(expected, 1e-5);
  });

  it('refuses images that do not fit', async () => {
    const inputs = [{ name: 'S2', bands: ['a', 'b'], kind: 'temporal' as const, weights: [1, 1] }];
    await using session = await sessionOf('refusals', { inputs });
    const one = tensorOf([planes[0]], ['band', 'y', 'x']);
    await expect(mapTensor(session, one)).rejects.toThrow(
      /the tensor for S2 has 1 bands, but the model takes a, b/,
    );
    await expect(mapTensor(session, { S1: one })).rejects.toThrow(
      /images lack S2; give a tensor for each of S2/,
    );
    await expect(mapTensor(session, tensorOf(planes, ['band', 'time', 'y', 'x']))).rejects.toThrow(
      /has 2 times, but the model takes 1 \(event\)/,
    );
  });
});
