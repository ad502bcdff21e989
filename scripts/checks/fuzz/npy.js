// Mutations of the header of .npy files.
import { writeInteger } from './bytes.js';

const DESCRIPTIONS = [
  '<f4', '>f4', '<f8', '|u1', '<u2', '<i8', '<f2', '|b1', '<c16', '<U5', '<U99999999', '|S999999999', '|O', '<f0',
  '<f16', '|V8', 'f4', '',
]; // biome-ignore format: a table

const TEXTS = [
  "'",
  '(',
  '((((((((((((((',
  '{',
  'None',
  '1e9',
  '-1',
  '0x10',
  '1L',
  '\\',
  '\u0000',
  '9'.repeat(30),
];

function shape(random) {
  const rank = random.pick([0, 1, 2, 3, 4, 40, 1000]);
  const sizes = Array.from({ length: rank }, () =>
    random.chance(0.5) ? random.below(40) : random.integer(),
  );
  return rank === 1 ? `(${sizes[0]},)` : `(${sizes.join(', ')})`;
}

/** @returns the file with a changed header, or with a wrong header length */
export function mutateNpy(random, bytes) {
  if (bytes.length < 12) return bytes;
  const version = bytes[6];
  const lengthBytes = version === 1 ? 2 : 4;
  if (random.chance(0.2)) {
    writeInteger(bytes, 8, lengthBytes, random.integer(), true);
    return bytes;
  }
  const start = 8 + lengthBytes;
  const length = version === 1 ? bytes[8] | (bytes[9] << 8) : bytes[8] | (bytes[9] << 8) | (bytes[10] << 16);
  let header = Buffer.from(bytes.subarray(start, start + length)).toString('latin1');
  const kind = random.below(5);
  if (kind === 0) header = header.replace(/\([\d, L]*\)/, shape(random));
  else if (kind === 1)
    header = header.replace(/'descr': *'[^']*'/, `'descr': '${random.pick(DESCRIPTIONS)}'`);
  else if (kind === 2) header = header.replace(/True|False/, (word) => (word === 'True' ? 'False' : 'True'));
  else if (kind === 3) {
    const at = random.below(header.length);
    header = header.slice(0, at) + random.pick(TEXTS) + header.slice(at + random.below(4));
  } else header = header.repeat(1 + random.below(3)).slice(random.below(8));
  const prefix = Buffer.from(bytes.subarray(0, start));
  writeInteger(prefix, 8, lengthBytes, header.length, true);
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), bytes.subarray(start + length)]);
}
