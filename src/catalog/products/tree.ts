/** The files of a product, in a folder or in a zip file. */
export interface ProductTree {
  /** The product's own name, for messages. */
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
  /** Paths inside the product, with `/`. */
  readonly files: readonly string[];
  /** What `openRaster` takes for one of them. */
  href(file: string): string;
  /** @throws {TerrachipError} TOO_LARGE above a bound */
  read(file: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}
