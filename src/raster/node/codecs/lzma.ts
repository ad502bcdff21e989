import type { Decode } from './codec.js';

/** The largest dictionary that a stream may ask for: liblzma's largest preset has 64 MiB. */
const MAX_DICTIONARY = 64 * 2 ** 20;

const STREAM_HEADER = 12;
const LZMA2 = 0x21;

/** Bytes of a block's check by its kind. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** LZMA2 in an xz stream (by libtiff's convention after a delta filter), by the Rust library lzma-rust2. */
export const decode: Decode = async (stored, { most }) => {
  const { xz } = await loadLzma();
  // The library takes no limit: what the stream will give is counted first.
  const size = decodedSize(stored);
  if (size > most + 1024) throw new Error(`its LZMA stream gives ${size} bytes instead of ${most}`);
  const decoded = await xz.decompress(stored);
  return new Uint8Array(decoded.buffer as ArrayBuffer, decoded.byteOffset, decoded.byteLength);
};

/** The only place that loads the optional package `@napi-rs/lzma`. */
export const loadLzma = () => import('@napi-rs/lzma');

/** Bytes that an xz stream (.xz file format 1.2) gives, counted in the headers of its LZMA2 chunks. */
function decodedSize(stored: Uint8Array): number {
  const byte = (at: number): number => {
    if (at >= stored.length) throw new Error('its LZMA stream is cut short');
    return stored[at];
  };
  if ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0].some((value, i) => byte(i) !== value)) {
    throw new Error('it is not an LZMA stream');
  }
  const check = CHECK_BYTES[byte(7) & 15];
  let total = 0;
  let at = STREAM_HEADER;
  // A zero byte starts the index that follows the blocks.
  while (byte(at) !== 0) {
    const headerBytes = (byte(at) + 1) * 4;
    checkDictionary(stored.subarray(at, at + headerBytes));
    const data = at + headerBytes;
    at = data;
    for (let control = byte(at); control !== 0; control = byte(at)) {
      const declared = (byte(at + 1) << 8) | byte(at + 2);
      if (control < 0x80) {
        total += declared + 1;
        at += 3 + declared + 1;
      } else {
        total += ((control & 31) << 16) + declared + 1;
        at += (control >= 0xc0 ? 6 : 5) + ((byte(at + 3) << 8) | byte(at + 4)) + 1;
      }
    }
    // The end mark, padding to four bytes, and the check.
    at += 1;
    at += ((4 - ((at - data) % 4)) % 4) + check;
  }
  return total;
}

/** Walks the filters of a block's header to LZMA2, whose property is the dictionary's size. */
function checkDictionary(header: Uint8Array): void {
  const flags = header[1];
  let at = 2;
  const skipNumber = (): void => {
    while (header[at++] >= 0x80);
  };
  if ((flags & 0x40) !== 0) skipNumber();
  if ((flags & 0x80) !== 0) skipNumber();
  for (let filter = 0; filter <= (flags & 3); filter++) {
    const id = header[at];
    skipNumber();
    const properties = header[at];
    skipNumber();
    if (id === LZMA2) {
      const exponent = header[at] & 63;
      const dictionary = (2 | (exponent & 1)) * 2 ** ((exponent >> 1) + 11);
      if (dictionary > MAX_DICTIONARY) throw new Error(`its LZMA dictionary has ${dictionary} bytes`);
      return;
    }
    at += properties;
  }
  throw new Error('its LZMA stream has no LZMA2 filter');
}
