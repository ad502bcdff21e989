/**
 * The pages of a column chunk, checked and decompressed. hyparquet decodes them, but does not check sizes and counts. So
 * each page is validated first, and passed on uncompressed with a new header.
 */
import type { ColumnMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from './codecs.js';
import { checkThrift, encodeThrift, type ThriftFields } from './thrift.js';

/** A physical column of a file. */
export interface Leaf {
  readonly path: readonly string[];
  readonly element: SchemaElement;
  /** The largest definition level: optional and repeated fields around a value. */
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

/** The most decompressed bytes of one column chunk: 50,000 rows of 5 KB. */
export const MAX_CHUNK_BYTES = 256 * 2 ** 20;

/** The most values of one column chunk, with nulls. */
export const MAX_CHUNK_VALUES = 2 ** 24;

const ENCODINGS = { PLAIN: 0, PLAIN_DICTIONARY: 2, RLE: 3, DELTA_BINARY_PACKED: 5 };

/** Supported encodings and their numbers. */
const SUPPORTED: Readonly<Record<string, number>> = {
  ...ENCODINGS,
  DELTA_LENGTH_BYTE_ARRAY: 6,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
};

/** Checked pages. */
export interface CleanPages {
  readonly bytes: readonly Uint8Array<ArrayBuffer>[];
  readonly size: number;
  readonly values: number;
  /** The data pages, parsed. */
  readonly pages: readonly DataPage[];
  /** Their dictionary, if it is in the bytes. */
  readonly dictionary: DictionaryPage | null;
}

export interface DictionaryPage {
  readonly count: number;
  /** Plainly encoded. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** The content of a data page. */
export interface DataPage {
  readonly encoding: string;
  /** Number of values, with nulls. */
  readonly count: number;
  /** Definition levels in runs; empty for a required column. */
  readonly levels: Uint8Array<ArrayBuffer>;
  /** The encoded values, without nulls. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/**
 * Checks and decompresses all pages in some bytes of a column chunk.
 * @throws {Error} for damaged pages, or impossible sizes
 */
export async function cleanPages(
  bytes: Uint8Array<ArrayBuffer>,
  leaf: Leaf,
  meta: ColumnMetaData,
): Promise<CleanPages> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const pages: DataPage[] = [];
  let dictionary: DictionaryPage | null = null;
  let size = 0;
  let values = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let position = 0; position < bytes.length; ) {
    const end = checkThrift(bytes, position);
    const header = parquetHeader({ view, offset: position });
    const { compressed_page_size: stored, uncompressed_page_size: plain } = header;
    const isComplete = isCount(stored) && isCount(plain) && stored <= bytes.length - end;
    if (!isComplete) throw new Error('a page is cut off');
    size += plain;
    if (size > MAX_CHUNK_BYTES) throw new Error(`a column chunk has more than ${MAX_CHUNK_BYTES} bytes`);
    const page = await cleanPage(header, bytes.subarray(end, end + stored), leaf, meta);
    values += page.data?.count ?? 0;
    if (values > Number(meta.num_values)) throw new Error('a column chunk has more values than it declares');
    parts.push(page.header, page.body);
    if (page.data === null) dictionary = { count: page.count, values: page.body };
    else pages.push(page.data);
    position = end + stored;
  }
  return { bytes: parts, size: parts.reduce((sum, part) => sum + part.length, 0), values, pages, dictionary };
}

interface CleanPage {
  header: Uint8Array<ArrayBuffer>;
  body: Uint8Array<ArrayBuffer>;
  /** Null for a dictionary. */
  data: DataPage | null;
  count: number;
}

async function cleanPage(
  header: PageHeader,
  stored: Uint8Array<ArrayBuffer>,
  leaf: Leaf,
  meta: ColumnMetaData,
): Promise<CleanPage> {
  const { uncompressed_page_size: plain } = header;
  if (header.type === 'DICTIONARY_PAGE' && header.dictionary_page_header !== undefined) {
    const { num_values: count } = header.dictionary_page_header;
    const body = await decompressPage(meta.codec, stored, plain);
    // A value has at least one byte.
    if (!isCount(count) || count > body.length) throw new Error('a dictionary declares too many values');
    return pageOf(2, body, 7, { 1: count, 2: ENCODINGS.PLAIN }, count, null);
  }
  if (header.type === 'DATA_PAGE' && header.data_page_header !== undefined) {
    const { num_values: count, encoding, definition_level_encoding: levels } = header.data_page_header;
    requireValues(count, meta);
    const body = await decompressPage(meta.codec, stored, plain);
    let position = 0;
    let runs = new Uint8Array();
    for (const most of [leaf.maxRepetition, leaf.maxDefinition]) {
      if (most === 0) continue;
      if (levels !== 'RLE') throw new Error(`its levels are encoded by ${levels}, which is not supported`);
      const length = uint32(body, position);
      position += 4;
      if (length > body.length - position) throw new Error('the levels of a page are cut off');
      runs = body.subarray(position, position + length);
      checkRuns(runs, bitWidth(most), count);
      position += length;
    }
    const values = body.subarray(position);
    checkValues(values, encoding, leaf, count);
    const fields = { 1: count, 2: SUPPORTED[encoding], 3: ENCODINGS.RLE, 4: ENCODINGS.RLE };
    const ofNulls = leaf.maxDefinition > 0 ? runs : new Uint8Array();
    return pageOf(0, body, 5, fields, count, { encoding, count, levels: ofNulls, values });
  }
  if (header.type === 'DATA_PAGE_V2' && header.data_page_header_v2 !== undefined) {
    const described = header.data_page_header_v2;
    const { num_values: count, num_nulls: nulls, num_rows: rows, encoding } = described;
    const { definition_levels_byte_length: definition, repetition_levels_byte_length: repetition } =
      described;
    requireValues(count, meta);
    const levels = definition + repetition;
    const counts = [nulls, rows, definition, repetition].every(isCount) && nulls <= count && rows <= count;
    if (!counts || levels > stored.length || levels > plain)
      throw new Error('the levels of a page are cut off');
    if (leaf.maxRepetition > 0) {
      checkRuns(stored.subarray(0, repetition), bitWidth(leaf.maxRepetition), count);
    }
    if (leaf.maxDefinition > 0) {
      checkRuns(stored.subarray(repetition, levels), bitWidth(leaf.maxDefinition), count);
    }
    const packed = stored.subarray(levels);
    const codec = described.is_compressed === false ? 'UNCOMPRESSED' : meta.codec;
    const values = await decompressPage(codec, packed, plain - levels);
    // A page of only nulls may have no encoded values.
    if (nulls < count) checkValues(values, encoding, leaf, count - nulls);
    const body = new Uint8Array(plain);
    body.set(stored.subarray(0, levels));
    body.set(values, levels);
    const written = SUPPORTED[encoding] ?? ENCODINGS.PLAIN;
    const fields = { 1: count, 2: nulls, 3: rows, 4: written, 5: definition, 6: repetition, 7: false };
    const ofNulls = body.subarray(repetition, levels);
    return pageOf(3, body, 8, fields, count, {
      encoding,
      count,
      levels: ofNulls,
      values: body.subarray(levels),
    });
  }
  throw new Error(`a page is of an unknown kind`);
}

/** @param field of the page header for the page type's fields */
function pageOf(
  type: number,
  body: Uint8Array<ArrayBuffer>,
  field: number,
  fields: ThriftFields,
  count: number,
  data: DataPage | null,
): CleanPage {
  const header = encodeThrift({ 1: type, 2: body.length, 3: body.length, [field]: fields });
  return { header: new Uint8Array(header), body, data, count };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function requireValues(count: number, meta: ColumnMetaData): void {
  if (!isCount(count) || count > Number(meta.num_values)) {
    throw new Error('a page declares more values than its column chunk');
  }
}

/** Checks that decoding needs no more memory than the page's size allows. @throws {Error} */
function checkValues(body: Uint8Array, encoding: string, leaf: Leaf, count: number): void {
  if (!(encoding in SUPPORTED)) throw new Error(`values are encoded by ${encoding}, which is not supported`);
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (count === 0) return;
    const [width] = body;
    if (!(width <= 32)) throw new Error('the indices of a page are damaged');
    // In a version 1 page `count` includes nulls, so the runs end early.
    if (width > 0) checkRuns(body.subarray(1), width, count, leaf.maxDefinition > 0);
  } else if (encoding === 'RLE') {
    if (leaf.element.type !== 'BOOLEAN') throw new Error('values that are not booleans are encoded by RLE');
    checkRuns(body.subarray(4), 1, count, leaf.maxDefinition > 0);
  } else if (encoding.startsWith('DELTA')) {
    checkDelta(body);
  }
}

/**
 * Checks runs of repeated and bit-packed numbers.
 * @param mayEnd whether fewer numbers than `count` are allowed
 */
function checkRuns(bytes: Uint8Array, width: number, count: number, mayEnd = false): void {
  let position = 0;
  let seen = 0;
  while (seen < count) {
    if (position >= bytes.length && mayEnd) return;
    const [head, start] = varint(bytes, position, 'the runs of a page are cut off');
    position = start;
    const length = Math.floor(head / 2);
    if (head % 2 === 1) {
      // Groups of eight numbers; writers may omit the last bytes of the last run.
      seen += 8 * length;
      position += length * width;
      if (8 * length > count + 504) throw new Error('a run of a page is longer than the page');
    } else {
      seen += length;
      position += Math.ceil(width / 8);
      if (seen > count || position > bytes.length) throw new Error('a run of a page is longer than the page');
    }
    if (length === 0) throw new Error('a run of a page is empty');
  }
}

/** Checks the block sizes in the head of delta-encoded integers. */
function checkDelta(bytes: Uint8Array): void {
  const problem = 'the blocks of a page are damaged';
  const [block, next] = varint(bytes, 0, problem);
  const [parts] = varint(bytes, next, problem);
  const isValid = block >= 128 && block <= 65536 && parts >= 1 && parts <= block / 32 && block % parts === 0;
  if (!isValid) throw new Error(problem);
}

/** A number of at most five bytes, seven bits a byte. @returns it, and where it ends @throws {Error} with `problem` */
function varint(bytes: Uint8Array, start: number, problem: string): [value: number, end: number] {
  let value = 0;
  for (let k = 0; k < 5 && start + k < bytes.length; k++) {
    const byte = bytes[start + k];
    value += (byte & 127) * 2 ** (7 * k);
    if (byte < 128) return [value, start + k + 1];
  }
  throw new Error(problem);
}

function uint32(bytes: Uint8Array, position: number): number {
  if (position + 4 > bytes.length) throw new Error('the levels of a page are cut off');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(position, true);
}

function bitWidth(most: number): number {
  return 32 - Math.clz32(most);
}
