/** Scene files: the rasters of a place by input, phase and band, and the grid of the map. */
import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { trustedHref } from '../catalog/stac/href.js';
import { invalidInput } from '../errors.js';
import { nearestTurn, unionBounds } from '../geo/bounds.js';
import { Affine, type Bounds, Crs, GeoBox, transformBounds } from '../geo/index.js';
import { publicUrl } from '../io/http-errors.js';
import { readJson } from '../io/node/json.js';
import { isUrl, type OpenOptions } from '../io/open-url.js';
import { isAddress } from '../io/schemes.js';
import { withoutSignature } from '../io/signature.js';
import { dictionary, validateStrictly } from '../json.js';
import { type MosaicMethod, RESAMPLINGS } from '../kernels/index.js';
import { UNITS, type Units } from '../raster/units.js';
import { isManifest, manifestScene } from './package/manifest.js';
import { findNotebook, isNotebook, notebookScene } from './package/notebook.js';
import { withDeclarations } from './scene-declarations.js';
import type { BandOfRaster, SceneRasters } from './scene-rasters.js';
import { requireGeobox } from './target-grid.js';

export const SCENE_SCHEMA_VERSION = 1;

/** The scene file of a package. */
export const SCENE_FILE = 'scene.json';

const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(64));

/** How overlapping files of a band are combined: the first with data, or their mean. */
export const MOSAICS = ['first', 'mean'] as const satisfies readonly MosaicMethod[];
export type Mosaic = (typeof MOSAICS)[number];

/** Units of a scene's values. */
export const UnitsSchema = v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`);
export const NodataSchema = v.nullable(
  v.union([v.number(), v.literal('nan')], 'must be a number, "nan", or null for none'),
);

const BandNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
/** A band of a file. */
const TileSchema = v.object({
  /** Path (relative to the scene file) or URL of a raster. */
  href: v.pipe(v.string(), v.minLength(1, 'must name a raster')),
  /** Band number from 1. */
  band: v.optional(BandNumber),
  /** Units, if they differ from the input's. */
  units: v.optional(UnitsSchema),
  /** Overrides the file's nodata value: a number, "nan", or null for none. */
  nodata: v.optional(NodataSchema),
});

/** A band of an input, from one file or several. */
export const BandSchema = v.object({
  ...TileSchema.entries,
  band: v.optional(BandNumber, 1),
  /** Further files of the band. What they do not declare is as in the first. */
  tiles: v.optional(v.array(TileSchema)),
});
/** The bands of an input at a phase, by name. */
export const ImageSchema = dictionary(Name, BandSchema);

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
      /** In the grid's CRS. Default: the union of the inputs' bounds. */
      bounds: v.optional(v.tuple([Finite, Finite, Finite, Finite])),
      anchor: v.optional(v.picklist(['snap', 'fit']), 'snap'),
    }),
  ],
  'must be {like}, {crs, resolution, bounds?} or {crs, transform, width, height}',
);

/** An input of a model in a scene. */
export const SceneInputSchema = v.object({
  units: UnitsSchema,
  nodata: v.optional(NodataSchema),
  resampling: v.optional(v.picklist(RESAMPLINGS)),
  /** How overlapping tiles are combined: the first with data (default), or their mean. */
  mosaic: v.optional(v.picklist(MOSAICS)),
  phases: v.optional(dictionary(Name, ImageSchema)),
  static: v.optional(ImageSchema),
});

/** A scene file. */
export const SceneSchema = v.object({
  schemaVersion: v.literal(SCENE_SCHEMA_VERSION),
  id: v.optional(v.string()),
  /** The time of the scene, for the map's STAC item: ISO 8601 in UTC. */
  datetime: v.optional(v.string()),
  grid: GridSchema,
  phases: v.optional(v.array(Name), []),
  /** The nodata value of all inputs. */
  nodata: v.optional(NodataSchema),
  inputs: dictionary(Name, SceneInputSchema),
});

export type SceneDocument = v.InferOutput<typeof SceneSchema>;

export type SceneNodata = v.InferOutput<typeof NodataSchema>;
export type SceneBand = v.InferOutput<typeof BandSchema>;
export type SceneBands = v.InferOutput<typeof ImageSchema>;

/** A scene file. Resolve its hrefs with `resolveHref`. */
export interface Scene {
  /** A path, or an address without its signature: files beside the scene file are requested without it. */
  readonly path: string;
  readonly document: SceneDocument;
}

/**
 * @param location a scene file, an acquisition manifest, the document of a package's arrays, or the folder of a package
 * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT
 */
export async function readScene(location: string): Promise<Scene> {
  const isFolder = await stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? await documentIn(location) : location;
  const path = isUrl(file) ? withoutSignature(file) : file;
  const document = await documentOf(await readJson(file), path);
  return { path, document: validateStrictly(SceneSchema, withDeclarations(document), path) };
}

async function documentOf(written: unknown, path: string): Promise<unknown> {
  if (isNotebook(written)) return notebookScene(written, path);
  return isManifest(written) ? manifestScene(written, path) : written;
}

/** The scene file of a package, or the document of its arrays. */
async function documentIn(folder: string): Promise<string> {
  const scene = join(folder, SCENE_FILE);
  const hasScene = await stat(scene).catch(() => null);
  return hasScene === null ? ((await findNotebook(folder)) ?? scene) : scene;
}

/**
 * Resolves a path relative to the document that names it; keeps URLs, and absolute paths in files.
 * @throws {TerrachipError} INVALID_INPUT for an invalid URL, or one that a document from a server may not name
 */
export function resolveHref({ path }: { readonly path: string }, href: string): string {
  if (/^(https?|file):\/\//i.test(href) && !URL.canParse(href))
    throw invalidInput(path, `names ${publicUrl(href)}, which is no valid URL`, 'correct it');
  if (isUrl(path)) return trustedHref(href, path, publicUrl(path), {});
  return isAddress(href) || isAbsolute(href) ? href : join(dirname(path), href);
}

/** All phases of a scene, in order. */
export function phasesOf({ document }: Scene): Set<string> {
  const used = Object.values(document.inputs).flatMap((input) => Object.keys(input.phases ?? {}));
  return new Set([...document.phases, ...used]);
}

/** How files on any server are read: without headers, which belong to one server. */
export type RequestOptions = Pick<OpenOptions, 'access' | 'retry' | 'timeout'>;

/** A file of a band, and the units of its values. */
export type BandTile = BandOfRaster & { readonly units: Units };

/** The files of a band, in order. @param units of its input @throws {TerrachipError} as `resolveHref` */
export function tilesOf(scene: Scene, { tiles = [], ...first }: SceneBand, units: Units): BandTile[] {
  return [first, ...tiles].map(({ href, ...own }) => ({
    href: resolveHref(scene, href),
    band: own.band ?? first.band,
    units: own.units ?? first.units ?? units,
    nodata: own.nodata === undefined ? first.nodata : own.nodata,
  }));
}

/** The grid that a scene gives by its transform and size; null for one that depends on rasters. */
export function declaredGrid({ document: { grid } }: Scene): GeoBox | null {
  if (!('transform' in grid)) return null;
  return new GeoBox(Crs.parse(grid.crs), Affine.fromTuple(grid.transform), grid.width, grid.height);
}

/** The grid of a scene. */
export async function resolveGrid(
  scene: Scene,
  rasters: SceneRasters,
  signal?: AbortSignal,
): Promise<GeoBox> {
  const { grid } = scene.document;
  if ('like' in grid) {
    return requireGeobox(await rasters.open(resolveHref(scene, grid.like), signal));
  }
  const crs = Crs.parse(grid.crs);
  if ('transform' in grid) return new GeoBox(crs, Affine.fromTuple(grid.transform), grid.width, grid.height);
  if (grid.bounds !== undefined) {
    return GeoBox.fromBounds(grid.bounds, crs, grid.resolution, { boundsCrs: crs, anchor: grid.anchor });
  }
  let bounds: Bounds | null = null;
  const hrefs = rasterHrefs(scene.document).map((href) => resolveHref(scene, href));
  await rasters.prepare(hrefs, signal);
  for (const href of hrefs) {
    const own = requireGeobox(await rasters.open(href, signal));
    const rasterBounds = transformBounds(own.bounds, own.crs, crs);
    bounds = bounds === null ? rasterBounds : unionBounds(bounds, nearestTurn(rasterBounds, bounds, crs));
  }
  if (bounds === null) throw invalidInput(scene.path, 'names no raster', 'list rasters under inputs');
  return GeoBox.fromBounds(bounds, crs, grid.resolution, { boundsCrs: crs, anchor: grid.anchor });
}

/** The scene file and all files that it names. */
export function filesOfScene(scene: Scene): string[] {
  const { grid } = scene.document;
  const named = [...('like' in grid ? [grid.like] : []), ...rasterHrefs(scene.document)];
  return [scene.path, ...named.map((href) => resolveHref(scene, href))];
}

/** The rasters that a scene names, as it writes them. */
function rasterHrefs(document: SceneDocument): string[] {
  const images = Object.values(document.inputs).flatMap(({ phases = {}, static: fixed = {} }) => [
    ...Object.values(phases),
    fixed,
  ]);
  const bands = images.flatMap((image) => Object.values(image));
  return bands.flatMap(({ href, tiles = [] }) => [href, ...tiles.map((tile) => tile.href)]);
}
