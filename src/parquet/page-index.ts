/** Parquet's page index (PageIndex.md): offset, size and rows of each page of a column chunk. */
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { checkThrift } from './thrift.js';

export interface Page {
  readonly offset: number;
  readonly size: number;
  /** Rows of the row group, from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

/**
 * @param bytes of the index
 * @param chunk start and bytes of the column chunk
 * @param rows of the row group
 * @throws {Error} for a damaged index, or pages outside the chunk
 */
export function parsePageIndex(
  bytes: Uint8Array<ArrayBuffer>,
  [chunkStart, chunkSize]: readonly [start: number, size: number],
  rows: number,
): Page[] {
  checkThrift(bytes, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { page_locations: locations } = readOffsetIndex({ view, offset: 0 });
  let before = chunkStart;
  const pages = locations.map((location, k) => {
    const page = {
      offset: Number(location.offset),
      size: location.compressed_page_size,
      start: Number(location.first_row_index),
      end: Number(locations[k + 1]?.first_row_index ?? rows),
    };
    const ordered = page.offset >= before && page.size > 0 && page.start < page.end;
    if (!ordered || (k === 0 && page.start !== 0)) throw new Error('the index of its pages is damaged');
    before = page.offset + page.size;
    return page;
  });
  const isComplete = pages.length > 0 && before <= chunkStart + chunkSize && pages.at(-1)?.end === rows;
  if (!isComplete) throw new Error('the index of its pages is damaged');
  return pages;
}

/** The number of the page that holds a row. */
export function pageOfRow(pages: readonly Page[], row: number): number {
  let [low, high] = [0, pages.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pages[middle].end <= row) low = middle + 1;
    else high = middle;
  }
  return low;
}
