/** Decodes and encodes blocks on worker threads, one per core, for all files of the process. */
import { availableParallelism } from 'node:os';
import { workerFile } from '../../../gpu/node/worker-file.js';
import { WorkerPool } from '../../../gpu/node/worker-pool.js';
import { onAbort } from '../../../io/abort.js';
import type { DecodeRequest, FileRequest } from '../../codecs/decode.js';
import type { EncodeRequest } from './wasm-encoders.js';

/** Blocks queued on a thread, so that it never waits for the next one. */
const DEPTH = 2;

type Bytes = Uint8Array<ArrayBuffer>;

/** What the threads do. */
export type Request = DecodeRequest | FileRequest | EncodeRequest;

/** Copies the stored bytes for transfer to the thread, since the source may still use its buffer; tiles are handed over. */
function pack(request: Request): { message: Request; transfer: ArrayBuffer[] } {
  if ('bytes' in request) return { message: request, transfer: [request.bytes.buffer] };
  // JPEG runs on other threads: its tables are not needed here.
  const coding = { ...request.coding, jpegTables: null };
  if ('places' in request) return { message: { ...request, coding }, transfer: [] };
  const { pieces } = request;
  const copies = pieces.map(({ stored, rows }) => ({ stored: stored?.slice() ?? null, rows }));
  return {
    message: { coding, pieces: copies },
    transfer: copies.flatMap(({ stored }) => (stored === null ? [] : [stored.buffer])),
  };
}

const program = workerFile(import.meta.url, 'raster/node/codecs/pool', './worker.js');
const pool =
  program === null ? null : new WorkerPool<Request, Bytes>(program, availableParallelism(), DEPTH, pack);

/** Decodes on the threads of this process; null without a worker file. */
export const decodeInThread =
  pool === null
    ? null
    : async (request: DecodeRequest | FileRequest, signal?: AbortSignal): Promise<Bytes> => {
        signal?.throwIfAborted();
        const { result, drop } = pool.run(request);
        return result.finally(onAbort(signal, () => drop(signal?.reason)));
      };

/** Compresses on the same threads. */
export const encodeInThread =
  pool === null ? null : (request: EncodeRequest): Promise<Bytes> => pool.run(request).result;
