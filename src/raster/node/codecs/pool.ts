import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { internalError, messageOf } from '../../../errors.js';
import { workerFile } from '../../../gpu/node/worker-file.js';
import { onAbort } from '../../../io/abort.js';
import type { DecodeRequest } from '../../codecs/decode.js';
import type { WorkerReply, WorkerRequest } from './worker.js';

/** Blocks queued on a thread, so that it never waits for the next one. */
const DEPTH = 2;

interface Job {
  readonly request: DecodeRequest;
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/**
 * Decodes blocks on worker threads, one per core, for all files of the process. Threads start on demand, and idle ones do
 * not keep the process alive.
 */
class DecodingPool {
  readonly #program: URL;
  readonly #threads = new Set<Thread>();
  readonly #waiting = new Set<Job>();
  #nextId = 0;

  constructor(program: URL) {
    this.#program = program;
  }

  run(request: DecodeRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    let leave = (): void => undefined;
    const decoded = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      signal?.throwIfAborted();
      const job: Job = { request, resolve, reject };
      leave = onAbort(signal, () => {
        // A job that has started continues, and its result is dropped.
        this.#waiting.delete(job);
        reject(signal?.reason);
      });
      this.#waiting.add(job);
      this.#dispatch();
    });
    return decoded.finally(() => leave());
  }

  #dispatch(): void {
    for (const job of this.#waiting) {
      const thread = this.#free();
      if (thread === undefined) return;
      this.#waiting.delete(job);
      const id = this.#nextId++;
      thread.jobs.set(id, job);
      thread.worker.ref();
      const message = withOwnBytes(job.request);
      const request: WorkerRequest = { id, request: message };
      const buffers = message.pieces.flatMap(({ stored }) => (stored === null ? [] : [stored.buffer]));
      thread.worker.postMessage(request, buffers);
    }
  }

  /** An idle thread, else a new one up to the number of cores, else the least busy one; undefined if all are full. */
  #free(): Thread | undefined {
    const [least] = [...this.#threads].sort((a, b) => a.jobs.size - b.jobs.size);
    if (least?.jobs.size === 0) return least;
    if (this.#threads.size < availableParallelism()) return this.#start();
    return least.jobs.size < DEPTH ? least : undefined;
  }

  #start(): Thread {
    // Flags of the main thread (--input-type, --inspect) are not for workers.
    const thread: Thread = { worker: new Worker(this.#program, { execArgv: [] }), jobs: new Map() };
    this.#threads.add(thread);
    thread.worker.on('message', (reply: WorkerReply) => {
      const job = thread.jobs.get(reply.id);
      thread.jobs.delete(reply.id);
      if (thread.jobs.size === 0) thread.worker.unref();
      if ('bytes' in reply) job?.resolve(reply.bytes);
      else job?.reject(new Error(reply.problem));
      this.#dispatch();
    });
    thread.worker.on('error', (error) => {
      this.#threads.delete(thread);
      const stopped = internalError('decoding thread', messageOf(error));
      for (const job of thread.jobs.values()) job.reject(stopped);
      this.#dispatch();
    });
    return thread;
  }
}

/** Copies the stored bytes for transfer to the thread: the source may still use its buffer. */
function withOwnBytes({ coding, pieces }: DecodeRequest): DecodeRequest {
  // JPEG runs on other threads: its tables are not needed here.
  return {
    coding: { ...coding, jpegTables: null },
    pieces: pieces.map(({ stored, rows }) => ({ stored: stored?.slice() ?? null, rows })),
  };
}

const program = workerFile(import.meta.url, 'raster/node/codecs/pool', './worker.js');

/** The pool of this process, or null without a worker file. */
export const decodingPool = program === null ? null : new DecodingPool(program);
