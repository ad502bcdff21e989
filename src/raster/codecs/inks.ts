import type { BlockCoding } from './codec.js';

/** Tag 262 of an image of inks. */
const SEPARATED = 5;

/**
 * Turns cyan, magenta, yellow and black into red, green, blue and full opacity, in place: GDAL gives such images so,
 * through libtiff. Planes of inks that are stored apart are left as they are.
 */
export function inksToRgba(bytes: Uint8Array, coding: BlockCoding): void {
  if (coding.photometric !== SEPARATED || coding.samples !== 4 || coding.bytesPerSample !== 1) return;
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    const light = 255 - bytes[i + 3];
    for (let k = 0; k < 3; k++) bytes[i + k] = Math.floor((light * (255 - bytes[i + k])) / 255);
    bytes[i + 3] = 255;
  }
}
