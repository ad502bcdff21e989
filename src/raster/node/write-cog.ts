/** Whole arrays and tensors as COGs. */
import { invalidInput } from '../../errors.js';
import { GeoTensor, type TypedArray } from '../../geo/index.js';
import type { CogOptions } from '../cog/options.js';
import { CogWriter } from './cog-writer.js';

/** Options of a COG of a tensor, which has the grid, bands, dtype and nodata. */
export type TensorCogOptions = Omit<CogOptions, 'geobox' | 'bands' | 'dtype' | 'nodata' | 'mask'>;

/**
 * Writes a tensor (band, y, x) or (y, x) with its grid, nodata value and band names.
 * @throws {TerrachipError} INVALID_INPUT for a tensor of other dimensions
 */
export async function writeCog(path: string, tensor: GeoTensor, options?: TensorCogOptions): Promise<void>;
/**
 * Writes arrays.
 * @param bands the values of each band in C order
 * @param mask with the option `mask`: 0 for invalid
 */
export async function writeCog(
  path: string,
  bands: readonly TypedArray[],
  options: CogOptions,
  mask?: Uint8Array | null,
): Promise<void>;
export async function writeCog(
  path: string,
  source: GeoTensor | readonly TypedArray[],
  options: TensorCogOptions | CogOptions = {},
  mask: Uint8Array | null = null,
): Promise<void> {
  const isTensor = source instanceof GeoTensor;
  const bands = isTensor ? planesOf(path, source) : source;
  const settings = isTensor ? { ...settingsOf(source, bands.length), ...options } : (options as CogOptions);
  await using writer = await CogWriter.create(path, settings);
  await writer.writeRows(bands, mask);
  await writer.finish();
}

function planesOf(path: string, tensor: GeoTensor): TypedArray[] {
  const { dimensions, shape, data } = tensor;
  if (dimensions.length === 2) return [data];
  if (dimensions.length === 3) return Array.from({ length: shape[0] }, (_, band) => tensor.plane(band).data);
  throw invalidInput(
    path,
    `cannot hold a tensor of dimensions (${dimensions.join(', ')})`,
    'write it band by band, or as Zarr',
  );
}

function settingsOf({ geobox, dtype, nodata, bandNames }: GeoTensor, bands: number): CogOptions {
  return { geobox, bands, dtype, nodata, ...(bandNames === null ? {} : { descriptions: bandNames }) };
}
