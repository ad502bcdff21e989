/**
 * The number of running operations of the device's thread, in memory shared with the main thread. Node stops its threads
 * at exit, and Dawn aborts the process (SIGABRT) if a thread stops during an operation, such as the compilation of a
 * pipeline. So the exit waits until the thread is idle, and lets no new operation begin.
 */
const OPERATIONS = 0;
const EXITING = 1;

/** The longest wait of an exit, in milliseconds. */
const MAX_WAIT = 60_000;

export class ResidentActivity {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer);
  }

  /** Call before an operation of Dawn. Returns false if the process is exiting: the operation must not begin. */
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

const alive = new Set<ResidentActivity>();

function settleAll(): void {
  for (const activity of alive) activity.settle();
}

/** Makes the exit of the process wait for a thread. @returns call it when the thread has ended */
export function settleAtExit(activity: ResidentActivity): () => void {
  // One listener for all devices.
  if (alive.size === 0) process.on('exit', settleAll);
  alive.add(activity);
  return () => {
    if (alive.delete(activity) && alive.size === 0) process.off('exit', settleAll);
  };
}
