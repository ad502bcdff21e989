import type { OutputInfo } from 'sharp';
import type { Decode } from '../../codecs/codec.js';
import { jpegStream } from '../../codecs/jpeg-stream.js';

/** The only import of the optional package `sharp`. */
export const loadSharp = () => import('sharp');

/**
 * Decodes a JPEG or WebP image to its 8-bit samples, in libvips on libuv's thread pool.
 * @param colourspace the stream's, by libvips' name, to prevent a conversion
 * @param pixels the most pixels of the image
 */
async function decodeImage(
  stream: Uint8Array,
  colourspace: 'b-w' | 'srgb' | 'cmyk',
  pixels: number,
): Promise<{ data: Uint8Array<ArrayBuffer>; info: OutputInfo }> {
  const { default: sharp } = await loadSharp();
  const { data, info } = await sharp(stream, {
    failOn: 'truncated',
    ignoreIcc: true,
    limitInputPixels: pixels,
  })
    .pipelineColourspace(colourspace)
    .toColourspace(colourspace)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength), info };
}

/** JPEG, by libjpeg-turbo in sharp. */
export const decodeJpeg: Decode = async (stored, limits, coding) => {
  const { bytes, frame } = jpegStream(stored, limits, coding);
  const colourspace = frame.components === 1 ? 'b-w' : frame.components === 3 ? 'srgb' : 'cmyk';
  const { data, info } = await decodeImage(bytes, colourspace, frame.width * frame.height);
  if (info.channels !== coding.samples) {
    throw new Error(`its JPEG stream gives ${info.channels} samples per pixel instead of ${coding.samples}`);
  }
  // libvips inverts CMYK.
  if (colourspace === 'cmyk') for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return data;
};

/** WebP, by libwebp in sharp. A missing alpha band is opaque; an extra one is dropped. */
export const decodeWebp: Decode = async (stored, { rows }, { width, height, samples }) => {
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
