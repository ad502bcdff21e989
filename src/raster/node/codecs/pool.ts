/** Decodes blocks on worker threads, one per core, for all files of the process. */
import { availableParallelism } from 'node:os';
import { workerFile } from '../../../gpu/node/worker-file.js';
import { WorkerPool } from '../../../gpu/node/worker-pool.js';
import { onAbort } from '../../../io/abort.js';
import type { DecodeRequest } from '../../codecs/decode.js';

/** Blocks queued on a thread, so that it never waits for the next one. */
const DEPTH = 2;

type Bytes = Uint8Array<ArrayBuffer>;

/** Copies the stored bytes for transfer to the thread: the source may still use its buffer. */
function pack({ coding, pieces }: DecodeRequest) {
  const copies = pieces.map(({ stored, rows }) => ({ stored: stored?.slice() ?? null, rows }));
  return {
    // JPEG runs on other threads: its tables are not needed here.
    message: { coding: { ...coding, jpegTables: null }, pieces: copies },
    transfer: copies.flatMap(({ stored }) => (stored === null ? [] : [stored.buffer])),
  };
}

const program = workerFile(import.meta.url, 'raster/node/codecs/pool', './worker.js');
const pool =
  program === null
    ? null
    : new WorkerPool<DecodeRequest, Bytes>(program, availableParallelism(), DEPTH, pack);

/** Decodes on the threads of this process; null without a worker file. */
export const decodeInThread =
  pool === null
    ? null
    : async (request: DecodeRequest, signal?: AbortSignal): Promise<Bytes> => {
        signal?.throwIfAborted();
        const { result, drop } = pool.run(request);
        return result.finally(onAbort(signal, () => drop(signal?.reason)));
      };
