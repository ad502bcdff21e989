import { isError, isTerrachipError } from '../../errors.js';
import { type ByteSource, wrapSource } from '../byte-source.js';
import { isPassing } from '../http-errors.js';
import { pause } from '../pause.js';

/** How often a failed read is repeated, and after how long. */
export interface RetryOptions {
  /** Attempts in all (default 5). */
  attempts?: number;
  /**
   * Milliseconds that the wait before the second attempt may take; each further one may take twice as long (default 500).
   * A wait is at random between nothing and that ("full jitter"), so that many workers do not return at one moment.
   */
  delay?: number;
  /** The longest wait in milliseconds where the server asks for none (default 20 000). */
  maxDelay?: number;
  /**
   * The longest wait in milliseconds that a server may ask for by `Retry-After` (default 120 000). If a server asks for
   * more, the request fails.
   */
  maxRetryAfter?: number;
}

/** Errors after the last attempt: a request that another one needs is not repeated by both. */
const givenUp = new WeakSet<Error>();

/** Repeats an operation that failed by a NETWORK error which is worth repeating, and waits as the server asks for. */
export async function retrying<T>(
  task: () => Promise<T>,
  options: RetryOptions = {},
  signal?: AbortSignal,
): Promise<T> {
  const { attempts = 5, delay = 500, maxDelay = 20_000, maxRetryAfter = 120_000 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (attempt >= attempts && isError(error)) givenUp.add(error);
      if (!isWorthRepeating(error) || signal?.aborted) throw error;
      const asked = retryAfter(error);
      if (asked > maxRetryAfter) throw error;
      await pause(asked + Math.random() * Math.min(maxDelay, delay * 2 ** (attempt - 1)), signal);
    }
  }
}

/** Repeats reads that fail for transient reasons. */
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

/** The wait that the server asks for, which `refusalOf` leaves in the error's cause. */
function retryAfter(error: unknown): number {
  const cause = isError(error) ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'retryAfter' in cause ? Number(cause.retryAfter) : 0;
}
