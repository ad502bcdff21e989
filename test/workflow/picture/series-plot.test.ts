import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { plotZonalSeries, type ZonalRow } from '../../../src/workflow/index.js';
import { timeTicks } from '../../../src/workflow/picture/time-axis.js';
import { parseXml, type XmlElement } from '../../../src/xml.js';
import { temporaryFolder } from '../../support/files.js';

const folder = await temporaryFolder();

function row(zone: number, date: string | null, mean: number | null, name = `field ${zone}`): ZonalRow {
  return { zone, date, band: 'NDVI', properties: { name }, statistics: { count: 4, mean } };
}

/** Two zones on three dates, a gap in the first. */
const ROWS = [
  row(1, '2021-07-01', 0.2),
  row(2, '2021-07-01', 0.6),
  row(1, '2021-07-11', null),
  row(2, '2021-07-11', 0.5),
  row(1, '2021-07-31', 0.4),
  row(2, '2021-07-31', 0.3),
];

async function svgOf(name: string, rows: readonly ZonalRow[], options = {}) {
  const output = join(folder, `${name}.svg`);
  const report = await plotZonalSeries(rows, { output, ...options });
  const root = parseXml(await readFile(output), output);
  const texts = root.children.filter((each) => each.name === 'text').map((each) => each.text);
  return { report, root, texts };
}

const pointsOf = (line: XmlElement): number[][] =>
  line.attributes.points.split(' ').map((point) => point.split(',').map(Number));

/** The lines of series, without those of the legend, whose two points are at one height. */
function linesOf(root: XmlElement): { colour: string; points: number[][] }[] {
  return root.children
    .filter(({ name }) => name === 'polyline')
    .map((line) => ({ colour: line.attributes.stroke, points: pointsOf(line) }))
    .filter(({ points }) => points[0][1] !== points.at(-1)?.[1]);
}

describe('plotZonalSeries', () => {
  it('draws a line for each zone, to the scale of times and values', async () => {
    const { report, root, texts } = await svgOf('series', ROWS);
    expect(report).toMatchObject({
      statistic: 'mean',
      dates: 3,
      zones: [1, 2],
      zonesInAll: 2,
      bands: ['NDVI'],
    });
    const [first, second] = linesOf(root).map(({ points }) => points);
    // The date without data is left out; 10 of 30 days are a third of the way.
    expect(first).toHaveLength(2);
    const [a, b, c] = second;
    expect((b[0] - a[0]) / (c[0] - a[0])).toBeCloseTo(10 / 30, 3);
    // 0.6 − 0.5 is a third of 0.6 − 0.3, and 0.2 to 0.4 rises by twice that.
    expect((b[1] - a[1]) / (c[1] - a[1])).toBeCloseTo(1 / 3, 3);
    expect((first[0][1] - first[1][1]) / (b[1] - a[1])).toBeCloseTo(2, 2);
    expect(texts).toEqual(
      expect.arrayContaining(['mean of NDVI', 'field 1', 'field 2', '2021-07-16', '0.4']),
    );
    // The label 0.4 is at the height of the value 0.4.
    const tick = root.children.find(({ name, text }) => name === 'text' && text === '0.4');
    expect(Math.abs(Number(tick?.attributes.y) - first[1][1])).toBeLessThan(6);
  });

  it('draws the same as PNG', async () => {
    const { root } = await svgOf('twin', ROWS);
    const output = join(folder, 'twin.png');
    await plotZonalSeries(ROWS, { output });
    const { width, height, data } = decode(await readFile(output));
    expect([root.attributes.width, root.attributes.height]).toEqual([String(width), String(height)]);
    for (const { colour, points } of linesOf(root)) {
      for (const [x, y] of points) {
        const at = 4 * (Math.floor(y) * width + Math.floor(x));
        const level = [...data.slice(at, at + 3)].map((each) => each.toString(16).padStart(2, '0'));
        expect(`#${level.join('')}`).toBe(colour);
      }
    }
  });

  it('lists the zones that it leaves out, and shows texts of files as text', async () => {
    const name = '<script>alert("1")</script> & \u0000\uffff';
    const many = Array.from({ length: 9 }, (_, k) => row(k + 1, '2021-07-01', k, k === 0 ? name : undefined));
    const { report, texts } = await svgOf('many', [...many, row(1, '2021-07-02', 3, name)]);
    expect(report).toMatchObject({ zones: [1, 2, 3, 4, 5, 6, 7], zonesInAll: 9 });
    expect(texts.some((text) => text.startsWith('the first 7 of 9 zones'))).toBe(true);
    expect(texts.some((text) => text.startsWith('<script>'))).toBe(true);
    const { texts: areas } = await svgOf('counts', ROWS, { statistic: 'count' });
    expect(areas).toContain('count of NDVI (pixels)');
    const { texts: decibels } = await svgOf('units', ROWS, { units: { NDVI: 'dB' } });
    expect(decibels).toContain('mean of NDVI (dB)');
  });

  it('draws a single date, equal values, and no data', async () => {
    const { root } = await svgOf('single', [row(1, '2021-07-01T10:30:00.000Z', 7)]);
    expect(root.children.filter(({ name }) => name === 'polygon').length).toBe(2);
    expect((await svgOf('empty', [row(1, '2021-07-01', null)])).texts).toContain('no data');
  });

  it('refuses rows without dates, other statistics and labels, and leaves no file', async () => {
    const run = (rows: ZonalRow[], options = {}, ending = 'svg') =>
      plotZonalSeries(rows, { output: join(folder, `none.${ending}`), ...options });
    await expect(run([row(1, null, 1)])).rejects.toThrow(/rows have no dates.*with `by`/);
    await expect(run([])).rejects.toThrow(/nothing to draw/);
    await expect(run(ROWS, { statistic: 'std' })).rejects.toThrow(
      /statistic is std.*choose one of count, mean/,
    );
    await expect(run(ROWS, { label: 'code' })).rejects.toThrow(/no attribute code.*choose one of name/);
    await expect(run(ROWS, {}, 'pdf')).rejects.toThrow(/ends with \.pdf, but would be written as PNG or SVG/);
    expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

describe('timeTicks', () => {
  const labels = (first: string, last: string, most = 6) =>
    timeTicks(Date.parse(first), Date.parse(last), most).map(({ label }) => label);

  it('are round hours, days, months and years', () => {
    expect(labels('2021-07-14T22:10Z', '2021-07-15T09:00Z')).toEqual([
      '07-15 00:00',
      '07-15 03:00',
      '07-15 06:00',
      '07-15 09:00',
    ]);
    expect(labels('2021-02-26', '2021-03-03')).toEqual([
      '2021-02-26',
      '2021-02-27',
      '2021-02-28',
      '2021-03-01',
      '2021-03-02',
      '2021-03-03',
    ]);
    expect(labels('2021-06-20', '2021-08-20')).toEqual([
      '2021-07-01',
      '2021-07-16',
      '2021-08-01',
      '2021-08-16',
    ]);
    expect(labels('2020-11-15', '2021-10-15')).toEqual(['2021-01', '2021-04', '2021-07', '2021-10']);
    expect(labels('1984-01-01', '2021-01-01')).toEqual(['1990', '2000', '2010', '2020']);
  });
});
