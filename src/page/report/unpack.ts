/** Decodes pixels from the HTML of a report: the inverse of `packPlanes`. */
import type { PackedPlanes } from '../../workflow/report/document.js';

export type Plane = Uint8Array | Uint16Array | Float32Array;

const BYTES = { uint8: 1, uint16: 2, float32: 4 } as const;

/** @throws {Error} for data of another length */
export async function unpackPlanes({ width, height, planes, type, data }: PackedPlanes): Promise<Plane[]> {
  const size = BYTES[type];
  const count = width * height;
  const packed = await inflate(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
  if (packed.length !== planes * size * count) throw new Error('the pixels in this page are damaged');
  return Array.from({ length: planes }, (_, plane) => {
    const bytes = new Uint8Array(size * count);
    for (let k = 0; k < size; k++) {
      let at = (plane * size + k) * count;
      let value = 0;
      for (let i = k; i < bytes.length; i += size) {
        value = (value + packed[at++]) & 255;
        bytes[i] = value;
      }
    }
    return fromLittleEndian(bytes, type, count);
  });
}

function fromLittleEndian(bytes: Uint8Array, type: PackedPlanes['type'], count: number): Plane {
  if (type === 'uint8') return bytes;
  const view = new DataView(bytes.buffer);
  if (type === 'uint16') return Uint16Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true));
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
