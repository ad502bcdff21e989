/**
 * LZW as TIFF uses it (TIFF 6.0, section 13): codes of 9 to 12 bits, of which 0 to 255 are bytes, 256 clears the
 * table, 257 ends the stream, and the others are strings that occurred before.
 *
 * A string enters the table right after the string before it was written: it is that one and the next byte, which
 * lies behind it in the output. So an entry is a position and a length in the output itself, and decoding a code is
 * one forward copy there; no chains of prefixes are followed.
 */
import type { Decode } from './codec.js';

const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MIN_WIDTH = 9;
const MAX_WIDTH = 12;
const TABLE = 1 << MAX_WIDTH;

/** Strings longer than this are copied by the engine, shorter ones by a loop. */
const LONG = 64;

/** Expands a stream until the wanted size, its end code or its last byte. */
export const decode: Decode = (stored, { size }) => {
  const output = new Uint8Array(size);
  const positions = new Int32Array(TABLE);
  const lengths = new Int32Array(TABLE);
  const oldStyle = isOldStyle(stored);
  // Codes widen one code before the table needs it; the old style waits for it.
  const early = oldStyle ? 0 : 1;
  let [bits, held, from, to] = [0, 0, 0, 0];
  let width = MIN_WIDTH;
  let widenAt = (1 << MIN_WIDTH) - early;
  let next = FIRST;
  // The string before: nothing right after a clear.
  let start = 0;
  let length = 0;
  while (to < size) {
    while (held < width) {
      if (from === stored.length) return output.subarray(0, to);
      if (oldStyle) bits |= stored[from++] << held;
      else bits = (bits << 8) | stored[from++];
      held += 8;
    }
    held -= width;
    const code = (oldStyle ? bits : bits >>> held) & ((1 << width) - 1);
    if (oldStyle) bits >>>= width;
    if (code < CLEAR) {
      if (length > 0 && next < TABLE) {
        positions[next] = start;
        lengths[next++] = length + 1;
      }
      start = to;
      length = 1;
      output[to++] = code;
    } else if (code >= FIRST) {
      if (length > 0 && next < TABLE) {
        positions[next] = start;
        lengths[next++] = length + 1;
      }
      if (code >= next) throw new Error(`its LZW code ${code} has no string`);
      start = to;
      let at = positions[code];
      length = lengths[code];
      const end = Math.min(to + length, size);
      if (length > LONG && at + length <= to) {
        output.copyWithin(to, at, at + end - to);
        to = end;
      } else {
        // Byte by byte, since a string may reach into its own copy.
        while (to < end) output[to++] = output[at++];
      }
    } else if (code === CLEAR) {
      width = MIN_WIDTH;
      widenAt = (1 << MIN_WIDTH) - early;
      next = FIRST;
      length = 0;
    } else if (code === END) {
      break;
    }
    if (next >= widenAt && width < MAX_WIDTH) {
      width++;
      widenAt = (1 << width) - early;
    }
  }
  return to === size ? output : output.subarray(0, to);
};

/**
 * Writers before TIFF 5.0 filled each byte from its lowest bit. libtiff tells such a stream by its first code, a
 * clear, whose bits then start with a zero byte.
 */
function isOldStyle(stored: Uint8Array): boolean {
  return stored.length >= 2 && stored[0] === 0 && (stored[1] & 1) === 1;
}
