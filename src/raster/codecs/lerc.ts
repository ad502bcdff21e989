import { inflateUpTo } from '../../io/inflate.js';
import type { BlockCoding, Decode, DecodeLimits } from './codec.js';
import { type Codec, codecOfBytes } from './table.js';

const DEFLATE = 1;
const ZSTD = 2;

type Lerc = typeof import('lerc');

/**
 * LERC2 blobs, also compressed by deflate or zstd (tag 50674), by Esri's decoder in WebAssembly.
 * @param load imports the package lerc
 */
export function lercCodec(load: () => Promise<Lerc>): Codec {
  const start = async (): Promise<{ decode: Decode }> => {
    const lerc = await load();
    await lerc.load();
    return { decode: (stored, limits, coding) => decode(lerc, stored, limits, coding) };
  };
  return { ...codecOfBytes(start), predictors: false };
}

async function decode(
  { getBlobInfo, decode: decodeBlob }: Lerc,
  stored: Uint8Array<ArrayBuffer>,
  limits: DecodeLimits,
  coding: BlockCoding,
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await unwrap(stored, limits, coding);
  const { width, samples, dtype } = coding;
  // Checked first: a small blob could declare any size.
  const info = getBlobInfo(blob);
  const maskIsAlpha = dtype === 'uint8' && info.depthCount === samples - 1;
  const fits =
    info.width === width &&
    info.height >= limits.rows &&
    info.height <= coding.height &&
    info.bandCount === 1;
  if (!fits || (info.depthCount !== samples && !maskIsAlpha)) {
    throw new Error(
      `its LERC blob has ${info.width} × ${info.height} pixels of ${info.depthCount} samples instead of ${width} × ${limits.rows} of ${samples}`,
    );
  }
  const { pixels, mask } = decodeBlob(blob, { returnInterleaved: true });
  const [values] = pixels;
  if (values.BYTES_PER_ELEMENT !== coding.bytesPerSample) {
    throw new Error(
      `its LERC blob has samples of ${values.BYTES_PER_ELEMENT} bytes instead of ${coding.bytesPerSample}`,
    );
  }
  if (maskIsAlpha) return withAlpha(values, mask, samples);
  if (mask !== null && (values instanceof Float32Array || values instanceof Float64Array)) {
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) values.fill(Number.NaN, i * samples, (i + 1) * samples);
    }
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function unwrap(
  stored: Uint8Array<ArrayBuffer>,
  { most }: DecodeLimits,
  { lercCompression }: BlockCoding,
): Promise<Uint8Array<ArrayBuffer>> {
  // A blob may be a little larger than its samples, and its mask takes one bit per pixel.
  const largest = 2 * most;
  if (lercCompression === DEFLATE) return inflateUpTo(stored, largest, 'deflate');
  if (lercCompression === ZSTD) return (await import('./wasm-decoders.js')).decompressZstd(stored, largest);
  if (lercCompression !== 0) throw new Error(`its LERC blobs are compressed by method ${lercCompression}`);
  return stored;
}

/** Adds the alpha band, which GDAL stores in the blob's mask: 0 or 255 after the other samples of each pixel. */
function withAlpha(
  values: ArrayLike<number>,
  mask: Uint8Array | null,
  samples: number,
): Uint8Array<ArrayBuffer> {
  const colours = samples - 1;
  const pixels = values.length / colours;
  const result = new Uint8Array(pixels * samples);
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < colours; k++) result[i * samples + k] = values[i * colours + k];
    result[i * samples + colours] = mask === null || mask[i] !== 0 ? 255 : 0;
  }
  return result;
}
