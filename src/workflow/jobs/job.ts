/**
 * The plan of a job: scenes that are mapped with one model, by any number of processes. It is made on any machine, such as
 * a login node without a GPU, and has the number of units of each scene. The plan of each map, which its first process
 * writes, fixes the processor.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { invalidInput, TerrachipError } from '../../errors.js';
import type { RowRange } from '../../geo/index.js';
import { BACKEND_CHOICES } from '../../gpu/node/index.js';
import { findModel } from '../../inference/node/model-folder.js';
import { PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import { readJson } from '../../io/node/json.js';
import { makeFolder, requireFolderName, writeJson } from '../../io/node/output.js';
import { isUrl } from '../../io/open-url.js';
import { validateStrictly } from '../../json.js';
import type { OperationOptions } from '../../progress.js';
import { BLENDS, POLYGON_FORMATS } from '../choices.js';
import type { ProductOptions } from '../finalize.js';
import type { InferOptions } from '../infer.js';
import { DEFAULT_MAX_PIXELS, rowsOfUnits, storedPath } from '../plan.js';
import { runsFolder } from '../run-owner.js';
import { declaredGrid, readScene, resolveGrid, SCENE_FILE, type Scene } from '../scene.js';
import { SceneRasters } from '../scene-rasters.js';

export const JOB_SCHEMA_VERSION = 1;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Options of `infer` that are the same for all processes of a job. */
const SettingsSchema = v.object({
  batchSize: v.optional(Count),
  blend: v.optional(v.picklist(BLENDS)),
  threshold: v.optional(v.number()),
  minChipValid: v.optional(v.number()),
  rowsPerUnit: v.optional(Count),
  maxPixels: v.optional(Count),
  phases: v.optional(v.array(v.string())),
  backend: v.optional(v.picklist(BACKEND_CHOICES)),
  provider: v.optional(v.picklist(PROVIDER_CHOICES)),
  reusePhases: v.optional(v.boolean()),
});

const ProductsSchema = v.object({
  polygons: v.optional(v.boolean()),
  polygonFormat: v.optional(v.picklist(POLYGON_FORMATS)),
  minArea: v.optional(v.number()),
  simplify: v.optional(v.number()),
});

/** Default options of the processes of a job. They do not change the maps. */
const WorkerSchema = v.object({
  memory: v.optional(Count),
  threads: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
});

/** The folder of a map in that of the job: a name, or the folder itself. */
const Folder = v.pipe(v.string(), v.regex(/^(?:\.|[A-Za-z0-9][\w.-]{0,127})$/, 'must be a name, or "."'));

const JobSchema = v.object({
  schemaVersion: v.literal(JOB_SCHEMA_VERSION),
  scenes: v.pipe(
    v.array(v.object({ folder: Folder, path: v.string(), units: Count })),
    v.minLength(1, 'must name a scene'),
    v.check(
      (scenes) => new Set(scenes.map(({ folder }) => folder)).size === scenes.length,
      'must have a folder for each scene',
    ),
  ),
  model: v.string(),
  settings: SettingsSchema,
  products: ProductsSchema,
  worker: v.optional(WorkerSchema),
});

/** The plan of a job. Scenes are in the order of their folders, whatever order they were given in. */
export type MapJob = v.InferOutput<typeof JobSchema>;
/** A scene of a job, and how many units its map has. */
export type JobScene = MapJob['scenes'][number];

/** Options of a job. */
export interface MapJobOptions
  extends OperationOptions,
    ProductOptions,
    Omit<v.InferOutput<typeof SettingsSchema>, 'phases'>,
    Pick<InferOptions, 'phases'> {
  /** Scene files or packages. */
  scenes: readonly string[];
  /** The model folder. */
  model: string;
  /** The folder for the map of one scene; for several, a folder with one for each, named by the scene's id. */
  output: string;
}

/** Where the plan of a job lies. @param output the folder of its map or maps, also with a `/` at the end */
export function jobPath(output: string): string {
  return join(runsFolder(output), 'job.json');
}

/** A folder without the `/` at its end. */
export function bareFolder(folder: string): string {
  return folder.replace(/(?<=.)[/\\]+$/, '');
}

/** Reads the plan of a job; null where there is none. @throws {TerrachipError} INVALID_INPUT for a damaged one */
export async function readJob(output: string): Promise<MapJob | null> {
  const path = jobPath(output);
  const isThere = (await stat(path).catch(() => null)) !== null;
  return isThere ? validateStrictly(JobSchema, await readJson(path), path) : null;
}

/** @throws {TerrachipError} NOT_FOUND */
export async function requireJob(output: string): Promise<MapJob> {
  const job = await readJob(output);
  if (job !== null) return job;
  throw new TerrachipError(
    'NOT_FOUND',
    `${output} has no planned job: ${jobPath(output)} does not exist`,
    'plan one, or give scenes, a `model` and an `output`',
    { source: output },
  );
}

/**
 * Finds the scenes of a job and counts their units.
 * @throws {TerrachipError} INVALID_INPUT for scenes with equal ids; as `readScene`
 */
export async function describeJob(options: MapJobOptions): Promise<MapJob> {
  requireFolderName(options.output);
  const scenes: JobScene[] = [];
  for (const location of options.scenes) {
    const scene = await readScene(location);
    const folder = options.scenes.length === 1 ? '.' : folderOf(scene);
    const twin = scenes.find((other) => other.folder === folder);
    if (twin !== undefined) {
      throw invalidInput(scene.path, `has the id ${folder} of ${twin.path}`, 'give each scene its own id');
    }
    scenes.push({ folder, path: storedPath(scene.path), units: await countUnits(scene, options) });
  }
  // Without defaults, so that plans of the same job are equal.
  const chosen = Object.entries(options).filter(
    ([, value]) => value !== undefined && value !== true && value !== 'auto',
  );
  const pick = (schema: { readonly entries: object }): Record<string, unknown> =>
    Object.fromEntries(chosen.filter(([key]) => Object.hasOwn(schema.entries, key)));
  // A bundled model keeps its name: in a container it lies elsewhere.
  const model = await findModel(options.model);
  const job = {
    schemaVersion: JOB_SCHEMA_VERSION,
    scenes: scenes.sort((a, b) => (a.folder < b.folder ? -1 : 1)),
    model: model === options.model ? resolve(model) : options.model,
    settings: pick(SettingsSchema),
    products: pick(ProductsSchema),
  };
  return validateStrictly(JobSchema, job, 'the job');
}

/** Signed addresses of scenes on servers, by the unsigned addresses that a job stores. */
export function signedScenes(locations: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(locations.filter(isUrl).map((location) => [storedPath(location), location]));
}

/** The name of a scene's folder: its id, else the name of its file or package. */
function folderOf({ path, document }: Scene): string {
  const file = basename(path);
  const name = document.id ?? (file === SCENE_FILE ? basename(dirname(path)) : file.replace(/\.[^.]*$/, ''));
  if (v.is(Folder, name) && name !== '.') return name;
  const problem = `has the id "${name}", which cannot name a folder`;
  throw invalidInput(path, problem, 'give it an id of letters, digits, dots, dashes and underscores');
}

async function countUnits(scene: Scene, { rowsPerUnit, maxPixels, signal }: MapJobOptions): Promise<number> {
  const rasters = new SceneRasters(declaredGrid(scene));
  try {
    const grid = (await resolveGrid(scene, rasters, signal)).requireAtMost(
      maxPixels ?? DEFAULT_MAX_PIXELS,
      'choose a coarser resolution or smaller bounds, or raise `maxPixels`',
    );
    return Math.ceil(grid.height / (rowsPerUnit ?? rowsOfUnits(grid)));
  } finally {
    await rasters.dispose();
  }
}

/**
 * Writes the plan of a job, unless it is there.
 * @param replace is called with a different plan before it is replaced; without it, a different plan is an error
 * @throws {TerrachipError} INVALID_INPUT with what differs; DISK
 */
export async function writeJob(
  output: string,
  job: MapJob,
  replace?: (before: MapJob) => Promise<void>,
): Promise<void> {
  const path = jobPath(output);
  const before = await readJob(output);
  if (before !== null) {
    const differing = differences(before, job);
    const isSame = differing.length === 0;
    if (isSame && (job.worker === undefined || isDeepStrictEqual(before.worker, job.worker))) return;
    if (!isSame && replace === undefined) {
      const problem = `plans a job with other values of ${differing.map((key) => `\`${key}\``).join(', ')}`;
      throw invalidInput(path, problem, 'give the same, another output, or `overwrite`');
    }
    if (!isSame) await replace?.(before);
  }
  await makeFolder(dirname(path));
  await writeJson(path, job);
}

/** The names of options that differ. */
function differences(a: MapJob, b: MapJob): string[] {
  // Another `rowsPerUnit` changes the units of the same scenes.
  const isSameSize = a.settings.rowsPerUnit === b.settings.rowsPerUnit;
  const flat = ({ scenes, model, settings, products }: MapJob) => {
    const compared = isSameSize ? scenes : scenes.map(({ folder, path }) => ({ folder, path }));
    return new Map<string, unknown>(Object.entries({ scenes: compared, model, ...settings, ...products }));
  };
  const [one, two] = [flat(a), flat(b)];
  return [...new Set([...one.keys(), ...two.keys()])].filter(
    (key) => JSON.stringify(one.get(key)) !== JSON.stringify(two.get(key)),
  );
}

/** The folder of a scene's map. */
export function mapFolder(output: string, { folder }: JobScene): string {
  return join(bareFolder(output), folder);
}

/** How many units all maps of a job have. */
export function unitsOf({ scenes }: MapJob): number {
  return scenes.reduce((sum, { units }) => sum + units, 0);
}

/** The scenes with units in a range, and these units, counted in each scene. */
export function partsOf(
  { scenes }: MapJob,
  { start, end }: RowRange,
): { scene: JobScene; units: RowRange }[] {
  let before = 0;
  return scenes.flatMap((scene) => {
    const units = { start: Math.max(start - before, 0), end: Math.min(end - before, scene.units) };
    before += scene.units;
    return units.start < units.end ? [{ scene, units }] : [];
  });
}
