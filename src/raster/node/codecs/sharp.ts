import type { OutputInfo } from 'sharp';

/** The only import of the optional package `sharp`. */
export const loadSharp = () => import('sharp');

/**
 * Decodes a JPEG or WebP image to its 8-bit samples, in libvips on libuv's thread pool.
 * @param colourspace the stream's, by libvips' name, to prevent a conversion
 * @param pixels the most pixels of the image
 */
export async function decodeImage(
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
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { data: bytes, info };
}
