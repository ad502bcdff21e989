/** Reverses the bytes of every value, in place; bytes that do not make a whole value stay as they are. */
export function swapBytes(bytes: Uint8Array, bytesPerValue: number): void {
  if (bytesPerValue < 2) return;
  const end = bytes.length - (bytes.length % bytesPerValue);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  if (bytesPerValue === 2) buffer.swap16();
  else if (bytesPerValue === 4) buffer.swap32();
  else if (bytesPerValue === 8) buffer.swap64();
  else for (let i = 0; i < end; i += bytesPerValue) bytes.subarray(i, i + bytesPerValue).reverse();
}
