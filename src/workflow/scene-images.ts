/** The images of a scene, reprojected to its grid and converted to the model's units. */
import { invalidInput } from '../errors.js';
import { ControlGrids, type GeoBox, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { ModelSpec, SceneImage } from '../inference/node/index.js';
import { unitConversion, type WarpedRaster } from '../raster/node/index.js';
import { MosaicRows, type MosaicTile } from './mosaic-rows.js';
import { type PlannedImage, type PlannedSource, sourcesByPlane } from './plan-images.js';
import type { SceneRasters } from './scene-rasters.js';

/** An image of a scene, and its reprojected rasters, which have counters. */
export interface OpenImage {
  readonly image: SceneImage;
  /** Its bands, by the files that they come from. */
  readonly mosaics: readonly MosaicRows[];
  readonly warped: readonly WarpedRaster[];
}

export interface OpenImagesOptions {
  spec: ModelSpec;
  geobox: GeoBox;
  rasters: SceneRasters;
  backend: Backend;
  signal?: AbortSignal;
}

export async function openImages(
  planned: readonly PlannedImage[],
  options: OpenImagesOptions,
): Promise<OpenImage[]> {
  const images: OpenImage[] = [];
  const controls = new ControlGrids();
  for (const image of planned) images.push(await openImage(image, options, controls));
  return images;
}

async function openImage(
  planned: PlannedImage,
  { spec, geobox, rasters, backend, signal: opening }: OpenImagesOptions,
  controls: ControlGrids,
): Promise<OpenImage> {
  const input = spec.inputs.find(({ name }) => name === planned.input);
  if (input === undefined) {
    throw invalidInput('the plan', `names ${planned.input}, which the model lacks`, 'plan again');
  }
  const groups: { rows: MosaicRows; planes: readonly number[] }[] = [];
  for (const { tiles, planes } of groupPlanes(planned)) {
    const opened: MosaicTile[] = [];
    for (const { source, bands } of tiles) {
      const convert = unitConversion(source.units ?? planned.units, input.units, planned.input);
      opened.push({ raster: await rasters.openBand(source, opening), bands, convert });
    }
    const { resampling, mosaic: method } = planned;
    groups.push({ rows: new MosaicRows(backend, opened, { geobox, controls, resampling, method }), planes });
  }
  const image: SceneImage = {
    input,
    phase: planned.phase ?? undefined,
    async readRows(rows: RowRange, planes: readonly DeviceTensor[], firstRow: number, signal?: AbortSignal) {
      for (const group of groups) {
        const targets = group.planes.map((plane) => planes[plane]);
        await group.rows.readRows(rows, targets, firstRow, signal);
      }
    },
  };
  const mosaics = groups.map(({ rows }) => rows);
  return { image, mosaics, warped: mosaics.flatMap(({ warped }) => warped) };
}

/** Planes that come from the same files. */
interface PlaneGroup {
  readonly tiles: readonly { source: PlannedSource; bands: number[] }[];
  readonly planes: number[];
}

/** Bands of one file are reprojected together: blocks are decoded once, and the bands share a control grid. */
function groupPlanes(planned: PlannedImage): Iterable<PlaneGroup> {
  const groups = new Map<string, PlaneGroup>();
  for (const [plane, sources] of sourcesByPlane(planned).entries()) {
    const key = JSON.stringify(
      sources.map(({ href, units, nodata }) => [href, units ?? null, nodata ?? typeof nodata]),
    );
    const group = groups.get(key) ?? { tiles: sources.map((source) => ({ source, bands: [] })), planes: [] };
    for (const [k, { band }] of sources.entries()) group.tiles[k].bands.push(band);
    group.planes.push(plane);
    groups.set(key, group);
  }
  return groups.values();
}
