/**
 * The intermediate store of a run: a Zarr group with one shard per unit of the plan. The layout is GeoZarr, so that xarray
 * can open the store of a running process.
 */
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import * as zarr from 'zarrita';
import { invalidInput, messageOf } from '../errors.js';
import { GeoBox, type RowRange } from '../geo/index.js';
import { writeJson } from '../io/node/output.js';
import { createZarrGroup, geoZarrAttributes, ZarrShardWriter } from '../raster/node/index.js';
import { CHUNK_SIZE, type Plan, planUnits } from './plan.js';
import { UnitRun } from './unit-run.js';

/** The files of a run. */
export class RunStore {
  readonly run: UnitRun;
  readonly geobox: GeoBox;
  readonly #probability: ZarrShardWriter;

  constructor(
    folder: string,
    readonly plan: Plan,
    classes: readonly string[],
  ) {
    this.run = new UnitRun(folder, planUnits(plan));
    this.geobox = GeoBox.fromJSON(plan.grid);
    const { width, height } = this.geobox;
    this.#probability = new ZarrShardWriter(join(this.storeFolder, 'probability'), {
      shape: [classes.length, height, width],
      shardShape: [classes.length, plan.rowsPerUnit, Math.ceil(width / CHUNK_SIZE) * CHUNK_SIZE],
      chunkShape: [1, CHUNK_SIZE, CHUNK_SIZE],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: ['class', 'y', 'x'],
      attributes: { ...geoZarrAttributes(this.geobox), classes },
    });
  }

  get storeFolder(): string {
    return join(this.run.folder, 'map.zarr');
  }

  get planPath(): string {
    return join(this.run.folder, 'plan.json');
  }

  /** Writes the plan and the store's metadata: the same bytes in every worker. @param keep as `UnitRun.create` */
  async create(keep: boolean): Promise<void> {
    await this.run.create(keep);
    await createZarrGroup(this.storeFolder, geoZarrAttributes(this.geobox));
    await this.#probability.create();
    await writeJson(this.planPath, this.plan);
  }

  /** Writes a unit, then its marker. @param values (class, row, x) */
  async writeUnit(
    unit: number,
    values: Float32Array,
    about: { adapter: string; provider: string },
  ): Promise<void> {
    await this.run.mark(unit, await this.#probability.writeShard([0, unit, 0], values), about);
  }

  /** Reads the stored probabilities of rows, (class, row, x). */
  async readRows(rows: RowRange): Promise<Float32Array> {
    const path = join(this.storeFolder, 'probability');
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
