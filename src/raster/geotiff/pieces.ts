/** Stored tiles and strips, read in any thread. */
import type { StoredPieces } from './block-table.js';

/** Whether all pieces of a block are stored, one directly after the other. */
function areAdjacent({ offsets, byteCounts }: Pick<StoredPieces, 'offsets' | 'byteCounts'>): boolean {
  return (
    offsets[0] > 0 &&
    byteCounts.every(
      (count, k) => count > 0 && (k === 0 || offsets[k] === offsets[k - 1] + byteCounts[k - 1]),
    )
  );
}

/**
 * The stored bytes of a block's pieces; null for a sparse one. Adjacent pieces are read as one range.
 * @param read gives bytes from an offset on
 */
export async function readPieces(
  { offsets, byteCounts, bytes: total }: StoredPieces,
  read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
  const [start] = offsets;
  if (areAdjacent({ offsets, byteCounts })) {
    const bytes = await read(start, total);
    return offsets.map((offset, k) => bytes.subarray(offset - start, offset - start + byteCounts[k]));
  }
  return Promise.all(
    offsets.map((offset, k) => (byteCounts[k] === 0 || offset === 0 ? null : read(offset, byteCounts[k]))),
  );
}
