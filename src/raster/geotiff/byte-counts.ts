/**
 * The stored bytes of each tile or strip. Some writers omit the tag, or write 0 for a single strip; then the sizes are
 * computed, as in libtiff.
 * @param declared the byte counts tag, or null if absent
 * @param image `rawBytes(i)` is the size of block `i` without compression
 * @returns the declared counts, or one computed count per offset
 */
export function storedByteCounts(
  offsets: readonly number[],
  declared: readonly number[] | null,
  image: { fileSize: number; uncompressed: boolean; rawBytes: (index: number) => number },
): readonly number[] {
  const missing = declared === null || (offsets.length === 1 && declared[0] === 0);
  if (!missing) return declared;
  if (image.uncompressed) {
    return offsets.map((offset, i) => (offset === 0 ? 0 : image.rawBytes(i)));
  }
  // A compressed block ends at the latest at the start of the next one.
  const starts = [...new Set(offsets), image.fileSize].sort((a, b) => a - b);
  const ends = new Map(starts.map((start, k) => [start, starts[k + 1] ?? start]));
  return offsets.map((offset) => (offset === 0 ? 0 : Math.max(0, (ends.get(offset) ?? offset) - offset)));
}
