/** The files of a product, in a folder or in a zip file. */
export interface ProductTree {
  /** The product's own name, for messages. */
  readonly name: string;
  /** The path of the folder or zip file. */
  readonly path: string;
  /** Paths inside the product, with `/`. */
  readonly files: readonly string[];
  /** The address of a file for `openRaster`. */
  href(file: string): string;
  /** Reads a file. @throws {TerrachipError} TOO_LARGE above `maxBytes` */
  read(file: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  dispose(): Promise<void>;
}
