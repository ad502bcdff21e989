import { isError, isTerrachipError } from '../../errors.js';
import { onAbort } from '../abort.js';
import { type ByteSource, wrapSource } from '../byte-source.js';
import { isPassing } from '../http-errors.js';

/** How often a failed read is repeated, and after how long. */
export interface RetryOptions {
  /** Attempts in all (default 5). */
  attempts?: number;
  /** Milliseconds before the second attempt; each further wait is twice as long (default 250). */
  delay?: number;
  /** The longest wait in milliseconds, also when the server asks for more (default 10 000). */
  maxDelay?: number;
}

/** Errors after the last attempt: a request that another one needs is not repeated by both. */
const givenUp = new WeakSet<Error>();

/**
 * Repeats an operation that failed by a NETWORK error which is worth repeating. Waits grow by doubling and are
 * spread at random by half, so that many workers do not return at the same moment.
 */
export async function retrying<T>(
  task: () => Promise<T>,
  options: RetryOptions = {},
  signal?: AbortSignal,
): Promise<T> {
  const { attempts = 5, delay = 250, maxDelay = 10_000 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (attempt >= attempts && isError(error)) givenUp.add(error);
      if (!isWorthRepeating(error) || signal?.aborted) throw error;
      const wait = Math.min(maxDelay, Math.max(retryAfter(error), delay * 2 ** (attempt - 1)));
      await pause(wait * (0.75 + 0.5 * Math.random()), signal);
    }
  }
}

/** Repeats reads that fail for reasons that pass. */
export function withRetry(source: ByteSource, options: RetryOptions = {}): ByteSource {
  return wrapSource(source, (offset, length, readOptions) =>
    retrying(() => source.read(offset, length, readOptions), options, readOptions?.signal),
  );
}

function isWorthRepeating(error: unknown): boolean {
  if (!isTerrachipError(error, 'NETWORK')) return false;
  const { status } = error.fields;
  return !givenUp.has(error) && (status === undefined || isPassing(status));
}

/** The server's own wish, which `http.ts` leaves in the error's cause. */
function retryAfter(error: unknown): number {
  const cause = isError(error) ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'retryAfter' in cause ? Number(cause.retryAfter) : 0;
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      leave();
      resolve();
    }, milliseconds);
    const leave = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal?.reason);
    });
  });
}
