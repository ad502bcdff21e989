import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../../src/geo/node/index.js';
import { writeCog } from '../../../src/raster/index.js';
import { writeSarScene } from '../../../src/workflow/demo/sar-scene.js';
import { describeConfusion } from '../../../src/workflow/evaluate/metrics.js';
import { evaluateMap, infer } from '../../../src/workflow/index.js';
import { temporaryFolder } from '../../support/files.js';

describe('describeConfusion', () => {
  it('by hand', () => {
    // Of 60 land pixels 50 are mapped as land; of 40 water pixels 30 as water.
    const metrics = describeConfusion(
      ['land', 'water'],
      [
        [50, 10],
        [10, 30],
      ],
      { mapInvalid: 50, labelUnknown: 25, otherClass: 25 },
      {
        map: [6, 4],
        label: [6, 4],
      },
    );
    expect(metrics.evaluatedPixels).toBe(100);
    expect(metrics.classes[1]).toEqual({
      name: 'water',
      labelShare: 0.4,
      iou: 0.6,
      precision: 0.75,
      recall: 0.75,
      f1: 0.75,
      mapKm2: 4,
      labelKm2: 4,
    });
    expect(metrics.classes[0].iou).toBeCloseTo(50 / 70, 12);
    expect(metrics.meanIou).toBeCloseTo((0.6 + 50 / 70) / 2, 12);
    expect(metrics.pixelAccuracy).toBe(0.8);
    expect(metrics.majorityClassAccuracy).toBe(0.6);
    expect(metrics.excludedShare).toEqual({ mapInvalid: 0.25, labelUnknown: 0.125, otherClass: 0.125 });
  });

  it('is null, never 0 or 1, where nothing can be said', () => {
    const metrics = describeConfusion(
      ['land', 'water'],
      [
        [10, 0],
        [0, 0],
      ],
      { mapInvalid: 0, labelUnknown: 0, otherClass: 0 },
      {
        map: [1, 0],
        label: [1, 0],
      },
    );
    expect(metrics.classes[1]).toMatchObject({ iou: null, precision: null, recall: null, f1: null });
    expect(metrics.meanIou).toBe(1);
    const empty = describeConfusion(
      ['a', 'b'],
      [
        [0, 0],
        [0, 0],
      ],
      { mapInvalid: 0, labelUnknown: 0, otherClass: 0 },
      { map: [0, 0], label: [0, 0] },
    );
    expect(empty).toMatchObject({
      meanIou: null,
      pixelAccuracy: null,
      majorityClassAccuracy: null,
      excludedShare: { mapInvalid: null },
    });
  });
});

describe('evaluateMap', async () => {
  const folder = await temporaryFolder();
  const map = join(folder, 'map');
  let label = '';

  beforeAll(async () => {
    const files = await writeSarScene(join(folder, 'scene'), 5);
    label = files.label;
    await infer({
      scene: files.scene,
      model: 'models/water-threshold',
      output: map,
      backend: 'cpu',
      threads: 0,
    });
  });

  it('scores the demo map against its truth, and writes it beside the map', async () => {
    const metrics = await evaluateMap({ map, label });
    expect(metrics.classes[1].iou).toBeGreaterThan(0.9);
    expect(metrics.pixelAccuracy).toBeGreaterThan(metrics.majorityClassAccuracy ?? 1);
    expect(metrics.excludedShare.mapInvalid).toBeGreaterThan(0.1);
    const written = JSON.parse(await readFile(join(map, 'metrics.json'), 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(metrics)));
    // The scene is 512 × 512 pixels of 10 m less the swath's edge, on either side of a zone border.
    const [land, water] = metrics.classes;
    expect(land.labelKm2 + water.labelKm2).toBeCloseTo((metrics.evaluatedPixels * 1e-4) / 0.9996 ** 2, 0);
  });

  it('ignores −1 and a declared nodata, and counts classes that the map lacks', async () => {
    const geobox = new GeoBox(32632, new Affine(10, 0, 257860, 0, -10, 5522080), 552, 553);
    const values = Int16Array.from({ length: geobox.pixelCount }, (_, i) => [-1, 0, 1, 7][i % 4]);
    const path = join(folder, 'odd-label.tif');
    await writeCog(path, [values], { geobox, bands: 1, dtype: 'int16', overviews: 'none' });
    const open = await evaluateMap({ map, label: path });
    expect(open.excludedShare.labelUnknown).toBeCloseTo(open.excludedShare.otherClass ?? 0, 2);
    expect(open.excludedShare.otherClass).toBeGreaterThan(0.15);
    const declared = join(folder, 'declared-label.tif');
    await writeCog(declared, [values], { geobox, bands: 1, dtype: 'int16', nodata: 7, overviews: 'none' });
    const other = await evaluateMap({ map, label: declared });
    expect(other.evaluatedPixels).toBe(open.evaluatedPixels);
  });

  it('refuses what is not a map, or not a label', async () => {
    await expect(evaluateMap({ map: folder, label })).rejects.toThrow(/item\.json does not exist/);
    await expect(evaluateMap({ map, label: 'test/fixtures/geotiff/no-crs-uint8.tif' })).rejects.toThrow(
      /no coordinate reference system/,
    );
    await expect(evaluateMap({ map, label, band: 4 })).rejects.toThrow(/has no band 4/);
  });
});
