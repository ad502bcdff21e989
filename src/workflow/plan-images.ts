/** Which rasters a model's inputs are read from, found in a scene and checked before any pixel is computed. */
import { isAbsolute, resolve } from 'node:path';
import * as v from 'valibot';
import { invalidInput, invalidOption } from '../errors.js';
import { type GeoBox, gridsMeet, noOverlap } from '../geo/index.js';
import { decidesValidity } from '../inference/model-spec.js';
import type { ModelInput, ModelSpec } from '../inference/node/index.js';
import { isAddress } from '../io/schemes.js';
import { RESAMPLINGS, type Resampling } from '../kernels/index.js';
import { suitsCategories } from '../kernels/resampling.js';
import type { OperationOptions } from '../progress.js';
import { unitConversion } from '../raster/node/index.js';
import { isCategorical, UNITS } from '../raster/units.js';
import { identityOf, requirePlausible } from './band-checks.js';
import { NodataSchema, resolveHref, type Scene, type SceneBands, type SceneRasters } from './scene.js';

const Source = v.object({
  href: v.string(),
  band: v.number(),
  /** Where they are not the image's. */
  units: v.optional(v.picklist(UNITS)),
  /** What the scene declares in place of the file. */
  nodata: v.optional(NodataSchema),
  /** Identifies the content: an entity tag, or the size and time of a file. */
  identity: v.string(),
});

export const PlannedImageSchema = v.object({
  input: v.string(),
  phase: v.nullable(v.string()),
  /** The scene's name of the phase. */
  scenePhase: v.nullable(v.string()),
  units: v.picklist(UNITS),
  resampling: v.picklist(RESAMPLINGS),
  sources: v.array(Source),
});

/** One input in one phase: where its bands are, in which units, and how they come onto the grid. */
export type PlannedImage = v.InferOutput<typeof PlannedImageSchema>;

/** What of an image decides values: not where its files are. */
export function identityOfImage({ sources, ...image }: PlannedImage): Record<string, unknown> {
  return { ...image, sources: sources.map(({ href: _, ...source }) => source) };
}

export interface PlanImagesOptions {
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
  signal?: AbortSignal;
}

/**
 * The images of a scene that a model wants, in the order of its inputs and phases.
 * @throws {TerrachipError} INVALID_INPUT for inputs, phases, bands or units that do not fit; INVALID_OPTION for phases
 */
export async function planImages(
  scene: Scene,
  { inputs, phases: wanted }: ModelSpec,
  rasters: SceneRasters,
  options: PlanImagesOptions = {},
): Promise<PlannedImage[]> {
  const { signal } = options;
  const phases = matchPhases(scene, wanted, inputs, options.phases);
  const images: PlannedImage[] = [];
  for (const input of inputs) {
    for (const phase of input.kind === 'static' ? [null] : wanted) {
      const scenePhase = phase === null ? null : phases.get(phase)!;
      images.push(await planImage(scene, rasters, input, phase, scenePhase, signal));
    }
  }
  return images;
}

/** The scene's phase for each phase of the model: by name, by the caller's list, or one for one. */
function matchPhases(
  scene: Scene,
  wanted: readonly string[],
  inputs: readonly ModelInput[],
  given: readonly string[] | undefined,
): Map<string, string> {
  const { document, path } = scene;
  const has = new Set([
    ...document.phases,
    ...Object.values(document.inputs).flatMap((i) => Object.keys(i.phases ?? {})),
  ]);
  if (given !== undefined) {
    const unknown = given.find((phase) => !has.has(phase));
    if (given.length !== wanted.length || unknown !== undefined) {
      throw invalidOption(
        'phases',
        unknown === undefined
          ? `names ${given.length} phases, the model has ${wanted.length}`
          : `names ${unknown}, which ${path} lacks`,
        `choose ${wanted.length} of ${[...has].join(', ')}, in the model's order ${wanted.join(', ')}`,
      );
    }
    return new Map(wanted.map((phase, k) => [phase, given[k]]));
  }
  if (!inputs.some((input) => input.kind === 'temporal')) return new Map();
  if (wanted.every((phase) => has.has(phase))) return new Map(wanted.map((phase) => [phase, phase]));
  if (wanted.length === 1 && has.size === 1) return new Map([[wanted[0], [...has][0]]]);
  throw invalidInput(
    path,
    `has the phases ${[...has].join(', ') || 'none'}, but the model wants ${wanted.join(', ')}`,
    'say which to use as phases, in the order of the model',
  );
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
  const found = document.inputs[input.name];
  const bands: SceneBands | undefined = scenePhase === null ? found?.static : found?.phases?.[scenePhase];
  const place = `${input.name}${scenePhase === null ? '' : ` in phase ${scenePhase}`}`;
  if (found === undefined || bands === undefined) {
    throw invalidInput(
      path,
      `lacks ${place}, which the model wants (${input.bands.join(', ')} in ${input.units})`,
      'add it to the scene, or choose another model',
    );
  }
  const missing = input.bands.filter((band) => bands[band] === undefined);
  if (missing.length > 0) {
    throw invalidInput(
      path,
      `lacks ${missing.join(', ')} of ${place}, which the model wants`,
      'add the bands',
    );
  }
  const units = bands[input.bands[0]]?.units ?? found.units;
  const resampling: Resampling = found.resampling ?? (isCategorical(units) ? 'nearest' : 'bilinear');
  if (isCategorical(units) && !suitsCategories(resampling)) {
    throw invalidInput(
      path,
      `resamples the categories of ${input.name} by ${resampling}`,
      'use nearest or mode',
    );
  }
  const sources = [];
  for (const name of input.bands) {
    const { href, band, nodata, units: own = found.units } = bands[name];
    unitConversion(own, input.units, `${path}: ${own === found.units ? input.name : `${name} of ${place}`}`);
    const location = resolveHref(scene, href);
    const raster = await rasters.open(location, signal);
    if (band > raster.bands.length) {
      throw invalidInput(
        raster.name,
        `has ${raster.bands.length} bands, but ${path} asks for band ${band}`,
        'correct it',
      );
    }
    sources.push({
      href: absolute(location),
      band,
      ...(own === units ? {} : { units: own }),
      ...(nodata === undefined ? {} : { nodata }),
      identity: await identityOf(location),
    });
  }
  return { input: input.name, phase, scenePhase, units, resampling, sources };
}

/**
 * Checks that data lies on the grid: without an image that decides on validity, no pixel could be mapped.
 * @throws {TerrachipError} INVALID_INPUT for a raster of such an image beside the grid; others get a warning
 */
export async function checkOverlap(
  images: readonly PlannedImage[],
  spec: ModelSpec,
  rasters: SceneRasters,
  grid: GeoBox,
  { signal, onProgress }: OperationOptions = {},
): Promise<void> {
  const checked = new Set<string>();
  for (const { input: name, phase, sources } of images) {
    const input = spec.inputs.find((candidate) => candidate.name === name)!;
    const decides = decidesValidity(spec, input, phase ?? undefined);
    for (const { href } of sources) {
      const raster = await rasters.open(href, signal);
      if (raster.geobox === null || gridsMeet(raster.geobox, grid)) continue;
      const error = noOverlap(raster.name, raster.geobox, 'the scene’s grid', grid);
      if (decides) throw error;
      if (!checked.has(href)) onProgress?.({ type: 'warning', message: error.message });
      checked.add(href);
    }
  }
}

function absolute(location: string): string {
  return isAddress(location) || isAbsolute(location) ? location : resolve(location);
}

/**
 * Looks at some pixels of every image: data outside of what its units allow is an error.
 * @throws {TerrachipError} INVALID_INPUT
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
      const what = `${input.name} ${input.bands[k]}`;
      await requirePlausible(
        raster,
        raster.bands[source.band - 1],
        source.units ?? image.units,
        what,
        signal,
      );
    }
  }
}
