import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';

/** The folder of the items' rasters, for all test files of the process. */
export const folder = mkdtempSync(join(tmpdir(), 'terrachip-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export const SIDE = 12;
const GRID = GeoBox.fromSize([600000, 5699880, 600120, 5700000], 'EPSG:32631', SIDE, SIDE);

/** Writes a raster of one band whose pixel k holds `value(k)`. */
export async function write(
  name: string,
  dtype: 'uint16' | 'uint8' | 'float32',
  value: (k: number) => number,
  nodata: number | null,
): Promise<void> {
  const array = { uint16: Uint16Array, uint8: Uint8Array, float32: Float32Array }[dtype];
  const values = Array.from({ length: SIDE * SIDE }, (_, k) => value(k));
  await writeCog(join(folder, name), [array.from(values)], { geobox: GRID, bands: 1, dtype, nodata });
}

/** The pixels of `optical.tif`. */
export const DNS = (k: number): number => [0, 900, 1000, 1500, 11_000][k % 5];
await write('optical.tif', 'uint16', DNS, null);
await write('scl.tif', 'uint8', (k) => [0, 4, 9, 3][k % 4], null);
await write('qa.tif', 'uint16', (k) => [1, 0b1000, 0b10000, 0b100, 0b1000000][k % 5], null);
await write('radar.tif', 'float32', (k) => [-32768, 0.001, 0.1, 1][k % 4], null);

interface Made {
  id: string;
  collection?: string;
  properties: Record<string, unknown>;
  assets: Record<string, Record<string, unknown>>;
}

/** An item with these rasters. */
export function item({ id, collection, properties, assets }: Made): object {
  const ring = GRID.footprint();
  return {
    type: 'Feature',
    stac_version: '1.0.0',
    id,
    ...(collection === undefined ? {} : { collection }),
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: { datetime: '2021-07-15T10:50:31Z', 'proj:epsg': 32631, ...properties },
    assets: Object.fromEntries(
      Object.entries(assets).map(([key, asset]) => [
        key,
        {
          type: 'image/tiff; application=geotiff; profile=cloud-optimized',
          roles: ['data'],
          'proj:shape': [SIDE, SIDE],
          'proj:transform': [10, 0, 600000, 0, -10, 5700000],
          ...asset,
        },
      ]),
    ),
    links: [],
  };
}

/** The items' folder. */
export const base = join(folder, 'item.json');
