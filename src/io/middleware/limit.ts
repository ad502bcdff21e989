import type { ByteSource } from '../byte-source.js';
import type { Semaphore } from '../semaphore.js';

/** Bounds how many reads are under way; sources that share a semaphore (those of one host) share the bound. */
export function withLimit(source: ByteSource, semaphore: Semaphore): ByteSource {
  return {
    name: source.name,
    size: source.size,
    etag: source.etag,
    read: (offset, length, options) =>
      semaphore.run(() => source.read(offset, length, options), options?.signal),
    close: () => source.close(),
  };
}
