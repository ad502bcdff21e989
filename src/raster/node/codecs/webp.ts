import type { Decode } from '../../codecs/codec.js';
import { decodeImage } from './sharp.js';

/** WebP, by libwebp in sharp. A missing alpha band is opaque; an extra one is dropped. */
export const decode: Decode = async (stored, { rows }, { width, height, samples }) => {
  const { data, info } = await decodeImage(stored, 'srgb', width * height);
  if (info.width !== width || info.height < rows || info.channels < 3 || samples < 3 || samples > 4) {
    throw new Error(
      `its WebP image has ${info.width} × ${info.height} pixels of ${info.channels} samples instead of ${width} × ${rows} of ${samples}`,
    );
  }
  if (info.channels === samples) return data;
  const pixels = info.width * info.height;
  const result = new Uint8Array(pixels * samples).fill(255);
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < 3; k++) result[i * samples + k] = data[i * info.channels + k];
  }
  return result;
};
