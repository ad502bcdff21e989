/** The rasters of a scene for a model's inputs, found and checked before any pixel is computed. */
import { isAbsolute, resolve } from 'node:path';
import * as v from 'valibot';
import { groupBy } from '../catalog/group-by.js';
import { invalidInput, invalidOption } from '../errors.js';
import { type GeoBox, gridsMeet, noOverlap } from '../geo/index.js';
import { decidesValidity } from '../inference/model-spec.js';
import type { ModelInput, ModelSpec } from '../inference/node/index.js';
import { isAddress } from '../io/schemes.js';
import { storedAddress } from '../io/signature.js';
import { RESAMPLINGS, type Resampling } from '../kernels/index.js';
import { suitsCategories } from '../kernels/resampling.js';
import type { OperationOptions } from '../progress.js';
import { type Raster, unitConversion } from '../raster/node/index.js';
import { isCategorical, UNITS } from '../raster/units.js';
import { requirePlausible } from './band-checks.js';
import {
  filesOfScene,
  MOSAICS,
  NodataSchema,
  phasesOf,
  resolveHref,
  type Scene,
  type SceneBands,
  tilesOf,
} from './scene.js';
import type { SceneRasters } from './scene-rasters.js';

const Source = v.object({
  href: v.string(),
  band: v.number(),
  /** The index of the model's band that the source shows. Default: its place in the list, where each band has one source. */
  plane: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** If they differ from the image's. */
  units: v.optional(v.picklist(UNITS)),
  /** The nodata value that the scene declares, in place of the file's. */
  nodata: v.optional(NodataSchema),
  /** Which version of the file it is: see `InputVersions`. */
  identity: v.string(),
});

export const PlannedImageSchema = v.object({
  input: v.string(),
  phase: v.nullable(v.string()),
  /** The phase's name in the scene. */
  scenePhase: v.nullable(v.string()),
  units: v.picklist(UNITS),
  resampling: v.picklist(RESAMPLINGS),
  /** How overlapping sources of a band are combined. */
  mosaic: v.optional(v.picklist(MOSAICS)),
  sources: v.array(Source),
});

/** The sources of one input in one phase: the files, units and resampling of its bands. */
export type PlannedImage = v.InferOutput<typeof PlannedImageSchema>;
export type PlannedSource = v.InferOutput<typeof Source>;

/** The sources of each band of an image. */
export function sourcesByPlane({ sources }: PlannedImage): PlannedSource[][] {
  return [...groupBy(sources, ({ plane }, k) => plane ?? k).values()];
}

/** Everything that affects an image's values, for the run's fingerprint. The files' paths do not. */
export function identityOfImage({ sources, ...image }: PlannedImage): Record<string, unknown> {
  return { ...image, sources: sources.map(({ href: _, ...source }) => source) };
}

/** The inputs that had another identity in another plan. */
export function changedInputs(images: readonly PlannedImage[], other: object): string[] {
  const earlier = v.safeParse(v.object({ images: v.array(PlannedImageSchema) }), other);
  if (!earlier.success) return [];
  const before = new Map(
    earlier.output.images.flatMap(({ sources }) => sources.map(({ href, identity }) => [href, identity])),
  );
  const sources = images.flatMap((image) => image.sources);
  const changed = sources.filter(({ href, identity }) => (before.get(href) ?? identity) !== identity);
  return [...new Set(changed.map(({ href }) => href))];
}

export interface PlanImagesOptions {
  /** The scene's phases in the model's order, if the names differ. */
  phases?: readonly string[];
  signal?: AbortSignal;
}

/**
 * Finds the images of a scene for a model, in the order of its inputs and phases.
 * @throws {TerrachipError} INVALID_INPUT for inputs, phases, bands or units that do not fit; INVALID_OPTION for `phases`
 */
export async function planImages(
  scene: Scene,
  { inputs, phases: modelPhases }: ModelSpec,
  rasters: SceneRasters,
  options: PlanImagesOptions = {},
): Promise<PlannedImage[]> {
  const { signal } = options;
  const phases = matchPhases(scene, modelPhases, inputs, options.phases);
  await rasters.versions.prepare(filesOfScene(scene).slice(1), signal);
  const wanted = inputs.flatMap((input) =>
    (input.kind === 'static' ? [null] : modelPhases).map((phase) => {
      const scenePhase = phase === null ? null : phases.get(phase)!;
      return { input, phase, scenePhase };
    }),
  );
  const hrefs = wanted.flatMap(({ input, scenePhase }) => {
    const bands = bandsOf(scene, input, scenePhase) ?? {};
    const found = input.bands.flatMap((name) => bands[name] ?? []);
    return found.flatMap(({ href, tiles = [] }) => [href, ...tiles.map((tile) => tile.href)]);
  });
  await rasters.prepare(
    hrefs.map((href) => resolveHref(scene, href)),
    signal,
  );
  const images: PlannedImage[] = [];
  for (const { input, phase, scenePhase } of wanted) {
    images.push(await planImage(scene, rasters, input, phase, scenePhase, signal));
  }
  return images;
}

/** The scene's phase for each phase of the model: by the caller's list, by name, or if both have only one. */
function matchPhases(
  scene: Scene,
  modelPhases: readonly string[],
  inputs: readonly ModelInput[],
  chosen: readonly string[] | undefined,
): Map<string, string> {
  const { path } = scene;
  const scenePhases = phasesOf(scene);
  if (chosen !== undefined) {
    const unknown = chosen.find((phase) => !scenePhases.has(phase));
    if (chosen.length !== modelPhases.length || unknown !== undefined) {
      throw invalidOption(
        'phases',
        unknown === undefined
          ? `names ${chosen.length} phases, the model has ${modelPhases.length}`
          : `names ${unknown}, which ${path} lacks`,
        `choose ${modelPhases.length} of ${[...scenePhases].join(', ')}, in the model's order ${modelPhases.join(', ')}`,
      );
    }
    return new Map(modelPhases.map((phase, k) => [phase, chosen[k]]));
  }
  if (!inputs.some((input) => input.kind === 'temporal')) return new Map();
  if (modelPhases.every((phase) => scenePhases.has(phase))) {
    return new Map(modelPhases.map((phase) => [phase, phase]));
  }
  if (modelPhases.length === 1 && scenePhases.size === 1)
    return new Map([[modelPhases[0], [...scenePhases][0]]]);
  throw invalidInput(
    path,
    `has the phases ${[...scenePhases].join(', ') || 'none'}, but the model needs ${modelPhases.join(', ')}`,
    'name the scene’s `phases` in the order of the model',
  );
}

/** The bands of an input, in a phase if it is not null. */
function bandsOf(
  { document }: Scene,
  { name }: ModelInput,
  scenePhase: string | null,
): SceneBands | undefined {
  const input = document.inputs[name];
  return scenePhase === null ? input?.static : input?.phases?.[scenePhase];
}

async function planImage(
  scene: Scene,
  rasters: SceneRasters,
  input: ModelInput,
  phase: string | null,
  scenePhase: string | null,
  signal: AbortSignal | undefined,
): Promise<PlannedImage> {
  const { path, document } = scene;
  const sceneInput = document.inputs[input.name];
  const bands = bandsOf(scene, input, scenePhase);
  const label = `${input.name}${scenePhase === null ? '' : ` in phase ${scenePhase}`}`;
  if (sceneInput === undefined || bands === undefined) {
    const problem = `lacks ${label}, which the model needs (${input.bands.join(', ')} in ${input.units})`;
    throw invalidInput(path, problem, 'add it to the scene, or choose another model');
  }
  const missing = input.bands.filter((band) => bands[band] === undefined);
  if (missing.length > 0) {
    const problem = `lacks ${missing.join(', ')} of ${label}, which the model needs`;
    throw invalidInput(path, problem, 'add the bands');
  }
  const units = bands[input.bands[0]]?.units ?? sceneInput.units;
  const resampling: Resampling = sceneInput.resampling ?? (isCategorical(units) ? 'nearest' : 'bilinear');
  if (isCategorical(units) && !suitsCategories(resampling)) {
    const problem = `resamples the categories of ${input.name} by ${resampling}`;
    throw invalidInput(path, problem, 'use nearest or mode');
  }
  const sources: PlannedSource[] = [];
  const isMosaic = input.bands.some((name) => bands[name].tiles !== undefined);
  for (const [plane, name] of input.bands.entries()) {
    for (const { href, band, nodata, units: own } of tilesOf(scene, bands[name], sceneInput.units)) {
      unitConversion(
        own,
        input.units,
        `${path}: ${own === sceneInput.units ? input.name : `${name} of ${label}`}`,
      );
      const identity = await rasters.versions.identityOf(href, signal);
      const raster = await rasters.open(href, signal);
      if (band > raster.bands.length) {
        const problem = `has ${raster.bands.length} bands, but ${path} asks for band ${band}`;
        throw invalidInput(raster.name, problem, 'correct it');
      }
      sources.push({
        href: recorded(href),
        band,
        plane: isMosaic ? plane : undefined,
        units: own === units ? undefined : own,
        nodata,
        identity,
      });
    }
  }
  const mosaic = isMosaic ? sceneInput.mosaic : undefined;
  return { input: input.name, phase, scenePhase, units, resampling, mosaic, sources };
}

/**
 * The images without the sources that lie beside the grid. A band keeps one at least.
 * @throws {TerrachipError} INVALID_INPUT for a band that decides validity and has no source on the grid: no pixel would be
 * valid. Others cause a warning
 */
export async function imagesOnGrid(
  images: readonly PlannedImage[],
  spec: ModelSpec,
  rasters: SceneRasters,
  grid: GeoBox,
  { signal, onProgress }: OperationOptions = {},
): Promise<PlannedImage[]> {
  const opened = new Map<string, { raster: Raster; isNear: boolean }>();
  const look = async (href: string) => {
    const known = opened.get(href);
    if (known !== undefined) return known;
    const raster = await rasters.open(href, signal);
    const found = { raster, isNear: raster.geobox === null || gridsMeet(raster.geobox, grid) };
    opened.set(href, found);
    return found;
  };
  const warned = new Set<string>();
  const near: PlannedImage[] = [];
  for (const image of images) {
    const input = spec.inputs.find(({ name }) => name === image.input)!;
    const decides = decidesValidity(spec, input, image.phase ?? undefined);
    const kept: PlannedSource[] = [];
    for (const sources of sourcesByPlane(image)) {
      const own: PlannedSource[] = [];
      for (const source of sources) if ((await look(source.href)).isNear) own.push(source);
      kept.push(...(own.length > 0 ? own : sources.slice(0, 1)));
      if (own.length > 0) continue;
      const [{ href }] = sources;
      const { raster } = await look(href);
      const error = noOverlap(raster.name, raster.geobox, 'the scene’s grid', grid);
      if (decides) throw error;
      if (!warned.has(href)) onProgress?.({ type: 'warning', message: error.message });
      warned.add(href);
    }
    near.push({ ...image, sources: kept });
  }
  return near;
}

/** The location as a plan stores it. `SceneRasters` has the raster open, by its signed address if it has one. */
function recorded(location: string): string {
  if (isAddress(location)) return storedAddress(location);
  return isAbsolute(location) ? location : resolve(location);
}

/**
 * Checks some pixels of every image.
 * @throws {TerrachipError} INVALID_INPUT for values outside of the range of their units
 */
export async function checkUnits(
  images: readonly PlannedImage[],
  inputs: readonly ModelInput[],
  rasters: SceneRasters,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const image of images) {
    const input = inputs.find((candidate) => candidate.name === image.input)!;
    for (const [k, source] of image.sources.entries()) {
      const raster = await rasters.openBand(source, signal);
      const label = `${input.name} ${input.bands[source.plane ?? k]}`;
      await requirePlausible(
        raster,
        raster.bands[source.band - 1],
        source.units ?? image.units,
        label,
        signal,
      );
    }
  }
}
