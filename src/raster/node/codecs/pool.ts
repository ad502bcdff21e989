/** Decodes and encodes blocks on worker threads, one per core, for all files of the process. */
import { availableParallelism } from 'node:os';
import { MemoryPool } from '../../../gpu/cpu/memory-pool.js';
import { workerFile } from '../../../gpu/node/worker-file.js';
import { WorkerPool } from '../../../gpu/node/worker-pool.js';
import { onAbort } from '../../../io/abort.js';
import { bytesOfPieces, type DecodeRequest, type FileRequest, rowsOfPieces } from '../../codecs/decode.js';
import type { DecoderThreads } from '../../codecs/decoder.js';
import type { EncodeRequest } from '../../codecs/wasm-encoders.js';

/** Blocks queued on a thread, so that it never waits for the next one. */
const DEPTH = 2;

/** The most idle memory of decoded blocks, and the largest block for which it is used: larger ones may be declared wrongly. */
const IDLE_BYTES = 16 * 2 ** 20;
const LARGEST_BLOCK = 16 * 2 ** 20;

type Bytes = Uint8Array<ArrayBuffer>;

/** The requests of the threads. */
export type Request = DecodeRequest | FileRequest | EncodeRequest;

/**
 * Idle memory of decoded blocks, which is handed to a thread and back: fresh memory costs as much as decoding. Buffers
 * of failed or aborted requests, and of caches that were not cleared, are never released.
 */
const memory = new MemoryPool((bytes) => new ArrayBuffer(bytes), IDLE_BYTES, Number.POSITIVE_INFINITY);

/** Results in such memory that were not taken back. */
const lent = new WeakSet<ArrayBuffer>();

/** Copies the stored bytes for transfer to the thread, since the source may still use its buffer; tiles are handed over. */
function pack(request: Request): { message: Request; transfer: ArrayBuffer[] } {
  if ('bytes' in request) return { message: request, transfer: [request.bytes.buffer] };
  // JPEG runs on other threads: its tables are not needed here.
  const coding = { ...request.coding, jpegTables: null };
  const size = bytesOfPieces(coding, rowsOfPieces(request));
  const target = size > LARGEST_BLOCK ? undefined : new Uint8Array(memory.acquire(size), 0, size);
  const result = target === undefined ? [] : [target.buffer];
  if ('places' in request) return { message: { ...request, coding, target }, transfer: result };
  const pieces = request.pieces.map(({ stored, rows }) => ({ stored: stored?.slice() ?? null, rows }));
  const stored = pieces.flatMap((piece) => piece.stored?.buffer ?? []);
  return { message: { coding, pieces, target }, transfer: [...stored, ...result] };
}

const program = workerFile(import.meta.url, 'raster/node/codecs/pool', './worker.js');
const pool =
  program === null ? null : new WorkerPool<Request, Bytes>(program, availableParallelism(), DEPTH, pack);

/** The decoding threads of this process; null without a worker file. */
export const decoderThreads: DecoderThreads | null =
  pool === null
    ? null
    : {
        async run(request, signal) {
          signal?.throwIfAborted();
          const { result, drop } = pool.run(request);
          const bytes = await result.finally(onAbort(signal, () => drop(signal?.reason)));
          if (bytes.length <= LARGEST_BLOCK) lent.add(bytes.buffer);
          return bytes;
        },
        release({ buffer }) {
          if (lent.delete(buffer)) memory.release(buffer);
        },
      };

/** Compresses on the same threads. */
export const encodeInThread =
  pool === null ? null : (request: EncodeRequest): Promise<Bytes> => pool.run(request).result;
