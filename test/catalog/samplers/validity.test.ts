import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Chip,
  dropInvalid,
  gridSampler,
  randomSampler,
  rasterShare,
  redrawInvalid,
  SampleArea,
} from '../../../src/catalog/samplers/index.js';
import { GeoBox } from '../../../src/geo/node/index.js';
import { openRaster, type Raster, writeCog } from '../../../src/raster/node/index.js';
import { near, UTM } from './rows.js';

const SIDE = 1024;
const box = GeoBox.fromSize(near([0, 0, SIDE, SIDE]), UTM, SIDE, SIDE);
const area = SampleArea.of(box);

let folder: string;
let raster: Raster;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terrachip-'));
  const data = new Uint16Array(SIDE * SIDE).fill(7);
  // No data in the left half.
  for (let row = 0; row < SIDE; row++) data.fill(0, row * SIDE, row * SIDE + SIDE / 2);
  const path = join(folder, 'half.tif');
  await writeCog(path, [data], { geobox: box, bands: 1, dtype: 'uint16', nodata: 0 });
  raster = await openRaster(path);
});

afterAll(async () => {
  await raster.close();
  await rm(folder, { recursive: true });
});

describe('rasterShare', () => {
  it('is the share of pixels with data, at an overview', async () => {
    expect(raster.overviews.length).toBeGreaterThan(0);
    const share = rasterShare(raster);
    const chips = [...gridSampler(area, { size: 256 })];
    const shares = await Promise.all(chips.slice(0, 4).map((chip) => share(chip)));
    expect(shares).toEqual([0, 0, 1, 1]);
    const [half] = gridSampler(SampleArea.of(box.window(384, 0, 256, 256)), { size: 256 });
    expect(await share(half)).toBe(0.5);
  });

  it('counts pixels outside the raster as nodata', async () => {
    const [chip] = gridSampler(SampleArea.of(box.window(1024 - 64, 0, 256, 128)), { size: [256, 128] });
    expect(await rasterShare(raster)(chip)).toBe(0.25);
    const [far] = gridSampler(SampleArea.of(box.window(5000, 0, 64, 64)), { size: 64 });
    expect(await rasterShare(raster)(far)).toBe(0);
  });

  it('reads a raster in another CRS', async () => {
    const other = SampleArea.of(
      { geometry: near([600, 200, 900, 500]), crs: UTM },
      { crs: 3857, resolution: 2 },
    );
    const [chip] = gridSampler(other, { size: 64 });
    expect(await rasterShare(raster)(chip)).toBe(1);
  });

  it('refuses a missing band', () => {
    expect(() => rasterShare(raster, { band: 2 })).toThrow(
      /^band cannot be 2 for .*half\.tif; choose one of 1 to 1/,
    );
    expect(() => rasterShare(raster, { points: 0 })).toThrow('points cannot be 0');
  });
});

describe('redrawInvalid', () => {
  it('redraws until there is data (torchgeo#1330)', async () => {
    const sampler = redrawInvalid(
      randomSampler(area, { size: 64, count: 30, seed: 2 }),
      rasterShare(raster),
      {
        minimum: 0.9,
      },
    );
    const chips = await Promise.all(Array.from({ length: 30 }, (_, k) => sampler.at(k)));
    for (const { window } of chips) expect(window.x).toBeGreaterThan(SIDE / 2 - 8);
    // Computed again, in any order, each is the same.
    const again = await sampler.at(17);
    expect(again.window).toEqual(chips[17].window);
    expect(new Set(chips.map(({ window }) => `${window.x},${window.y}`)).size).toBe(30);
  });

  it('gives up after some tries, and reports the best share', async () => {
    let asked = 0;
    const sampler = redrawInvalid(
      randomSampler(area, { size: 64, count: 1 }),
      () => {
        asked++;
        return 0.25;
      },
      { tries: 7 },
    );
    await expect(sampler.at(0)).rejects.toThrow(
      'the area has too little data: of 7 chips tried for chip 0 the best has data in a share of 0.250, less than 0.5',
    );
    expect(asked).toBe(7);
  });

  it('refuses impossible options and answers', async () => {
    const random = randomSampler(area, { size: 64, count: 1 });
    expect(() => redrawInvalid(random, () => 1, { minimum: 2 })).toThrow('minimum cannot be 2');
    expect(() => redrawInvalid(random, () => 1, { tries: 0 })).toThrow('tries cannot be 0');
    await expect(redrawInvalid(random, () => Number.NaN).at(0)).rejects.toThrow(
      /^the valid share of chip 0 .* cannot be NaN/,
    );
  });
});

describe('dropInvalid', () => {
  it('keeps the chips with data, in order', async () => {
    const kept = await dropInvalid(gridSampler(area, { size: 256 }), rasterShare(raster));
    expect([...kept].map(({ index, window }) => [index, window.x, window.y])).toEqual([
      [0, 512, 0],
      [1, 768, 0],
      [2, 512, 256],
      [3, 768, 256],
      [4, 512, 512],
      [5, 768, 512],
      [6, 512, 768],
      [7, 768, 768],
    ]);
  });

  it('takes a callback, and follows its signal', async () => {
    const even = (chip: Chip): number => (chip.index + 1) % 2;
    expect(await dropInvalid(gridSampler(area, { size: 512 }), even)).toHaveLength(2);
    await expect(
      dropInvalid(gridSampler(area, { size: 512 }), even, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });
});
