import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dtype, TypedArray } from '../../src/geo/node/index.js';
import type { Backend } from '../../src/gpu/index.js';
import { RESAMPLINGS, type Resampling } from '../../src/kernels/index.js';
import { openRaster, toStored, WarpedRaster } from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';

// docs/parity.md and test/fixtures/parity are written by `npm run parity`.
const folder = 'test/fixtures/parity';
const page = readFileSync('docs/parity.md', 'utf8');

interface SmallCase {
  name: string;
  bands: number;
  dtype: Dtype;
  nodata: number | null;
}

const index = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
  resamplings: Resampling[];
  cases: SmallCase[];
};

/** A row of the page: a case, a resampling and a backend. */
interface Row {
  maskDiffers: number;
  rms: number;
  largest: number;
}

/** The small cases' table, as written on the page. */
function readTable(markdown: string): Map<string, Row> {
  const section = markdown.slice(markdown.indexOf('## Small cases'));
  const cellsOf = (line: string): string[] => line.split('|').map((cell) => cell.trim());
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const header = cellsOf(lines[0]);
  const rows = new Map<string, Row>();
  for (const line of lines.slice(2)) {
    const cells = cellsOf(line);
    const cell = (title: string): number => {
      // Values may be bold and have note numbers.
      return Number(cells[header.indexOf(title)].replaceAll('**', '').replace(/ \(.*\)$/, ''));
    };
    for (const kind of ['cpu', 'webgpu']) {
      rows.set(`${cells[header.indexOf('case')]}, ${cells[header.indexOf('resampling')]}, ${kind}`, {
        maskDiffers: cell(`masks differ, ${kind}`),
        rms: cell(`rms, ${kind}`),
        largest: cell(`largest, ${kind}`),
      });
    }
  }
  return rows;
}

/** Warps a small case on a backend, and measures the largest difference to GDAL of all bands. */
async function measure(backend: Backend, k: number, resampling: Resampling): Promise<Row> {
  const { bands, dtype, nodata } = index.cases[k];
  const source = await openRaster(join(folder, `${k + 1}-source.tif`));
  const reference = await openRaster(join(folder, `${k + 1}-gdal.tif`));
  const { geobox } = reference;
  if (geobox === null) throw new Error(`${reference.name} has no place`);
  const warped = new WarpedRaster(backend, source, { geobox, resampling });
  const shape = [geobox.height, geobox.width];
  const planes = Array.from({ length: bands }, () => backend.allocate(shape, 'float32'));
  await warped.readRows({ start: 0, end: geobox.height }, planes, 0);
  const result: Row = { maskDiffers: 0, rms: 0, largest: 0 };
  for (const [i, plane] of planes.entries()) {
    const floats = (await backend.download(plane)) as Float32Array;
    plane.dispose();
    const found: TypedArray =
      nodata === null ? floats : toStored(floats, dtype, nodata, resampling !== 'nearest').stored;
    const [truth] = await reference.readPlanes({
      bands: [index.resamplings.indexOf(resampling) * bands + i + 1],
    });
    const gaps = source.bands[i].nodata;
    const isGap = (value: number): boolean => Number.isNaN(value) || value === gaps;
    const [values] = await source.readPlanes({ bands: [i + 1] });
    const data = Float64Array.from(values).filter((value) => !isGap(value));
    const range = data.reduce((a, b) => Math.max(a, b)) - data.reduce((a, b) => Math.min(a, b));
    let squares = 0;
    let both = 0;
    let largest = 0;
    for (const [at, value] of found.entries()) {
      if (isGap(value) !== isGap(truth[at])) result.maskDiffers++;
      if (isGap(value) || isGap(truth[at])) continue;
      const difference = Math.abs(value - truth[at]) / range;
      squares += difference ** 2;
      largest = Math.max(largest, difference);
      both++;
    }
    result.rms = Math.max(result.rms, Math.sqrt(squares / both));
    result.largest = Math.max(result.largest, largest);
  }
  await source.close();
  await reference.close();
  return result;
}

/**
 * Whether a number equals the page's, within its two digits and the rounding of float32, which differs between
 * devices.
 */
function agrees(found: number, written: number): boolean {
  return Math.abs(found - written) <= 0.06 * written + 3e-7;
}

const table = readTable(page);

describe('docs/parity.md', () => {
  it('has a row for each small case, resampling and backend', () => {
    const wanted = index.cases.flatMap(({ name }) =>
      RESAMPLINGS.flatMap((resampling) => ['cpu', 'webgpu'].map((kind) => `${name}, ${resampling}, ${kind}`)),
    );
    expect([...table.keys()], 'npm run parity writes it anew').toEqual(wanted);
  });
});

describeBackends('docs/parity.md', (backend) => {
  it.each(index.cases.map(({ name }, k) => [name, k] as const))(
    'small case %s: is equal to the measurement',
    async (name, k) => {
      for (const resampling of RESAMPLINGS) {
        const key = `${name}, ${resampling}, ${backend().info.kind}`;
        const written = table.get(key);
        const found = await measure(backend(), k, resampling);
        expect(found.maskDiffers, `${key}: masks`).toBe(written?.maskDiffers);
        for (const column of ['rms', 'largest'] as const) {
          const says = written?.[column] ?? Number.NaN;
          expect(
            agrees(found[column], says),
            `${key}: ${column} is ${found[column]}, the page says ${says}`,
          ).toBe(true);
        }
      }
    },
  );
});
