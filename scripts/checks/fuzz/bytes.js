// Mutations of bytes, independent of the format.

/** Writes an integer of 1, 2, 4 or 8 bytes, truncated to its width; nothing beyond the end. */
export function writeInteger(bytes, at, width, value, littleEndian) {
  if (at < 0 || at + width > bytes.length) return;
  const digits = BigInt.asUintN(8 * width, BigInt(value));
  for (let k = 0; k < width; k++) {
    const place = littleEndian ? k : width - 1 - k;
    bytes[at + k] = Number((digits >> BigInt(8 * place)) & 0xffn);
  }
}

/** A position; half of them are within 512 bytes of an end, where headers are. */
function position(random, length) {
  if (random.chance(0.5)) return random.below(length);
  const near = random.below(Math.min(length, 512));
  return random.chance(0.7) ? near : length - 1 - near;
}

function part(random, bytes) {
  const start = position(random, bytes.length);
  const most = random.chance(0.5) ? 16 : bytes.length;
  return [start, Math.min(bytes.length, start + 1 + random.below(most))];
}

const MUTATIONS = [
  function flipBits(random, bytes) {
    for (let k = random.below(8); k >= 0; k--) bytes[position(random, bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(random, bytes) {
    bytes[position(random, bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    return bytes;
  },
  function setInteger(random, bytes) {
    const width = random.pick([2, 4, 8]);
    const at = Math.floor(position(random, bytes.length) / width) * width;
    writeInteger(bytes, at, width, random.integer(), random.chance(0.5));
    return bytes;
  },
  function truncate(random, bytes) {
    return bytes.slice(0, position(random, bytes.length));
  },
  function remove(random, bytes) {
    const [start, end] = part(random, bytes);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  function repeat(random, bytes) {
    const [start, end] = part(random, bytes);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  function fill(random, bytes) {
    const [start, end] = part(random, bytes);
    bytes.fill(random.pick([0, 0xff]), start, end);
    return bytes;
  },
];

/**
 * Changes some bytes.
 * @param {import('./random.js').Random} random
 * @param {Uint8Array} bytes may be changed in place
 * @param {Uint8Array} other another file, a part of which may be inserted
 */
export function mutateBytes(random, bytes, other) {
  if (bytes.length === 0) return bytes;
  if (random.chance(0.1) && other.length > 0) {
    const [start, end] = part(random, other);
    const at = position(random, bytes.length);
    const rest = random.chance(0.5) ? at : Math.min(bytes.length, at + end - start);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(rest)]);
  }
  return random.pick(MUTATIONS)(random, bytes);
}
