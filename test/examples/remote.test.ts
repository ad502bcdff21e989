import { join } from 'node:path';
import { expect, it } from 'vitest';
import { remoteRgb } from '../../examples/remote-rgb.js';
import { temporaryFolder } from '../support/files.js';
import { serveFolder } from '../support/stores.js';
import { grid, pixels, writeTile } from './data.js';

const folder = await temporaryFolder();

it('reads a window of a COG on a web server as RGB', async () => {
  const box = grid(0, 0, 600, 500);
  const value = (band: number, x: number, y: number): number => 1 + 1000 * band + x + y;
  const bands = [1, 2, 3, 4].map((band) => pixels(box, (x, y) => value(band, x, y)));
  await writeTile(join(folder, 'scene.tif'), box, bands);
  const { url } = await serveFolder(folder);
  // 300 × 200 pixels from column 100 and row 50 on.
  const [left, top] = box.transform.apply(100, 50);
  const bounds = [left, top - 2000, left + 3000, top] as const;

  const { rgb, geobox } = await remoteRgb(`${url}/scene.tif`, bounds, 10, 4000);
  expect(geobox.bounds).toEqual(bounds);
  const at = (x: number, y: number): number[] => [...rgb.subarray(3 * (300 * y + x), 3 * (300 * y + x) + 3)];
  for (const [x, y] of [[0, 0], [299, 0], [7, 120], [299, 199]]) // biome-ignore format: pairs
    expect(at(x, y)).toEqual(
      [1, 2, 3].map((band) => Math.round((255 * value(band, 100 + x, 50 + y)) / 4000)),
    );

  // The first overview has pixels twice as large, each the mean of four.
  const coarse = await remoteRgb(`${url}/scene.tif`, bounds, 20, 4000);
  expect([coarse.geobox.width, coarse.geobox.height]).toEqual([150, 100]);
  expect([...coarse.rgb.subarray(0, 3)]).toEqual(
    [1, 2, 3].map((band) => Math.round((255 * value(band, 101, 50)) / 4000)),
  );
});
