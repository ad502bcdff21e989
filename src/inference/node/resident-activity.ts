/**
 * Whether the device's thread is at work, in memory that both threads see. Dawn ends the whole process with SIGABRT when
 * a thread ends while it owes an answer, such as a pipeline that is being compiled; and Node ends its threads where
 * they are when the process exits. So the exit waits until the thread is idle, and keeps it from beginning anything.
 */
const UNDER_WAY = 0;
const ENDING = 1;

/** Milliseconds that an exit waits at most. */
const PATIENCE = 60_000;

export class ResidentActivity {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer);
  }

  /** Before something that Dawn must answer; false where the process is ending, and nothing may begin. */
  begin(): boolean {
    // The other side first says that it ends, then looks what is under way: one of both sees the other.
    Atomics.add(this.#state, UNDER_WAY, 1);
    if (Atomics.load(this.#state, ENDING) === 0) return true;
    this.end();
    return false;
  }

  /** After it. */
  end(): void {
    Atomics.sub(this.#state, UNDER_WAY, 1);
    Atomics.notify(this.#state, UNDER_WAY);
  }

  /** Lets nothing begin any more, and blocks this thread until nothing is under way. */
  settle(): void {
    Atomics.store(this.#state, ENDING, 1);
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const count = Atomics.load(this.#state, UNDER_WAY);
      const left = deadline - Date.now();
      if (count === 0 || left <= 0) return;
      Atomics.wait(this.#state, UNDER_WAY, count, left);
    }
  }
}

const alive = new Set<ResidentActivity>();

function settleAll(): void {
  for (const activity of alive) activity.settle();
}

/** Makes the process wait for a thread when it exits. @returns what ends that, once the thread is gone */
export function settleAtExit(activity: ResidentActivity): () => void {
  // One listener, however many devices there are.
  if (alive.size === 0) process.on('exit', settleAll);
  alive.add(activity);
  return () => {
    if (alive.delete(activity) && alive.size === 0) process.off('exit', settleAll);
  };
}
