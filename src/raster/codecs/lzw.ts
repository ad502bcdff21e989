/**
 * LZW of TIFF (TIFF 6.0, section 13): codes of 9 to 12 bits. 0 to 255 are bytes, 256 clears the table, 257 ends the
 * stream, and the others are earlier strings.
 *
 * A new entry is the previous string and the byte after it in the output. So an entry is a position and a length in the
 * output, and a code is decoded by one forward copy instead of a chain of prefixes. The 256 bytes are in front of the
 * output as strings of one byte, so all codes but two are decoded alike: unpredictable branches would cost more than the
 * copy.
 */
import type { Decode } from './codec.js';

const LITERALS = 256;
const CLEAR = 256;
const END = 257;
const MIN_WIDTH = 9;
const MAX_WIDTH = 12;
const TABLE = 1 << MAX_WIDTH;

/** Expands a stream until the wanted size, its end code or its last byte. */
export const decode: Decode = (stored, { size }) => {
  const oldStyle = isOldStyle(stored);
  // At least two bytes are copied for each string.
  const output = new Uint8Array(LITERALS + size + 1);
  // One extra entry, overwritten when the table is full.
  const positions = new Int32Array(TABLE + 1);
  const lengths = new Int32Array(TABLE + 1);
  for (let byte = 0; byte < LITERALS; byte++) {
    output[byte] = byte;
    positions[byte] = byte;
    lengths[byte] = 1;
  }
  // Codes widen one code early, except in the old style.
  const early = oldStyle ? 0 : 1;
  let width = MIN_WIDTH;
  let widenAt = (1 << width) - early;
  // The first code after a clear defines no string; its entry is never looked up.
  let next = END;
  let start = 0;
  let length = 0;
  let from = 0;
  let bits = 0;
  let held = 0;
  let to = LITERALS;
  const end = LITERALS + size;
  while (to < end) {
    if (held < width) {
      if (from + 2 <= stored.length) {
        const two = oldStyle
          ? stored[from] | (stored[from + 1] << 8)
          : (stored[from] << 8) | stored[from + 1];
        bits = oldStyle ? bits | (two << held) : (bits << 16) | two;
        from += 2;
        held += 16;
      } else {
        // The last byte may be a part of a truncated code.
        if (from === stored.length || held + 8 < width) break;
        bits = oldStyle ? bits | (stored[from] << held) : (bits << 8) | stored[from];
        from++;
        held += 8;
      }
    }
    held -= width;
    const code = (oldStyle ? bits : bits >>> held) & ((1 << width) - 1);
    if (oldStyle) bits >>>= width;
    if (code === CLEAR) {
      width = MIN_WIDTH;
      widenAt = (1 << width) - early;
      next = END;
      continue;
    }
    if (code === END) break;
    positions[next] = start;
    lengths[next] = length + 1;
    if (next < TABLE) next++;
    if (code >= next) throw new Error(`its LZW code ${code} has no string`);
    const at = positions[code];
    length = lengths[code];
    start = to;
    // Byte by byte in order: a string may overlap its copy.
    output[to] = output[at];
    output[to + 1] = output[at + 1];
    to = Math.min(start + length, end);
    for (let k = start + 2, i = at + 2; k < to; k++, i++) output[k] = output[i];
    if (next >= widenAt && width < MAX_WIDTH) {
      width++;
      widenAt = (1 << width) - early;
    }
  }
  return output.subarray(LITERALS, to);
};

/**
 * Before TIFF 5.0 each byte was filled from its lowest bit. As in libtiff, such a stream is recognised by its first code,
 * a clear, which then starts with a zero byte.
 */
function isOldStyle(stored: Uint8Array): boolean {
  return stored.length >= 2 && stored[0] === 0 && (stored[1] & 1) === 1;
}
