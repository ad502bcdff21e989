/** Results of many rows: strips that the workers compute at the same time. */
import type { RowRange } from 'terrachip/geo';
import { tooLarge } from '../src/errors.js';
import type { GridJson } from './protocol.js';

/** The longest side of a result. */
export const MOST_PIXELS = 4000;

/** Limit on bytes of an uncompressed result: a page has about 2 GB, and needs memory for the file too. */
const MOST_BYTES = 400 * 2 ** 20;

/** Rows of a strip. */
const STRIP_ROWS = 256;

/** @throws {TerrachipError} TOO_LARGE, before any memory is allocated */
export function requireSize({ width, height }: GridJson, bands: number): void {
  if (width > MOST_PIXELS || height > MOST_PIXELS) {
    throw tooLarge(
      `the result would have ${width} × ${height} pixels, more than ${MOST_PIXELS} × ${MOST_PIXELS}`,
      'zoom in and choose the part in view, or a coarser resolution',
      { size: Math.max(width, height), limit: MOST_PIXELS },
    );
  }
  const size = 4 * width * height * bands;
  if (size > MOST_BYTES) {
    throw tooLarge(
      `the result would take ${Math.round(size / 2 ** 20)} MiB, more than ${MOST_BYTES / 2 ** 20}`,
      'choose fewer bands, a smaller part or a coarser resolution',
      { size, limit: MOST_BYTES },
    );
  }
}

/**
 * Computes all rows, `atOnce` strips at a time.
 * @param compute returns an array per band for some rows
 */
export async function collectRows(
  { width, height }: GridJson,
  bands: number,
  atOnce: number,
  compute: (rows: RowRange) => Promise<readonly Float32Array[]>,
  onProgress: (share: number) => void,
): Promise<Float32Array<ArrayBuffer>[]> {
  const result = Array.from({ length: bands }, () => new Float32Array(width * height));
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < height) {
      const rows = { start: next, end: Math.min(height, next + STRIP_ROWS) };
      next = rows.end;
      const values = await compute(rows);
      for (const [k, plane] of values.entries()) result[k].set(plane, rows.start * width);
      done += rows.end - rows.start;
      onProgress(done / height);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return result;
}
