/** Loads bands of a product onto one grid, in physical units. */
import { invalidOption } from '../../errors.js';
import { bandTensor } from '../../geo/geotensor.js';
import { type Crs, createTransform, type GeoBox, type GeoTensor } from '../../geo/index.js';
import { type Backend, CpuBackend, type DeviceTensor } from '../../gpu/index.js';
import { memberOf } from '../../json/keys.js';
import { harmonise, linearToDecibel, type Resampling } from '../../kernels/index.js';
import { suitsCategories } from '../../kernels/resampling.js';
import { createBlockCache, openRaster, type Units } from '../../raster/index.js';
import { requireBytes, requireCategorical, type SourceOptions, sizeOnGrid } from '../loaders/options.js';
import { loadClouds } from './clouds.js';
import type { CloudSource, ProductFile } from './description.js';
import type { ProductBandName } from './names.js';
import { readWarpedRows, type WarpedRowsContext } from './warped-rows.js';

/** Units of a product's bands; kelvin for thermal bands. */
export type ProductUnits =
  | Extract<Units, 'reflectance' | 'dn_harmonised' | 'linear_power' | 'dB' | 'class' | 'bits'>
  | 'kelvin';

/** The units and resampling of a product's bands. */
export interface LoadBandsOptions
  extends Pick<SourceOptions, 'overview' | 'backend' | 'cache' | 'open' | 'maxBytes' | 'signal'> {
  /**
   * Optical bands: `reflectance` (default) or `dn_harmonised`, reflectance × 10 000 for every processing baseline.
   * Radar bands: `linear_power` (default) or `dB`.
   */
  units?: 'reflectance' | 'dn_harmonised' | 'linear_power' | 'dB';
  /**
   * One resampling for all bands, or by name. Default: `bilinear`, or `average` if the grid's pixels are at least twice
   * as large as the file's; `nearest` for classes, bits and cloud masks, which allow only `nearest` and `mode`.
   */
  resampling?: Resampling | Readonly<Partial<Record<ProductBandName, Resampling>>>;
}

/** Bands of a product with their units. */
export interface LoadedBands {
  /** (band, y, x), float32, NaN for no data. */
  readonly tensor: GeoTensor<'float32'>;
  readonly bands: readonly { readonly name: ProductBandName; readonly units: ProductUnits }[];
}

/** A band to load and its file. */
export interface BandPlan {
  readonly name: ProductBandName;
  readonly file: ProductFile;
  /** The source of a cloud mask; null for other bands. */
  readonly clouds: CloudSource | null;
}

export async function loadBands(
  plans: readonly BandPlan[],
  grid: GeoBox,
  options: LoadBandsOptions,
): Promise<LoadedBands> {
  const { cache = createBlockCache(), open = openRaster, overview = 'none', signal, maxBytes } = options;
  const length = plans.length * grid.pixelCount;
  requireBytes(sizeOnGrid(plans.length, 'bands', grid), 4 * length, maxBytes);
  const units = plans.map((plan) => unitsOf(plan, options));
  const resamplings = plans.map((plan) => resamplingOf(plan, grid, options));
  const data = new Float32Array(length);
  const backend = options.backend ?? new CpuBackend();
  const rows = { grid, backend, cache, open, overview, signal };
  try {
    for (const [k, plan] of plans.entries()) {
      signal?.throwIfAborted();
      const target = data.subarray(k * grid.pixelCount, (k + 1) * grid.pixelCount);
      if (plan.clouds !== null)
        await loadClouds(plan.name, plan.clouds, plan.file, resamplings[k], rows, target);
      else await loadBand(plan.file, units[k], resamplings[k], rows, target);
    }
  } finally {
    if (options.backend === undefined) backend.dispose();
  }
  return {
    tensor: bandTensor<'float32'>({ data, geobox: grid, nodata: Number.NaN }),
    bands: plans.map(({ name }, k) => ({ name, units: units[k] })),
  };
}

async function loadBand(
  file: ProductFile,
  units: ProductUnits,
  resampling: Resampling,
  rows: WarpedRowsContext,
  target: Float32Array,
): Promise<void> {
  // Reflectance below 0 is clamped before resampling, so that it does not affect its neighbours.
  const isReflectance = file.quantity === 'reflectance';
  const origin = -file.offset / file.scale;
  const factor = isReflectance ? file.scale * (units === 'dn_harmonised' ? 10_000 : 1) : file.scale;
  const offset = isReflectance ? 0 : file.offset;
  const options = {
    resampling,
    prepare: isReflectance
      ? (device: Backend, values: DeviceTensor) => harmonise(device, values, origin)
      : null,
    finish: units === 'dB' ? linearToDecibel : null,
  };
  await readWarpedRows(rows, file, options, (values, first) => {
    if (factor === 1 && offset === 0) target.set(values, first);
    else for (let i = 0; i < values.length; i++) target[first + i] = values[i] * factor + offset;
  });
}

function unitsOf({ name, file, clouds }: BandPlan, { units }: LoadBandsOptions): ProductUnits {
  if (clouds !== null) return 'class';
  const allowed: Readonly<Record<ProductFile['quantity'], readonly [ProductUnits, ...ProductUnits[]]>> = {
    reflectance: ['reflectance', 'dn_harmonised'],
    power: ['linear_power', 'dB'],
    temperature: ['kelvin'],
    class: ['class'],
    bits: ['bits'],
  };
  const choices = allowed[file.quantity];
  if (units === undefined || choices.length === 1) return choices[0];
  const chosen = choices.find((choice) => choice === units);
  if (chosen !== undefined) return chosen;
  throw invalidOption('units', `cannot be ${units} for ${name}`, `choose ${choices.join(' or ')}`);
}

function resamplingOf(
  { name, file, clouds }: BandPlan,
  grid: GeoBox,
  { resampling }: LoadBandsOptions,
): Resampling {
  const isCategorical = clouds !== null || file.quantity === 'class' || file.quantity === 'bits';
  const chosen = typeof resampling === 'object' ? memberOf(resampling, name) : resampling;
  if (isCategorical && typeof resampling === 'string' && !suitsCategories(resampling)) return 'nearest';
  if (chosen !== undefined) {
    if (isCategorical) requireCategorical(chosen, name);
    return chosen;
  }
  if (isCategorical) return 'nearest';
  const { geobox } = file;
  const size = geobox === null ? null : pixelSizeIn(geobox.crs, grid);
  const coarse = size?.every((side, k) => side >= 2 * (geobox?.resolution[k] ?? side)) ?? false;
  return coarse ? 'average' : 'bilinear';
}

/** The pixel size at the centre of a grid in units of another CRS; null outside that CRS's domain. */
export function pixelSizeIn(crs: Crs, grid: GeoBox): readonly [number, number] | null {
  if (grid.crs.equals(crs)) return grid.resolution;
  const { forward } = createTransform(grid.crs, crs);
  const [column, row] = [grid.width / 2, grid.height / 2];
  const at = (x: number, y: number): [number, number] => forward(...grid.transform.apply(x, y));
  const [x, y] = at(column, row);
  const sides = [at(column + 1, row), at(column, row + 1)].map(([a, b]) => Math.hypot(a - x, b - y));
  return sides.every(Number.isFinite) ? [sides[0], sides[1]] : null;
}
