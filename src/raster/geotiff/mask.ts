import type { TypedArray } from '../../geo/index.js';
import type { BandInfo } from '../raster.js';

/** The alpha band that GDAL would take for validity: the first one of 8 or 16 unsigned bits; null for none. */
export function alphaBandOf(bands: readonly BandInfo[]): BandInfo | null {
  const alpha = bands.find((band) => band.colourInterpretation === 'alpha');
  return alpha?.dtype === 'uint8' || alpha?.dtype === 'uint16' ? alpha : null;
}

/**
 * Values of a mask or an alpha band as 0 to 255: masks of one bit are spread, 16 bits are narrowed so that only 0
 * becomes 0, as in GDAL.
 * @param bits of a stored sample
 */
export function toMask(values: TypedArray, bits: number): Uint8Array {
  if (values instanceof Uint8Array && bits === 8) return values;
  if (bits <= 8) return Uint8Array.from(values, (value) => (value === 0 ? 0 : 255));
  return Uint8Array.from(values, (value) =>
    value === 0 ? 0 : Math.max(1, Math.floor((value * 255) / 65535)),
  );
}
