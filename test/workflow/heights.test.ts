/** Maps of 1, 2 and 4 times as many strips: reads, warps and model runs grow as the strips, for any file layout. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { infer } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';
import { buildTiff, double, long, PIXELS_AT, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const SOURCE = new Affine(10, 0, 300_000, 0, -10, 5_000_000);
/** Rows of the files whose pixels are not rotated. */
const ROWS = 112;
/** Width of the maps, and the rows of a number of strips: chips of 16 pixels, every 10. */
const WIDTH = 36;
const heightOf = (strips: number): number => 16 + 10 * (strips - 1);
/** The rows read for each strip: those not in the strip above. */
const stripsOf = (strips: number) =>
  Array.from({ length: strips }, (_, k) => ({ start: k === 0 ? 0 : 10 * k + 6, end: 10 * k + 16 }));

/** The position of the map's pixel (0, 0) in a file. No pixels coincide: all are interpolated. */
const SHIFTED = Affine.translation(8.25, 8.25);
/** Turned by a 3-4-5 triangle: ten rows of the map are 6 pixels to the left and 8 down in the file. */
const ROTATED = new Affine(0.8, -0.6, 60.3, 0.6, 0.8, 5.45);

const GEOREFERENCE = {
  33550: double(10, 10, 0),
  33922: double(0, 0, 0, 300_000, 5_000_000, 0),
  34735: short(1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32_632),
};

async function writeTiles(name: string, width: number, height: number): Promise<void> {
  const geobox = new GeoBox(32_632, SOURCE, width, height);
  const options = { bands: 1, dtype: 'uint8', blockSize: 16, overviews: 'none' } as const;
  await writeCog(join(folder, name), [new Uint8Array(width * height).fill(7)], { geobox, ...options });
}

/** Writes strips of full width with a number of rows. @returns the stored bytes of a strip */
async function writeStrips(name: string, width: number, rows: number, deflate: boolean): Promise<number> {
  const pixels = new Uint8Array(width * rows).fill(7);
  const strip = deflate ? deflateSync(pixels) : pixels;
  const count = ROWS / rows;
  const fields = {
    ...GEOREFERENCE,
    259: short(deflate ? 8 : 1),
    273: long(...Array.from({ length: count }, (_, k) => PIXELS_AT + k * strip.length)),
    278: long(rows),
    279: long(...new Array<number>(count).fill(strip.length)),
  };
  const stored = Buffer.concat(new Array<Uint8Array>(count).fill(strip));
  await writeFile(join(folder, name), buildTiff(width, ROWS, stored, { fields }));
  return strip.length;
}

let model: string;
beforeAll(async () => {
  const inputs = [{ name: 'x', bands: ['B'], kind: 'temporal' as const, weights: [1], units: 'm' as const }];
  model = await writeModel(join(folder, 'model'), { inputs, size: 16, stride: 10 });
});

/** The counters of a map with a number of strips. */
async function countersOf(name: string, strips: number, place: Affine): Promise<Record<string, number>> {
  const geobox = new GeoBox(32_632, SOURCE.compose(place), WIDTH, heightOf(strips));
  const { crs, transform, width, height } = geobox.toJSON();
  const phases = { event: { B: { href: name } } };
  const scene = join(folder, `${name}-${strips}.json`);
  const inputs = { x: { units: 'm', resampling: 'bilinear', phases } };
  await writeFile(
    scene,
    JSON.stringify({ schemaVersion: 1, grid: { crs, transform, width, height }, inputs }),
  );
  const output = join(folder, `${name}-${strips}`);
  // The only unit, without the products of a map.
  const units = { start: 0, end: 1, of: 1 };
  const execution = { backend: 'cpu', provider: 'cpu', threads: 0 } as const;
  const { run } = await infer({ scene, model, output, units, ...execution });
  return { ...run.counters };
}

/** The source pixels read for each strip, by the box around the centres of its pixels. */
function windowsOf(strips: number, place: Affine, size: number) {
  return stripsOf(strips).map(({ start, end }) => {
    const corners = [start + 0.5, end - 0.5].flatMap((y) => [0.5, WIDTH - 0.5].map((x) => place.apply(x, y)));
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const range = (values: number[]) => ({
      first: Math.max(0, Math.floor(Math.min(...values)) - 2),
      last: Math.min(size - 1, Math.floor(Math.max(...values)) + 2),
    });
    return { x: range(xs), y: range(ys) };
  });
}

const length = ({ first, last }: { first: number; last: number }): number => last - first + 1;

/** Expects counters of 2, 4 and 8 strips, and that all others grow by the same amount per strip. */
async function expectGrowth(
  name: string,
  expected: (strips: number) => Record<string, number>,
  place = SHIFTED,
): Promise<void> {
  const [two, four, eight] = [
    await countersOf(name, 2, place),
    await countersOf(name, 4, place),
    await countersOf(name, 8, place),
  ];
  for (const [strips, counters] of [[2, two] as const, [4, four] as const, [8, eight] as const]) {
    expect(counters).toMatchObject({
      // (36 − 16) / 10 + 1 chips per strip, in one batch of four.
      chipsRun: 3 * strips,
      batches: strips,
      warpedPixels: WIDTH * heightOf(strips),
      blocksDecodedAgain: 0,
      ...expected(strips),
    });
  }
  for (const key of ['sourcePixelsRead', 'dispatches', 'uploads', 'submits']) {
    expect([key, eight[key] - four[key]]).toEqual([key, 2 * (four[key] - two[key])]);
  }
  // Tables have the start of each row of chips, in 4 bytes, and the chips that cover each row, in 8.
  const tables = 4 * (8 - 4) + 8 * (heightOf(8) - heightOf(4));
  expect(eight.peakAllocatedBytes).toBe(four.peakAllocatedBytes + tables);
}

describe('counters grow as the strips', () => {
  // Columns 6 to 45: two beside the pixels under the first and the last centre, 8.75 and 43.75. Rows 6 to 25 for the first
  // strip, and 14 for each of the others, which has ten rows more.
  const rowsRead = (strips: number): number => 20 + 14 * (strips - 1);
  const sourcePixelsRead = (strips: number): number => 40 * rowsRead(strips);
  /** Rows of blocks down to the last row read, two below the centre of the map's last row. */
  const blockRows = (strips: number, rows: number): number =>
    Math.floor((Math.floor(8.25 + heightOf(strips) - 0.5) + 2) / rows) + 1;

  it('from tiles', async () => {
    await writeTiles('tiles.tif', 64, ROWS);
    await expectGrowth('tiles.tif', (strips) => ({
      sourcePixelsRead: sourcePixelsRead(strips),
      // Columns 6 to 45 are in three columns of tiles.
      blocksDecoded: 3 * blockRows(strips, 16),
    }));
  });

  it('from compressed strips of full width', async () => {
    // Two strips of 16 × 16,384 pixels are half a megabyte, and one block.
    const bytes = await writeStrips('strips.tif', 16_384, 16, true);
    await expectGrowth('strips.tif', (strips) => ({
      sourcePixelsRead: sourcePixelsRead(strips),
      blocksDecoded: blockRows(strips, 32),
      bytesRead: 2 * bytes * blockRows(strips, 32),
    }));
  });

  it('from one block without compression, with reads only of rows under the strips', async () => {
    await writeStrips('untiled.tif', 64, ROWS, false);
    await expectGrowth('untiled.tif', (strips) => ({
      sourcePixelsRead: sourcePixelsRead(strips),
      blocksDecoded: 0,
      bytesRead: 64 * rowsRead(strips),
    }));
  });

  it('from one compressed block, which is decoded once', async () => {
    const bytes = await writeStrips('block.tif', 64, ROWS, true);
    await expectGrowth('block.tif', (strips) => ({
      sourcePixelsRead: sourcePixelsRead(strips),
      blocksDecoded: 1,
      bytesRead: bytes,
    }));
  });

  it('from rotated tiles', async () => {
    const size = 128;
    await writeTiles('rotated.tif', size, size);
    await expectGrowth(
      'rotated.tif',
      (strips) => {
        const windows = windowsOf(strips, ROTATED, size);
        const tiles = windows.flatMap(({ x, y }) =>
          Array.from({ length: (y.last >> 4) - (y.first >> 4) + 1 }, (_, row) =>
            Array.from(
              { length: (x.last >> 4) - (x.first >> 4) + 1 },
              (_, column) => 8 * ((y.first >> 4) + row) + (x.first >> 4) + column,
            ),
          ).flat(),
        );
        return {
          sourcePixelsRead: windows.reduce((sum, { x, y }) => sum + length(x) * length(y), 0),
          blocksDecoded: new Set(tiles).size,
        };
      },
      ROTATED,
    );
  });
});
