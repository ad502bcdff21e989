import type { BlockCoding } from './codec.js';

/** Tag 262 of a CMYK image. */
const SEPARATED = 5;

/**
 * Converts CMYK to RGB and full opacity in place, as GDAL does through libtiff. Inks in separate planes stay unchanged.
 */
export function inksToRgba(bytes: Uint8Array, coding: BlockCoding): void {
  if (coding.photometric !== SEPARATED || coding.samples !== 4 || coding.bytesPerSample !== 1) return;
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    const light = 255 - bytes[i + 3];
    for (let k = 0; k < 3; k++) bytes[i + k] = Math.floor((light * (255 - bytes[i + k])) / 255);
    bytes[i + 3] = 255;
  }
}
