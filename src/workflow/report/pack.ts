/** Pixels in the HTML of a report: small, and exact. */
import { deflateSync } from 'node:zlib';
import type { PackedPlanes } from './document.js';

/**
 * Packs planes of `width × height` values of one type. Equal bytes of neighbours become zeros, which compress well: bytes
 * of the same significance lie together, each less the one before.
 */
export function packPlanes(
  planes: readonly Uint8Array[] | readonly Uint16Array[] | readonly Float32Array[],
  width: number,
  height: number,
): PackedPlanes {
  const [first] = planes;
  const size = first.BYTES_PER_ELEMENT;
  const count = width * height;
  const packed = new Uint8Array(planes.length * size * count);
  let at = 0;
  for (const plane of planes) {
    const bytes = littleEndian(plane);
    for (let k = 0; k < size; k++) {
      let before = 0;
      for (let i = k; i < bytes.length; i += size) {
        packed[at++] = bytes[i] - before;
        before = bytes[i];
      }
    }
  }
  const type = first instanceof Uint8Array ? 'uint8' : first instanceof Uint16Array ? 'uint16' : 'float32';
  return {
    width,
    height,
    planes: planes.length,
    type,
    data: deflateSync(packed, { level: 9 }).toString('base64'),
  };
}

/** The bytes of values, the least significant first on every machine. */
function littleEndian(values: Uint8Array | Uint16Array | Float32Array): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  if (values instanceof Uint16Array)
    for (const [i, value] of values.entries()) view.setUint16(2 * i, value, true);
  else for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return bytes;
}
