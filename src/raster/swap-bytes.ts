/** Reverses the bytes of every value, in place; an incomplete last value stays unchanged. */
export function swapBytes(bytes: Uint8Array, bytesPerValue: number): void {
  if (bytesPerValue < 2) return;
  const { buffer, byteOffset } = bytes;
  const end = bytes.length - (bytes.length % bytesPerValue);
  // Four bytes at a time for aligned values.
  const inWords = byteOffset % 4 === 0 && [2, 4, 8].includes(bytesPerValue);
  const words = inWords ? new Uint32Array(buffer, byteOffset, end >> 2) : new Uint32Array();
  if (bytesPerValue === 2) {
    for (let i = 0; i < words.length; i++) words[i] = swapPairs(words[i]);
  } else if (bytesPerValue === 4) {
    for (let i = 0; i < words.length; i++) words[i] = swapWord(words[i]);
  } else if (bytesPerValue === 8) {
    for (let i = 0; i < words.length; i += 2) {
      const first = swapWord(words[i]);
      words[i] = swapWord(words[i + 1]);
      words[i + 1] = first;
    }
  }
  for (let i = 4 * words.length; i < end; i += bytesPerValue) bytes.subarray(i, i + bytesPerValue).reverse();
}

function swapPairs(word: number): number {
  return ((word & 0x00ff00ff) << 8) | ((word >>> 8) & 0x00ff00ff);
}

function swapWord(word: number): number {
  const pairs = swapPairs(word);
  return (pairs << 16) | (pairs >>> 16);
}
