// Declarations of Symbol.asyncDispose, for code compiled without them; `preserve` keeps this line in published types.
/// <reference lib="esnext.disposable" preserve="true" />

/** An object that holds files or memory until `dispose`, or until the end of a block with `await using`. */
export abstract class Resource implements AsyncDisposable {
  /** @deprecated The former name of `dispose`. */
  abstract close(): Promise<void>;

  /** Releases files and memory. Idempotent. */
  dispose(): Promise<void> {
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** The result of a task, which takes over a file or another resource; if the task fails, the resource is closed. */
export async function orClose<T>(owned: { close(): Promise<void> }, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    await owned.close();
    throw error;
  }
}
