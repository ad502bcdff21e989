/**
 * The stored bytes of each tile or strip. Some writers leave the tag out, or fill it with zeros for a file of one
 * strip; libtiff then works the sizes out, and so does this.
 * @param declared the byte counts tag, or null when it is absent
 * @param image `rawBytes(i)` is the size of block `i` without compression
 * @returns as many counts as there are offsets, where they had to be worked out; otherwise what is declared
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
  // A compressed block ends at the latest where the next one starts.
  const starts = [...new Set(offsets), image.fileSize].sort((a, b) => a - b);
  const ends = new Map(starts.map((start, k) => [start, starts[k + 1] ?? start]));
  return offsets.map((offset) => (offset === 0 ? 0 : Math.max(0, (ends.get(offset) ?? offset) - offset)));
}
