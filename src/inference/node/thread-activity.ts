/**
 * The number of running operations of threads with native code, in memory shared with the main thread. Node stops its
 * threads at exit. If one stops during an operation, Dawn and ONNX Runtime abort the process (SIGABRT). So the exit waits
 * until the threads are idle, and lets no new operation begin.
 */
const OPERATIONS = 0;
const EXITING = 1;

/** The longest wait of an exit, in milliseconds. */
const MAX_WAIT = 60_000;

export class ThreadActivity {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer);
  }

  /** Call before an operation. Returns false if the process is exiting: the operation must not begin. */
  begin(): boolean {
    // `settle` sets EXITING before it reads OPERATIONS, so at least one side sees the other.
    Atomics.add(this.#state, OPERATIONS, 1);
    if (Atomics.load(this.#state, EXITING) === 0) return true;
    this.end();
    return false;
  }

  /** Call after the operation. */
  end(): void {
    Atomics.sub(this.#state, OPERATIONS, 1);
    Atomics.notify(this.#state, OPERATIONS);
  }

  /** Forbids new operations, and blocks this thread until none is running. */
  settle(): void {
    Atomics.store(this.#state, EXITING, 1);
    const deadline = Date.now() + MAX_WAIT;
    for (;;) {
      const count = Atomics.load(this.#state, OPERATIONS);
      const left = deadline - Date.now();
      if (count === 0 || left <= 0) return;
      Atomics.wait(this.#state, OPERATIONS, count, left);
    }
  }
}

const alive = new Set<ThreadActivity>();

function settleAll(): void {
  for (const activity of alive) activity.settle();
}

/** Makes the exit of the process wait for threads. @returns call it when they have ended */
export function settleAtExit(activity: ThreadActivity): () => void {
  // One listener for all threads.
  if (alive.size === 0) process.on('exit', settleAll);
  alive.add(activity);
  return () => {
    if (alive.delete(activity) && alive.size === 0) process.off('exit', settleAll);
  };
}
