/** The images of a scene, reprojected to its grid and converted to the model's units. */
import { invalidInput } from '../errors.js';
import { ControlGrids, type GeoBox, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { ModelSpec, SceneImage } from '../inference/node/index.js';
import { unitConversion, WarpedRaster } from '../raster/node/index.js';
import type { PlannedImage } from './plan-images.js';
import type { SceneRasters } from './scene.js';

/** An image of a scene, and its reprojected rasters, which have counters. */
export interface OpenImage {
  readonly image: SceneImage;
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
  // Bands of one file are reprojected together: blocks are decoded once, and the bands share a control grid.
  const files = new Map<
    string,
    { source: (typeof planned.sources)[number]; bands: number[]; planes: number[] }
  >();
  for (const [plane, source] of planned.sources.entries()) {
    const key = JSON.stringify([source.href, source.units ?? null, source.nodata ?? typeof source.nodata]);
    const file = files.get(key) ?? { source, bands: [], planes: [] };
    file.bands.push(source.band);
    file.planes.push(plane);
    files.set(key, file);
  }
  const groups: { raster: WarpedRaster; planes: readonly number[] }[] = [];
  for (const { source, bands, planes } of files.values()) {
    const convert = unitConversion(source.units ?? planned.units, input.units, planned.input);
    const raster = await rasters.openBand(source, opening);
    groups.push({
      raster: new WarpedRaster(backend, raster, {
        geobox,
        controls,
        resampling: planned.resampling,
        bands,
        prepare: convert.source,
        finish: convert.resampled,
      }),
      planes,
    });
  }
  const image: SceneImage = {
    input,
    phase: planned.phase ?? undefined,
    async readRows(rows: RowRange, planes: readonly DeviceTensor[], signal?: AbortSignal) {
      for (const group of groups) {
        const targets = group.planes.map((plane) => planes[plane]);
        await group.raster.readRows(rows, targets, rows.start, signal);
      }
    },
  };
  return { image, warped: groups.map(({ raster }) => raster) };
}
