import { onAbort, untilAborted } from '../abort.js';
import { type ByteSource, checkRange, wrapSource } from '../byte-source.js';

/** How far apart ranges may be to be read as one. */
export interface CoalesceOptions {
  /** Ranges that are at most this many bytes apart may be read as one (default 16 KiB). */
  maxGap?: number;
  /** The most bytes of gaps, as a share of the bytes that one turn requests (default: no bound). */
  maxWaste?: number;
  /** A merged range is at most this long, unless one request alone is longer (default 16 MiB). */
  maxLength?: number;
}

interface Pending {
  offset: number;
  length: number;
  signal: AbortSignal | undefined;
  resolve(bytes: Uint8Array<ArrayBuffer>): void;
  reject(error: unknown): void;
}

/** Gaps of up to this many bytes in all are always read. */
const FREE_WASTE = 4096;

/**
 * Merges reads that are requested in one turn of the event loop into few long ones: the tiles of a window usually
 * lie beside each other. The smallest gaps are bridged first. The results are views of the merged read.
 */
export function withCoalescing(source: ByteSource, options: CoalesceOptions = {}): ByteSource {
  const { maxGap = 16 * 1024, maxWaste = Number.POSITIVE_INFINITY, maxLength = 16 * 2 ** 20 } = options;
  let queue: Pending[] = [];

  const flush = (): void => {
    const requests = queue.sort((a, b) => a.offset - b.offset || a.length - b.length);
    queue = [];
    const bridge = widestBridge(requests, maxGap, maxWaste);
    let group: Pending[] = [];
    let end = 0;
    for (const request of requests) {
      const start = group[0]?.offset ?? request.offset;
      const merges =
        group.length > 0 &&
        request.offset - end <= bridge &&
        request.offset + request.length - start <= maxLength;
      if (group.length > 0 && !merges) {
        void readGroup(source, group, end);
        group = [];
        end = 0;
      }
      group.push(request);
      end = Math.max(end, request.offset + request.length);
    }
    if (group.length > 0) void readGroup(source, group, end);
  };

  const read: ByteSource['read'] = async (offset, length, { signal } = {}) => {
    signal?.throwIfAborted();
    checkRange(source, offset, length);
    const bytes = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      if (queue.length === 0) queueMicrotask(flush);
      queue.push({ offset, length, signal, resolve, reject });
    });
    return untilAborted(bytes, signal);
  };
  // Reads into memory of the caller are not merged.
  const readInto = source.readInto?.bind(source);
  const { descriptor } = source;
  return Object.assign(wrapSource(source, read), readInto && { readInto }, descriptor && { descriptor });
}

/** The widest gap that may be read over, so that all gaps up to it stay within the bounds; `sorted` by offset. */
function widestBridge(sorted: readonly Pending[], maxGap: number, maxWaste: number): number {
  const gaps: number[] = [];
  let wanted = 0;
  let end = sorted[0].offset;
  for (const { offset, length } of sorted) {
    if (offset > end && offset - end <= maxGap) gaps.push(offset - end);
    wanted += Math.max(0, offset + length - Math.max(offset, end));
    end = Math.max(end, offset + length);
  }
  const allowed = Math.max(FREE_WASTE, maxWaste * wanted);
  let widest = 0;
  let waste = 0;
  for (const gap of gaps.sort((a, b) => a - b)) {
    waste += gap;
    if (waste > allowed) break;
    widest = gap;
  }
  return widest;
}

async function readGroup(source: ByteSource, group: readonly Pending[], end: number): Promise<void> {
  const { offset: start } = group[0];
  // A merged read is aborted when all of its callers have aborted.
  const controller = new AbortController();
  const signals = new Set(group.map((request) => request.signal));
  let waiting = signals.size;
  const leave = (): void => {
    waiting--;
    if (waiting === 0) controller.abort(group[0].signal?.reason);
  };
  const watches = [...signals].map((signal) => onAbort(signal, leave));
  try {
    const bytes = await source.read(start, end - start, { signal: controller.signal });
    for (const { offset, length, resolve } of group) {
      resolve(bytes.subarray(offset - start, offset - start + length));
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  } finally {
    for (const unwatch of watches) unwatch();
  }
}
