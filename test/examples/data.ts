/** Small files for the examples. */
import { dtypeOf, GeoBox, type TypedArray } from '../../src/geo/node/index.js';
import { type CogOptions, writeCog, ZarrCubeWriter } from '../../src/raster/node/index.js';

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
  const cube = await ZarrCubeWriter.create(folder, {
    geobox,
    times: times.map(Date.parse),
    variables: Object.keys(variables),
    tile: 16,
  });
  for (const [name, value] of Object.entries(variables)) {
    for (const step of times.keys()) {
      const data = Float32Array.from({ length: width * height }, (_, i) =>
        value(step, i % width, Math.floor(i / width)),
      );
      await cube.write(name, step, { x: 0, y: 0, width, height }, data);
    }
  }
  await cube.close();
  return folder;
}
