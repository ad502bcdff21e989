import { parentPort, Worker } from 'node:worker_threads';
import { internalError, messageOf } from '../../errors.js';
import { describeError, type ErrorMessage, restoreError } from '../remote/messages.js';

/** Plain data for another thread, and the buffers in it that are handed over. */
interface Parcel<Message> {
  readonly message: Message;
  readonly transfer?: readonly ArrayBuffer[];
}

type Reply<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly error: ErrorMessage };

interface Job<Request, Result> {
  readonly request: Request;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Thread<Request, Result> {
  readonly worker: Worker;
  readonly jobs: Map<number, Job<Request, Result>>;
}

/** Threads that answer requests. They start on demand, and idle ones do not keep the process alive. */
export class WorkerPool<Request, Result> {
  readonly #threads = new Set<Thread<Request, Result>>();
  readonly #waiting = new Set<Job<Request, Result>>();
  #nextId = 0;

  /**
   * @param program calls `answerRequests`
   * @param size the most threads
   * @param depth requests on a thread at a time
   * @param pack called when a request is sent
   */
  constructor(
    private readonly program: URL,
    private readonly size: number,
    private readonly depth: number,
    private readonly pack: (request: Request) => Parcel<Request> = (message) => ({ message }),
  ) {}

  /** @returns the result, and how to abort: a request that was sent is still answered */
  run(request: Request): { readonly result: Promise<Result>; drop(reason: unknown): void } {
    let drop: (reason: unknown) => void = () => undefined;
    const result = new Promise<Result>((resolve, reject) => {
      const job = { request, resolve, reject };
      drop = (reason) => {
        this.#waiting.delete(job);
        reject(reason);
      };
      this.#waiting.add(job);
    });
    this.#dispatch();
    return { result, drop };
  }

  /** Ends all threads and rejects all requests. */
  dispose(reason: Error): void {
    const jobs = [...this.#waiting, ...[...this.#threads].flatMap((thread) => [...thread.jobs.values()])];
    for (const { worker } of this.#threads) void worker.terminate();
    this.#threads.clear();
    this.#waiting.clear();
    for (const job of jobs) job.reject(reason);
  }

  #dispatch(): void {
    for (const job of this.#waiting) {
      const thread = this.#free();
      if (thread === undefined) return;
      this.#waiting.delete(job);
      const id = this.#nextId++;
      thread.jobs.set(id, job);
      thread.worker.ref();
      const { message, transfer = [] } = this.pack(job.request);
      thread.worker.postMessage({ id, request: message }, [...transfer]);
    }
  }

  /** An idle thread, else a new one, else the least busy one; undefined if all are full. */
  #free(): Thread<Request, Result> | undefined {
    const [least] = [...this.#threads].sort((a, b) => a.jobs.size - b.jobs.size);
    if (least?.jobs.size === 0) return least;
    if (this.#threads.size < this.size) return this.#start();
    return least.jobs.size < this.depth ? least : undefined;
  }

  #start(): Thread<Request, Result> {
    // Without the flags of the main thread, such as --input-type and --inspect.
    const thread = { worker: new Worker(this.program, { execArgv: [] }), jobs: new Map() };
    this.#threads.add(thread);
    thread.worker.on('message', (reply: Reply<Result>) => {
      const job = thread.jobs.get(reply.id);
      thread.jobs.delete(reply.id);
      if (thread.jobs.size === 0) thread.worker.unref();
      if ('result' in reply) job?.resolve(reply.result);
      else job?.reject(restored(reply.error));
      this.#dispatch();
    });
    thread.worker.on('error', (error) => {
      this.#threads.delete(thread);
      const stopped = internalError('worker thread', messageOf(error));
      for (const job of thread.jobs.values()) job.reject(stopped);
      this.#dispatch();
    });
    return thread;
  }
}

/** An error of a thread; those without a code come from native code, and keep their message. */
function restored(error: ErrorMessage): Error {
  return error.code === null ? new Error(error.message) : restoreError(error);
}

/** Answers the requests of a `WorkerPool`, in its threads. */
export function answerRequests<Request, Result>(answer: (request: Request) => Promise<Parcel<Result>>): void {
  parentPort?.on('message', async ({ id, request }: { id: number; request: Request }) => {
    try {
      const { message: result, transfer = [] } = await answer(request);
      parentPort?.postMessage({ id, result }, [...transfer]);
    } catch (error) {
      parentPort?.postMessage({ id, error: describeError(error) });
    }
  });
}
