/** Deflate, anywhere. */

/** Bytes that one byte of deflate can become. */
const MOST_EXPANSION = 1032;

type Format = 'deflate' | 'deflate-raw' | 'gzip';

/**
 * Inflates to exactly the size that is declared, and holds no more than that in memory.
 * @throws {Error} for a damaged stream, and for one that holds more or fewer bytes
 */
export async function inflateExactly(
  stored: Uint8Array<ArrayBuffer>,
  size: number,
  format: Format,
): Promise<Uint8Array<ArrayBuffer>> {
  if (size > MOST_EXPANSION * stored.length) {
    throw new Error(`its ${stored.length} compressed bytes cannot hold the ${size} that it declares`);
  }
  // One more byte is requested, to detect a longer stream.
  const bytes = await inflateUpTo(stored, size + 1, format);
  if (bytes.length > size) throw new Error(`it holds more than the ${size} bytes that it declares`);
  if (bytes.length < size) throw new Error(`it holds ${bytes.length} of the ${size} bytes that it declares`);
  return bytes;
}

/**
 * The first `size` bytes of a stream, or all of a shorter one. What follows them is not decompressed.
 * @throws {Error} for a stream that is damaged before that
 */
export async function inflateUpTo(
  stored: Uint8Array<ArrayBuffer>,
  size: number,
  format: Format,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let length = 0;
  const reader = new Blob([stored]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  while (length < size) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, size - length);
    bytes.set(part, length);
    length += part.length;
  }
  if (length === size) await reader.cancel();
  return bytes.subarray(0, length);
}
