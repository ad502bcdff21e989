/** The footer of a Parquet file: reads it, and validates its columns and row groups. */
import type { ColumnChunk, ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet';
import type { ByteSource, ReadOptions } from '../io/index.js';
import { type Leaf, MAX_CHUNK_BYTES, MAX_CHUNK_VALUES } from './pages.js';

/** `PAR1`, little-endian. */
const MAGIC = 0x31524150;

/** `PARE`, of a file whose footer is encrypted. */
const ENCRYPTED = 0x45524150;

/** First read of a footer: enough for a catalog of a million rows. */
const FOOTER_BYTES = 64 * 1024;

const MAX_FOOTER_BYTES = 64 * 2 ** 20;
const MAX_SCHEMA_ELEMENTS = 20_000;
const MAX_SCHEMA_DEPTH = 16;
const MAX_ROW_GROUPS = 100_000;

/** @returns the thrift structure and the eight bytes after it */
export async function readFooter(source: ByteSource, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size < 12) throw new Error('it is too short');
  const guess = Math.min(source.size, FOOTER_BYTES);
  const tail = await source.read(source.size - guess, guess, options);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (view.getUint32(guess - 4, true) === ENCRYPTED) throw new Error('it is encrypted');
  if (view.getUint32(guess - 4, true) !== MAGIC) throw new Error('it does not end as one does');
  const length = view.getUint32(guess - 8, true) + 8;
  if (length > source.size - 4) throw new Error('its footer is longer than the file');
  if (length > MAX_FOOTER_BYTES) throw new Error(`its footer has more than ${MAX_FOOTER_BYTES} bytes`);
  if (length <= guess) return tail.slice(guess - length);
  return source.read(source.size - length, length, options);
}

/** @returns the physical columns, in file order */
export function checkSchema(schema: readonly SchemaElement[]): Leaf[] {
  if (schema.length > MAX_SCHEMA_ELEMENTS) throw new Error('its schema has too many elements');
  const leaves: Leaf[] = [];
  let next = 0;
  const visit = (path: readonly string[], definition: number, repetition: number): void => {
    const element = schema[next++];
    if (element === undefined || path.length > MAX_SCHEMA_DEPTH) throw new Error('its schema is damaged');
    const isRoot = next === 1;
    const kind = element.repetition_type;
    const maxDefinition = definition + (isRoot || kind === 'REQUIRED' ? 0 : 1);
    const maxRepetition = repetition + (!isRoot && kind === 'REPEATED' ? 1 : 0);
    const here = isRoot ? [] : [...path, element.name];
    const children = element.num_children ?? 0;
    if (!isRoot && children === 0) {
      if (element.type === undefined || kind === undefined) throw new Error('its schema is damaged');
      if (element.logical_type?.type === 'VARIANT') throw new Error('it has a column of variants');
      leaves.push({ path: here, element, maxDefinition, maxRepetition });
      return;
    }
    if (element.type !== undefined || children < 0) throw new Error('its schema is damaged');
    const names = new Set<string>();
    for (let k = 0; k < children; k++) {
      names.add(schema[next]?.name);
      visit(here, maxDefinition, maxRepetition);
    }
    if (names.size !== children) throw new Error('two columns of its schema have one name');
  };
  visit([], 0, 0);
  if (next !== schema.length || leaves.length === 0) throw new Error('its schema is damaged');
  return leaves;
}

export function checkRowGroups(metadata: FileMetaData, leaves: readonly Leaf[], fileSize: number): void {
  const { row_groups: groups } = metadata;
  if (groups.length > MAX_ROW_GROUPS) throw new Error('it has too many row groups');
  let rows = 0;
  for (const { columns, num_rows } of groups) {
    if (!isCount(num_rows, MAX_CHUNK_VALUES)) throw new Error('a row group declares too many rows');
    rows += Number(num_rows);
    if (columns.length !== leaves.length) throw new Error('a row group lacks columns');
    for (const [k, chunk] of columns.entries()) {
      const meta = metaOf(chunk);
      const { path, element } = leaves[k];
      if (meta.path_in_schema.join('.') !== path.join('.') || meta.type !== element.type) {
        throw new Error('its columns are not those of its schema');
      }
      if (!isCount(meta.num_values, MAX_CHUNK_VALUES)) throw new Error('a column declares too many values');
      const [start, size] = rangeOf(meta);
      const inside = start >= 4 && size >= 0 && start + size <= fileSize - 8;
      if (!inside) throw new Error('a column reaches beyond its end');
      if (size > MAX_CHUNK_BYTES || !isCount(meta.total_uncompressed_size, MAX_CHUNK_BYTES)) {
        throw new Error(
          `a column chunk has more than ${MAX_CHUNK_BYTES} bytes (write it with smaller row groups)`,
        );
      }
    }
  }
  if (rows !== Number(metadata.num_rows)) throw new Error('its row groups do not add up to its rows');
}

function isCount(value: bigint, most: number): boolean {
  return typeof value === 'bigint' && value >= 0n && value <= BigInt(most);
}

export function metaOf(chunk: ColumnChunk): ColumnMetaData {
  if (chunk.meta_data === undefined || chunk.file_path !== undefined) {
    throw new Error('its data lies in another file');
  }
  return chunk.meta_data;
}

/** Start and bytes of a column chunk. */
export function rangeOf(meta: ColumnMetaData): [start: number, size: number] {
  const start = meta.dictionary_page_offset || meta.data_page_offset;
  return [Number(start), Number(meta.total_compressed_size)];
}
