/**
 * Resumable runs: units of rows in a folder, with a marker for each finished unit. A marker has the size and the SHA-256
 * of the unit's files, so that a file that was cut or changed is noticed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute, join, normalize, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';
import { invalidInput, isTerrachipError, TerrachipError } from '../errors.js';
import type { RowRange } from '../geo/index.js';
import { readJson } from '../io/node/json.js';
import { makeFolder, removeRun, writeJson } from '../io/node/output.js';
import { sweepTemporaries } from '../io/node/temporaries.js';
import { validate } from '../json.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import type { WrittenFile } from '../raster/node/index.js';
import { claimRows } from './run-owner.js';

export const MARKER_SCHEMA_VERSION = 2;

/** A path in a folder: never outside of it. */
export const Inside = v.pipe(
  v.string(),
  v.check(
    (path) => !isAbsolute(path) && !normalize(path).split(sep).includes('..'),
    'must lie in the folder',
  ),
);

const MarkerSchema = v.object({
  schemaVersion: v.literal(MARKER_SCHEMA_VERSION),
  unit: v.number(),
  /** Start and end of the unit's rows: pixel rows of a map, or chips of an embedding store. */
  rows: v.tuple([v.number(), v.number()]),
  /** The unit's files, by their paths in the folder of the run. */
  files: v.pipe(
    v.array(v.object({ path: Inside, bytes: v.number(), sha256: v.string() })),
    v.minLength(1, 'must name a file'),
  ),
  host: v.string(),
  adapter: v.string(),
  /** The UUID of the GPU that was chosen for the process. */
  gpu: v.optional(v.string()),
  provider: v.string(),
  finished: v.string(),
});
export type Marker = v.InferOutput<typeof MarkerSchema>;

/** What to do with the units of an earlier run of the same plan. */
export interface EarlierUnits {
  /** Keep them. */
  readonly resume?: boolean;
  /** Compute them again. */
  readonly overwrite?: boolean;
}

/** A finished unit whose files are not as its marker says. */
export interface DamagedUnit {
  readonly unit: number;
  /** The file and what is wrong with it. */
  readonly problem: string;
}

export class UnitRun {
  constructor(
    readonly folder: string,
    readonly units: readonly RowRange[],
  ) {}

  /**
   * Takes units for this process, and creates the folder. Other processes are refused these units until the result is
   * disposed of, or this process ends.
   * @param own the units
   * @throws {TerrachipError} BUSY if another process computes some of them; INVALID_INPUT if some are finished, and
   *   the options do not say what to do with them
   */
  async claim(own: RowRange, { resume, overwrite }: EarlierUnits = {}): Promise<AsyncDisposable> {
    await makeFolder(this.folder);
    const claimed = await claimRows(this.folder, own);
    try {
      if (overwrite === true) {
        // Other shards may have finished theirs.
        for (let unit = own.start; unit < own.end; unit++) await rm(this.#markerPath(unit), { force: true });
      } else if (resume !== true) {
        const finished = (await this.#markerNames()).length;
        if (finished > 0) {
          throw invalidInput(
            this.folder,
            `has ${finished} finished ${finished === 1 ? 'unit' : 'units'} of ${this.units.length} of this plan`,
            'give `resume` to keep them, or `overwrite` to compute them again',
          );
        }
      }
      await makeFolder(this.#markers);
      await sweepTemporaries(this.folder, { deep: true });
      return claimed;
    } catch (error) {
      await claimed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Marks a unit as done, after its files are written.
   * @param files what was written, or paths of files that are too large for memory
   */
  async mark(
    unit: number,
    files: readonly (WrittenFile | string)[],
    about: Pick<Marker, 'adapter' | 'gpu' | 'provider'>,
  ): Promise<void> {
    const { start, end } = this.units[unit];
    const marker: Marker = {
      schemaVersion: MARKER_SCHEMA_VERSION,
      unit,
      rows: [start, end],
      files: await Promise.all(files.map((file) => this.#describe(file))),
      host: hostname(),
      ...about,
      finished: new Date().toISOString(),
    };
    await writeJson(this.#markerPath(unit), marker);
  }

  async #describe(file: WrittenFile | string): Promise<Marker['files'][number]> {
    if (typeof file === 'string') {
      const { size: bytes } = await stat(file);
      return { path: relative(this.folder, file), bytes, sha256: await hashOf(file) };
    }
    const { path, content } = file;
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { path: relative(this.folder, path), bytes: content.byteLength, sha256 };
  }

  /**
   * The finished units whose files are not as their markers say.
   * @param by compare only the sizes of files, or also their SHA-256
   * @param own the units to look at
   */
  async #damaged(
    markers: ReadonlyMap<number, Marker | null>,
    by: 'size' | 'hash',
    signal?: AbortSignal,
    own: RowRange = { start: 0, end: Infinity },
  ): Promise<DamagedUnit[]> {
    const damaged: DamagedUnit[] = [];
    for (const [unit, marker] of markers) {
      signal?.throwIfAborted();
      if (unit < own.start || unit >= own.end) continue;
      if (marker === null) {
        damaged.push({ unit, problem: `${this.#markerPath(unit)} is not a marker of a finished unit` });
        continue;
      }
      const [start, end] = marker.rows;
      const range = this.units.at(unit);
      if (range === undefined || range.start !== start || range.end !== end) {
        damaged.push({ unit, problem: `${this.#markerPath(unit)} is the marker of other rows` });
        continue;
      }
      for (const file of marker.files) {
        const problem = await problemOf(join(this.folder, file.path), file, by, signal);
        if (problem === null) continue;
        damaged.push({ unit, problem });
        break;
      }
    }
    return damaged;
  }

  /**
   * Checks that all units are finished and none is damaged.
   * @throws {TerrachipError} INCOMPLETE
   */
  async requireComplete(signal?: AbortSignal): Promise<void> {
    const markers = await this.#readMarkers();
    const missing = this.units.flatMap((_, unit) => (markers.has(unit) ? [] : [unit]));
    const damaged = await this.#damaged(markers, 'hash', signal);
    if (missing.length === 0 && damaged.length === 0) return;
    const [first] = damaged;
    const listed = `${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''}`;
    throw new TerrachipError(
      'INCOMPLETE',
      first === undefined
        ? `${missing.length} of ${this.units.length} units of ${this.folder} are missing (${listed})`
        : `unit ${first.unit} of ${this.folder} is damaged: ${first.problem}`,
      'run it again with `resume`, or run the missing shards',
      { missing: missing.length + damaged.length },
    );
  }

  /** Indices of the units that are not finished, or damaged by their files' sizes. */
  async missing(): Promise<number[]> {
    const markers = await this.#readMarkers();
    const damaged = new Set((await this.#damaged(markers, 'size')).map(({ unit }) => unit));
    return this.units.flatMap((_, unit) => (markers.has(unit) && !damaged.has(unit) ? [] : [unit]));
  }

  /** Forgets damaged units, so that they are computed again, and warns of each. */
  async #forgetDamaged(own: RowRange, { signal, onProgress }: OperationOptions): Promise<void> {
    for (const { unit, problem } of await this.#damaged(await this.#readMarkers(), 'hash', signal, own)) {
      onProgress?.({ type: 'warning', message: `unit ${unit} is computed again: ${problem}` });
      await rm(this.#markerPath(unit), { force: true });
    }
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
    await this.#forgetDamaged(own, options);
    const missing = (await this.missing()).filter((unit) => unit >= own.start && unit < own.end);
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

  /** Removes what is left of a process that was killed after the units were in the result. */
  async removeRest(): Promise<void> {
    if ((await stat(this.folder).catch(() => null)) === null) return;
    try {
      await using _claimed = await claimRows(this.folder, { start: 0, end: this.units.length });
      await this.remove();
    } catch (error) {
      // Somebody computes them again.
      if (!isTerrachipError(error, 'BUSY')) throw error;
    }
  }

  async #warnUnfinished(own: RowRange, { onProgress }: OperationOptions): Promise<void> {
    const done = (await this.#markerNames()).length;
    if (done === 0) return;
    // Workers that share a run always keep finished units.
    const how = own.end - own.start === this.units.length ? ' with `resume`' : '';
    const message = `${done} of ${this.units.length} units are done (${this.folder}); run it again${how} to continue`;
    onProgress?.({ type: 'warning', message });
  }

  /** Markers of the finished units, by unit; null for one that is damaged. */
  async #readMarkers(): Promise<Map<number, Marker | null>> {
    const markers = new Map<number, Marker | null>();
    for (const name of await this.#markerNames()) {
      markers.set(Number(name.slice(0, -'.json'.length)), await readMarker(join(this.#markers, name)));
    }
    return markers;
  }

  async #markerNames(): Promise<string[]> {
    const names = await readdir(this.#markers).catch((): string[] => []);
    return names.filter((name) => /^\d+\.json$/.test(name));
  }

  #markerPath(unit: number): string {
    return join(this.#markers, `${String(unit).padStart(6, '0')}.json`);
  }

  get #markers(): string {
    return join(this.folder, 'done');
  }
}

async function readMarker(path: string): Promise<Marker | null> {
  try {
    return validate(MarkerSchema, await readJson(path), path);
  } catch (error) {
    if (isTerrachipError(error, 'INVALID_INPUT', 'TOO_LARGE')) return null;
    throw error;
  }
}

/** What is wrong with a file of a finished unit; null if it is as its marker says. */
async function problemOf(
  path: string,
  { bytes, sha256 }: { bytes: number; sha256: string },
  by: 'size' | 'hash',
  signal?: AbortSignal,
): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  if (info === null) return `${path} is gone`;
  if (info.size !== bytes) return `${path} has ${info.size} bytes instead of ${bytes}`;
  if (by === 'size') return null;
  return (await hashOf(path, signal)) === sha256 ? null : `${path} has changed since it was written`;
}

async function hashOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { signal });
  return hash.digest('hex');
}
