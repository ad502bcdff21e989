/** Rows from a device into a file, streamed: memory does not grow with the height of the result. */
import type { Dtype, GeoBox, RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { OperationOptions } from '../progress.js';
import { type CogWriter, toStored } from '../raster/index.js';

/** Rows that are computed in one step: a row of the result's tiles. */
const ROWS = 512;

/** Where rows come from: a warped raster, or what is computed from several. */
export interface RowSource {
  readonly bandCount: number;
  /** Computes rows into planes of float32 with NaN for no data, whose first row is row `firstRow`. */
  readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void>;
}

export interface StreamTarget {
  geobox: GeoBox;
  dtype: Dtype;
  nodata: number;
  /** Whether values are interpolated: see `toStored`. */
  resampled: boolean;
  /** What progress calls it. */
  stage: string;
}

/**
 * Computes, converts and writes all rows, a strip at a time: while one is being computed, the one before is converted,
 * compressed and written. Returns the valid pixels of each band.
 */
export async function streamRows(
  backend: Backend,
  source: RowSource,
  writer: CogWriter,
  target: StreamTarget,
  { signal, onProgress }: OperationOptions,
): Promise<number[]> {
  const { width, height } = target.geobox;
  const stripShape = [Math.min(ROWS, height), width];
  const allocate = (): DeviceTensor[] =>
    Array.from({ length: source.bandCount }, () => backend.allocate(stripShape, 'float32'));
  const validPixels = new Array<number>(source.bandCount).fill(0);
  let collisions = 0;
  const strips = [allocate(), allocate()];
  // Downloads alternate too: one may still be written while the next arrives.
  const downloads = strips.map((planes) => planes.map((plane) => new Float32Array(plane.length)));
  const computeStrip = async (k: number): Promise<void> => {
    const start = k * ROWS;
    if (start >= height) return;
    await source.readRows({ start, end: Math.min(height, start + ROWS) }, strips[k % 2], start, signal);
  };
  let computing = computeStrip(0);
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let k = 0; k * ROWS < height; k++) {
      signal?.throwIfAborted();
      await computing;
      const rows = Math.min(ROWS, height - k * ROWS);
      const planes = strips[k % 2];
      await Promise.all(planes.map((plane, band) => backend.download(plane, downloads[k % 2][band])));
      computing = computeStrip(k + 1);
      computing.catch(() => undefined);
      const values = downloads[k % 2].map((download, band) => {
        const strip = download.subarray(0, rows * width);
        const { dtype, nodata, resampled } = target;
        const result = toStored(strip, dtype, nodata, resampled);
        validPixels[band] += result.validCount;
        collisions += result.collisions;
        return result.stored;
      });
      await writing;
      writing = writer.writeRows(values);
      writing.catch(() => undefined);
      const done = k * ROWS + rows;
      onProgress?.({ type: 'progress', stage: target.stage, done, total: height, unit: 'rows' });
    }
    await writing;
    if (collisions > 0) {
      onProgress?.({
        type: 'warning',
        message: `${collisions} valid pixels are equal to the nodata value ${target.nodata} and became gaps; choose another --nodata`,
      });
    }
  } finally {
    await Promise.allSettled([computing, writing]);
    for (const plane of strips.flat()) plane.dispose();
  }
  return validPixels;
}
