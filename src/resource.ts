// Declarations of Symbol.asyncDispose, for code compiled without them; `preserve` keeps this line in published types.
/// <reference lib="esnext.disposable" preserve="true" />

/** What is given back when it is no longer needed: by `dispose`, or at the end of a block by `await using`. */
export abstract class Resource implements AsyncDisposable {
  /** @deprecated The former name of `dispose`. */
  abstract close(): Promise<void>;

  /** Gives back all that is held: files, memory. Once is enough, and twice does nothing more. */
  dispose(): Promise<void> {
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
