/**
 * Resumable runs: units of rows in a folder `OUTPUT.run/<fingerprint>`, with a marker for each finished unit. The
 * fingerprint covers all options and inputs that affect the bytes of the result, so that units of several processes fit
 * together.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { invalidOption } from '../errors.js';
import type { RowRange } from '../geo/index.js';
import { readJson } from '../io/node/json.js';
import { makeFolder, removeRun, writeJson } from '../io/node/output.js';
import { validate } from '../json.js';
import { type OperationOptions, reportProgress } from '../progress.js';

export const MARKER_SCHEMA_VERSION = 1;

const MarkerSchema = v.object({
  schemaVersion: v.literal(MARKER_SCHEMA_VERSION),
  unit: v.number(),
  /** Start and end of the unit's rows: pixel rows of a map, or chips of an embedding store. */
  rows: v.tuple([v.number(), v.number()]),
  bytes: v.number(),
  sha256: v.string(),
  host: v.string(),
  adapter: v.string(),
  provider: v.string(),
  finished: v.string(),
});
export type Marker = v.InferOutput<typeof MarkerSchema>;

/** @param settings everything that affects the bytes of a result @returns their SHA-256, in hex */
export function fingerprintOf(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex');
}

/** @throws {TerrachipError} INVALID_OPTION unless `batchSize` is a number of chips that a model may run at once */
export function requireBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1024) {
    throw invalidOption('batchSize', `cannot be ${batchSize}`, 'give a whole number from 1 to 1024');
  }
}

/** @throws {TerrachipError} INVALID_OPTION unless the size of a unit is a multiple of `part` */
export function requireMultiple(option: string, value: number, part: number): void {
  if (!Number.isInteger(value) || value < part || value % part !== 0) {
    throw invalidOption(option, `cannot be ${value}`, `give a multiple of ${part}`);
  }
}

/** The folder of a run, next to the output. */
export function runFolder(output: string, fingerprint: string): string {
  return join(`${output}.run`, fingerprint.slice(0, 16));
}

export class UnitRun {
  /** @param fileOf the file of a unit, whose bytes its marker describes */
  constructor(
    readonly folder: string,
    readonly units: readonly RowRange[],
    private readonly fileOf: (unit: number) => string,
  ) {}

  /** Creates the folder. @param keep whether to keep the units of an earlier run with the same fingerprint */
  async create(keep: boolean): Promise<void> {
    if (!keep) await rm(this.folder, { recursive: true, force: true });
    await makeFolder(this.#markers);
  }

  /** Marks a unit as done, after it is written. @param shard the bytes of its file */
  async mark(unit: number, shard: Uint8Array, about: { adapter: string; provider: string }): Promise<void> {
    const { start, end } = this.units[unit];
    const marker: Marker = {
      schemaVersion: MARKER_SCHEMA_VERSION,
      unit,
      rows: [start, end],
      bytes: shard.byteLength,
      sha256: createHash('sha256').update(shard).digest('hex'),
      host: hostname(),
      ...about,
      finished: new Date().toISOString(),
    };
    await writeJson(join(this.#markers, `${String(unit).padStart(6, '0')}.json`), marker);
  }

  /** Markers of the finished units, by unit. */
  async markers(): Promise<Map<number, Marker>> {
    const names = await readdir(this.#markers).catch(() => []);
    const markers = new Map<number, Marker>();
    for (const name of names.filter((candidate) => candidate.endsWith('.json'))) {
      const path = join(this.#markers, name);
      const marker = validate(MarkerSchema, await readJson(path), path);
      markers.set(marker.unit, marker);
    }
    return markers;
  }

  /** Indices of the units without a marker, or whose file is not what their marker says. @param within those of them */
  async missing({ start, end }: RowRange = { start: 0, end: this.units.length }): Promise<number[]> {
    const markers = await this.markers();
    const missing: number[] = [];
    for (let unit = start; unit < end; unit++) {
      const marker = markers.get(unit);
      if (marker === undefined || !(await isWhole(this.fileOf(unit), marker))) missing.push(unit);
    }
    return missing;
  }

  /**
   * Computes the unfinished units. If that fails, a warning tells how to resume.
   * @param own the units of this worker
   * @param compute computes units, and calls `done` after it has marked one
   * @returns the number of computed units
   */
  async compute(
    stage: string,
    own: RowRange,
    compute: (missing: readonly number[], done: () => void) => Promise<void>,
    options: OperationOptions,
  ): Promise<number> {
    const missing = await this.missing(own);
    const total = missing.length;
    let count = 0;
    const report = (): void => reportProgress(options, stage, count, total, 'units');
    report();
    try {
      await compute(missing, () => {
        count++;
        report();
      });
    } catch (error) {
      await this.#warnUnfinished(own, options);
      throw error;
    }
    return count;
  }

  /** Removes the folder, after its units are in the result. */
  async remove(): Promise<void> {
    await removeRun(this.folder);
  }

  async #warnUnfinished(own: RowRange, { onProgress }: OperationOptions): Promise<void> {
    const done = (await this.markers().catch(() => new Map())).size;
    if (done === 0) return;
    // Workers that share a run always keep finished units.
    const how = own.end - own.start === this.units.length ? ' with `resume`' : '';
    const message = `${done} of ${this.units.length} units are done (${this.folder}); run it again${how} to go on`;
    onProgress?.({ type: 'warning', message });
  }

  get #markers(): string {
    return join(this.folder, 'done');
  }
}

/** Whether a file has the bytes that a marker describes. */
async function isWhole(path: string, { bytes, sha256 }: Marker): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.size !== bytes) return false;
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path)) hash.update(piece);
  } catch {
    return false;
  }
  return hash.digest('hex') === sha256;
}
