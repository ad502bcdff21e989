/** A mosaic as a Zarr store of one time step, written tile by tile. */
import { dirname } from 'node:path';
import { invalidOption } from '../../errors.js';
import type { Dtype, GeoBox, TimeInterval } from '../../geo/index.js';
import { requireSpace } from '../../io/node/disk-space.js';
import { toStored, ZarrCubeWriter } from '../../raster/node/index.js';
import type { CogOutputOptions } from '../stream-rows.js';
import { COUNT } from './layers.js';
import type { MosaicTiles } from './tiles.js';

/** Pixels along a side of a chunk, of tiles that are a multiple of it. */
const CHUNK = 512;

export interface MosaicStore {
  readonly grid: GeoBox;
  readonly names: readonly string[];
  readonly dtype: Dtype;
  readonly nodata: number | null;
  /** Whether values are computed, not picked from a file. */
  readonly computed: boolean;
  /** Index of the layer of counts; undefined for none. */
  readonly full: number | undefined;
  readonly tile: number;
  readonly interval: TimeInterval | null;
  readonly attributes: Readonly<Record<string, string>>;
  /** Bytes that are written, about. */
  readonly bytes: number;
}

/**
 * Variables (time, y, x) by the names of layers, with the interval of the mosaic as bounds of its time.
 * @returns pixels of each layer with data
 * @throws {TerrachipError} INVALID_OPTION for rows without a date, or a name that a store cannot have; DISK
 */
export async function writeMosaicZarr(
  tiles: MosaicTiles,
  store: MosaicStore,
  { destination, compression, signal, onProgress }: CogOutputOptions,
): Promise<number[]> {
  const { grid, names, dtype, nodata, computed, full, tile, interval, attributes } = store;
  if (interval === null) {
    const problem =
      'is needed with an end and a start: the rows have no date, and a Zarr store says its time';
    throw invalidOption('select.datetime', problem, 'give it, or write a COG');
  }
  const odd = names.find((name) => /[/\\]/.test(name));
  if (odd !== undefined) {
    const problem = `give "${odd}", which cannot name a variable`;
    throw invalidOption('expressions', problem, 'name the expression: name = …');
  }
  await requireSpace(dirname(destination), store.bytes);
  const variables = Object.fromEntries(names.map((name) => [name, { dtype, nodata }]));
  const cube = await ZarrCubeWriter.create(destination, {
    geobox: grid,
    times: [interval],
    variables: full === undefined ? variables : { ...variables, [COUNT]: { dtype: 'uint32', nodata: null } },
    tile,
    chunk: tile % CHUNK === 0 ? CHUNK : tile,
    compression: compression === 'none' ? 'none' : 'zstd',
    attributes,
  });
  const validPixels = new Array<number>(names.length + (full === undefined ? 0 : 1)).fill(0);
  let collisions = 0;
  try {
    for await (const { window, values } of tiles.tiles(signal)) {
      for (const [layer, plane] of values.entries()) {
        const isCount = layer === full;
        const { stored, ...counts } = toStored(
          plane,
          isCount ? 'uint32' : dtype,
          isCount ? null : nodata,
          computed,
        );
        validPixels[layer] += counts.validCount;
        collisions += counts.collisions;
        await cube.write(isCount ? COUNT : names[layer], 0, window, stored);
      }
    }
    await cube.dispose();
  } catch (error) {
    await cube.abort();
    throw error;
  }
  if (collisions > 0) {
    onProgress?.({
      type: 'warning',
      message: `${collisions} valid pixels are equal to the nodata value ${nodata} and became gaps; choose another \`nodata\``,
    });
  }
  return validPixels;
}
