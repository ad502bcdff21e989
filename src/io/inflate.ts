/** Deflate, anywhere. */

/** Bytes that one byte of deflate can become. */
const MOST_EXPANSION = 1032;

/**
 * Inflates to at most the size that is declared, and holds no more than that in memory.
 * @throws {Error} for a damaged stream, and for one that holds more or fewer bytes
 */
export async function inflateExactly(
  stored: Uint8Array<ArrayBuffer>,
  size: number,
  format: 'deflate-raw' | 'gzip',
): Promise<Uint8Array<ArrayBuffer>> {
  if (size > MOST_EXPANSION * stored.length) {
    throw new Error(`its ${stored.length} compressed bytes cannot hold the ${size} that it declares`);
  }
  const bytes = new Uint8Array(size);
  let length = 0;
  const stream = new Blob([stored]).stream().pipeThrough(new DecompressionStream(format));
  for await (const part of stream) {
    if (length + part.length > size) throw new Error(`it holds more than the ${size} bytes that it declares`);
    bytes.set(part, length);
    length += part.length;
  }
  if (length < size) throw new Error(`it holds ${length} of the ${size} bytes that it declares`);
  return bytes;
}
