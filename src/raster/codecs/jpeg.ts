import { conversionTables, ycbcrToRgb } from '../geotiff/ycbcr.js';
import type { Decode } from './codec.js';
import { isFrame, jpegStream, YCBCR } from './jpeg-stream.js';

/** Loaded only here: in Node, geotiff.js mistakes a worker thread that imports it for one of its own. */
const loadGeotiff = () => import('geotiff');

/**
 * JPEG by geotiff.js, for runtimes without libjpeg. Chroma is repeated, not smoothed: pixels at colour edges differ from
 * GDAL's by some levels.
 */
export const decode: Decode = async (stored, limits, coding) => {
  const { bytes, frame } = jpegStream(stored, limits, coding);
  requireOneFrame(bytes);
  const { getDecoder } = await loadGeotiff();
  const decoder = await getDecoder(7, {
    tileWidth: frame.width,
    tileHeight: frame.height,
    predictor: 1,
    bitsPerSample: 8,
    planarConfiguration: 1,
  });
  const samples = new Uint8Array(new Uint8Array(await decoder.decode(bytes.buffer)));
  if (frame.components !== 3 || coding.photometric !== YCBCR) return samples;
  const tables = conversionTables([0.299, 0.587, 0.114], [0, 255, 128, 255, 128, 255]);
  return ycbcrToRgb({ across: 1, down: 1, tables }, samples, frame.width, frame.height);
};

/** geotiff.js allocates a second frame of any size. In scans a byte 0 follows each byte 255. */
function requireOneFrame(bytes: Uint8Array): void {
  let frames = 0;
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (isFrame(bytes[at + 1])) frames++;
  }
  if (frames !== 1) throw new Error(`its JPEG stream has ${frames} frames`);
}
