// Mutations of TIFF files: changes of a tag or link in their directories.
import { writeInteger } from './bytes.js';

const MOST_DIRECTORIES = 20;
const FIELD_BYTES = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8];

/** Meaningful values of tags with one number: sizes, codecs, predictors, bits, planes, formats. */
const CODES = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 64, 128, 512, 32773, 32946, 34887, 34925, 50000, 50001,
];

/** Tags that the reader uses. */
const TAGS = [
  254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 347, 529,
  530, 532, 33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 50674, 50844,
]; // biome-ignore format: a table

/** Offsets of the entries of all directories that can be followed; null if it is not a TIFF. */
export function layoutOf(bytes) {
  const mark = bytes.length < 16 ? '' : String.fromCharCode(bytes[0], bytes[1]);
  if (mark !== 'II' && mark !== 'MM') return null;
  const little = mark === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const big = view.getUint16(2, little) === 43;
  const word = (at) => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const [countBytes, entryBytes, wordBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const layout = { little, big, wordBytes, directories: [], entries: [], links: [big ? 8 : 4] };
  let at = word(big ? 8 : 4);
  while (at > 0 && at + countBytes <= bytes.length && layout.directories.length < MOST_DIRECTORIES) {
    const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
    const end = at + countBytes + count * entryBytes;
    if (end + wordBytes > bytes.length) break;
    layout.directories.push(at);
    layout.links.push(end);
    for (let entry = at + countBytes; entry < end; entry += entryBytes) layout.entries.push(entry);
    at = word(end);
  }
  return layout.entries.length === 0 ? null : layout;
}

/** The parts of an entry and the offset of its values. */
function entryAt(bytes, layout, at) {
  const { little, big, wordBytes } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (from) => (big ? Number(view.getBigUint64(from, little)) : view.getUint32(from, little));
  const type = view.getUint16(at + 2, little);
  const count = word(at + 4);
  const width = FIELD_BYTES[type] ?? 1;
  const valueAt = at + 4 + wordBytes;
  return { type, count, width, valueAt, start: width * count > wordBytes ? word(valueAt) : valueAt };
}

const MUTATIONS = [
  function setValue(random, bytes, layout, at) {
    const { count, width, start } = entryAt(bytes, layout, at);
    const value = random.chance(0.5) ? random.pick(CODES) : random.integer();
    const index = random.chance(0.5) ? 0 : random.below(Math.max(1, Math.min(count, bytes.length)));
    writeInteger(bytes, start + index * width, width, value, layout.little);
  },
  function setAllValues(random, bytes, layout, at) {
    const { count, width, start } = entryAt(bytes, layout, at);
    const value = random.chance(0.3) ? random.below(bytes.length) : random.integer();
    for (let k = 0; k < Math.min(count, 4096); k++) {
      writeInteger(bytes, start + k * width, width, value, layout.little);
    }
  },
  function setCount(random, bytes, layout, at) {
    const value = random.chance(0.3) ? random.below(64) : random.integer();
    writeInteger(bytes, at + 4, layout.wordBytes, value, layout.little);
  },
  function setType(random, bytes, layout, at) {
    writeInteger(bytes, at + 2, 2, random.chance(0.9) ? random.below(20) : random.integer(), layout.little);
  },
  function setTag(random, bytes, layout, at) {
    writeInteger(bytes, at, 2, random.pick(TAGS), layout.little);
  },
  function setOffset(random, bytes, layout, at) {
    const value = random.chance(0.5) ? random.below(bytes.length + 16) : random.integer();
    writeInteger(bytes, entryAt(bytes, layout, at).valueAt, layout.wordBytes, value, layout.little);
  },
  function copyEntry(random, bytes, layout, at) {
    const from = random.pick(layout.entries);
    bytes.copyWithin(at, from, from + (layout.big ? 20 : 12));
  },
  function linkDirectory(random, bytes, layout) {
    const target = random.chance(0.7) ? random.pick(layout.directories) : random.below(bytes.length);
    writeInteger(bytes, random.pick(layout.links), layout.wordBytes, target, layout.little);
  },
  function setEntryCount(random, bytes, layout) {
    const value = random.chance(0.5) ? random.below(32) : random.integer();
    writeInteger(bytes, random.pick(layout.directories), layout.big ? 8 : 2, value, layout.little);
  },
];

/** Changes a tag or a link of a TIFF in place. @returns false if it is not a TIFF */
export function mutateTiff(random, bytes) {
  const layout = layoutOf(bytes);
  if (layout === null) return false;
  random.pick(MUTATIONS)(random, bytes, layout, random.pick(layout.entries));
  return true;
}
