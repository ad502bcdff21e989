// Declarations of Symbol.asyncDispose, for code compiled without them; `preserve` keeps this line in published types.
/// <reference lib="esnext.disposable" preserve="true" />

/** An object that holds files or memory until `dispose`, or until the end of a block with `await using`. */
export abstract class Resource implements AsyncDisposable {
  /** Releases files and memory. Idempotent. */
  abstract dispose(): Promise<void>;

  /** @deprecated The former name of `dispose`. */
  close(): Promise<void> {
    return this.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Makes a resource of an object. */
export function disposable<T extends object>(object: T, dispose: () => Promise<void>): T & Resource {
  return Object.assign(object, { dispose, close: dispose, [Symbol.asyncDispose]: dispose });
}

/** The result of a task, which takes over a file or another resource; if the task fails, it is disposed of. */
export async function orDispose<T>(owned: Pick<Resource, 'dispose'>, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    await owned.dispose();
    throw error;
  }
}
