import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../../src/geo/node/index.js';
import { writeCog } from '../../../src/raster/node/index.js';
import { drawAlignment, drawRaster } from '../../../src/workflow/index.js';
import { Canvas } from '../../../src/workflow/picture/canvas.js';
import { colourAt } from '../../../src/workflow/picture/colours.js';
import { GLYPHS } from '../../../src/workflow/picture/glyphs.js';
import { metresPerPixel, northAngle, roundDown, roundTicks } from '../../../src/workflow/picture/sheet.js';
import { fitText, textStrokes, textWidth } from '../../../src/workflow/picture/text.js';
import { temporaryFolder } from '../../support/files.js';
import { writeSarScene } from '../../support/sar-scene.js';

const folder = await temporaryFolder();

/** The ink of a text, as rows of `#`. */
function ink(text: string, size: number): string[] {
  const canvas = new Canvas(Math.ceil(textWidth(text, size)) + 4, 2 * size);
  canvas.text(text, 1, 3, { size });
  return Array.from({ length: canvas.height }, (_, y) =>
    Array.from({ length: canvas.width }, (_, x) =>
      canvas.pixels[4 * (y * canvas.width + x)] < 140 ? '#' : '.',
    ).join(''),
  );
}

describe('text', () => {
  it('has a distinct glyph for each printable ASCII character, inside its cell', () => {
    const drawn = new Map<string, string>();
    for (let code = 33; code < 127; code++) {
      const character = String.fromCharCode(code);
      expect(GLYPHS[character], character).toBeDefined();
      const strokes = JSON.stringify(textStrokes(character, 14));
      expect(drawn.get(strokes), `${character} looks as ${drawn.get(strokes)}`).toBeUndefined();
      drawn.set(strokes, character);
      for (const [x, y] of textStrokes(character, 14).flat()) {
        expect(x, character).toBeGreaterThanOrEqual(0);
        expect(x, character).toBeLessThanOrEqual(textWidth(character, 14));
        expect(y, character).toBeGreaterThanOrEqual(-2);
        expect(y, character).toBeLessThanOrEqual(19);
      }
    }
  });

  it('draws distinct letters at the smallest size', () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
    const images = new Map(letters.map((letter) => [ink(letter, 8).join('\n'), letter]));
    expect(images.size).toBe(letters.length);
  });

  it('strips accents, draws a box for unknown characters, and truncates long text', () => {
    expect(textStrokes('é', 10)).toEqual(textStrokes('e', 10));
    expect(textStrokes('漢', 10)).toHaveLength(1);
    const cut = fitText('a very long title', 10, 60);
    expect(cut).toMatch(/^a.*…$/);
    expect(textWidth(cut, 10)).toBeLessThanOrEqual(60);
  });
});

describe('scale and north', () => {
  it('measures a pixel on the ground', () => {
    // The scale of UTM on its central meridian is 0.9996.
    const utm = new GeoBox('EPSG:32632', new Affine(10, 0, 499_500, 0, -10, 5_500_500), 100, 100);
    expect(metresPerPixel(utm)).toBeCloseTo(10 / 0.9996, 5);
    const equator = new GeoBox('EPSG:4326', new Affine(0.001, 0, 0, 0, -0.001, 0.05), 100, 100);
    expect(metresPerPixel(equator)).toBeCloseTo(111.3195, 3);
  });

  it('finds true north, meridian convergence included', () => {
    const degrees = (radians: number): number => (radians * 180) / Math.PI;
    const centre = new GeoBox('EPSG:32632', new Affine(10, 0, 499_500, 0, -10, 5_500_500), 100, 100);
    expect(degrees(northAngle(centre))).toBeCloseTo(0, 5);
    // Convergence is about Δλ sin φ: 3° west of the meridian at 50° north it is −2.3°, and north leans right.
    const west = GeoBox.fromBounds([5.99, 49.99, 6.01, 50.01], 'EPSG:32632', 10);
    expect(degrees(northAngle(west))).toBeCloseTo(3 * Math.sin((50 * Math.PI) / 180), 1);
    const turned = new GeoBox('EPSG:32632', new Affine(0, 10, 499_500, 10, 0, 5_500_500), 100, 100);
    expect(Math.abs(degrees(northAngle(turned)))).toBeCloseTo(90, 2);
    const southUp = new GeoBox('EPSG:32632', new Affine(10, 0, 499_500, 0, 10, 5_500_500), 100, 100);
    expect(Math.abs(degrees(northAngle(southUp)))).toBeCloseTo(180, 4);
  });

  it('uses round numbers', () => {
    expect([0.7, 1, 4.9, 5, 9.9, 12, 2300].map(roundDown)).toEqual([0.5, 1, 2, 5, 5, 10, 2000]);
    expect(roundTicks(-21.3, -7.1)).toEqual([-20, -15, -10]);
    expect(roundTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map((tick) => expect.closeTo(tick, 12)));
  });
});

describe('colour maps', () => {
  it('have their published end colours', () => {
    expect(colourAt('viridis', 0)).toEqual([0x44, 0x01, 0x54]);
    expect(colourAt('viridis', 1)).toEqual([0xfd, 0xe7, 0x25]);
    expect(colourAt('viridis', 0.5)).toEqual([0x21, 0x90, 0x8c]);
    expect(colourAt('grey', 2)).toEqual([255, 255, 255]);
  });
});

describe('drawRaster', async () => {
  const path = join(folder, 'optical.tif');
  const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_500_000), 64, 48);
  const plane = (value: (x: number) => number): Float32Array =>
    Float32Array.from({ length: geobox.pixelCount }, (_, i) => (i < 64 ? Number.NaN : value(i % 64)));
  await writeCog(path, [plane((x) => x), plane((x) => 63 - x), plane(() => 5), plane((x) => 2 * x)], {
    geobox,
    bands: 4,
    dtype: 'float32',
    nodata: Number.NaN,
    descriptions: ['green', 'B08', 'B02', 'B04'],
  });

  it('draws an index by the names of bands, with its values', async () => {
    const target = join(folder, 'ndwi.png');
    const report = await drawRaster(path, target, { composite: 'NDWI', percentiles: [0, 100], plain: true });
    // (x − (63 − x)) / 63 from −1 to 1.
    expect(report).toMatchObject({ bands: [1, 2], stretch: [[-1, 1]], width: 64, height: 48 });
    const { data } = decode(await readFile(target));
    const at = (x: number, y: number): number[] => [...data.slice(4 * (64 * y + x), 4 * (64 * y + x) + 4)];
    expect(at(0, 0)[3]).toBe(0);
    expect(at(0, 10)).toEqual([...colourAt('viridis', 0), 255]);
    expect(at(63, 10)).toEqual([...colourAt('viridis', 1), 255]);
  });

  it('draws reproducible sheets, larger than the image alone', async () => {
    const targets = ['a.png', 'b.png'].map((name) => join(folder, name));
    for (const target of targets) {
      const report = await drawRaster(path, target, { composite: 'false-colour', title: 'A scene' });
      expect(report.bands).toEqual([2, 4, 1]);
      expect(report.width).toBeGreaterThan(480);
    }
    const [a, b] = await Promise.all(targets.map((target) => readFile(target)));
    expect(a.equals(b)).toBe(true);
    const untitled = join(folder, 'c.png');
    await drawRaster(path, untitled, { composite: 'false-colour' });
    expect((await readFile(untitled)).equals(a)).toBe(false);
  });

  it.each<[string, Parameters<typeof drawRaster>[2], RegExp]>([
    ['a band it lacks', { composite: 'NBR' }, /has no band named B12, which NBR needs; name its bands/],
    ['too few names', { composite: 'NDVI', bandNames: ['B04'] }, /^bandNames names 1 bands, and .* has 4/],
    ['two ways to choose', { composite: 'NDVI', bands: [1] }, /^bands cannot be combined with NDVI/],
    ['a band beyond the last', { bands: [9] }, /^bands names band 9 of 4/],
  ])('refuses %s', async (_, options, message) => {
    await expect(drawRaster(path, join(folder, 'no.png'), options)).rejects.toThrow(message);
  });
});

describe('drawAlignment', () => {
  it('draws a row per phase and counts pixels valid everywhere', async () => {
    const { scene } = await writeSarScene(join(folder, 'scene'), 4, 128);
    const target = join(folder, 'alignment.png');
    const report = await drawAlignment(scene, target, { size: 60 });
    expect(report.phases).toEqual(['pre_event', 'event']);
    for (const share of Object.values(report.validShare)) {
      expect(share).toBeGreaterThan(0.6);
      expect(share).toBeLessThan(0.95);
    }
    const { width, height } = decode(await readFile(target));
    expect([width, height]).toEqual([report.width, report.height]);
    await expect(drawAlignment(scene, target, { size: 0 })).rejects.toThrow(/^size cannot be 0/);
  });
});
