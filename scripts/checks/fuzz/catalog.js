// Mutations of catalogs: a GeoParquet file and its index. The index gets the size, digest and checksums of the changed
// files, since an index that does not match is refused before its content is read.
import { createHash } from 'node:crypto';
import { crc32c } from '../../../dist/io/crc32c.js';
import { mutateBytes } from './bytes.js';
import { mutateJson } from './json.js';

export const CATALOG = 'case.parquet';
export const INDEX = 'case.parquet.index';

/** Header of an index (src/catalog/parquet/index-build.ts). */
const HEADER_BYTES = 4096;
const BLOCK_BYTES = 64 * 1024;
const AT = { checksum: 8, blocks: 12, rows: 16, crossing: 24, fileSize: 32, digest: 40 };

const NUMBERS = [
  Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 0.5, 1, -1, 180, -180, 181, 1e15, 8.64e15, 1e300,
]; // biome-ignore format: a table

/** Offset of the Thrift structure of the footer; null without one. */
function footerOf(bytes) {
  if (bytes.length < 12) return null;
  const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  return start >= 4 ? start : null;
}

/** Changes JSON in the footer (`geo`, `terrachip:catalog`) without a change of its length. */
function mutateMetadata(random, bytes, footer) {
  const text = bytes.toString('latin1', footer);
  const documents = [...text.matchAll(/\{"(version|schemaVersion|columns)".*?\}(?=[^,}\]"])/gs)];
  if (documents.length === 0) return;
  const { 0: document, index } = random.pick(documents);
  const changed = mutateJson(random, document);
  if (changed.length <= document.length)
    bytes.write(changed.padEnd(document.length), footer + index, 'latin1');
}

function mutateParquet(random, bytes, other) {
  const footer = footerOf(bytes);
  const kind = random.unit();
  if (footer === null || kind < 0.3) return Buffer.from(mutateBytes(random, bytes, other));
  if (kind < 0.45) {
    mutateMetadata(random, bytes, footer);
    return bytes;
  }
  // Bytes of the footer or of the data, at fixed offsets.
  const [from, to] = kind < 0.75 ? [footer, bytes.length - 8] : [4, footer];
  const part = Buffer.from(mutateBytes(random, Buffer.from(bytes.subarray(from, to)), other));
  const changed = Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(to)]);
  if (from === footer && random.chance(0.9)) changed.writeUInt32LE(part.length, changed.length - 8);
  return changed;
}

function mutateIndex(random, bytes, other) {
  const entries = bytes.length - HEADER_BYTES;
  if (entries < 8 || random.chance(0.3)) return Buffer.from(mutateBytes(random, bytes, other));
  for (let k = random.below(6); k >= 0; k--) {
    const at = HEADER_BYTES + (entries % 8) + 8 * random.below(Math.floor(entries / 8));
    bytes.writeDoubleLE(random.pick(NUMBERS), at);
  }
  if (random.chance(0.3)) {
    const field = random.pick([AT.rows, AT.crossing]);
    bytes.writeDoubleLE(random.chance(0.5) ? random.below(100) : random.pick(NUMBERS), field);
  }
  return bytes;
}

/** Updates the size, digest and checksums of an index to match a file. */
function makeFit(index, parquet) {
  const footer = footerOf(parquet);
  if (footer === null || index.length < HEADER_BYTES) return;
  const blocks = index.readUInt32LE(AT.blocks);
  const start = HEADER_BYTES + 4 * blocks;
  if (start > index.length) return;
  for (let k = 0; k < blocks; k++) {
    const block = index.subarray(start + k * BLOCK_BYTES, start + (k + 1) * BLOCK_BYTES);
    index.writeUInt32LE(crc32c(block), HEADER_BYTES + 4 * k);
  }
  index.writeDoubleLE(parquet.length, AT.fileSize);
  createHash('sha256').update(parquet.subarray(footer)).digest().copy(index, AT.digest);
  index.writeUInt32LE(0, AT.checksum);
  const checksum = crc32c(index.subarray(HEADER_BYTES, start), crc32c(index.subarray(0, HEADER_BYTES)));
  index.writeUInt32LE(checksum, AT.checksum);
}

/** Changes the file, the index or both. */
export function mutateCatalog(random, files, other) {
  const [parquet, index] = [files[CATALOG], files[INDEX]];
  const both = random.unit();
  if (index === undefined || both < 0.6) files[CATALOG] = mutateParquet(random, parquet, other[CATALOG]);
  if (index === undefined) return;
  if (both > 0.5) files[INDEX] = mutateIndex(random, index, other[INDEX] ?? index);
  if (random.chance(0.8)) makeFit(files[INDEX], files[CATALOG]);
}
