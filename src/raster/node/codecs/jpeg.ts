import type { Decode } from '../../codecs/codec.js';
import { jpegStream } from '../../codecs/jpeg-stream.js';
import { decodeImage } from './sharp.js';

/** JPEG, by libjpeg-turbo in sharp. */
export const decode: Decode = async (stored, limits, coding) => {
  const { bytes, frame } = jpegStream(stored, limits, coding);
  const colourspace = frame.components === 1 ? 'b-w' : frame.components === 3 ? 'srgb' : 'cmyk';
  const { data, info } = await decodeImage(bytes, colourspace, frame.width * frame.height);
  if (info.channels !== coding.samples) {
    throw new Error(`its JPEG stream gives ${info.channels} samples a pixel instead of ${coding.samples}`);
  }
  // libvips inverts CMYK.
  if (colourspace === 'cmyk') for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return data;
};
