/** Small files for the examples. */
import { join } from 'node:path';
import { dtypeOf, GeoBox, type TypedArray } from '../../src/geo/node/index.js';
import {
  type CogOptions,
  cfAttributes,
  createZarrGroup,
  writeCog,
  writeZarrGrid,
  writeZarrTimes,
  ZarrShardWriter,
} from '../../src/raster/index.js';

export const DAY = 86_400_000;

/** Square pixels in UTM zone 31, from the upper left corner in metres from (500 000, 5 000 000). */
export function grid(left: number, top: number, width: number, height: number, resolution = 10): GeoBox {
  const [x, y] = [500_000 + left, 5_000_000 + top];
  return GeoBox.fromSize([x, y - height * resolution, x + width * resolution, y], 32631, width, height);
}

/** Writes a GeoTIFF; nodata is 0 unless the options say otherwise. */
export async function writeTile(
  path: string,
  geobox: GeoBox,
  bands: readonly TypedArray[],
  options: Partial<CogOptions> = {},
): Promise<string> {
  const dtype = dtypeOf(bands[0]);
  await writeCog(path, bands, { geobox, bands: bands.length, dtype, nodata: 0, ...options });
  return path;
}

/** Values of every pixel by column and row. */
export function pixels({ width, height }: GeoBox, value: (x: number, y: number) => number): Uint16Array {
  return Uint16Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
}

/** Writes a Zarr store whose variables are (time, y, x), float32, NaN for no data. */
export async function writeCube(
  folder: string,
  geobox: GeoBox,
  times: readonly string[],
  variables: Readonly<Record<string, (step: number, x: number, y: number) => number>>,
): Promise<string> {
  const { width, height } = geobox;
  await createZarrGroup(folder, {});
  await writeZarrGrid(folder, geobox);
  await writeZarrTimes(folder, times.map(Date.parse));
  for (const [name, value] of Object.entries(variables)) {
    const data = Float32Array.from({ length: times.length * width * height }, (_, i) =>
      value(Math.floor(i / (width * height)), i % width, Math.floor(i / width) % height),
    );
    const attributes = cfAttributes('float32', Number.NaN);
    await writeArray(join(folder, name), [times.length, height, width], ['time', 'y', 'x'], data, attributes);
  }
  return folder;
}

async function writeArray(
  folder: string,
  shape: number[],
  dimensions: ('time' | 'y' | 'x')[],
  data: TypedArray,
  attributes: Record<string, unknown>,
): Promise<void> {
  const writer = new ZarrShardWriter(folder, {
    shape,
    shardShape: shape,
    chunkShape: shape,
    dtype: dtypeOf(data),
    fillValue: Number.NaN,
    dimensions,
    attributes,
  });
  await writer.create();
  await writer.writeShard(
    shape.map(() => 0),
    data,
  );
}
