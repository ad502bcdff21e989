import type { OpenJpeg } from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import type { Decode } from '../../codecs/codec.js';

/** The only import of the optional package `@cornerstonejs/codec-openjpeg`. */
export const loadOpenJpeg = () => import('@cornerstonejs/codec-openjpeg/decodewasmjs');

/** WebAssembly's memory never shrinks: an instance above this is dropped. */
const KEPT_BYTES = 128 * 2 ** 20;

/** OpenJPEG prints problems and returns zeros. */
const PROBLEM = /^\[(?:ERROR|WARNING)\]\s*(.*)/;

interface Instance {
  readonly openJpeg: OpenJpeg;
  /** Problems printed so far. */
  readonly problems: string[];
}

let instance: Promise<Instance> | null = null;

function start(): Promise<Instance> {
  instance ??= (async () => {
    const { default: create } = await loadOpenJpeg();
    const problems: string[] = [];
    const print = (line: string): void => {
      const match = PROBLEM.exec(line);
      if (match !== null) problems.push(match[1]);
    };
    return { openJpeg: await create({ print, printErr: print }), problems };
  })();
  return instance;
}

/**
 * A JPEG 2000 tile by OpenJPEG in WebAssembly. `stored` is the tile's separate codestream from `tileCodestream`, which
 * checks its sizes.
 */
export const decode: Decode = async (
  stored,
  _limits,
  { jpeg2000, width, height, samples, bytesPerSample },
) => {
  if (jpeg2000 === null) throw new Error('it is JPEG 2000 in a TIFF');
  const { openJpeg, problems } = await start();
  problems.length = 0;
  let healthy = false;
  const decoder = new openJpeg.J2KDecoder();
  try {
    decoder.getEncodedBuffer(stored.length).set(stored);
    decoder.decodeSubResolution(jpeg2000.reduction, 0);
    if (problems.length > 0) throw new Error(`OpenJPEG says: ${problems.join(', ')}`);
    const image = decoder.getDecodedBuffer();
    const rowBytes = jpeg2000.width * samples * bytesPerSample;
    if (image.length !== rowBytes * jpeg2000.height) {
      throw new Error(`it gives ${image.length} bytes instead of ${rowBytes * jpeg2000.height}`);
    }
    const result = new Uint8Array(width * height * samples * bytesPerSample);
    const part = width * samples * bytesPerSample;
    for (let row = 0; row < height; row++) {
      const from = (row + jpeg2000.y) * rowBytes + jpeg2000.x * samples * bytesPerSample;
      result.set(image.subarray(from, from + part), row * part);
    }
    healthy = true;
    return result;
  } catch (cause) {
    // A C++ exception arrives as a number, a trap as a RuntimeError.
    if (cause instanceof Error && cause.name === 'Error') throw cause;
    throw new Error(`OpenJPEG failed${problems.length > 0 ? ` (${problems.join(', ')})` : ''}`, { cause });
  } finally {
    // After a failure its memory may be corrupt.
    if (!healthy || openJpeg.HEAPU8.length > KEPT_BYTES) instance = null;
    else decoder.delete();
  }
};
