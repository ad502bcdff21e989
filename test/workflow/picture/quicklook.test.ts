import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { CLC_PLUS_CLASSES } from '../../../src/archives/clc-plus.js';
import { allocateArray } from '../../../src/geo/dtype.js';
import { Affine, GeoBox } from '../../../src/geo/node/index.js';
import type { ProgressEvent } from '../../../src/progress.js';
import { writeCog } from '../../../src/raster/node/index.js';
import { drawAlignment, drawRaster, type QuicklookReport } from '../../../src/workflow/index.js';
import { axesOf } from '../../../src/workflow/picture/axes.js';
import { categoryColour, LEGENDS } from '../../../src/workflow/picture/legends.js';
import { pictureSize, pixelAspect } from '../../../src/workflow/picture/reduce.js';
import { drawSheet } from '../../../src/workflow/picture/sheet.js';
import { textWidth, wrapText } from '../../../src/workflow/picture/text.js';
import { temporaryFolder } from '../../support/files.js';

const folder = await temporaryFolder();
const SIDE = 16;
const GRID = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_500_000), SIDE, SIDE);

type Options = Parameters<typeof drawRaster>[2];

interface Drawn extends QuicklookReport {
  /** Red, green, blue and alpha of a pixel of the plain picture. */
  at: (x: number, y: number) => number[];
}

/** Writes a raster of planes by column and row, and draws its pixels alone. */
async function draw(
  name: string,
  planes: readonly ((x: number, y: number) => number)[],
  stored: { dtype: 'float32' | 'uint8' | 'uint16' | 'int16'; nodata?: number; descriptions?: string[] },
  options: Options = {},
): Promise<Drawn> {
  const path = join(folder, name);
  const values = planes.map((plane) => {
    const array = allocateArray(stored.dtype, SIDE * SIDE);
    for (let i = 0; i < array.length; i++) array[i] = plane(i % SIDE, Math.floor(i / SIDE));
    return array;
  });
  await writeCog(path, values, { geobox: GRID, bands: planes.length, nodata: null, ...stored });
  const target = join(folder, `${name}.png`);
  const report = await drawRaster(path, target, { plain: true, ...options });
  const { data, width } = decode(await readFile(target));
  return { ...report, at: (x, y) => [...data.slice(4 * (width * y + x), 4 * (width * y + x) + 4)] };
}

describe('radar', () => {
  const power = (x: number): number => [0.01, 0.1, 1, 0][x % 4];

  it('draws power in decibels, and reports that it assumes power', async () => {
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent): unknown => events.push(event);
    const options = { percentiles: [0, 100], onProgress } as const;
    const drawn = await draw('iw-vv.rtc.tif', [power], { dtype: 'float32' }, options);
    // 10 log10 of 0.01, 0.1 and 1 is −20, −10 and 0; zero power has no finite value and is black.
    expect(drawn.stretch).toEqual([[-20, expect.closeTo(0, 6)]]);
    expect([0, 1, 2, 3].map((x) => drawn.at(x, 0)[0])).toEqual([0, 128, 255, 0]);
    expect(drawn.assumed).toEqual(['its VV is power, drawn in decibels (`units` says what it is)']);
    expect(events).toContainEqual({ type: 'warning', message: expect.stringContaining('its VV is power') });
  });

  it('keeps decibels, and units that are given', async () => {
    const stored = { dtype: 'float32', descriptions: ['VV'] } as const;
    const decibels = await draw('db.tif', [(x) => -20.5 + x], { ...stored, descriptions: ['VV'] });
    expect(decibels.assumed).toEqual(['its VV is decibels (`units` says what it is)']);
    const options = { units: 'none', percentiles: [0, 100] } as const;
    const plain = await draw('as-stored.tif', [power], { ...stored, descriptions: ['VV'] }, options);
    expect(plain).toMatchObject({ stretch: [[0, 1]], assumed: [] });
  });
});

describe('optical', () => {
  it('draws 8-bit colours unchanged', async () => {
    const drawn = await draw('photo.tif', [(x) => 40 + x, (_, y) => 90 + y, () => 7], { dtype: 'uint8' });
    expect(drawn.at(3, 5)).toEqual([43, 95, 7, 255]);
    const options = { percentiles: [0, 100] } as const;
    const stretched = await draw(
      'stretched.tif',
      [(x) => x, (x) => x, (x) => x],
      { dtype: 'uint8' },
      options,
    );
    // 255 · 3 / 15
    expect(stretched.at(3, 5)).toEqual([51, 51, 51, 255]);
  });

  it('finds true colour by names, and in stacks of 12 bands, but not in names of other satellites', async () => {
    const named = ['B02', 'B03', 'B04', 'B08'];
    const flat = (count: number): (() => number)[] => Array.from({ length: count }, (_, k) => () => k + 0.5);
    const bands = async (name: string, descriptions: string[], dtype: 'float32' | 'int16' = 'float32') =>
      (await draw(name, flat(descriptions.length), { dtype, descriptions })).bands;
    expect(await bands('s2.tif', named)).toEqual([3, 2, 1]);
    expect(await bands('common.tif', ['blue', 'green', 'red', 'nir'])).toEqual([3, 2, 1]);
    expect(await bands('short.tif', ['B2', 'B3', 'B4', 'B8A'])).toEqual([3, 2, 1]);
    expect(await bands('landsat7.tif', ['B1', 'B2', 'B3', 'B4'])).toEqual([1]);
    const unnamed = await draw('stack.tif', flat(12), { dtype: 'int16' });
    expect(unnamed.bands).toEqual([4, 3, 2]);
    expect(unnamed.assumed[0]).toMatch(/^its 12 unnamed bands are Sentinel-2's in order/);
  });

  it('leaves clouds and no data out of the stretch', async () => {
    // Ground from 1 to 8 on the left; on the right a cloud of 1000 (SCL 9), and one column without data.
    const reflectance = (x: number): number => (x === 15 ? -1 : x < 8 ? x + 1 : 1000);
    const scl = (x: number): number => (x < 8 ? 4 : 9);
    const stored = { dtype: 'float32', nodata: -1, descriptions: ['B04', 'SCL'] } as const;
    const options = { bands: [1], percentiles: [0, 100] } as const;
    const drawn = await draw(
      'cloudy.tif',
      [reflectance, scl],
      { ...stored, descriptions: ['B04', 'SCL'] },
      options,
    );
    expect(drawn.stretch).toEqual([[1, 8]]);
    expect(drawn.at(8, 0)).toEqual([255, 255, 255, 255]);
    expect(drawn.at(15, 0)[3]).toBe(0);
    // Bit 3 of QA_PIXEL is cloud: 22280 has it (0101 0111 0000 1000), 21824 has no bit from 1 to 4.
    const qa = (x: number): number => (x < 8 ? 21_824 : 22_280);
    const landsat = { ...stored, descriptions: ['B4', 'QA_PIXEL'] };
    expect((await draw('landsat.tif', [reflectance, qa], landsat, options)).stretch).toEqual([[1, 8]]);
  });
});

describe('classes', () => {
  it('have the official colours if the file name or the legend names the product', async () => {
    const cover = (x: number): number => [10, 50, 80, 95][x % 4];
    const drawn = await draw('ESA_WorldCover_10m_2021_v200_N48E006_Map.tif', [cover], { dtype: 'uint8' });
    expect(drawn.stretch).toBeNull();
    expect([0, 1, 2, 3].map((x) => drawn.at(x, 0).slice(0, 3))).toEqual([
      [0, 100, 0],
      [250, 0, 0],
      [0, 100, 200],
      [0, 207, 117],
    ]);
    expect(drawn.assumed).toEqual(['its classes are those of ESA WorldCover, as its name says']);
    const options = { legend: 'clc-plus' } as const;
    const clc = await draw('cover.tif', [(x) => [1, 10, 253, 77][x % 4]], { dtype: 'uint8' }, options);
    const colours = [
      [255, 0, 0],
      [0, 128, 255],
      [191, 223, 255],
    ].map((colour) => [...colour, 255]);
    expect([0, 1, 2].map((x) => clc.at(x, 0))).toEqual(colours);
    expect(clc.at(3, 0)[3]).toBe(0);
    expect(clc.assumed).toEqual([]);
    expect(LEGENDS.worldcover.classes).toHaveLength(11);
    expect(LEGENDS['clc-plus'].classes.slice(0, 10)).toEqual(CLC_PLUS_CLASSES);
  });

  it('have one colour per value without a legend; a colour map or units draw quantities', async () => {
    const label = (x: number): number => (x % 3) - 1;
    const drawn = await draw('label.tif', [label], { dtype: 'int16' });
    expect([0, 1, 2].map((x) => drawn.at(x, 0).slice(0, 3))).toEqual([-1, 0, 1].map(categoryColour));
    expect(drawn.assumed[0]).toMatch(/^its 3 values are classes/);
    expect(
      new Set([-1, 0, ...Array.from({ length: 12 }, (_, k) => k + 1)].map((k) => String(categoryColour(k))))
        .size,
    ).toBe(14);
    for (const options of [{ colourMap: 'viridis' }, { units: 'm' }] as const) {
      expect((await draw('heights.tif', [label], { dtype: 'int16' }, options)).stretch).toEqual([[-1, 1]]);
    }
    const many = await draw('many.tif', [(x, y) => x + SIDE * y], { dtype: 'int16' });
    expect(many).toMatchObject({ assumed: [], stretch: [[5, 250]] });
  });
});

describe('the sheet', () => {
  // At 60° north, an ellipsoid's degree of longitude is N cos φ, one of latitude M:
  // N = 6378137 / √(1 − e² sin² φ) = 6394209 m, M = 6378137 (1 − e²) / (1 − e² sin² φ)^1.5 = 6383454 m.
  const north = new GeoBox('EPSG:4326', new Affine(0.001, 0, 10, 0, -0.001, 60.032), 64, 64);

  it('shows degrees in their true aspect', () => {
    expect(pixelAspect(north)).toBeCloseTo((6_394_209 * 0.5) / 6_383_454, 4);
    expect(pixelAspect(GRID)).toBe(1);
    expect(pixelAspect(new GeoBox('EPSG:32632', new Affine(20, 0, 0, 0, -10, 0), 8, 8))).toBe(2);
    expect(pixelAspect(null)).toBe(1);
    expect(pictureSize(64, 64, 1024, pixelAspect(north))).toEqual([32, 64]);
    // No side has more pixels than the file.
    expect(pictureSize(100, 100, 1024, 2)).toEqual([100, 50]);
    expect(pictureSize(4000, 1000, 1000, 0.5)).toEqual([1000, 500]);
  });

  it('has coordinates at round numbers along the frame', () => {
    const utm = new GeoBox('EPSG:32632', new Affine(10, 0, 263_205, 0, -10, 5_564_087), 300, 100);
    // At least 96 pixels are 960 m, so steps of 1000 m: (264000 − 263205) / 10 = 79.5; 48 pixels are 480 m, so 500 m.
    expect(axesOf(utm)).toEqual({
      x: [
        { at: 79.5, label: '264000' },
        { at: 179.5, label: '265000' },
        { at: 279.5, label: '266000' },
      ],
      y: [
        { at: 58.7, label: '5563500' },
        { at: 8.7, label: '5564000' },
      ],
    });
    const degrees = new GeoBox('EPSG:4326', new Affine(0.01, 0, -1.5, 0, -0.01, 0.5), 300, 100);
    const { x, y } = axesOf(degrees) ?? { x: [], y: [] };
    expect(x.map(({ label }) => label)).toEqual(['1°W', '0°', '1°E']);
    expect(x.map(({ at }) => at)).toEqual([50, 150, 250].map((at) => expect.closeTo(at, 9)));
    expect(y.map(({ label }) => label)).toEqual(['0.5°S', '0.0°', '0.5°N']);
    expect(axesOf(new GeoBox('EPSG:32632', new Affine(7, 7, 0, 7, -7, 0), 8, 8))).toBeNull();
  });

  it('draws a tick at its coordinate', () => {
    const image = { width: 500, height: 300, pixels: new Uint8Array(4 * 500 * 300).fill(255) };
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_500_000), 500, 300);
    const sheet = { title: 't', subtitle: 's', image, geobox, legend: [], colourBar: null, footer: 'f' };
    const plain = drawSheet({ ...sheet, axes: false });
    const canvas = drawSheet({ ...sheet, axes: true });
    // Labels of seven digits and 7 pixels beside them; a tick at 501000 is 100 pixels right of the frame's left edge.
    const left = 18 + Math.ceil(textWidth('5500000', 8)) + 7;
    expect(canvas.width - plain.width).toBe(left - 18);
    const dark = (x: number, y: number): boolean => canvas.pixels[4 * (y * canvas.width + x)] < 200;
    const below = 62 + 300 + 2;
    expect([99, 100, 101].map((x) => dark(left + x, below))).toEqual([false, true, false]);
    // 5499000 is 100 pixels below the upper edge.
    expect([99, 100, 101].map((y) => dark(left - 3, 62 + y))).toEqual([false, true, false]);
  });

  it('has a note of several lines below the north arrow', () => {
    const image = { width: 500, height: 300, pixels: new Uint8Array(4 * 500 * 300).fill(255) };
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_500_000), 500, 300);
    const sheet = {
      title: 't',
      subtitle: 's',
      image,
      geobox,
      axes: false,
      legend: [],
      colourBar: null,
      footer: 'f',
    };
    const note = 'not for decisions about people '.repeat(5);
    const [without, noted] = [drawSheet(sheet), drawSheet({ ...sheet, note })];
    const lines = wrapText(note, 8, 500, 4).length;
    expect(lines).toBeGreaterThan(1);
    expect(noted.height - without.height).toBe(13 * lines);
    // The arrow with its N ends 61 pixels below the map; the first line starts 13 pixels per line above the footer.
    const upTo = 4 * noted.width * (62 + 300 + 62);
    expect(noted.pixels.subarray(0, upTo)).toEqual(without.pixels.subarray(0, upTo));
  });

  it('breaks a note into lines', () => {
    const text = 'not for decisions about people, and not for insurance';
    const lines = wrapText(text, 8, 120, 10);
    expect(lines.join(' ')).toBe(text);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(textWidth(line, 8)).toBeLessThanOrEqual(120);
    expect(wrapText(text, 8, 120, 2)).toEqual([lines[0], expect.stringMatching(/…$/)]);
    expect(wrapText('', 8, 120, 2)).toEqual([]);
  });
});

describe('scenes', () => {
  it('leave clouds out of the stretch of their phases', async () => {
    const optical = (scl: number): ((x: number) => number)[] => [
      (x) => (x < 8 ? 1000 + x : 9000),
      (x) => (x < 8 ? 4 : scl),
    ];
    const pictures: Buffer[] = [];
    for (const [k, scl] of [9, 4].entries()) {
      const name = `s2-${k}.tif`;
      await draw(name, optical(scl), { dtype: 'int16', descriptions: ['B04', 'SCL'] }, { bands: [1] });
      const band = { href: name, band: 1 };
      const inputs = {
        S2L2A: { units: 'dn_harmonised', phases: { event: { B04: band, B03: band, B02: band } } },
        SCL: { units: 'class', phases: { event: { SCL: { href: name, band: 2 } } } },
      };
      const scene = join(folder, `scene-${k}.json`);
      await writeFile(scene, JSON.stringify({ schemaVersion: 1, id: 's', grid: { like: name }, inputs }));
      const target = join(folder, `alignment-${k}.png`);
      await drawAlignment(scene, target, { size: SIDE, percentiles: [0, 100] });
      pictures.push(await readFile(target));
    }
    const images = pictures.map((picture) => decode(picture));
    // The panel starts 18 + 96 pixels from the left and 74 from the top. Of 1000 to 1007, the value in the middle is
    // 255 · 4 / 7 = 146; of 1000 to 9000 it is 0.
    const grey = images.map(({ data, width }) => data[4 * (width * (74 + 3) + 18 + 96 + 4)]);
    expect(grey).toEqual([146, 0]);
  });
});
