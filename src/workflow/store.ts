/**
 * The intermediate store of a run: a Zarr group with one shard per unit of the plan. The layout is GeoZarr, so that xarray
 * can open the store of a running process.
 */
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import * as zarr from 'zarrita';
import { invalidInput, messageOf } from '../errors.js';
import { GeoBox, type RowRange } from '../geo/index.js';
import type { MapSpec } from '../inference/node/index.js';
import { writeJson } from '../io/node/output.js';
import { createZarrGroup, geoZarrAttributes, ZarrShardWriter } from '../raster/node/index.js';
import { layersOf } from './classes.js';
import { CHUNK_SIZE, type Plan, planUnits } from './plan.js';
import { type Marker, UnitRun } from './unit-run.js';

/** The files of a run. */
export class RunStore {
  readonly run: UnitRun;
  readonly geobox: GeoBox;
  /** The name of the array: `probability`, or `values` of a regression. */
  readonly #name: string;
  readonly #layers: ZarrShardWriter;

  constructor(
    folder: string,
    readonly plan: Plan,
    output: MapSpec['output'],
  ) {
    const names = layersOf(output).map(({ name }) => name);
    const [array, dimension, plural] =
      'values' in output ? ['values', 'value', 'values'] : ['probability', 'class', 'classes'];
    this.#name = array;
    this.run = new UnitRun(folder, planUnits(plan));
    this.geobox = GeoBox.fromJSON(plan.grid);
    const { width, height } = this.geobox;
    this.#layers = new ZarrShardWriter(join(this.storeFolder, array), {
      shape: [names.length, height, width],
      shardShape: [names.length, plan.rowsPerUnit, Math.ceil(width / CHUNK_SIZE) * CHUNK_SIZE],
      chunkShape: [1, CHUNK_SIZE, CHUNK_SIZE],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: [dimension, 'y', 'x'],
      attributes: { ...geoZarrAttributes(this.geobox), [plural]: names },
    });
  }

  get storeFolder(): string {
    return join(this.run.folder, 'map.zarr');
  }

  get planPath(): string {
    return join(this.run.folder, 'plan.json');
  }

  /** Writes the plan and the store's metadata: the same bytes in every worker. */
  async create(): Promise<void> {
    await createZarrGroup(this.storeFolder, geoZarrAttributes(this.geobox));
    await this.#layers.create();
    await writeJson(this.planPath, this.plan);
  }

  /** Writes a unit, then its marker. @param values (layer, row, x) */
  async writeUnit(
    unit: number,
    values: Float32Array,
    about: Pick<Marker, 'adapter' | 'gpu' | 'provider'>,
  ): Promise<void> {
    await this.run.mark(unit, [await this.#layers.writeShard([0, unit, 0], values)], about);
  }

  /** Reads the stored rows of all layers, (layer, row, x). */
  async readRows(rows: RowRange): Promise<Float32Array> {
    const path = join(this.storeFolder, this.#name);
    try {
      const array = await zarr.open.v3(new FileSystemStore(path), { kind: 'array' });
      if (!array.is('float32')) throw new Error(`it holds ${array.dtype}`);
      const { data } = await zarr.get(array, [null, zarr.slice(rows.start, rows.end), null]);
      return data;
    } catch (cause) {
      throw invalidInput(path, `cannot be read (${messageOf(cause)})`, 'run again without `resume`', cause);
    }
  }
}

/**
 * Approximate bytes of a map's units and products on the disk. Units are stored uncompressed: that is the most they take.
 * Products are compressed: half of their values are counted, and a third more for overviews.
 * @param units how many units are computed
 * @param withProducts whether the products are written too
 */
export function mapBytes(plan: Plan, layers: number, units: number, withProducts: boolean): number {
  const { width, height } = plan.grid;
  const columns = Math.ceil(width / CHUNK_SIZE) * CHUNK_SIZE;
  const stored = units * layers * plan.rowsPerUnit * columns * 4;
  const products = withProducts ? (layers * 4 + 1) * width * height * (2 / 3) : 0;
  return Math.ceil(stored + products);
}
