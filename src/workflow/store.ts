/**
 * The intermediate store of a run: a Zarr group whose shards are the units of the plan, and beside it a marker for
 * each unit that is done. The layout is GeoZarr, so that xarray opens a run while it is under way.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileSystemStore } from '@zarrita/storage';
import * as v from 'valibot';
import * as zarr from 'zarrita';
import { invalidInput, messageOf } from '../errors.js';
import { GeoBox, type RowRange } from '../geo/index.js';
import { readJson } from '../io/node/json.js';
import { makeFolder, writeJson } from '../io/node/output.js';
import { validate } from '../json.js';
import { createZarrGroup, geoZarrAttributes, ZarrShardWriter } from '../raster/node/index.js';
import { CHUNK_SIZE, type Plan, planUnits } from './plan.js';

export const MARKER_SCHEMA_VERSION = 1;

const MarkerSchema = v.object({
  schemaVersion: v.literal(MARKER_SCHEMA_VERSION),
  unit: v.number(),
  rows: v.tuple([v.number(), v.number()]),
  bytes: v.number(),
  sha256: v.string(),
  host: v.string(),
  adapter: v.string(),
  provider: v.string(),
  finished: v.string(),
});
export type Marker = v.InferOutput<typeof MarkerSchema>;

/** The files of a run. */
export class RunStore {
  readonly folder: string;
  readonly plan: Plan;
  readonly geobox: GeoBox;
  readonly #probability: ZarrShardWriter;

  constructor(folder: string, plan: Plan, classes: readonly string[]) {
    this.folder = folder;
    this.plan = plan;
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
    return join(this.folder, 'map.zarr');
  }

  get planPath(): string {
    return join(this.folder, 'plan.json');
  }

  get #markerFolder(): string {
    return join(this.folder, 'done');
  }

  #markerPath(unit: number): string {
    return join(this.#markerFolder, `${String(unit).padStart(6, '0')}.json`);
  }

  /** Writes the plan and the metadata of the store. Workers that start at the same time write the same bytes. */
  async create(): Promise<void> {
    await makeFolder(this.#markerFolder);
    await createZarrGroup(this.storeFolder, geoZarrAttributes(this.geobox));
    await this.#probability.create();
    await writeJson(this.planPath, this.plan);
  }

  /** Writes the rows of one unit, and then its marker. */
  async writeUnit(
    unit: number,
    rows: RowRange,
    values: Float32Array,
    about: { adapter: string; provider: string },
  ): Promise<void> {
    const shard = await this.#probability.writeShard([0, unit, 0], values);
    const marker: Marker = {
      schemaVersion: MARKER_SCHEMA_VERSION,
      unit,
      rows: [rows.start, rows.end],
      bytes: shard.byteLength,
      sha256: createHash('sha256').update(shard).digest('hex'),
      host: hostname(),
      ...about,
      finished: new Date().toISOString(),
    };
    await writeJson(this.#markerPath(unit), marker);
  }

  /** Markers of the units that are done, by unit. */
  async markers(): Promise<Map<number, Marker>> {
    const names = await readdir(this.#markerFolder).catch(() => []);
    const markers = new Map<number, Marker>();
    for (const name of names.filter((candidate) => candidate.endsWith('.json'))) {
      const path = join(this.#markerFolder, name);
      const marker = validate(MarkerSchema, await readJson(path), path);
      markers.set(marker.unit, marker);
    }
    return markers;
  }

  /** Indices of the units that no marker names. */
  async missing(): Promise<number[]> {
    const markers = await this.markers();
    return planUnits(this.plan).flatMap((_, unit) => (markers.has(unit) ? [] : [unit]));
  }

  /** Probabilities `(class, row, x)` of some rows, as they were stored. */
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
