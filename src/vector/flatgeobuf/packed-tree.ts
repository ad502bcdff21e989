/** The packed Hilbert R-tree of FlatGeobuf, read node by node. */
import { invalidInput } from '../../errors.js';
import type { Bounds } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';

/** Four float64 and an offset. */
const NODE_BYTES = 40;

/** Reads bytes of the file. @throws {TerrachipError} INVALID_INPUT beyond its end */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array>;

interface PackedTree {
  /** The position of the index in the file. */
  readonly start: number;
  /** Number of features. */
  readonly count: number;
  /** Children of a node. */
  readonly nodeSize: number;
}

/** Nodes of each level, leaves first; a single leaf has a root above it too. */
function levelSizes(count: number, nodeSize: number): number[] {
  const sizes = [count];
  do sizes.push(Math.ceil(sizes[sizes.length - 1] / nodeSize));
  while (sizes[sizes.length - 1] > 1);
  return sizes;
}

/** Bytes of the index; 0 without one. @throws {TerrachipError} INVALID_INPUT for more than the file can hold */
export function indexBytes(count: number, nodeSize: number, source: ByteSource): number {
  if (nodeSize === 0) return 0;
  if (nodeSize === 1 || count * NODE_BYTES > source.size) {
    throw invalidInput(source.name, `cannot hold the ${count} features that it declares`, 'get it again');
  }
  return levelSizes(count, nodeSize).reduce((sum, size) => sum + size, 0) * NODE_BYTES;
}

/** Offsets of the features whose boxes touch the bounds, in order. */
export async function featuresWithin(
  readBytes: ReadBytes,
  { start, count, nodeSize }: PackedTree,
  [x0, y0, x1, y1]: Bounds,
  name: string,
): Promise<number[]> {
  const sizes = levelSizes(count, nodeSize);
  let level: number[] = [0];
  // The root is first in the file, the leaves are last.
  let begin = 0;
  for (const size of sizes.reverse()) {
    const next: number[] = [];
    for (const first of level) {
      const last = Math.min(first + nodeSize, begin + size);
      if (first < begin || first >= last) {
        throw invalidInput(name, 'has a damaged index', 'get the file again');
      }
      const nodes = await readBytes(start + first * NODE_BYTES, (last - first) * NODE_BYTES);
      const view = new DataView(nodes.buffer, nodes.byteOffset, nodes.byteLength);
      for (let k = 0; k < last - first; k++) {
        const box = [0, 8, 16, 24].map((at) => view.getFloat64(k * NODE_BYTES + at, true));
        if (box[0] > x1 || box[1] > y1 || box[2] < x0 || box[3] < y0) continue;
        next.push(Number(view.getBigUint64(k * NODE_BYTES + 32, true)));
      }
    }
    // With repeated offsets, a part of the tree would be read again and again.
    level = [...new Set(next)].sort((a, b) => a - b);
    begin += size;
  }
  // Leaves have the offsets of features.
  return level;
}
