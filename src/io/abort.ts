/** Waits that a signal aborts. They remove their listeners, since a signal may live as long as the program. */

/** Callbacks by signal. Each signal has one listener, since many reads wait on one, and Node warns of many listeners. */
const watchers = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal is aborted, at once if it already is.
 * @returns ends the watch
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const known = watchers.get(signal);
  const callbacks = known ?? new Set();
  if (known === undefined) {
    watchers.set(signal, callbacks);
    const tell = (): void => {
      for (const each of [...callbacks]) each();
    };
    signal.addEventListener('abort', tell, { once: true });
  }
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

/** A promise's outcome, or the signal's reason as soon as it is aborted. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(leave);
  });
}

/**
 * Runs a task of many parts with a signal of their own, which they must check. It follows the caller's, and is also
 * aborted when the task fails, so that the other parts stop.
 */
export async function withTaskSignal<T>(
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const leave = onAbort(signal, () => controller.abort(signal?.reason));
  try {
    return await task(controller.signal);
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    leave();
  }
}
