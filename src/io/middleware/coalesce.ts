import { type ByteSource, checkRange } from '../byte-source.js';

export interface CoalesceOptions {
  /** Ranges that are at most this many bytes apart are read as one (default 16 KiB). */
  maxGap?: number;
  /** A merged range is at most this long, unless one request alone is longer (default 8 MiB). */
  maxLength?: number;
}

interface Pending {
  offset: number;
  length: number;
  signal: AbortSignal | undefined;
  resolve(bytes: Uint8Array<ArrayBuffer>): void;
  reject(error: unknown): void;
}

/**
 * Merges reads that are asked for in one turn of the event loop into few long ones: the tiles of a window usually
 * lie beside each other. The results are views of the merged read.
 */
export function withCoalescing(source: ByteSource, options: CoalesceOptions = {}): ByteSource {
  const { maxGap = 16 * 1024, maxLength = 8 * 2 ** 20 } = options;
  let queue: Pending[] = [];

  const flush = (): void => {
    const requests = queue.sort((a, b) => a.offset - b.offset || a.length - b.length);
    queue = [];
    let group: Pending[] = [];
    let end = 0;
    for (const request of requests) {
      const start = group[0]?.offset ?? request.offset;
      const merges =
        group.length > 0 &&
        request.offset - end <= maxGap &&
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

  return {
    name: source.name,
    size: source.size,
    etag: source.etag,
    async read(offset, length, readOptions) {
      readOptions?.signal?.throwIfAborted();
      checkRange(source, offset, length);
      return new Promise((resolve, reject) => {
        if (queue.length === 0) queueMicrotask(flush);
        queue.push({ offset, length, signal: readOptions?.signal, resolve, reject });
      });
    },
    close: () => source.close(),
  };
}

async function readGroup(source: ByteSource, group: readonly Pending[], end: number): Promise<void> {
  const { offset: start, signal } = group[0];
  // A merged read is aborted only when everyone who waits for it shares the signal.
  const shared = group.every((request) => request.signal === signal) ? signal : undefined;
  try {
    const bytes = await source.read(start, end - start, shared === undefined ? {} : { signal: shared });
    for (const { offset, length, resolve } of group) {
      resolve(bytes.subarray(offset - start, offset - start + length));
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
