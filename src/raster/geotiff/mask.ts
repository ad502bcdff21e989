import type { TypedArray } from '../../geo/index.js';
import type { BandInfo } from '../raster.js';

/** The alpha band that GDAL uses for validity: the first one, if of uint8 or uint16; null for none. */
export function alphaBandOf(bands: readonly BandInfo[]): BandInfo | null {
  const alpha = bands.find((band) => band.colourInterpretation === 'alpha');
  return alpha?.dtype === 'uint8' || alpha?.dtype === 'uint16' ? alpha : null;
}

/**
 * Values of a mask or an alpha band as 0 to 255: 1 bit becomes 0 or 255, and 16 bits are scaled so that only 0 becomes 0,
 * as in GDAL.
 * @param bits of a stored sample
 */
export function toMask(values: TypedArray, bits: number): Uint8Array {
  if (values instanceof Uint8Array && bits === 8) return values;
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < mask.length; i++) {
    if (values[i] === 0) continue;
    mask[i] = bits <= 8 ? 255 : Math.max(1, Math.floor((values[i] * 255) / 65535));
  }
  return mask;
}
