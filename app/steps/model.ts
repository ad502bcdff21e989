import { createChipLayout, type GeoBox } from 'terrachip/geo';
import { type MapSpec, type ModelSession, runScene, type SceneImage } from 'terrachip/inference';
import type { Backend } from 'terrachip/kernels';
import {
  checkPlausible,
  physicalValues,
  type Raster,
  readPixels,
  type Units,
  unitConversion,
  WarpedRaster,
} from 'terrachip/raster';

/** The raster of an input of the model in a phase (undefined for static inputs such as elevation). */
export interface ModelImage {
  readonly input: string;
  readonly phase: string | undefined;
  readonly raster: Raster;
  /** The number of each of the model's bands in the raster. */
  readonly bands: readonly number[];
  /** The units of the values in the file. They are converted to the model's. */
  readonly units: Units;
}

/** Maps a grid by a model: images are resampled onto the grid and cut into chips, the model runs, and results are stitched. */
export async function mapWithModel(
  backend: Backend,
  session: ModelSession<MapSpec>,
  geobox: GeoBox,
  images: readonly ModelImage[],
  onProgress: (share: number) => void,
): Promise<Float32Array<ArrayBuffer>[]> {
  for (const image of images) await requirePlausible(image);
  const { spec } = session;
  const { width, height } = geobox;
  const layout = createChipLayout(width, height, spec.chip.size, spec.chip.stride);
  const { output } = spec;
  const channels = ('values' in output ? output.values : output.classes).length;
  const maps = Array.from({ length: channels }, () => new Float32Array(width * height));
  await runScene(
    {
      backend,
      session,
      images: images.map((image) => sceneImage(backend, spec, geobox, image)),
      layout,
      batchSize: session.fixedBatch ?? 1,
      blend: 'probability',
      minChipValid: 0,
      async onRows(start, rows, values) {
        const size = rows * width;
        for (const [k, map] of maps.entries())
          map.set(values.subarray(k * size, (k + 1) * size), start * width);
        onProgress((start + rows) / height);
      },
    },
    { start: 0, end: height },
  );
  return maps;
}

function sceneImage(backend: Backend, spec: MapSpec, geobox: GeoBox, image: ModelImage): SceneImage {
  const input = spec.inputs.find(({ name }) => name === image.input);
  if (input === undefined) throw new Error(`the model has no input ${image.input}`);
  const { source, resampled } = unitConversion(image.units, input.units, image.raster.name);
  const warped = new WarpedRaster(backend, image.raster, {
    geobox,
    resampling: 'bilinear',
    bands: image.bands,
    prepare: source,
    finish: resampled,
  });
  return {
    input,
    phase: image.phase,
    async readRows(rows, planes, firstRow, signal) {
      const size = (rows.end - rows.start) * geobox.width;
      // Separate planes: the conversion changes whole planes, and the model's planes have rows that are already converted.
      const own = planes.map(() => backend.allocate([size], 'float32'));
      try {
        await warped.readRows(rows, own, rows.start, signal);
        const at = (rows.start - firstRow) * geobox.width;
        for (const [k, plane] of planes.entries()) backend.copy(own[k], 0, plane, at, size);
      } finally {
        for (const plane of own) plane.dispose();
      }
    },
  };
}

/** Side of the square of pixels that is compared with the units. */
const SAMPLE = 256;

/** Refuses units that the values in the middle of the raster contradict, such as negative power. */
async function requirePlausible({ raster, bands, units }: ModelImage): Promise<void> {
  const [width, height] = [Math.min(SAMPLE, raster.width), Math.min(SAMPLE, raster.height)];
  const [x, y] = [(raster.width - width) >> 1, (raster.height - height) >> 1];
  const pixels = await readPixels(raster, { window: { x, y, width, height }, bands });
  for (const [k, band] of bands.entries())
    checkPlausible(units, physicalValues(pixels, k, raster.bands[band - 1]), raster.name);
}
