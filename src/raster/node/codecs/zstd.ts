import { viewOf } from '../../../io/bytes.js';

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;

/**
 * The total declared size of all frames of a stream; null if a frame has none, as from streaming encoders (RFC 8878,
 * section 3.1).
 * @throws {Error} for no Zstandard stream
 */
export function zstdSize(bytes: Uint8Array): number | null {
  const view = viewOf(bytes);
  let total: number | null = 0;
  let at = 0;
  try {
    do {
      const magic = view.getUint32(at, true);
      if (magic >>> 4 === SKIPPABLE) {
        at += 8 + view.getUint32(at + 4, true);
        continue;
      }
      if (magic !== FRAME) throw new Error('it is no Zstandard frame');
      const descriptor = view.getUint8(at + 4);
      const single = (descriptor & 0x20) !== 0;
      const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
      at += 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
      const size = sizeBytes === 0 ? null : contentSize(view, at, sizeBytes);
      total = size === null || total === null ? null : total + size;
      at += sizeBytes;
      for (let last = false; !last; ) {
        const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
        last = (block & 1) === 1;
        // A run-length block stores one byte.
        at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
      }
      at += (descriptor & 4) === 0 ? 0 : 4;
    } while (at < bytes.length);
  } catch (error) {
    throw error instanceof RangeError ? new Error('its Zstandard frame is truncated') : error;
  }
  return total;
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
