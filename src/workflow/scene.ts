/** Scene files: which rasters show a place, by modality, phase and band, and the grid to see them on. */
import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { Affine, type Bounds, Crs, GeoBox, transformBounds, unionBounds } from '../geo/index.js';
import { isAddress, readJson } from '../io/node/index.js';
import { validate } from '../json.js';
import { RESAMPLINGS } from '../kernels/index.js';
import { type BlockCache, noReference, openRaster, type Raster, UNITS } from '../raster/index.js';

export const SCENE_SCHEMA_VERSION = 1;

/** The name of the scene file in a package's folder. */
export const SCENE_FILE = 'scene.json';

const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(64));

const BandSchema = v.object({
  /** Path (relative to the scene file) or URL of a raster. */
  href: v.pipe(v.string(), v.minLength(1, 'must name a raster')),
  /** Band number from 1 (default 1). */
  band: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
});
const ImageSchema = v.record(Name, BandSchema);

const GridSchema = v.union(
  [
    v.object({ like: v.pipe(v.string(), v.minLength(1)) }),
    v.object({
      crs: v.string(),
      transform: v.tuple([Finite, Finite, Finite, Finite, Finite, Finite]),
      width: v.pipe(v.number(), v.integer(), v.minValue(1)),
      height: v.pipe(v.number(), v.integer(), v.minValue(1)),
    }),
    v.object({
      crs: v.string(),
      resolution: v.pipe(Finite, v.gtValue(0, 'must be positive')),
      /** In the CRS of the grid; default: what the inputs cover. */
      bounds: v.optional(v.tuple([Finite, Finite, Finite, Finite])),
      anchor: v.optional(v.picklist(['snap', 'fit']), 'snap'),
    }),
  ],
  'must be {like}, {crs, resolution, bounds?} or {crs, transform, width, height}',
);

const SceneSchema = v.object({
  schemaVersion: v.literal(SCENE_SCHEMA_VERSION),
  id: v.optional(v.string()),
  /** When the scene was taken, for the map's STAC item: ISO 8601 in UTC. */
  datetime: v.optional(v.string()),
  grid: GridSchema,
  phases: v.optional(v.array(Name), []),
  inputs: v.record(
    Name,
    v.object({
      units: v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`),
      resampling: v.optional(v.picklist(RESAMPLINGS)),
      phases: v.optional(v.record(Name, ImageSchema)),
      static: v.optional(ImageSchema),
    }),
  ),
});

export type SceneDocument = v.InferOutput<typeof SceneSchema>;
export type SceneInput = SceneDocument['inputs'][string];
export type SceneBands = v.InferOutput<typeof ImageSchema>;

/** A scene file that was read, with hrefs made absolute. */
export interface Scene {
  readonly path: string;
  readonly document: SceneDocument;
}

/**
 * @param location a scene file, or the folder of a package
 * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT
 */
export async function readScene(location: string): Promise<Scene> {
  const isFolder = await stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(location, SCENE_FILE) : location;
  return { path, document: validate(SceneSchema, await readJson(path), path) };
}

/** A path or URL as a scene file means it. */
export function resolveHref(scene: Scene, href: string): string {
  return isAddress(href) || isAbsolute(href) ? href : join(dirname(scene.path), href);
}

/** Opened rasters of a scene, each once, with one cache of decoded blocks. */
export class SceneRasters {
  readonly #cache: BlockCache | undefined;
  readonly #rasters = new Map<string, Promise<Raster>>();

  constructor(cache?: BlockCache) {
    this.#cache = cache;
  }

  open(path: string, signal?: AbortSignal): Promise<Raster> {
    const known = this.#rasters.get(path);
    if (known !== undefined) return known;
    const raster = openRaster(path, {
      ...(this.#cache === undefined ? {} : { cache: this.#cache }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.#rasters.set(path, raster);
    return raster;
  }

  async close(): Promise<void> {
    const rasters = await Promise.allSettled(this.#rasters.values());
    for (const raster of rasters) if (raster.status === 'fulfilled') await raster.value.close();
  }
}

/** The grid that a scene file asks for. */
export async function resolveGrid(
  scene: Scene,
  rasters: SceneRasters,
  signal?: AbortSignal,
): Promise<GeoBox> {
  const { grid } = scene.document;
  if ('like' in grid) {
    const raster = await rasters.open(resolveHref(scene, grid.like), signal);
    if (raster.geobox === null) throw noReference(raster);
    return raster.geobox;
  }
  const crs = Crs.parse(grid.crs);
  if ('transform' in grid) return new GeoBox(crs, Affine.fromTuple(grid.transform), grid.width, grid.height);
  if (grid.bounds !== undefined) {
    return GeoBox.fromBounds(grid.bounds, crs, grid.resolution, { boundsCrs: crs, anchor: grid.anchor });
  }
  let bounds: Bounds | null = null;
  for (const image of imagesOf(scene.document)) {
    for (const { href } of Object.values(image)) {
      const raster = await rasters.open(resolveHref(scene, href), signal);
      if (raster.geobox === null) throw noReference(raster);
      const covered = transformBounds(raster.geobox.bounds, raster.geobox.crs, crs);
      bounds = bounds === null ? covered : unionBounds(bounds, covered);
    }
  }
  if (bounds === null) throw invalidInput(scene.path, 'names no raster', 'list rasters under inputs');
  return GeoBox.fromBounds(bounds, crs, grid.resolution, { boundsCrs: crs, anchor: grid.anchor });
}

/** The scene file and all files that it names. */
export function filesOfScene(scene: Scene): string[] {
  const { grid } = scene.document;
  const hrefs = imagesOf(scene.document).flatMap((image) => Object.values(image).map(({ href }) => href));
  const named = [...('like' in grid ? [grid.like] : []), ...hrefs];
  return [scene.path, ...named.map((href) => resolveHref(scene, href))];
}

function imagesOf(document: SceneDocument): SceneBands[] {
  return Object.values(document.inputs).flatMap((input) => [
    ...Object.values(input.phases ?? {}),
    ...(input.static === undefined ? [] : [input.static]),
  ]);
}
