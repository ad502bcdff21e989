/** Bytes: views of them, their first ones, and several arrays as one. */

/** The bytes as a `DataView`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @param signature as Latin-1 text, a character a byte */
export function startsWith(bytes: Uint8Array, signature: string): boolean {
  return Array.from(signature).every((character, i) => bytes[i] === character.charCodeAt(0));
}

/** Whether a file's first bytes are those of a TIFF, of either byte order. */
export function isTiff(head: Uint8Array): boolean {
  return startsWith(head, 'II') || startsWith(head, 'MM');
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
