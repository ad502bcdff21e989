// Mutations of the pickles of torch.save and of the headers of safetensors files.
import { writeInteger } from './bytes.js';
import { mutateJson } from './json.js';

/** Instructions that build, call, recall or pop. */
const INSTRUCTIONS = Buffer.from(
  '}])(NR.tusaebqrhjQcX\x85\x86\x87\x8a\x8c\x8f\x90\x93\x94\x95\x81\x80',
  'latin1',
);

/** Complete pieces: calls, globals, texts and numbers. */
const PIECES = [
  'cposix\nsystem\nX\x02\0\0\0ls\x85R', 'cbuiltins\neval\n', 'ctorch\nDoubleStorage\n', ')R', '\x85R', '}(', 'u.', '(t', '\x86',
  'ccollections\nOrderedDict\n)R', 'ccollections\nCounter\n', 'c__builtin__\nfrozenset\n', 'c_codecs\nencode\n', 'ctorch._utils\n_rebuild_parameter\n', 'K\0', 'J\xff\xff\xff\xff',
  '\x8a\x08\0\0\0\0\0\0\0\x10', '\x8a\xff', 'X\xff\xff\xff\x7f', 'h\0', 'h\x01', 'q\0',
].map((text) => Buffer.from(text, 'latin1')); // biome-ignore format: a table

/** The pickle of a file of torch.save: from its protocol to the next entry of the zip file. */
function pickleOf(bytes) {
  const name = bytes.indexOf('/data.pkl');
  const start = name < 0 ? -1 : bytes.indexOf(0x80, name);
  const end = start < 0 ? -1 : bytes.indexOf('PK', start);
  return end < 0 ? null : bytes.subarray(start, end);
}

/** Changes the pickle in place, so that the zip file stays valid. */
function mutatePickle(random, pickle) {
  const at = random.below(pickle.length);
  const kind = random.below(5);
  if (kind === 0) pickle[at] = random.pick(INSTRUCTIONS);
  else if (kind === 1) random.pick(PIECES).copy(pickle, at);
  else if (kind === 2) writeInteger(pickle, at, random.pick([1, 2, 4, 8]), random.integer(), true);
  else if (kind === 3) pickle.copyWithin(at, random.below(pickle.length), random.below(pickle.length));
  else {
    // Changes a small number of a shape, a stride, an offset or a storage.
    const number = pickle.indexOf('K', at);
    if (number >= 0 && number + 1 < pickle.length) pickle[number + 1] = random.below(256);
  }
}

/** @returns a file with a changed header or pickle */
export function mutateCheckpoint(random, bytes) {
  const pickle = pickleOf(bytes);
  if (pickle !== null) {
    mutatePickle(random, pickle);
    return bytes;
  }
  if (bytes.length < 10) return bytes;
  const length = Math.min(bytes.length - 8, bytes.readUInt32LE(0));
  const header = Buffer.from(mutateJson(random, bytes.toString('utf8', 8, 8 + length)));
  const prefix = Buffer.alloc(8);
  writeInteger(prefix, 0, 8, random.chance(0.1) ? random.integer() : header.length, true);
  return Buffer.concat([prefix, header, bytes.subarray(8 + length)]);
}
