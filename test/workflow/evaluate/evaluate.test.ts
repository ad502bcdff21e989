import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, Crs, createTransform, GeoBox } from '../../../src/geo/node/index.js';
import { writeJson } from '../../../src/io/node/output.js';
import { openRaster, writeCog } from '../../../src/raster/node/index.js';
import { describeConfusion } from '../../../src/workflow/evaluate/metrics.js';
import { assessMap, evaluateMap, infer } from '../../../src/workflow/index.js';
import { temporaryFolder } from '../../support/files.js';
import { writeSarScene } from '../../support/sar-scene.js';

describe('describeConfusion', () => {
  it('is equal to metrics by hand', () => {
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

  it('is null, never 0 or 1, for undefined metrics', () => {
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
  let scene = '';

  beforeAll(async () => {
    const files = await writeSarScene(join(folder, 'scene'), 5, 320);
    ({ label, scene } = files);
    await infer({
      scene: files.scene,
      model: 'models/water-threshold',
      output: map,
      backend: 'cpu',
      threads: 0,
    });
  });

  it('scores the demo map against its truth, and writes the report beside the map', async () => {
    const metrics = await evaluateMap({ map, label });
    expect(metrics.classes[1].iou).toBeGreaterThan(0.9);
    expect(metrics.pixelAccuracy).toBeGreaterThan(metrics.majorityClassAccuracy ?? 1);
    expect(metrics.excludedShare.mapInvalid).toBeGreaterThan(0.1);
    const written = JSON.parse(await readFile(join(map, 'metrics.json'), 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(metrics)));
    // The scene is 320 × 320 pixels of 10 m without the part outside the swath.
    const [land, water] = metrics.classes;
    expect(land.labelKm2 + water.labelKm2).toBeCloseTo((metrics.evaluatedPixels * 1e-4) / 0.9996 ** 2, 0);
  });

  it('ignores −1 and declared nodata, and counts classes that the map lacks', async () => {
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

  /** Writes a GeoJSON file of rectangles, in shares of the map's width and height from its upper left. */
  async function rectangles(
    name: string,
    features: [Record<string, unknown>, [number, number, number, number]][],
  ): Promise<string> {
    const raster = await openRaster(join(map, 'classes.tif'));
    const { transform, crs, width, height } = raster.geobox!;
    await raster.close();
    const { forward } = createTransform(crs, Crs.wgs84);
    const at = (u: number, v: number): number[] => forward(...transform.apply(u * width, v * height));
    const path = join(folder, name);
    await writeJson(path, {
      type: 'FeatureCollection',
      features: features.map(([properties, [x0, y0, x1, y1]]) => ({
        type: 'Feature',
        properties,
        geometry: {
          type: 'Polygon',
          coordinates: [[at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1), at(x0, y0)]],
        },
      })),
    });
    return path;
  }

  it('compares the map with simple baselines', async () => {
    const metrics = await evaluateMap({ map, label });
    expect(metrics.positiveClass).toBe('water');
    expect(metrics.baselines.map(({ name }) => name)).toEqual(['majority', 'otsu-vv', 'vv-drop']);
    const [majority, otsu, drop] = metrics.baselines;
    expect(majority.scores).toMatchObject({ iou: 0, precision: null, recall: 0 });
    expect(majority.scores.accuracy).toBe(metrics.majorityClassAccuracy);
    // The scene's land is about −9.5 dB, its water about −20.5 dB.
    expect(otsu.threshold).toBeGreaterThan(-17);
    expect(otsu.threshold).toBeLessThan(-13);
    expect(otsu.scores.iou).toBeGreaterThan(0.9);
    expect(drop.threshold).toBeLessThan(0);
    // Permanent water does not change: the change detection misses it.
    expect(drop.scores.recall).toBeLessThan(otsu.scores.recall ?? 0);
    expect(metrics.baselinesLeftOut).toEqual([
      { name: 'ndwi', reason: 'the scene has no B03 in phase event' },
    ]);
    const total = Object.values(otsu.counts).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(metrics.evaluatedPixels);
    expect(metrics.findings.join(' ')).toMatch(/best baseline|no better than/);
  });

  it('scores without baselines when the scene is missing, and reports it', async () => {
    const run = JSON.parse(await readFile(join(map, 'run.json'), 'utf8'));
    run.plan.scene.path = '/nowhere/scene.json';
    const moved = join(folder, 'moved');
    await cp(map, moved, { recursive: true });
    await writeFile(join(moved, 'run.json'), JSON.stringify(run));
    const metrics = await evaluateMap({ map: moved, label });
    expect(metrics.baselines.map(({ name }) => name)).toEqual(['majority']);
    expect(metrics.baselinesLeftOut[0].reason).toMatch(/nowhere\/scene\.json does not exist/);
    const found = await evaluateMap({ map: moved, label, scene });
    expect(found.baselines).toHaveLength(3);
  });

  it('reports when the map is no better than one class', async () => {
    // Water only where the label has none, and the label's water missed: still correct on most pixels.
    const polygons = await rectangles('corner.geojson', [[{}, [0.4, 0.6, 0.43, 0.63]]]);
    const metrics = await evaluateMap({ map, label: polygons });
    expect(metrics.pixelAccuracy).toBeLessThan(metrics.majorityClassAccuracy ?? 0);
    expect(metrics.findings[0]).toMatch(
      /^The map does no better than calling every pixel land: its pixel accuracy is 0\.\d{3}, that of a single class 0\.\d{3}\.$/,
    );
    expect(
      metrics.findings.some((text) => /^Only 0\.\d+ % of the evaluated pixels are water/.test(text)),
    ).toBe(true);
  });

  it('burns polygons at pixel centres, with the class of a property', async () => {
    const half = await rectangles('half.geojson', [[{ kind: 'water', number: 0 }, [0, 0, 0.5, 1]]]);
    const byDefault = await evaluateMap({ map, label: half });
    expect(byDefault.classes[1].labelShare).toBeGreaterThan(0.4);
    const named = await evaluateMap({ map, label: half, classProperty: 'kind' });
    expect(named.confusion).toEqual(byDefault.confusion);
    const land = await evaluateMap({ map, label: half, classProperty: 'number' });
    expect(land.classes[0].labelShare).toBe(1);
    expect(land.findings.join(' ')).toMatch(/The label has no water/);
    await expect(evaluateMap({ map, label: half, classProperty: 'nothing' })).rejects.toThrow(
      /half\.geojson has a polygon without the property nothing; choose another with `classProperty`/,
    );
    await expect(evaluateMap({ map, label: half, labelClass: 'ice' })).rejects.toThrow(
      /^labelClass cannot be "ice"; choose one of land, water/,
    );
  });

  it('separates permanent water, and measures zones', async () => {
    const permanent = await rectangles('permanent.geojson', [[{}, [0, 0, 0.5, 1]]]);
    const zones = await rectangles('zones.geojson', [
      [{ name: 'left' }, [0, 0, 0.5, 1]],
      [{ name: 'right' }, [0.5, 0, 1, 1]],
      [{ name: '=beyond, "x"' }, [-0.5, 0, 0.25, 1]],
    ]);
    const { statistics, metrics } = await assessMap({ map, label, permanentWater: permanent, zones });
    const { permanentKm2, floodKm2 } = statistics.permanentWater!;
    const water = statistics.classes[1].km2;
    expect(permanentKm2 + floodKm2).toBeCloseTo(water, 9);
    const [left, right, beyond] = statistics.zones!;
    expect(left.classes[1].km2).toBeCloseTo(permanentKm2, 9);
    // The edges are straight in longitude and latitude: pixels near them may be on either side.
    expect(left.classes[1].km2 + right.classes[1].km2).toBeCloseTo(water, 2);
    expect(left.km2 + right.km2).toBeCloseTo(statistics.totalKm2, 1);
    expect(beyond.validShare).toBeLessThan(0.4);
    expect(metrics?.zones?.[0].evaluatedPixels).toBeGreaterThan(20_000);
    expect(metrics?.permanentWater?.falsePositiveRate).toBeLessThan(0.01);
    const table = await readFile(join(map, 'zones.csv'), 'utf8');
    const lines = table.split('\r\n');
    expect(lines[0]).toBe(
      'zone,km2,valid_km2,valid_share,land_km2,water_km2,evaluated_pixels,land_iou,water_iou',
    );
    // Quoted as CSV, and not a spreadsheet formula.
    expect(lines[3]).toMatch(/^"'=beyond, ""x""",/);
    await expect(assessMap({ map, zones, zoneName: 'id' })).rejects.toThrow(
      /zones\.geojson has a zone without the property id \(it has name\); choose another with `zoneName`/,
    );
  });

  it('drops small components before it counts', async () => {
    const { statistics: all } = await assessMap({ map });
    const { statistics: large } = await assessMap({ map, minArea: 1e6 });
    expect(large.minArea?.removedPixels).toBe(all.classes[1].pixels - large.classes[1].pixels);
    expect(large.minArea?.removedPixels).toBeGreaterThan(0);
    expect(large.validKm2).toBeCloseTo(all.validKm2, 9);
    await expect(assessMap({ map, minArea: -1 })).rejects.toThrow(/^minArea cannot be -1/);
  });

  it('refuses labels of another area', async () => {
    const far = join(folder, 'far.geojson');
    await writeJson(far, {
      type: 'Polygon',
      coordinates: [
        [
          [100, 0],
          [101, 0],
          [101, 1],
          [100, 0],
        ],
      ],
    });
    await expect(evaluateMap({ map, label: far })).rejects.toThrow(
      /far\.geojson does not overlap the map: it lies at longitude 100 to 101, .*; check that both show the same place/,
    );
    await expect(evaluateMap({ map, label: 'test/fixtures/geotiff/strips-none-uint8.tif' })).rejects.toThrow(
      /does not overlap the map/,
    );
    await expect(evaluateMap({ map, label, labelClass: 'water' })).rejects.toThrow(
      /^labelClass has no meaning for the raster/,
    );
  });

  it('refuses files that are not a map or labels', async () => {
    await expect(evaluateMap({ map: folder, label })).rejects.toThrow(/item\.json does not exist/);
    await expect(evaluateMap({ map, label: 'test/fixtures/geotiff/no-crs-uint8.tif' })).rejects.toThrow(
      /no coordinate reference system/,
    );
    await expect(evaluateMap({ map, label, band: 4 })).rejects.toThrow(/has no band 4/);
  });
});
