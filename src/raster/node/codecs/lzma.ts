import type { Decode } from '../../codecs/codec.js';

/** The only import of the optional package `@napi-rs/lzma`. */
export const loadLzma = () => import('@napi-rs/lzma');

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const STREAM_HEADER = 12;
const DELTA = 3;
const LZMA2 = 0x21;

/** Bytes of a block's check by its type. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

interface XzBlock {
  /** Its LZMA2 chunks and their end mark. */
  readonly chunks: Uint8Array;
  /** Distance of the delta filter in bytes, or 0. */
  readonly delta: number;
  /** Decoded bytes. */
  readonly size: number;
}

/**
 * LZMA2 in an xz stream, by the Rust library lzma-rust2 on libuv's thread pool. The library supports neither a size limit
 * nor libtiff's delta filter, so the stream is parsed here (.xz file format 1.2, section 3).
 */
export const decode: Decode = async (stored, { most }) => {
  const { lzma2 } = await loadLzma();
  const blocks = readBlocks(stored);
  const size = blocks.reduce((sum, block) => sum + block.size, 0);
  if (size > most + 1024) throw new Error(`its LZMA stream gives ${size} bytes instead of ${most}`);
  const result = new Uint8Array(size);
  let at = 0;
  for (const { chunks, delta } of blocks) {
    const decoded = await lzma2.decompress(chunks);
    if (delta > 0) for (let i = delta; i < decoded.length; i++) decoded[i] += decoded[i - delta];
    result.set(decoded, at);
    at += decoded.length;
  }
  return result;
};

function readBlocks(stored: Uint8Array): XzBlock[] {
  const byte = (at: number): number => {
    if (at >= stored.length) throw new Error('its LZMA stream is cut short');
    return stored[at];
  };
  if (MAGIC.some((value, i) => byte(i) !== value)) throw new Error('it is not an LZMA stream');
  const check = CHECK_BYTES[byte(7) & 15];
  const blocks: XzBlock[] = [];
  let at = STREAM_HEADER;
  // A zero byte starts the index after the blocks.
  while (byte(at) !== 0) {
    const start = at + (byte(at) + 1) * 4;
    const delta = readFilters(stored.subarray(at, start));
    let size = 0;
    at = start;
    for (let control = byte(at); control !== 0; control = byte(at)) {
      const declared = ((byte(at + 1) << 8) | byte(at + 2)) + 1;
      if (control < 0x80) {
        size += declared;
        at += 3 + declared;
      } else {
        size += ((control & 31) << 16) + declared;
        at += (control >= 0xc0 ? 6 : 5) + ((byte(at + 3) << 8) | byte(at + 4)) + 1;
      }
    }
    at++;
    blocks.push({ chunks: stored.subarray(start, at), delta, size });
    const padding = -(at - start) & 3;
    at += padding + check;
  }
  return blocks;
}

/** The distance of a block's delta filter, or 0. @throws {Error} for filters other than LZMA2 and delta before it */
function readFilters(header: Uint8Array): number {
  const flags = header[1];
  let at = 2;
  // Skips the block's two lengths, if present: numbers of several bytes.
  for (const flag of [0x40, 0x80]) {
    if ((flags & flag) !== 0) while (header[at++] >= 0x80);
  }
  const filters = (flags & 3) + 1;
  const distance = filters === 2 && header[at] === DELTA ? header[at + 2] + 1 : 0;
  if (distance > 0) at += 3;
  if (header[at] !== LZMA2 || (filters === 2) !== distance > 0 || filters > 2) {
    throw new Error('its LZMA stream has filters that TIFF does not use');
  }
  return distance;
}
