/** Additional layers from rasters outside the catalog: elevation, land cover, masks. */
import { invalidInput, invalidOption } from '../../errors.js';
import { equalsNodata } from '../../geo/dtype.js';
import { bandTensor } from '../../geo/geotensor.js';
import type { GeoBox, GeoTensor, TypedArray } from '../../geo/index.js';
import { type Backend, CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import {
  createBlockCache,
  openRaster,
  type Raster,
  readWhole,
  type Units,
  WarpedRaster,
} from '../../raster/index.js';
import { isCategorical } from '../../raster/units.js';
import { requireFloat32 } from '../../raster/warp-source.js';
import { requireBytes, requireCategorical, type SourceOptions, sizeOnGrid } from './options.js';

/** One band of any raster. */
export interface ExogenousLayer {
  /** A path or a URL, as in `openRaster`. */
  readonly path: string;
  /** Band number from 1 (default 1). A missing band gives NaN and a warning. */
  readonly band?: number;
  /** Default: `nearest` for classes, bits and palettes, `bilinear` for all others. */
  readonly resampling?: Resampling;
  /** The units of its values; `class` and `bits` are never interpolated. */
  readonly units?: Units;
}

/** Options for all layers of `loadLayers`. */
export interface LoadLayersOptions
  extends OperationOptions,
    Pick<SourceOptions, 'backend' | 'cache' | 'open' | 'maxBytes'> {}

/** Layers of different sources on one grid. */
export interface LoadedLayers {
  /** (band, y, x), float32 with NaN for no data; `bandNames` are the names of the layers. */
  readonly tensor: GeoTensor<'float32'>;
  /** Missing bands; also reported to `onProgress`. */
  readonly warnings: readonly string[];
}

/**
 * Collocates layers onto the grid of a product or a slice, each with its own resampling. Values are physical, by the
 * file's scale and offset. A layer that is already on the grid is not resampled.
 * @throws {TerrachipError} INVALID_OPTION for interpolated categories, TOO_LARGE above `maxBytes`; errors of
 * `openRaster`
 */
export async function loadLayers(
  layers: Readonly<Record<string, ExogenousLayer>>,
  grid: GeoBox,
  options: LoadLayersOptions = {},
): Promise<LoadedLayers> {
  const names = Object.keys(layers);
  if (names.length === 0) throw invalidOption('layers', 'name none', 'give at least one');
  const { cache = createBlockCache(), open = openRaster, maxBytes, signal, onProgress } = options;
  const length = names.length * grid.pixelCount;
  requireBytes(sizeOnGrid(names.length, 'layers', grid), 4 * length, maxBytes);
  const backend = options.backend ?? new CpuBackend();
  const data = new Float32Array(length).fill(Number.NaN);
  const warnings: string[] = [];
  try {
    for (const [k, name] of names.entries()) {
      const raster = await open(layers[name].path, { cache, signal });
      try {
        const target = data.subarray(k * grid.pixelCount, (k + 1) * grid.pixelCount);
        const warning = await loadLayer(backend, raster, name, layers[name], grid, target, signal);
        if (warning === null) continue;
        warnings.push(warning);
        onProgress?.({ type: 'warning', message: warning });
      } finally {
        await raster.dispose();
      }
    }
  } finally {
    if (options.backend === undefined) backend.dispose();
  }
  const tensor = bandTensor<'float32'>({ data, geobox: grid, nodata: Number.NaN, bandNames: names });
  return { tensor, warnings };
}

async function loadLayer(
  backend: Backend,
  raster: Raster,
  name: string,
  layer: ExogenousLayer,
  grid: GeoBox,
  target: Float32Array,
  signal?: AbortSignal,
): Promise<string | null> {
  const { band: index = 1, units } = layer;
  const band = raster.bands.find((candidate) => candidate.index === index);
  if (band === undefined) {
    return `the layer "${name}" is NaN: ${raster.name} has no band ${index}, only 1 to ${raster.bands.length}`;
  }
  const categorical =
    band.colourInterpretation === 'palette' || (units !== undefined && isCategorical(units));
  const resampling = layer.resampling ?? (categorical ? 'nearest' : 'bilinear');
  if (categorical) requireCategorical(resampling, `the layer "${name}"`);
  const warped = new WarpedRaster(backend, raster, { geobox: grid, resampling, bands: [index] });
  await readWhole(backend, warped, [target], { signal });
  return null;
}

/**
 * Concatenates tensors on one grid along the band axis, such as the bands of a product and additional layers.
 * @param tensors (band, y, x) or (y, x); values become float32 with NaN for no data
 * @throws {TerrachipError} INVALID_INPUT for tensors on different grids or with a time axis; UNSUPPORTED for integers
 * that float32 cannot hold
 */
export function stack(tensors: readonly GeoTensor[]): GeoTensor<'float32'> {
  const [first] = tensors;
  if (first === undefined) throw invalidInput('a stack of no tensors', 'has no grid', 'give at least one');
  for (const tensor of tensors) {
    if (!tensor.geobox.equals(first.geobox)) {
      throw invalidInput('tensors on different grids', 'cannot be stacked', 'load them on one grid');
    }
    if (tensor.dimensions.includes('time') || tensor.shape.length > 3) {
      throw invalidInput(
        `a tensor (${tensor.dimensions.join(', ')})`,
        'cannot be stacked',
        'give (band, y, x)',
      );
    }
  }
  const data = new Float32Array(tensors.reduce((sum, tensor) => sum + tensor.data.length, 0));
  let at = 0;
  for (const tensor of tensors) {
    requireFloat32('a tensor of the stack', tensor.data, tensor.nodata ?? Number.NaN);
    copyAsFloat32(tensor.data, tensor.nodata, data.subarray(at, at + tensor.data.length));
    at += tensor.data.length;
  }
  const named = tensors.every((tensor) => tensor.bandNames !== null);
  return bandTensor<'float32'>({
    data,
    geobox: first.geobox,
    nodata: Number.NaN,
    bandNames: named ? tensors.flatMap((tensor) => tensor.bandNames ?? []) : null,
  });
}

function copyAsFloat32(values: TypedArray, nodata: number | null, target: Float32Array): void {
  for (let i = 0; i < values.length; i++)
    target[i] = equalsNodata(values[i], nodata) ? Number.NaN : values[i];
}
